//! Which proxy an address is fetched through, as curl decides it.
//!
//! Pure, besides variables of the environment. As curl has it: `http_proxy`, for what begins with `http://`, only in lower case, because a
//! CGI program gets `HTTP_PROXY` from whoever asks it; `https_proxy`, `all_proxy` and `no_proxy` in both; an empty variable is as
//! if it were not set.

use std::net::IpAddr;

/// Reads a variable of the environment.
pub type Variable<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The proxy for an address; `None`: it is fetched directly.
pub fn proxy_for(url: &str, variable: Variable<'_>) -> Option<String> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let (own, both) = match url.starts_with("https://") {
        true => ("https_proxy", Some("HTTPS_PROXY")),
        false => ("http_proxy", None),
    };
    let names = [Some(own), both, Some("all_proxy"), Some("ALL_PROXY")];
    let proxy = names.into_iter().flatten().find_map(set)?;
    let excluded = set("no_proxy").or_else(|| set("NO_PROXY")).unwrap_or_default();
    let proxy = if proxy.contains("://") { proxy } else { format!("http://{proxy}") };
    (!is_excluded(host_of(url), &excluded)).then_some(proxy)
}

/// The host of an address, without brackets.
pub fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => host.split(':').next().unwrap_or_default(),
    }
}

/// Whether a list of hosts, domains, addresses and networks has this host.
fn is_excluded(host: &str, list: &str) -> bool {
    if list.trim() == "*" {
        return true;
    }
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let address: Option<IpAddr> = host.parse().ok();
    list.split([',', ' ', '\t']).filter(|entry| !entry.is_empty()).any(|entry| {
        let entry = entry.trim_matches(['[', ']']);
        match address {
            Some(address) => is_in(address, entry),
            None => {
                let domain = entry.trim_start_matches('.').trim_end_matches('.').to_ascii_lowercase();
                !domain.is_empty()
                    && (host == domain || host.strip_suffix(&domain).is_some_and(|rest| rest.ends_with('.')))
            }
        }
    })
}

/// Whether an address is another one, or in a network such as `10.0.0.0/8`.
fn is_in(address: IpAddr, entry: &str) -> bool {
    let (network, bits) = match entry.split_once('/') {
        Some((network, bits)) => (network.trim_end_matches(']'), bits.parse().ok()),
        None => (entry, Some(128)),
    };
    let (Ok(network), Some(bits)) = (network.parse::<IpAddr>(), bits) else { return false };
    let same = |a: &[u8], b: &[u8]| {
        let bits: usize = bits;
        let bits = bits.min(a.len() * 8);
        let (whole, rest) = (bits / 8, bits % 8);
        a[..whole] == b[..whole] && (rest == 0 || a[whole] >> (8 - rest) == b[whole] >> (8 - rest))
    };
    match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(b)) => same(&a.octets(), &b.octets()),
        (IpAddr::V6(a), IpAddr::V6(b)) => same(&a.octets(), &b.octets()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_are_those_that_curl_takes() {
        let case = |url: &str, variables: &[(&str, &str)], expected: Option<&str>| {
            let variable =
                |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
            assert_eq!(proxy_for(url, &variable).as_deref(), expected, "{url} {variables:?}");
        };
        let (http, https) = ("http://h/a", "https://h:8443/a");
        case(http, &[], None);
        case(http, &[("http_proxy", "p:3128")], Some("http://p:3128"));
        case(http, &[("HTTP_PROXY", "p:3128")], None);
        case(http, &[("https_proxy", "p:3128")], None);
        case(https, &[("HTTPS_PROXY", "http://p")], Some("http://p"));
        case(https, &[("https_proxy", "q"), ("HTTPS_PROXY", "p")], Some("http://q"));
        case(https, &[("http_proxy", "p")], None);
        case(https, &[("https_proxy", ""), ("ALL_PROXY", "p")], Some("http://p"));
        case(http, &[("ALL_PROXY", "p"), ("all_proxy", "socks5://q")], Some("socks5://q"));
        case(http, &[("http_proxy", "p"), ("no_proxy", "g, H")], None);
        case(http, &[("http_proxy", "p"), ("NO_PROXY", "*")], None);
        case(http, &[("http_proxy", "p"), ("no_proxy", "i"), ("NO_PROXY", "*")], Some("http://p"));
    }

    #[test]
    fn hosts_are_excluded_by_name_domain_and_network() {
        let case =
            |host: &str, list: &str, expected: bool| assert_eq!(is_excluded(host, list), expected, "{host} {list}");
        case("a.example.com", "example.com", true);
        case("a.example.com", ".example.com", true);
        case("example.com", ".example.com", true);
        case("example.com.", "example.com", true);
        case("anexample.com", "example.com", false);
        case("example.com", "a.example.com", false);
        case("127.0.0.1", "localhost,127.0.0.1", true);
        case("10.1.2.3", "10.0.0.0/8", true);
        case("11.1.2.3", "10.0.0.0/8", false);
        case("192.168.1.130", "192.168.1.128/25", true);
        case("192.168.1.1", "192.168.1.128/25", false);
        case("1.2.3.4", "3.4", false);
        case("fe80::1", "[fe80::1]", true);
        case("fe80::1", "fe80::/10", true);
        case("x", "", false);
        assert_eq!(host_of("http://user:pw@[::1]:80/a"), "::1");
        assert_eq!(host_of("https://h:1?x"), "h");
    }
}
