//! The four systems, each in each of its environments, through the binary against the sandbox: plan,
//! apply, an empty plan, changes in place, drift made by hand, destroy, and nothing left.
//!
//! Minutes each, so `make systems` runs them and `cargo test` does not. Start reading at
//! [`scenario::Scenario`]; what is expected of each system stands in its module.

#![expect(clippy::expect_used, reason = "a test fails where its surroundings do")]

mod archon;
mod faultmaven;
mod omniportal;
#[path = "../fixtures/project.rs"]
mod repository;
mod scenario;
mod securenexus;
mod world;

/// A test for each environment of a system.
macro_rules! environments {
    ($system:ident: $($environment:ident),+ $(,)?) => {
        mod $system {
            $(
                #[tokio::test(flavor = "multi_thread")]
                #[ignore = "minutes: make systems"]
                async fn $environment() {
                    crate::$system::scenario(stringify!($environment)).run().await;
                }
            )+
        }
    };
}

/// Named by system and environment, as `cargo test` filters them.
mod tests {
    environments!(archon: development, staging, production);
    environments!(faultmaven: staging, production);
    environments!(omniportal: dev, staging, production);
    // Its environments share a cluster: there is one of it.
    environments!(securenexus: production);
}
