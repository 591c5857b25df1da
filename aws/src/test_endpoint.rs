//! Where tests find AWS: a gate that is running already, named by `INFRA_TEST_ENDPOINT`, or one
//! that is started once for the whole test run and ends with it.

use infra_sandbox::{Control, Sandbox, SandboxConfig};
use tokio::sync::OnceCell;

use crate::Connection;
use crate::frame::clients::{Aws, configure};

static ENDPOINT: OnceCell<String> = OnceCell::const_new();

/// The endpoint.
pub(crate) async fn endpoint() -> String {
    ENDPOINT.get_or_init(start).await.clone()
}

/// The control interface of the gate.
pub(crate) async fn control() -> Control {
    Control::new(endpoint().await)
}

/// Clients of the sandbox.
pub(crate) async fn aws() -> Aws {
    let connection = Connection {
        region: "us-west-2".to_owned(),
        endpoint_url: Some(endpoint().await),
        credentials: Some(("123456789012".to_owned(), "test".to_owned())),
        ..Connection::default()
    };
    Aws::new(configure(&connection).await)
}

async fn start() -> String {
    if let Ok(endpoint) = std::env::var("INFRA_TEST_ENDPOINT") {
        return endpoint;
    }
    // Tests have a runtime each, and the gate has to outlive them all: it gets a thread.
    let (tell, told) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let folder =
                std::env::temp_dir().join(format!("infra-conformance-{}", std::process::id()));
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
fn venv() -> std::path::PathBuf {
    let home = || std::env::var_os("HOME").expect("HOME is set");
    std::env::var_os("INFRA_SANDBOX_VENV").map_or_else(
        || std::path::PathBuf::from(home()).join(".cache/infra/sandbox-venv"),
        std::path::PathBuf::from,
    )
}
