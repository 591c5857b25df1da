//! Where tests find AWS: a gate that is running already, named by `INFRA_TEST_ENDPOINT`, or one
//! that is started once for the whole test run and ends with it.

use infra_sandbox::{Control, Sandbox, SandboxConfig};
use infra_sdk::provider::{LookupRequest, Place, Provider as _};
use infra_sdk::{Lookup, Value};
use tokio::sync::OnceCell;

use crate::frame::clients::configure;
use crate::prelude::{Aws, Result};
use crate::{AwsProvider, Connection};

static ENDPOINT: OnceCell<String> = OnceCell::const_new();

/// The endpoint.
pub(crate) async fn endpoint() -> String {
    ENDPOINT.get_or_init(start).await.clone()
}

/// The control interface of the gate.
pub(crate) async fn control() -> Control {
    Control::new(endpoint().await)
}

async fn connection() -> Connection {
    Connection {
        region: "us-west-2".to_owned(),
        endpoint_url: Some(endpoint().await),
        credentials: Some(("123456789012".to_owned(), "test".to_owned())),
        ..Connection::default()
    }
}

/// Clients, for what a test needs before it asks the provider.
pub(crate) async fn aws() -> Aws {
    Aws::new(configure(&connection().await).await)
}

/// What the provider answers to a lookup.
pub(crate) async fn look_up<L: Lookup>(lookup: &L) -> Result<Value> {
    let provider = AwsProvider::connect(connection().await).await;
    let request = LookupRequest {
        name: L::NAME.to_owned(),
        arguments: lookup.arguments(),
        place: Place::default(),
    };
    provider.lookup(&request).await
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
            let config = SandboxConfig::of_a_test(folder, std::env::vars_os());
            let mut sandbox = Sandbox::start(config).await.expect("the sandbox starts");
            tell.send(sandbox.endpoint()).expect("somebody waits");
            panic!("the sandbox broke: {}", sandbox.broken().await);
        });
    });
    told.await.expect("the sandbox started")
}
