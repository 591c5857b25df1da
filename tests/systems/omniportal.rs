//! omniportal: what is changed, and what a plan then shows.

use crate::scenario::{Drift, Scenario};

pub(crate) fn scenario(environment: &'static str) -> Scenario {
    Scenario {
        stack: "omniportal",
        environment,
        regions: &["us-west-2"],
        protected: environment == "production",
        changes: vec![],
        drift: Drift {
            what: "archon-logs",
            address: "logs.application",
            attribute: "retention_in_days",
        },
    }
}
