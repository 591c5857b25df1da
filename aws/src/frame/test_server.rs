//! A server that gives the answers of a test: what no emulator says, and what AWS never should.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::clients::{Aws, Connection, configure};
use super::provider::AwsProvider;

/// What is answered to a request.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Headers besides those of HTTP itself.
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }
}

/// A server that listens until it is dropped.
pub(crate) struct TestServer {
    address: SocketAddr,
    closed: Arc<AtomicBool>,
}

impl TestServer {
    /// One that answers as told: `answer` is given the request line and the body.
    pub(crate) fn new(answer: impl Fn(&str, &str) -> Answer + Send + Sync + 'static) -> Self {
        Self::at(SocketAddr::from(([127, 0, 0, 1], 0)), answer)
    }

    /// One at an address of before.
    pub(crate) fn at(
        address: SocketAddr,
        answer: impl Fn(&str, &str) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address).expect("a port");
        let address = listener.local_addr().expect("an address");
        let closed = Arc::new(AtomicBool::new(false));
        let (answer, seen) = (Arc::new(answer), Arc::clone(&closed));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if seen.load(Ordering::SeqCst) {
                    return;
                }
                let answer = Arc::clone(&answer);
                std::thread::spawn(move || serve(stream, &*answer));
            }
        });
        Self { address, closed }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    fn connection(&self) -> Connection {
        Connection {
            region: "us-west-2".to_owned(),
            endpoint_url: Some(format!("http://{}", self.address)),
            credentials: Some(("123456789012".to_owned(), "test".to_owned())),
            ..Connection::default()
        }
    }

    /// Clients that ask it.
    pub(crate) async fn aws(&self) -> Aws {
        Aws::new(configure(&self.connection()).await)
    }

    /// A provider that asks it.
    pub(crate) async fn provider(&self) -> AwsProvider {
        AwsProvider::connect(self.connection()).await
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::SeqCst);
        // The listener only looks when somebody comes.
        let _ = TcpStream::connect(self.address);
    }
}

/// Answers one request. A connection of its own for each keeps a closed server closed.
fn serve(stream: TcpStream, answer: &(dyn Fn(&str, &str) -> Answer + Sync)) {
    let mut reader = BufReader::new(stream);
    let Some((head, body)) = request(&mut reader) else { return };
    let Answer { status, headers, body } = answer(&head, &body);
    let mut text = format!(
        "HTTP/1.1 {status} Answer\r\nconnection: close\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    // A client that went away is the test's own affair.
    let _ = reader.get_mut().write_all(&[text.as_bytes(), &body].concat());
}

/// The line and the body of a request.
fn request(reader: &mut BufReader<TcpStream>) -> Option<(String, String)> {
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
        if head.is_empty() {
            head = line.trim().to_owned();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((head, String::from_utf8_lossy(&body).into_owned()))
}
