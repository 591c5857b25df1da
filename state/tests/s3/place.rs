//! A place in a bucket of the sandbox, for the tests.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use infra_sandbox::{Sandbox, SandboxConfig};
use infra_sdk::provider::BoxFuture;
use infra_sdk::store::{Store, StoreError};
use infra_state::{Config, Location, LockOwner, S3Location};
use infra_testkit::store_suite::StorePlace;
use tempfile::TempDir;
use tokio::sync::{Mutex, MutexGuard, OnceCell};

static ENDPOINT: OnceCell<String> = OnceCell::const_new();
static SPOILED: OnceCell<String> = OnceCell::const_new();
static ALONE: Mutex<()> = Mutex::const_new(());
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

    /// The same place with a lease that no test outlives, so that nothing is renewed meanwhile.
    pub(crate) async fn calm(&self) -> Config {
        let mut config = self.config().await;
        lease(&mut config, S3Location::LEASE);
        config
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// The objects of a state, as somebody with the rights to all of them sees them.
pub(crate) struct Objects {
    client: aws_sdk_s3::Client,
    prefix: String,
}

impl Objects {
    pub(crate) fn of(config: &Config) -> Self {
        let Location::S3(location) = &config.location else { panic!("not in a bucket") };
        let prefix = format!("team/staging/{}/", config.stack);
        Self { client: client(location), prefix }
    }

    /// Names below the state's folder, and sizes in bytes.
    pub(crate) async fn list(&self) -> BTreeMap<String, i64> {
        let pages = self.client.list_objects_v2().bucket("states").prefix(&self.prefix);
        let pages = pages.into_paginator().send().try_collect().await.expect("listed");
        let objects = pages.into_iter().flat_map(|page| page.contents.unwrap_or_default());
        let name = |key: String| key.strip_prefix(&self.prefix).expect("below it").to_owned();
        objects.map(|o| (name(o.key.expect("a key")), o.size.expect("a size"))).collect()
    }

    pub(crate) async fn names(&self, folder: &str) -> Vec<String> {
        self.list().await.into_keys().filter(|name| name.starts_with(folder)).collect()
    }

    pub(crate) async fn get(&self, name: &str) -> Vec<u8> {
        let key = format!("{}{name}", self.prefix);
        let object = self.client.get_object().bucket("states").key(key).send().await;
        let body = object.expect("there").body.collect().await.expect("read");
        body.into_bytes().to_vec()
    }

    pub(crate) async fn put(&self, name: &str, bytes: Vec<u8>) {
        let key = format!("{}{name}", self.prefix);
        let request = self.client.put_object().bucket("states").key(key).body(bytes.into());
        request.send().await.expect("written");
    }

    pub(crate) async fn delete(&self, name: &str) {
        let key = format!("{}{name}", self.prefix);
        self.client.delete_object().bucket("states").key(key).send().await.expect("deleted");
    }
}

/// A client with the rights to everything.
pub(crate) fn client(location: &S3Location) -> aws_sdk_s3::Client {
    let (key, secret) = location.credentials.clone().expect("credentials");
    let credentials = aws_credential_types::Credentials::new(key, secret, None, None, "test");
    let settings = aws_sdk_s3::Config::builder()
        .behavior_version(aws_sdk_s3::config::BehaviorVersion::latest())
        .region(aws_sdk_s3::config::Region::new(location.region.clone()))
        .credentials_provider(credentials)
        .endpoint_url(location.endpoint_url.clone().expect("an endpoint"))
        .force_path_style(true)
        .build();
    aws_sdk_s3::Client::from_conf(settings)
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
    Config::new(Location::S3(location(key, endpoint)), "staging", stack)
}

pub(crate) fn lease(config: &mut Config, lease: Duration) {
    if let Location::S3(location) = &mut config.location {
        location.lease = lease;
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

/// Reports a figure of the scoreboard.
pub(crate) fn figure(number: &str, text: &str) {
    infra_testkit::figure(number, text);
}

/// How many rounds a proof has: few in a normal run, many with `INFRA_RELIABILITY=full`.
pub(crate) fn rounds(normal: u64, full: u64) -> u64 {
    let asked = std::env::var_os("INFRA_RELIABILITY").is_some_and(|value| value == "full");
    if asked { full } else { normal }
}

/// The gate, started once for all tests of this process, with the bucket in it.
pub(crate) async fn endpoint() -> String {
    ENDPOINT.get_or_init(|| gate("calm")).await.clone()
}

/// A second gate, for tests that count requests or spoil them; one at a time.
pub(crate) async fn own_gate() -> (MutexGuard<'static, ()>, String) {
    let alone = ALONE.lock().await;
    (alone, SPOILED.get_or_init(|| gate("spoiled")).await.clone())
}

async fn gate(name: &str) -> String {
    let endpoint = sandbox(name).await;
    let folder = tempfile::tempdir().expect("a folder");
    let made = infra_state::bootstrap(&location(folder.path().join("key"), &endpoint)).await;
    made.expect("the bucket is made");
    endpoint
}

async fn sandbox(name: &str) -> String {
    let folder = std::env::temp_dir().join(format!("infra-s3-{name}-{}", std::process::id()));
    // Tests have a runtime each, and the gate has to outlive them all: it gets a thread.
    let (tell, told) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let config = SandboxConfig::of_a_test(folder, std::env::vars_os());
            let mut sandbox = Sandbox::start(config).await.expect("the sandbox starts");
            tell.send(sandbox.endpoint()).expect("somebody waits");
            panic!("the sandbox broke: {}", sandbox.broken().await);
        });
    });
    told.await.expect("the sandbox started")
}
