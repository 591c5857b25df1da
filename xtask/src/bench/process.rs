//! Processes that are timed and whose memory is watched.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Runs a command to its end, which is to be a good one, and says how long it took.
pub(super) fn timed(command: &mut Command) -> Result<Duration, String> {
    let started = Instant::now();
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{}: {error}", command.get_program().display()))?;
    let took = started.elapsed();
    if output.status.success() {
        return Ok(took);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{command:?}: {}\n{said}", output.status))
}

/// Runs a command so many times; the median of its times, in milliseconds.
pub(super) fn median(
    times: usize,
    mut run: impl FnMut() -> Result<Duration, String>,
) -> Result<f64, String> {
    let mut all = (0..times).map(|_| run()).collect::<Result<Vec<_>, _>>()?;
    all.sort();
    Ok(all[times / 2].as_secs_f64() * 1e3)
}

/// The most memory that a command had, in MB. It is read while the command runs, again and again:
/// what it took in its last moment is not seen.
pub(super) fn peak(command: &mut Command) -> Result<f64, String> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("{}: {error}", command.get_program().display()))?;
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0;
    loop {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u32>().ok());
        most = most.max(kilobytes.unwrap_or_default());
        if child.try_wait().map_err(|error| error.to_string())?.is_some() {
            return Ok(f64::from(most) * 1024.0 / 1e6);
        }
    }
}
