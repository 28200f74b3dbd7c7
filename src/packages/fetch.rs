//! Brings the bytes of a source: over HTTP, or from a file.
//!
//! Uses ureq (feature `packages`). Invariant: no more than the limit is kept, and a request ends after its time.

use super::source::Source;
use crate::disk;
use crate::error::{Error, Kind, Result};

/// Most bytes of a file of a package.
pub const MOST: u64 = 16 << 20;

/// Brings bytes.
pub struct Fetcher {
    #[cfg(feature = "packages")]
    agent: ureq::Agent,
}

impl Default for Fetcher {
    #[cfg(feature = "packages")]
    fn default() -> Fetcher {
        use std::time::Duration;
        // Proxies are those of the environment, as curl takes them: `https_proxy`, `http_proxy`, `all_proxy`, `no_proxy`.
        let config = ureq::Agent::config_builder()
            .timeout_connect(Some(Duration::from_secs(15)))
            .timeout_global(Some(Duration::from_secs(120)))
            .http_status_as_error(false)
            .max_redirects(5)
            .user_agent(concat!("belay-script/", env!("CARGO_PKG_VERSION")))
            .build();
        Fetcher { agent: config.into() }
    }

    #[cfg(not(feature = "packages"))]
    fn default() -> Fetcher {
        Fetcher {}
    }
}

impl Fetcher {
    /// The bytes at `source`, at most `most`; `None`: nothing is there.
    ///
    /// # Errors
    /// ConnectionFailedError if the server cannot be reached, ArgumentError if it answers with an error or too
    /// much, and of a file that cannot be read.
    pub fn get(&self, source: &Source, most: u64) -> Result<Option<Vec<u8>>> {
        match source {
            Source::Url(url) => self.download(url, most),
            Source::File(path) => match disk::read(path, most) {
                Ok(bytes) => Ok(Some(bytes)),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
                Err(error) => {
                    let message = format!("`{}` cannot be read: {}", path.display(), disk::reason(&error));
                    Err(Error::new(Kind::ArgumentError, message).with_help("check the path"))
                }
            },
        }
    }

    #[cfg(feature = "packages")]
    fn download(&self, url: &str, most: u64) -> Result<Option<Vec<u8>>> {
        use std::io::Read as _;
        let help = "check the network; behind a proxy set `https_proxy`";
        let unreachable = |why: String| {
            Error::new(Kind::ConnectionFailedError, format!("`{url}` cannot be fetched: {why}")).with_help(help)
        };
        let mut answer = self.agent.get(url).call().map_err(|error| unreachable(error.to_string()))?;
        match answer.status().as_u16() {
            200 => {}
            404 | 410 => return Ok(None),
            status => {
                let message = format!("`{url}` cannot be fetched: the server answers with status {status}");
                return Err(Error::new(Kind::ArgumentError, message).with_help("try again later, or check the address"));
            }
        }
        let (mut bytes, mut piece) = (Vec::new(), vec![0; 64 * 1024]);
        let mut body = answer.body_mut().as_reader();
        loop {
            if crate::interrupt::take() {
                return Err(Error::new(Kind::Interrupted, "interrupted"));
            }
            match body.read(&mut piece).map_err(|error| unreachable(disk::reason(&error)))? {
                0 => return Ok(Some(bytes)),
                count => bytes.extend_from_slice(&piece[..count]),
            }
            if bytes.len() as u64 > most {
                let message = format!("`{url}` is longer than {}", crate::bound::shown(most));
                return Err(Error::new(Kind::ArgumentError, message).with_help("a board would not take it"));
            }
        }
    }

    #[cfg(not(feature = "packages"))]
    fn download(&self, url: &str, _most: u64) -> Result<Option<Vec<u8>>> {
        let message = format!("`{url}` cannot be fetched: this belay-script was built without the feature `packages`");
        Err(Error::new(Kind::FeatureUnavailableError, message).with_help("install from a local folder"))
    }
}
