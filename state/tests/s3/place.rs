//! A place in a bucket of the sandbox, for the tests.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use infra_sandbox::{Control, Sandbox, SandboxConfig};
use infra_sdk::provider::BoxFuture;
use infra_sdk::store::{Store, StoreError};
use infra_state::{Config, Location, LockOwner, S3Location};
use infra_testkit::store_suite::StorePlace;
use tempfile::TempDir;
use tokio::sync::OnceCell;

static ENDPOINT: OnceCell<String> = OnceCell::const_new();
static NEXT: AtomicU64 = AtomicU64::new(0);

/// Short enough for tests that wait for it, long enough for a machine that is busy.
pub(crate) const LEASE: Duration = Duration::from_secs(3);

/// A state of its own in the one bucket of this test run.
pub(crate) struct S3Place {
    folder: TempDir,
    stack: String,
}

impl S3Place {
    pub(crate) fn new() -> Self {
        let number = NEXT.fetch_add(1, Ordering::SeqCst);
        let folder = tempfile::tempdir().expect("a folder");
        Self { folder, stack: format!("shop-{}-{number}", std::process::id()) }
    }

    pub(crate) async fn config(&self) -> Config {
        config(&self.stack, self.folder.path().join("state.key"), &endpoint().await)
    }

    /// What the keys of the state begin with.
    pub(crate) fn prefix(&self) -> String {
        format!("team/staging/{}/", self.stack)
    }
}

impl StorePlace for S3Place {
    fn open(&self) -> BoxFuture<'_, Result<Box<dyn Store>, StoreError>> {
        Box::pin(async move { infra_state::open(&self.config().await, &owner()).await })
    }

    fn another(&self) -> Box<dyn StorePlace> {
        Box::new(Self::new())
    }
}

pub(crate) fn config(stack: &str, key: PathBuf, endpoint: &str) -> Config {
    Config {
        location: Location::S3(location(key, endpoint)),
        environment: "staging".to_owned(),
        stack: stack.to_owned(),
    }
}

pub(crate) fn location(key: PathBuf, endpoint: &str) -> S3Location {
    S3Location {
        bucket: "states".to_owned(),
        prefix: "team".to_owned(),
        region: "eu-central-1".to_owned(),
        endpoint_url: Some(endpoint.to_owned()),
        credentials: Some(("123456789012".to_owned(), "test".to_owned())),
        kms_key_id: None,
        lock_table: None,
        lease: LEASE,
        key,
    }
}

pub(crate) fn owner() -> LockOwner {
    LockOwner {
        pid: std::process::id(),
        host: "build-3".to_owned(),
        user: "ann".to_owned(),
        command: "infra apply --env staging".to_owned(),
        started: "2026-11-22T04:57:00Z".to_owned(),
    }
}

/// The gate, started once for all tests of this process, with the bucket in it.
pub(crate) async fn endpoint() -> String {
    let start = || async {
        let endpoint = sandbox().await;
        let folder = tempfile::tempdir().expect("a folder");
        let made = infra_state::bootstrap(&location(folder.path().join("key"), &endpoint)).await;
        made.expect("the bucket is made");
        endpoint
    };
    ENDPOINT.get_or_init(start).await.clone()
}

/// The control interface of the gate.
pub(crate) async fn control() -> Control {
    Control::new(endpoint().await)
}

async fn sandbox() -> String {
    // Tests have a runtime each, and the gate has to outlive them all: it gets a thread.
    let (tell, told) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let folder = std::env::temp_dir().join(format!("infra-s3-{}", std::process::id()));
            let config = SandboxConfig {
                venv: Some(venv()),
                environment: std::env::vars_os().collect(),
                ..SandboxConfig::new(folder)
            };
            let mut sandbox = Sandbox::start(config).await.expect("the sandbox starts");
            tell.send(sandbox.endpoint()).expect("somebody waits");
            panic!("the sandbox broke: {}", sandbox.broken().await);
        });
    });
    told.await.expect("the sandbox started")
}

/// The virtual environment of the emulators, shared by all tests of this machine.
fn venv() -> PathBuf {
    let home = || std::env::var_os("HOME").expect("HOME is set");
    std::env::var_os("INFRA_SANDBOX_VENV")
        .map_or_else(|| PathBuf::from(home()).join(".cache/infra/sandbox-venv"), PathBuf::from)
}
