//! The gate's server: takes connections, reads requests, writes or cuts answers.
//!
//! The main type is [`Gate`]. It listens on the loopback interface only.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::CONTENT_LENGTH;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::answer::{Answer, ServiceError};
use super::call::Call;
use super::control::PREFIX;
use super::form::Form;
use super::log::RequestLog;
use super::overlays::echo::Echoes;
use super::overlays::faults::Faults;
use super::overlays::paging::Paging;
use super::overlays::settings::OverlaySettings;
use super::overlays::states::States;
use super::overlays::throttle::Throttle;
use super::overlays::tokens::Tokens;
use super::serve::{Core, Outcome};
use super::standins::Store;
use super::upstream::{Upstream, without_hop_headers};

/// The largest body that is taken.
const BODY_LIMIT: usize = 64 * 1024 * 1024;

/// What a gate needs.
#[derive(Debug, Clone)]
pub struct GateSettings {
    /// Port on 127.0.0.1; 0 for one that is free.
    pub port: u16,
    /// Where moto is.
    pub moto: SocketAddr,
    /// Where ministack is.
    pub ministack: SocketAddr,
    /// The file of the request log; written anew.
    pub log: PathBuf,
    /// The switches at the start and after a reset.
    pub overlays: OverlaySettings,
}

/// A gate that is open. Dropping it closes it.
pub struct Gate {
    address: SocketAddr,
    core: Arc<Core>,
    task: JoinHandle<()>,
}

impl Gate {
    /// Opens a gate.
    ///
    /// # Errors
    ///
    /// The port is taken, or the log's file cannot be made.
    pub async fn start(settings: GateSettings) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, settings.port)).await?;
        let address = listener.local_addr()?;
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let core = Arc::new(Core {
            upstream: Upstream::new(settings.moto, settings.ministack),
            log: RequestLog::create(&settings.log)?,
            faults: Faults::default(),
            states: States::default(),
            echoes: Echoes::default(),
            store: Store::default(),
            tokens: Tokens::default(),
            paging: Paging::default(),
            throttle: Throttle::default(),
            overlays: RwLock::new(settings.overlays.clone()),
            initial: settings.overlays,
            log_failure: Mutex::new(None),
            instance: format!("{}-{}", std::process::id(), since_epoch.as_nanos()),
        });
        let task = tokio::spawn(accept(listener, Arc::clone(&core)));
        Ok(Self { address, core, task })
    }

    /// `http://127.0.0.1:PORT`, what an SDK takes for its endpoint.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Tells this gate from another that has its port later.
    #[must_use]
    pub fn instance(&self) -> &str {
        &self.core.instance
    }

    /// Closes it and every connection.
    pub async fn stop(mut self) {
        self.task.abort();
        // The task ends because it was told to; there is nothing else to learn from it.
        let _cancelled = (&mut self.task).await;
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, core: Arc<Core>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, Arc::clone(&core)));
                }
                // Out of file descriptors, most likely: others will close meanwhile.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(stream: TcpStream, core: Arc<Core>) {
    // Small answers must not wait for the acknowledgement of earlier ones; where the system cannot
    // do that they are only slower.
    let _slower = stream.set_nodelay(true);
    let service = service_fn(move |request| respond(request, Arc::clone(&core)));
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
    // A connection that breaks is the caller's to notice, and often the gate's own doing.
    drop(served);
}

type Body = UnsyncBoxBody<Bytes, std::io::Error>;

/// Why a connection is cut.
#[derive(Debug, thiserror::Error)]
#[error("the connection is cut on purpose")]
struct Cut;

async fn respond(request: Request<Incoming>, core: Arc<Core>) -> Result<Response<Body>, Cut> {
    let (parts, body) = request.into_parts();
    let head = parts.method == Method::HEAD;
    let collected = Limited::new(body, BODY_LIMIT).collect().await;
    let (body, fits) = match collected {
        Ok(body) => (body.to_bytes(), true),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => (Bytes::new(), false),
        Err(_) => return Err(Cut),
    };
    if parts.uri.path().starts_with(PREFIX) {
        let query = Form::parse(parts.uri.query().unwrap_or_default());
        let answer = core.control(&parts.method, parts.uri.path(), &query, &body).await;
        return Ok(whole(answer, head));
    }
    let call = Call::new(parts.method, parts.uri, parts.headers, body);
    if !fits {
        let message = "the gate takes bodies of up to 64 MiB";
        return Ok(whole(ServiceError::invalid("EntityTooLarge", message).answer(&call, 0), head));
    }
    // A task of its own: a caller that goes away does not stop what AWS would go on doing.
    let outcome = tokio::spawn(async move { core.serve(call).await }).await;
    match outcome {
        Ok(Outcome::Answer(answer)) => Ok(whole(answer, head)),
        Ok(Outcome::Truncated(answer, bytes)) => Ok(truncated(answer, bytes)),
        Ok(Outcome::Cut) | Err(_) => Err(Cut),
    }
}

fn whole(answer: Answer, head: bool) -> Response<Body> {
    let length = answer.headers.get(CONTENT_LENGTH).cloned();
    let body = Full::new(answer.body).map_err(|never| match never {}).boxed_unsync();
    let mut response = Response::new(body);
    *response.status_mut() = answer.status;
    *response.headers_mut() = without_hop_headers(&answer.headers);
    // The answer to HEAD tells the length of a body that it does not have.
    if let (true, Some(length)) = (head, length) {
        response.headers_mut().insert(CONTENT_LENGTH, length);
    }
    response
}

fn truncated(answer: Answer, bytes: usize) -> Response<Body> {
    let length = answer.body.len();
    let start = answer.body.slice(..bytes.min(length));
    let first = stream::once(async move { Ok(Frame::data(start)) });
    let cut = stream::once(async {
        // Lets the first bytes go out before the connection is cut.
        tokio::time::sleep(Duration::from_millis(20)).await;
        Err(std::io::Error::other(Cut))
    });
    let mut response = Response::new(StreamBody::new(first.chain(cut)).boxed_unsync());
    *response.status_mut() = answer.status;
    *response.headers_mut() = without_hop_headers(&answer.headers);
    // One byte more than there is, so that even an empty body is missed.
    response.headers_mut().insert(CONTENT_LENGTH, (length.max(bytes + 1)).into());
    response
}
