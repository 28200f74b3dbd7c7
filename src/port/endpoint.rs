//! Host and port number of a network address.
//!
//! Uses [`crate::error`]. Invariant: parsing and display round-trip, and no error repeats a user name or password.

use crate::error::{Error, Kind, Result};
use std::fmt;
use std::net::Ipv6Addr;

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// A name, or an IPv4 or IPv6 address, without brackets.
    pub host: String,
    /// The TCP port, 1 to 65535.
    pub port: u16,
}

impl Endpoint {
    /// Parses what follows `prefix` (`tcp://`): `HOST:PORT` or `[IPV6]:PORT`. The port number is optional if there is a usual
    /// one. A trailing slash is ignored.
    ///
    /// # Errors
    /// [`Kind::ArgumentError`], with help that shows the right form.
    pub fn parse(prefix: &str, text: &str, usual: Option<u16>) -> Result<Endpoint> {
        let refused = |message: String| {
            let example = if usual.is_some() { format!("{prefix}192.168.1.5") } else { format!("{prefix}host:4000") };
            Error::new(Kind::ArgumentError, message).with_help(format!(
                "write for example `{example}`; put an IPv6 address in brackets: `{prefix}[::1]:4000`"
            ))
        };
        if text.contains('@') {
            return Err(Error::new(Kind::ArgumentError, format!("a `{prefix}` port cannot contain a user or password"))
                .with_help(
                "pass them as options: `open(port, #{ user: \"…\", password: \"…\" })`, or `--user` and `--password-file`",
            ));
        }
        let shown = format!("{prefix}{text}");
        let text = text.strip_suffix('/').unwrap_or(text);
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let Some((host, rest)) = rest.split_once(']') else {
                    return Err(refused(format!("`{shown}` is missing a closing bracket")));
                };
                if host.split('%').next().and_then(|address| address.parse::<Ipv6Addr>().ok()).is_none() {
                    return Err(refused(format!("`{host}` is not a valid IPv6 address")));
                }
                match rest.strip_prefix(':') {
                    Some(port) => (host, Some(port)),
                    None if rest.is_empty() => (host, None),
                    None => {
                        return Err(refused(format!(
                            "expected a colon and a port number after `[{host}]`, found `{rest}`"
                        )));
                    }
                }
            }
            None => match text.split_once(':') {
                Some((_, port)) if port.contains(':') => {
                    return Err(refused(format!("the IPv6 address in `{shown}` is not in brackets")));
                }
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            },
        };
        if host.is_empty() {
            return Err(refused(format!("`{shown}` is missing a host")));
        }
        if let Some(odd) = host.chars().find(|&c| c.is_whitespace() || c.is_control() || "/\\?#[]".contains(c)) {
            return Err(refused(format!("invalid host `{host}`: it contains `{}`", odd.escape_default())));
        }
        let port = match (port, usual) {
            (Some(digits), _) => Endpoint::port(digits)
                .ok_or_else(|| refused(format!("invalid port number `{digits}`: must be 1 to 65535")))?,
            (None, Some(usual)) => usual,
            (None, None) => return Err(refused(format!("`{shown}` is missing a port number"))),
        };
        Ok(Endpoint { host: host.to_owned(), port })
    }

    fn port(digits: &str) -> Option<u16> {
        let plain = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
        digits.parse().ok().filter(|&port| plain && port != 0)
    }

    /// Displays it; leaves out the port number if it is `usual`.
    pub fn shown(&self, usual: Option<u16>) -> String {
        let whole = self.to_string();
        match usual {
            Some(usual) if usual == self.port => whole[..whole.len() - format!(":{usual}").len()].to_owned(),
            _ => whole,
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Endpoint { host, port } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hosts_and_port_numbers_round_trip() {
        let case = |text: &str, usual, host: &str, port, shown: &str| {
            let endpoint = Endpoint::parse("tcp://", text, usual).unwrap();
            assert_eq!(endpoint, Endpoint { host: host.to_owned(), port }, "{text}");
            assert_eq!(endpoint.shown(usual), shown);
        };
        case("lab:4000", None, "lab", 4000, "lab:4000");
        case("lab:4000/", None, "lab", 4000, "lab:4000");
        case("lab", Some(23), "lab", 23, "lab");
        case("lab:23", Some(23), "lab", 23, "lab");
        case("lab:24", Some(23), "lab", 24, "lab:24");
        case("[::1]:65535", None, "::1", 65535, "[::1]:65535");
        case("[fe80::1%eth0]", Some(23), "fe80::1%eth0", 23, "[fe80::1%eth0]");
        case("pico-w.local:1", None, "pico-w.local", 1, "pico-w.local:1");
    }

    #[test]
    fn errors_name_the_problem() {
        let case = |text: &str, message: &str| {
            let error = Endpoint::parse("tcp://", text, None).unwrap_err();
            assert_eq!((error.kind(), error.message()), (Kind::ArgumentError, message));
            assert!(error.help().is_some_and(|help| help.contains("tcp://host:4000")), "{error:?}");
        };
        case("lab", "`tcp://lab` is missing a port number");
        case("", "`tcp://` is missing a host");
        case(":4000", "`tcp://:4000` is missing a host");
        case("lab:", "invalid port number ``: must be 1 to 65535");
        case("lab:0", "invalid port number `0`: must be 1 to 65535");
        case("lab:65536", "invalid port number `65536`: must be 1 to 65535");
        case("lab:+1", "invalid port number `+1`: must be 1 to 65535");
        case("lab:40x", "invalid port number `40x`: must be 1 to 65535");
        case("::1:4000", "the IPv6 address in `tcp://::1:4000` is not in brackets");
        case("[::1:4000", "`tcp://[::1:4000` is missing a closing bracket");
        case("[lab]:4000", "`lab` is not a valid IPv6 address");
        case("[::1]4000", "expected a colon and a port number after `[::1]`, found `4000`");
        case("lab/x:4000", "invalid host `lab/x`: it contains `/`");
        case("a b:1", "invalid host `a b`: it contains ` `");
    }

    #[test]
    fn rejects_a_password_in_the_address_without_repeating_it() {
        let error = Endpoint::parse("telnet://", "micro:hush@lab", Some(23)).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hush"));
        assert!(error.help().is_some_and(|help| help.contains("password: ")));
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_round_trips(text in "[\\[\\]:a1.%/@]{0,12}|.{0,20}", usual: bool) {
            let usual = usual.then_some(23);
            if let Ok(endpoint) = Endpoint::parse("x://", &text, usual) {
                prop_assert_eq!(&Endpoint::parse("x://", &endpoint.shown(usual), usual).unwrap(), &endpoint);
                prop_assert_eq!(&Endpoint::parse("x://", &endpoint.to_string(), None).unwrap(), &endpoint);
            }
        }
    }
}
