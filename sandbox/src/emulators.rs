//! The emulators as child processes: started on free ports, watched, stopped.
//!
//! The main type is [`Emulators`]. A child outlives nobody: it holds the reading end of a pipe, and
//! ends itself and its process group when the writing end closes, which the system does whatever
//! ends this process.

use std::ffi::OsStr;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Method, Request};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::net::TcpListener;
use tokio::process::{Child, ChildStdin, Command};

use crate::files;
use crate::{SandboxConfig, SandboxError};

/// Runs a module, and ends the process group when standard input closes.
const WATCHED: &str = "\
import os, runpy, signal, sys, threading
def watch():
    while os.read(0, 1):
        pass
    os.killpg(0, signal.SIGKILL) if os.getpgrp() == os.getpid() else os._exit(1)
threading.Thread(target=watch, daemon=True).start()
del sys.argv[0]
runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)
";

/// How often a start is tried: a port that was free may be taken before the emulator has it.
const TRIES: usize = 3;

/// How long an emulator may take to end by itself.
const STOP_PATIENCE: Duration = Duration::from_secs(5);

/// Both emulators, answering.
pub(crate) struct Emulators {
    moto: Running,
    ministack: Running,
}

/// One emulator.
struct Running {
    name: &'static str,
    address: SocketAddr,
    log: PathBuf,
    child: Child,
    /// Closes when this is dropped, and so ends the child.
    lifeline: ChildStdin,
}

/// How one is started and asked whether it answers.
struct Recipe {
    name: &'static str,
    module: &'static str,
    arguments: fn(u16) -> Vec<String>,
    environment: fn(u16) -> Vec<(&'static str, String)>,
    probe: fn(&SocketAddr) -> Request<Full<Bytes>>,
}

const MOTO: Recipe = Recipe {
    name: "moto",
    module: "moto.server",
    arguments: |port| vec!["-H".into(), "127.0.0.1".into(), "-p".into(), port.to_string()],
    environment: |_| {
        vec![
            ("MOTO_IAM_LOAD_MANAGED_POLICIES", "true".into()),
            ("MOTO_ACM_VALIDATION_WAIT", "2".into()),
        ]
    },
    probe: |address| {
        let body = "Action=GetCallerIdentity&Version=2011-06-15";
        request(Method::POST, address, "/", body)
    },
};

const MINISTACK: Recipe = Recipe {
    name: "ministack",
    module: "ministack",
    arguments: |_| Vec::new(),
    environment: |port| {
        vec![
            ("BIND_HOST", "127.0.0.1".into()),
            ("GATEWAY_PORT", port.to_string()),
            ("LOG_LEVEL", "WARNING".into()),
            ("SFTP_ENABLED", "0".into()),
            ("IOT_MTLS_ENABLED", "0".into()),
        ]
    },
    probe: |address| request(Method::GET, address, "/_ministack/health", ""),
};

impl Emulators {
    /// Starts both and waits until they answer.
    pub(crate) async fn start(config: &SandboxConfig, python: &Path) -> Result<Self, SandboxError> {
        let (moto, ministack) =
            tokio::try_join!(start(config, python, &MOTO), start(config, python, &MINISTACK))?;
        Ok(Self { moto, ministack })
    }

    /// Where moto is.
    pub(crate) fn moto(&self) -> SocketAddr {
        self.moto.address
    }

    /// Where ministack is.
    pub(crate) fn ministack(&self) -> SocketAddr {
        self.ministack.address
    }

    /// The processes.
    pub(crate) fn pids(&self) -> Vec<u32> {
        [&self.moto, &self.ministack].iter().filter_map(|running| running.child.id()).collect()
    }

    /// Waits until one of them ends by itself, which none should.
    pub(crate) async fn ended(&mut self) -> SandboxError {
        tokio::select! {
            error = self.moto.ended() => error,
            error = self.ministack.ended() => error,
        }
    }

    /// Stops both.
    pub(crate) async fn stop(self) {
        tokio::join!(self.moto.stop(), self.ministack.stop());
    }
}

impl Running {
    async fn ended(&mut self) -> SandboxError {
        let what = match self.child.wait().await {
            Ok(status) => format!("ended ({status})"),
            Err(error) => format!("cannot be waited for ({error})"),
        };
        self.failure(what)
    }

    async fn stop(mut self) {
        drop(self.lifeline);
        if tokio::time::timeout(STOP_PATIENCE, self.child.wait()).await.is_err() {
            // It may have ended just now; dropping the child does the same again.
            let _ended = self.child.kill().await;
        }
    }

    fn failure(&self, what: String) -> SandboxError {
        let tail = files::tail(&self.log);
        SandboxError::Emulator { emulator: self.name, what, log: self.log.clone(), tail }
    }
}

async fn start(
    config: &SandboxConfig,
    python: &Path,
    recipe: &Recipe,
) -> Result<Running, SandboxError> {
    let mut tries = 1;
    loop {
        let mut running = spawn(config, python, recipe).await?;
        match wait(&mut running, recipe, config.start_deadline).await {
            Ok(()) => return Ok(running),
            Err(SandboxError::Emulator { tail, .. })
                if tries < TRIES && tail.to_ascii_lowercase().contains("in use") =>
            {
                tries += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

async fn spawn(
    config: &SandboxConfig,
    python: &Path,
    recipe: &Recipe,
) -> Result<Running, SandboxError> {
    let log = config.file(&format!("{}.log", recipe.name));
    let output = files::private_file(&log)?;
    let errors =
        output.try_clone().map_err(|source| files::failure("cannot write", &log, source))?;
    let port = free_port().await.map_err(|source| SandboxError::Gate { port: 0, source })?;
    let mut command = Command::new(python);
    command
        .env_clear()
        // The same on every machine: no credentials, no settings of the user's, no containers.
        .envs(config.environment.iter().filter(|(name, _)| passes(name)).map(|(n, v)| (n, v)))
        .env("HOME", &config.directory)
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("DOCKER_HOST", "unix:///dev/null")
        .env("PYTHONNOUSERSITE", "1")
        .env("PYTHONUNBUFFERED", "1")
        .envs((recipe.environment)(port))
        .current_dir(&config.directory)
        .args(["-c", WATCHED, recipe.module])
        .args((recipe.arguments)(port))
        .stdin(Stdio::piped())
        .stdout(output)
        .stderr(errors)
        // Of its own, so that an interrupt at the terminal reaches the gate first.
        .process_group(0)
        .kill_on_drop(true);
    let failure = |what: String| SandboxError::Emulator {
        emulator: recipe.name,
        what,
        log: log.clone(),
        tail: String::new(),
    };
    let mut child =
        command.spawn().map_err(|error| failure(format!("does not start ({error})")))?;
    let lifeline = child.stdin.take().ok_or_else(|| failure("has no standard input".to_owned()))?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    Ok(Running { name: recipe.name, address, log, child, lifeline })
}

/// Variables that the emulators may see.
fn passes(name: &OsStr) -> bool {
    ["PATH", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH"].iter().any(|passed| name == *passed)
}

async fn wait(
    running: &mut Running,
    recipe: &Recipe,
    patience: Duration,
) -> Result<(), SandboxError> {
    let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build_http();
    let deadline = Instant::now() + patience;
    loop {
        let asked = client.request((recipe.probe)(&running.address));
        let answered = tokio::time::timeout(Duration::from_secs(5), asked).await;
        // An answer counts only while our child lives: another process may have taken the port.
        match running.child.try_wait() {
            Ok(Some(status)) => return Err(running.failure(format!("ended ({status})"))),
            Err(error) => return Err(running.failure(format!("cannot be waited for ({error})"))),
            Ok(None) => {}
        }
        if matches!(answered, Ok(Ok(ref response)) if response.status().is_success()) {
            return Ok(());
        }
        if Instant::now() >= deadline {
            let seconds = patience.as_secs();
            return Err(running.failure(format!("does not answer after {seconds} s")));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn free_port() -> std::io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    Ok(listener.local_addr()?.port())
}

fn request(
    method: Method,
    address: &SocketAddr,
    path: &str,
    body: &'static str,
) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::new(Bytes::from_static(body.as_bytes())));
    *request.method_mut() = method;
    if let Ok(uri) = format!("http://{address}{path}").parse() {
        *request.uri_mut() = uri;
    }
    let kind = hyper::header::HeaderValue::from_static("application/x-www-form-urlencoded");
    request.headers_mut().insert(hyper::header::CONTENT_TYPE, kind);
    request
}
