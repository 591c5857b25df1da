//! Where and when figures were measured.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Processors, memory and system.
///
/// # Errors
/// When the system does not say.
pub fn machine() -> Result<String, String> {
    let processors = std::thread::available_parallelism().map_err(|error| error.to_string())?;
    let memory = fs::read_to_string("/proc/meminfo").map_err(|error| error.to_string())?;
    let kilobytes: u64 = memory
        .split_whitespace()
        .nth(1)
        .and_then(|number| number.parse().ok())
        .ok_or("/proc/meminfo says nothing")?;
    let system = output("uname", &["-sr"])?;
    Ok(format!("{processors} processors, {} GiB, {system}", kilobytes / 1024 / 1024))
}

/// Today, as UTC says.
///
/// # Errors
/// When there is no `date`.
pub fn day() -> Result<String, String> {
    output("date", &["-u", "+%Y-%m-%d"])
}

/// The commit that is checked out, marked where files differ from it.
///
/// # Errors
/// When there is no git.
pub fn commit(root: &Path) -> Result<String, String> {
    let root = root.display().to_string();
    output("git", &["-C", &root, "describe", "--always", "--abbrev=7", "--dirty=+", "--match="])
}

fn output(program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .map_err(|error| format!("{program}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{program}: {}", String::from_utf8_lossy(&output.stderr).trim()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
