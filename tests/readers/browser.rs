//! Chromium, which Debian packages, with selenium from PyPI: what people do with a page.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::python;
use crate::repository::here;

/// What is installed, once a machine.
const PINS: [&str; 1] = ["selenium==4.51.0"];

/// What was seen of a page that was opened and used, and a picture of it.
pub(crate) fn use_page(page: &Path) -> (Value, PathBuf) {
    let screenshot = Path::new(env!("CARGO_TARGET_TMPDIR")).join("plan.png");
    let output = Command::new(python::with("browser-venv", &PINS))
        .arg(here("tests/readers/browser.py"))
        .args([page, &screenshot])
        // Nobody looks for another driver, or tells anybody.
        .env("SE_OFFLINE", "true")
        .env("SE_AVOID_STATS", "true")
        .output()
        .expect("Python starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "are `chromium` and `chromium-driver` installed? {errors}");
    (serde_json::from_slice(&output.stdout).expect("JSON"), screenshot)
}
