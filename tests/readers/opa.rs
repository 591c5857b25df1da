//! OPA's own library, in a small program of Go, over a policy that knows nothing of `infra`.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;

use crate::repository::here;
use crate::world::Plan;

/// The program, built once a run.
static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("plan_policy");
    let output = Command::new("go")
        .current_dir(here("tests/plan_policy"))
        .args(["build", "-o"])
        .arg(&program)
        .output()
        .expect("go starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    program
});

/// The value of a query.
pub(crate) fn value(plan: &Plan, query: &str) -> Value {
    let output = Command::new(&*PROGRAM)
        .current_dir(here("tests/plan_policy"))
        .args(["plan.rego", query])
        .stdin(File::open(&plan.path).expect("there"))
        .output()
        .expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}
