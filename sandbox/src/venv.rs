//! Virtual environments with packages from PyPI in pinned versions; first of all, the emulators.
//!
//! Made once, reused, and made anew when the pins differ. A stamp is written last, so that one that
//! was interrupted is not taken for whole.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::files::{self, Lock, failure};
use crate::{SandboxConfig, SandboxError};

/// What is installed.
pub const PINS: [&str; 2] = ["moto[server]==5.2.5", "ministack==1.5.33"];

/// The file that says what an environment holds.
const STAMP: &str = "infra-pins.txt";

/// How long another process may take to make the environment.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// Lines of a failed command's output that are shown.
const LINES: usize = 12;

/// Makes sure that the virtual environment is there, and returns its Python.
pub(crate) async fn ensure(config: &SandboxConfig) -> Result<PathBuf, SandboxError> {
    virtual_environment(config, &PINS).await
}

/// Makes sure that the virtual environment of a configuration holds these packages from PyPI, each as
/// `name==version`, and returns its Python. It is made once, and anew when they differ.
///
/// # Errors
/// When there is no Python, and when a package cannot be installed.
pub async fn virtual_environment(
    config: &SandboxConfig,
    pins: &[&str],
) -> Result<PathBuf, SandboxError> {
    let named = config.venv_directory();
    // The emulators run in another folder than this process.
    let directory =
        std::path::absolute(&named).map_err(|source| failure("cannot find", &named, source))?;
    let python = directory.join("bin/python");
    if is_whole(&directory, pins) {
        return Ok(python);
    }
    if let Some(parent) = directory.parent() {
        files::private_directory(parent)?;
    }
    let _lock = Lock::take(&directory.with_extension("lock"), PATIENCE).await?;
    // Another process may have made it while this one waited.
    if !is_whole(&directory, pins) {
        make(config, &directory, pins).await?;
    }
    Ok(python)
}

fn is_whole(directory: &Path, pins: &[&str]) -> bool {
    std::fs::read_to_string(directory.join(STAMP)).is_ok_and(|found| found == stamp(pins))
        && directory.join("bin/python").exists()
}

fn stamp(pins: &[&str]) -> String {
    pins.iter().map(|pin| format!("{pin}\n")).collect()
}

async fn make(config: &SandboxConfig, directory: &Path, pins: &[&str]) -> Result<(), SandboxError> {
    clear(directory)?;
    files::private_directory(directory)?;
    let mut venv = command(config, &config.python);
    venv.args(["-m", "venv"]).arg(directory);
    run(venv, &config.python, "install Python's venv module: `apt install python3-venv` on Debian")
        .await?;
    let python = directory.join("bin/python");
    let mut pip = command(config, &python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(pins);
    run(pip, &python, "check that PyPI, or the mirror that pip is set to, can be reached").await?;
    files::write_whole(&directory.join(STAMP), &stamp(pins))
}

/// Removes an environment that is stale or half-made, and nothing else.
fn clear(directory: &Path) -> Result<(), SandboxError> {
    let mut entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(failure("cannot read", directory, source)),
    };
    if entries.next().is_some() && !directory.join("pyvenv.cfg").exists() {
        return Err(SandboxError::NotAVirtualEnvironment { path: directory.to_owned() });
    }
    std::fs::remove_dir_all(directory).map_err(|source| failure("cannot remove", directory, source))
}

/// A command with the caller's environment, without what is AWS's or would mislead Python.
fn command(config: &SandboxConfig, program: &Path) -> Command {
    let mut command = Command::new(program);
    let passed = config.environment.iter().filter(|(name, _)| {
        let name = name.to_string_lossy();
        !name.starts_with("AWS_") && name != "PYTHONPATH" && name != "PYTHONHOME"
    });
    command.env_clear().envs(passed.map(|(name, value)| (name, value)));
    command.stdin(Stdio::null()).kill_on_drop(true);
    command
}

async fn run(mut command: Command, program: &Path, hint: &'static str) -> Result<(), SandboxError> {
    let output = command.output().await.map_err(|error| SandboxError::NoPython {
        program: program.display().to_string(),
        reason: error.to_string(),
    })?;
    if output.status.success() {
        return Ok(());
    }
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    let command = command.as_std();
    let words: Vec<String> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    Err(SandboxError::Install {
        command: words.join(" "),
        output: lines[lines.len().saturating_sub(LINES)..].join("\n"),
        hint,
    })
}

#[cfg(test)]
mod tests {
    use super::{PINS, STAMP, ensure, stamp};
    use crate::{SandboxConfig, SandboxError};
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    /// A sandbox whose Python is a script.
    fn with_python(folder: &Path, script: &str) -> SandboxConfig {
        let python = folder.join("python");
        std::fs::write(&python, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&python, std::fs::Permissions::from_mode(0o755)).unwrap();
        let environment = vec![
            ("PATH".into(), "/usr/bin:/bin".into()),
            ("AWS_SECRET_ACCESS_KEY".into(), "secret".into()),
        ];
        SandboxConfig { python, environment, ..SandboxConfig::new(folder.join("sandbox")) }
    }

    #[tokio::test]
    async fn it_is_made_once_and_anew_for_other_pins() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("calls");
        // A python whose environment has itself for a python.
        let script = format!(
            "echo \"$* ${{AWS_SECRET_ACCESS_KEY:-none}}\" >> {0}\n[ \"$2\" = venv ] || exit 0\nmkdir -p $3/bin && touch $3/pyvenv.cfg && cp \"$0\" $3/bin/python",
            log.display()
        );
        let config = with_python(folder.path(), &script);
        let calls = || std::fs::read_to_string(&log).unwrap().lines().count();
        ensure(&config).await.unwrap();
        ensure(&config).await.unwrap();
        assert_eq!(calls(), 2);
        assert!(!std::fs::read_to_string(&log).unwrap().contains("secret"));

        let old = config.venv_directory().join(STAMP);
        std::fs::write(&old, "moto==1\n").unwrap();
        ensure(&config).await.unwrap();
        assert_eq!(calls(), 4);
        assert_eq!(std::fs::read_to_string(old).unwrap(), stamp(&PINS));
    }

    #[tokio::test]
    async fn failures_say_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let config = with_python(folder.path(), "echo ensurepip is not available; exit 1");
        let error = ensure(&config).await.unwrap_err();
        assert!(matches!(error, SandboxError::Install { .. }));
        assert!(error.to_string().contains("ensurepip is not available"), "{error}");
        assert!(error.hint().unwrap().contains("python3-venv"));

        let missing = SandboxConfig { python: folder.path().join("none"), ..config };
        assert!(matches!(ensure(&missing).await, Err(SandboxError::NoPython { .. })));
    }

    #[tokio::test]
    async fn a_folder_of_something_else_is_not_touched() {
        let folder = tempfile::tempdir().unwrap();
        let precious = folder.path().join("precious");
        std::fs::create_dir(&precious).unwrap();
        std::fs::write(precious.join("file"), "x").unwrap();
        let config =
            SandboxConfig { venv: Some(precious.clone()), ..with_python(folder.path(), "exit 0") };
        let error = ensure(&config).await.unwrap_err();
        assert!(matches!(error, SandboxError::NotAVirtualEnvironment { .. }));
        assert!(precious.join("file").exists());
    }
}
