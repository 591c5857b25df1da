//! As much of HTTP as a server needs that answers what a test or a benchmark wants.

use std::io::BufRead;

/// A request.
#[derive(Debug)]
pub struct Request {
    /// Its first line and its headers, as they were sent.
    pub head: String,
    /// Its body.
    pub body: String,
}

/// The next request of a connection; nothing where there is none, or none of text.
pub fn request(reader: &mut impl BufRead) -> Option<Request> {
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { head, body: String::from_utf8(body).ok()? })
}

/// The body of the next request of a connection, as [`request`].
pub fn request_body(reader: &mut impl BufRead) -> Option<String> {
    request(reader).map(|request| request.body)
}
