//! Brings the bytes of a source: over HTTP, or from a file.
//!
//! Uses ureq (feature `packages`). Invariant: no more than the limit is kept, a request ends after its time, and nothing is reached
//! that the owner of the fetcher does not permit, redirects included.

use super::source::Source;
use crate::disk;
use crate::error::{Error, Kind, Result};

/// Most bytes of a file of a package.
pub const MOST: u64 = 16 << 20;

/// Most bytes of an archive.
pub const ARCHIVE: u64 = 64 << 20;

/// Most redirects of a request.
#[cfg(feature = "packages")]
const REDIRECTS: usize = 5;

/// Permits a source, or says why not.
pub type Permit = Box<dyn Fn(&Source) -> Result<()>>;

/// Brings bytes.
pub struct Fetcher {
    permit: Option<Permit>,
    #[cfg(feature = "packages")]
    agent: ureq::Agent,
    /// The last archive, by its address.
    #[cfg(feature = "packages")]
    archive: std::cell::RefCell<Option<(String, std::rc::Rc<Vec<u8>>)>>,
}

impl Default for Fetcher {
    #[cfg(feature = "packages")]
    fn default() -> Fetcher {
        use std::time::Duration;
        let config = ureq::Agent::config_builder()
            .timeout_connect(Some(Duration::from_secs(15)))
            .timeout_global(Some(Duration::from_secs(120)))
            .http_status_as_error(false)
            // Each address is asked for, and has a proxy of its own.
            .max_redirects(0)
            .proxy(None)
            .user_agent(concat!("belay-script/", env!("CARGO_PKG_VERSION")))
            .build();
        Fetcher { permit: None, agent: config.into(), archive: std::cell::RefCell::default() }
    }

    #[cfg(not(feature = "packages"))]
    fn default() -> Fetcher {
        Fetcher { permit: None }
    }
}

impl Fetcher {
    /// A fetcher that asks `permit` before it reaches anything.
    pub fn permitted(permit: Permit) -> Fetcher {
        Fetcher { permit: Some(permit), ..Fetcher::default() }
    }

    /// The bytes at `source`, at most `most`; `None`: nothing is there.
    ///
    /// # Errors
    /// ConnectionFailedError if the server cannot be reached, ArgumentError if it answers with an error or too
    /// much, and of a file that cannot be read; PermissionError if it may not be reached.
    pub fn get(&self, source: &Source, most: u64) -> Result<Option<Vec<u8>>> {
        match source {
            #[cfg(feature = "packages")]
            Source::Url(url) if super::bundle::member(url).is_some() => {
                let (archive, path) = super::bundle::member(url).unwrap_or_default();
                super::bundle::unpacked(self, archive, path, most)
            }
            Source::Url(url) => self.download(url, most),
            Source::File(path) => {
                self.ask(source)?;
                match disk::read(path, most) {
                    Ok(bytes) => Ok(Some(bytes)),
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
                    Err(error) => {
                        let message = format!("`{}` cannot be read: {}", path.display(), disk::reason(&error));
                        Err(Error::new(Kind::ArgumentError, message).with_help("check the path"))
                    }
                }
            }
        }
    }

    fn ask(&self, source: &Source) -> Result<()> {
        self.permit.as_ref().map_or(Ok(()), |permit| permit(source))
    }

    #[cfg(feature = "packages")]
    fn download(&self, url: &str, most: u64) -> Result<Option<Vec<u8>>> {
        let mut url = url.to_owned();
        for _ in 0..=REDIRECTS {
            self.ask(&Source::Url(url.clone()))?;
            match self.request(&url, most)? {
                Answer::Nothing => return Ok(None),
                Answer::Elsewhere(place) => url = redirected(&url, &place)?,
                Answer::Body(body) => return read(&url, body, most).map(Some),
                Answer::Bytes(bytes) if bytes.len() as u64 > most => return Err(too_long(&url, most)),
                Answer::Bytes(bytes) => return Ok(Some(bytes)),
            }
        }
        Err(unreachable(&url, "too many redirects"))
    }

    /// An archive, which is kept for the next files that are in it; `None`: it is not there.
    ///
    /// # Errors
    /// As [`Fetcher::get`].
    #[cfg(feature = "packages")]
    pub fn archive(&self, url: &str) -> Result<Option<std::rc::Rc<Vec<u8>>>> {
        if let Some((_, bytes)) = self.archive.borrow().as_ref().filter(|(known, _)| known == url) {
            return Ok(Some(bytes.clone()));
        }
        let cache = super::cache::Cache::of_user();
        self.ask(&Source::Url(url.to_owned()))?;
        let bytes = match cache.archive(url, ARCHIVE) {
            Some(bytes) => bytes,
            None => match self.download(url, ARCHIVE)? {
                Some(bytes) => {
                    cache.keep_archive(url, &bytes);
                    bytes
                }
                None => return Ok(None),
            },
        };
        let bytes = std::rc::Rc::new(bytes);
        *self.archive.borrow_mut() = Some((url.to_owned(), bytes.clone()));
        Ok(Some(bytes))
    }

    /// Follows an address to where it leads by redirects, without fetching what is there.
    ///
    /// # Errors
    /// As [`Fetcher::get`].
    #[cfg(feature = "packages")]
    pub fn leads_to(&self, url: &str) -> Result<Option<String>> {
        self.ask(&Source::Url(url.to_owned()))?;
        match self.request(url, 0)? {
            Answer::Elsewhere(place) => redirected(url, &place).map(Some),
            _ => Ok(None),
        }
    }

    #[cfg(feature = "packages")]
    fn request(&self, url: &str, most: u64) -> Result<Answer> {
        let mut request = self.agent.get(url);
        if let Some(text) = super::proxy::proxy_for(url, &|name| std::env::var(name).ok()) {
            let wrong = |why: &str| {
                let message = format!("the proxy `{}` cannot be used: {why}", super::proxy::host_of(&text));
                Error::new(Kind::FeatureUnavailableError, message)
                    .with_help("set `https_proxy` and `http_proxy` to `http://HOST:PORT`, or `no_proxy` to the host")
            };
            if text.starts_with("socks") {
                return Err(wrong("it speaks SOCKS, which belay-script does not"));
            }
            let proxy = ureq::Proxy::new(&text).map_err(|error| wrong(&error.to_string()))?;
            if url.starts_with("http://") && proxy.protocol() == ureq::ProxyProtocol::Http {
                return by_proxy(url, &proxy, most);
            }
            request = request.config().proxy(Some(proxy)).build();
        }
        let answer = request.call().map_err(|error| unreachable(url, &error.to_string()))?;
        let location = answer.headers().get("location").and_then(|place| place.to_str().ok()).map(str::to_owned);
        judged(url, answer.status().as_u16(), location, || Answer::Body(answer.into_body()))
    }

    #[cfg(not(feature = "packages"))]
    fn download(&self, url: &str, _most: u64) -> Result<Option<Vec<u8>>> {
        self.ask(&Source::Url(url.to_owned()))?;
        let message = format!("`{url}` cannot be fetched: this belay-script was built without the feature `packages`");
        Err(Error::new(Kind::FeatureUnavailableError, message).with_help("install from a local folder"))
    }
}

#[cfg(feature = "packages")]
enum Answer {
    Nothing,
    Elsewhere(String),
    Body(ureq::Body),
    Bytes(Vec<u8>),
}

/// Asks a proxy for an `http://` address.
#[cfg(feature = "packages")]
fn by_proxy(url: &str, proxy: &ureq::Proxy, most: u64) -> Result<Answer> {
    use base64::Engine as _;
    use ureq::http::{Uri, uri::Authority};
    let target: Uri = url.parse().map_err(|_| unreachable(url, "it is not a valid address"))?;
    let host = target.authority().map(Authority::as_str).unwrap_or_default();
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let url = format!("http://{host}{}", target.path_and_query().map_or("/", |path| path.as_str()));
    let login = proxy.username().map(|user| {
        let pair = format!("{user}:{}", proxy.password().unwrap_or_default());
        base64::engine::general_purpose::STANDARD.encode(pair)
    });
    let proxy = super::plain::Proxy { host: proxy.host(), port: proxy.port(), login };
    let answer = super::plain::get(&proxy, &url, host, most).map_err(|error| match error.kind() {
        std::io::ErrorKind::Interrupted => Error::new(Kind::Interrupted, "interrupted"),
        _ => unreachable(&url, &format!("{}, at the proxy `{}`", disk::reason(&error), proxy.host)),
    })?;
    judged(&url, answer.status, answer.location, || Answer::Bytes(answer.body))
}

/// What an answer means by its status.
#[cfg(feature = "packages")]
fn judged(url: &str, status: u16, location: Option<String>, body: impl FnOnce() -> Answer) -> Result<Answer> {
    match status {
        200 => Ok(body()),
        404 | 410 => Ok(Answer::Nothing),
        301 | 302 | 303 | 307 | 308 => {
            location.map(Answer::Elsewhere).ok_or_else(|| unreachable(url, "a redirect without an address"))
        }
        status => {
            let message = format!("`{url}` cannot be fetched: the server answers with status {status}");
            Err(Error::new(Kind::ArgumentError, message).with_help("try again later, or check the address"))
        }
    }
}

/// Where a redirect leads.
#[cfg(feature = "packages")]
fn redirected(from: &str, to: &str) -> Result<String> {
    let (scheme, rest) = from.split_once("://").unwrap_or(("http", from));
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let place = match to {
        _ if to.starts_with("http://") || to.starts_with("https://") => to.to_owned(),
        _ if to.starts_with("//") => format!("{scheme}:{to}"),
        _ if to.starts_with('/') => format!("{scheme}://{host}{to}"),
        _ => {
            let folder = rest.split(['?', '#']).next().unwrap_or_default();
            let folder = folder.rsplit_once('/').map_or(host, |(folder, _)| folder);
            format!("{scheme}://{folder}/{to}")
        }
    };
    if scheme == "https" && !place.starts_with("https://") {
        return Err(unreachable(from, "it leads to an address that is not encrypted"));
    }
    Ok(place)
}

#[cfg(feature = "packages")]
fn unreachable(url: &str, why: &str) -> Error {
    let help = "check the network; behind a proxy set `https_proxy`";
    Error::new(Kind::ConnectionFailedError, format!("`{url}` cannot be fetched: {why}")).with_help(help)
}

#[cfg(feature = "packages")]
fn read(url: &str, mut body: ureq::Body, most: u64) -> Result<Vec<u8>> {
    use std::io::Read as _;
    let (mut bytes, mut piece) = (Vec::new(), vec![0; 64 * 1024]);
    let mut body = body.as_reader();
    loop {
        if crate::interrupt::take() {
            return Err(Error::new(Kind::Interrupted, "interrupted"));
        }
        match body.read(&mut piece).map_err(|error| unreachable(url, &disk::reason(&error)))? {
            0 => return Ok(bytes),
            count => bytes.extend_from_slice(&piece[..count]),
        }
        if bytes.len() as u64 > most {
            return Err(too_long(url, most));
        }
    }
}

#[cfg(feature = "packages")]
fn too_long(url: &str, most: u64) -> Error {
    let message = format!("`{url}` is longer than {}", crate::bound::shown(most));
    Error::new(Kind::ArgumentError, message).with_help("a board would not take it")
}

#[cfg(all(test, feature = "packages"))]
mod tests {
    use super::*;

    #[test]
    fn redirects_lead_to_addresses() {
        let case = |from: &str, to: &str, expected: &str| assert_eq!(redirected(from, to).unwrap(), expected);
        case("http://h/a/b?c", "https://i/x", "https://i/x");
        case("https://h:1/a/b", "//i/x", "https://i/x");
        case("https://h:1/a/b", "/x", "https://h:1/x");
        case("https://h:1/a/b?q=/z/", "x", "https://h:1/a/x");
        case("https://h", "x", "https://h/x");
        assert!(redirected("https://h/a", "http://h/a").is_err());
    }
}
