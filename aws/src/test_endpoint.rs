//! Where tests find AWS: a gate that is running already, named by `INFRA_TEST_ENDPOINT`, or one
//! that is started once for the whole test run.

/// The endpoint.
pub(crate) async fn endpoint() -> String {
    std::env::var("INFRA_TEST_ENDPOINT").expect("INFRA_TEST_ENDPOINT names a running gate")
}
