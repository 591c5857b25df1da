//! A sandbox of a test's own, and a provider before it.

use std::collections::BTreeMap;

use infra_aws::{AwsProvider, Connection, OtherAccount};
use infra_sandbox::{Sandbox, SandboxConfig};

/// A provider that knows these other accounts, before a sandbox, and the folder that it lives in.
pub(crate) async fn provider(
    accounts: BTreeMap<String, OtherAccount>,
) -> (AwsProvider, Sandbox, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let config = SandboxConfig::of_a_test(folder.path(), std::env::vars_os());
    let sandbox = Sandbox::start(config).await.expect("the sandbox starts");
    let connection = Connection {
        region: "us-west-2".to_owned(),
        endpoint_url: Some(sandbox.endpoint()),
        credentials: Some(("123456789012".to_owned(), "test".to_owned())),
        accounts,
        ..Connection::default()
    };
    (AwsProvider::connect(connection).await, sandbox, folder)
}
