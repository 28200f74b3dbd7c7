//! Fetches an `http://` address through a proxy, by asking it for the whole address (RFC 9112, 3.2.2).
//!
//! ureq opens a tunnel through every proxy, and many proxies make tunnels for HTTPS alone. Asks as HTTP/1.0, so that an answer ends with
//! its connection. Invariant: no more than the limits is kept, and a request ends after its time.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::{Duration, Instant};

/// How long connecting may take, and a whole request.
const TIMES: (Duration, Duration) = (Duration::from_secs(15), Duration::from_secs(120));

/// Most bytes before the body of an answer.
const HEAD: usize = 64 << 10;

/// A proxy.
pub struct Proxy<'a> {
    /// Its host.
    pub host: &'a str,
    /// Its TCP port.
    pub port: u16,
    /// User and password in base64.
    pub login: Option<String>,
}

/// An answer.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Where a redirect leads.
    pub location: Option<String>,
    /// The body; one byte more than `most` if it is longer.
    pub body: Vec<u8>,
}

/// Asks a proxy for an address, whose host is `host`.
///
/// # Errors
/// Those of the connection; InvalidData if the answer is not HTTP, UnexpectedEof if it is cut.
pub fn get(proxy: &Proxy<'_>, url: &str, host: &str, most: u64) -> io::Result<Answer> {
    let end = Instant::now() + TIMES.1;
    let mut failed = io::Error::new(ErrorKind::NotFound, "the proxy has no address");
    let addresses = (proxy.host.trim_matches(['[', ']']), proxy.port).to_socket_addrs()?;
    let mut stream = None;
    for address in addresses {
        match TcpStream::connect_timeout(&address, TIMES.0) {
            Ok(open) => {
                stream = Some(open);
                break;
            }
            Err(error) => failed = error,
        }
    }
    let mut stream = stream.ok_or(failed)?;
    stream.set_write_timeout(Some(TIMES.0))?;
    let login = proxy.login.iter().map(|login| format!("Proxy-Authorization: Basic {login}\r\n")).collect::<String>();
    let agent = concat!("belay-script/", env!("CARGO_PKG_VERSION"));
    let request = format!("GET {url} HTTP/1.0\r\nHost: {host}\r\nUser-Agent: {agent}\r\nAccept: */*\r\n{login}\r\n");
    stream.write_all(request.as_bytes())?;
    let most = usize::try_from(most).unwrap_or(usize::MAX).saturating_add(HEAD + 1);
    let (mut bytes, mut piece) = (Vec::new(), vec![0; 64 * 1024]);
    while bytes.len() < most {
        if crate::interrupt::take() {
            return Err(ErrorKind::Interrupted.into());
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        // Ctrl-C is noticed in between.
        stream.set_read_timeout(Some(left.min(Duration::from_millis(200))))?;
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) => {}
            Err(error) => return Err(error),
        }
        if let Ok(Some(length)) = expected(&bytes)
            && bytes.len() >= length
        {
            break;
        }
    }
    answer(bytes)
}

/// How many bytes the answer has, if its head is there and says so.
fn expected(bytes: &[u8]) -> io::Result<Option<usize>> {
    let Some((head, start)) = head(bytes)? else { return Ok(None) };
    let length = field(head, "content-length").and_then(|length| length.parse::<usize>().ok());
    Ok(length.map(|length| length.saturating_add(start)))
}

/// The head of an answer, and where its body starts.
fn head(bytes: &[u8]) -> io::Result<Option<(&str, usize)>> {
    let Some(end) = bytes.windows(4).take(HEAD).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&bytes[..end]).map_err(|_| invalid("the proxy's answer is not HTTP"))?;
    Ok(Some((head, end + 4)))
}

/// A field of a head.
fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let fields = head.split("\r\n").skip(1).filter_map(|line| line.split_once(':'));
    fields.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
}

fn invalid(why: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, why.to_owned())
}

fn answer(mut bytes: Vec<u8>) -> io::Result<Answer> {
    let (head, start) = head(&bytes)?.ok_or_else(|| invalid("the proxy's answer is not HTTP"))?;
    let status = head.strip_prefix("HTTP/1.").and_then(|rest| rest.split(' ').nth(1)?.parse().ok());
    let status = status.ok_or_else(|| invalid("the proxy's answer is not HTTP"))?;
    if field(head, "transfer-encoding").is_some() {
        return Err(invalid("the proxy's answer has a form that was not asked for"));
    }
    if expected(&bytes)?.is_some_and(|length| bytes.len() < length) {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    let location = field(head, "location").map(str::to_owned);
    bytes.drain(..start);
    Ok(Answer { status, location, body: bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_parted_into_head_and_body() {
        let case = |text: &str| answer(text.as_bytes().to_vec()).map_err(|error| error.kind());
        let expected = Answer { status: 302, location: Some("/x".to_owned()), body: b"ab".to_vec() };
        assert_eq!(case("HTTP/1.1 302 Found\r\nLOCATION: /x\r\nContent-Length: 2\r\n\r\nab"), Ok(expected));
        assert_eq!(case("HTTP/1.0 200 OK\r\n\r\n").unwrap().body, b"");
        assert_eq!(case("HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nab"), Err(ErrorKind::UnexpectedEof));
        for wrong in
            ["", "SSH-2.0\r\n\r\n", "HTTP/1.1 x\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"]
        {
            assert_eq!(case(wrong), Err(ErrorKind::InvalidData), "{wrong}");
        }
    }

    #[test]
    fn a_proxy_is_asked_for_the_whole_address_with_the_login() {
        use std::io::{BufRead as _, BufReader};
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            let (mut client, _) = listener.accept().unwrap();
            let lines = BufReader::new(client.try_clone().unwrap()).lines().map(Result::unwrap);
            let request: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
            // The connection stays open: the length says where the answer ends.
            client.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nx = 1").unwrap();
            (request, client)
        });
        let proxy = Proxy { host: "127.0.0.1", port, login: Some("dTpw".to_owned()) };
        let answer = get(&proxy, "http://h:81/a?b", "h:81", 100).unwrap();
        assert_eq!(answer.body, b"x = 1");
        let (request, _client) = server.join().unwrap();
        assert_eq!(request[..2], ["GET http://h:81/a?b HTTP/1.0", "Host: h:81"]);
        assert!(request.contains(&"Proxy-Authorization: Basic dTpw".to_owned()), "{request:?}");
    }
}
