//! OPA's own library, in a small program of Go, over a policy that knows nothing of `infra`.

use std::fs::File;
use std::process::Command;

use serde_json::Value;

use crate::repository::here;
use crate::world::Plan;

/// The value of a query.
pub(crate) fn value(plan: &Plan, query: &str) -> Value {
    let output = Command::new("go")
        .current_dir(here("tests/plan_policy"))
        .args(["run", ".", "plan.rego", query])
        .stdin(File::open(&plan.path).expect("there"))
        .output()
        .expect("go starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}
