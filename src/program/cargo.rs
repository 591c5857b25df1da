//! Cargo: building a package, and what cargo knows of its workspace.
//!
//! Start reading at [`compile`]. What the compiler says is shown as the compiler wrote it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use infra_sdk::Diagnostic;
use serde::Deserialize;
use tokio::process::Command;

use super::environment::scrub_cloud;
use super::lines::{Line, Lines};

/// Cargo's messages of a large crate are a few megabytes.
const OUTPUT_LIMIT: u64 = 256 << 20;

/// How ids of packages begin that are folders of this machine. Source: the Cargo book, package ids.
const LOCAL: &str = "path+file:";

/// A message of cargo on standard output, as far as it is of interest.
#[derive(Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
enum CargoMessage {
    CompilerArtifact {
        #[serde(default)]
        package_id: String,
        #[serde(default)]
        manifest_path: PathBuf,
        target: Target,
        executable: Option<PathBuf>,
    },
    BuildScriptExecuted {
        out_dir: PathBuf,
    },
    CompilerMessage {
        message: CompilerMessage,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct CompilerMessage {
    level: String,
    rendered: Option<String>,
}

/// What cargo says of a workspace.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    target_directory: PathBuf,
}

#[derive(Deserialize)]
struct Package {
    manifest_path: PathBuf,
}

/// What a build left behind.
#[derive(Default)]
struct Built {
    executables: Vec<(String, PathBuf)>,
    errors: Vec<String>,
    packages: Vec<PathBuf>,
    scripts: Vec<PathBuf>,
}

/// A package that was built, or found to be.
pub(super) struct Compiled {
    /// Its program.
    pub(super) executable: PathBuf,
    /// The manifests of all packages in it whose sources are on this machine and may change.
    pub(super) packages: Vec<PathBuf>,
    /// Where build scripts wrote to.
    pub(super) scripts: Vec<PathBuf>,
}

/// A workspace.
pub(super) struct Workspace {
    /// The manifests of its members.
    pub(super) members: Vec<PathBuf>,
    /// Where cargo builds.
    pub(super) target: PathBuf,
}

/// The name or path of cargo.
pub(super) fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// The workspace around a folder; `None` where cargo does not say.
pub(super) async fn workspace(root: &Path) -> Option<Workspace> {
    let mut command = Command::new(cargo());
    command
        .args(["metadata", "--no-deps", "--offline", "--format-version=1"])
        .current_dir(root)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    scrub_cloud(&mut command);
    let output = command.output().await.ok()?;
    let metadata: Metadata = serde_json::from_slice(&output.stdout).ok()?;
    let members = metadata.packages.into_iter().map(|package| package.manifest_path).collect();
    output.status.success().then_some(Workspace { members, target: metadata.target_directory })
}

/// Builds the package with cargo, which does nothing where nothing changed.
///
/// # Errors
/// When there is no cargo, when the package does not build, and when it has no program.
pub(super) async fn compile(
    root: &Path,
    package: &str,
    log: &(dyn Fn(&str) + Sync),
) -> Result<Compiled, Diagnostic> {
    let cargo = cargo();
    let mut command = Command::new(&cargo);
    command
        .args(["build", "--package", package, "--message-format=json"])
        .current_dir(root)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    scrub_cloud(&mut command);
    let shown = cargo.to_string_lossy().into_owned();
    let mut child = command.spawn().map_err(|error| no_cargo(&shown, &error))?;
    let broken = |error: std::io::Error| {
        Diagnostic::error("program::build", "the stack program does not build")
            .detail(format!("`{shown}`: {error}"))
    };
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let messages = async {
        match stdout {
            Some(pipe) => read_messages(Lines::new(pipe, OUTPUT_LIMIT)).await,
            None => Ok(Built::default()),
        }
    };
    let progress = async {
        match stderr {
            Some(pipe) => read_progress(Lines::new(pipe, OUTPUT_LIMIT), log).await,
            None => Ok(Vec::new()),
        }
    };
    let (built, said) = tokio::join!(messages, progress);
    let (built, said) = (built.map_err(broken)?, said.map_err(broken)?);
    let status = child.wait().await.map_err(broken)?;
    if status.success() {
        let executable = choose(package, built.executables)?;
        return Ok(Compiled { executable, packages: built.packages, scripts: built.scripts });
    }
    let detail = if built.errors.is_empty() { said } else { built.errors };
    Err(Diagnostic::error("program::build", "the stack program does not build")
        .detail(detail.join("\n"))
        .hint(format!("mend it until `cargo build --package {package}` succeeds")))
}

async fn read_messages<R: tokio::io::AsyncRead + Unpin>(
    mut lines: Lines<R>,
) -> std::io::Result<Built> {
    let mut built = Built::default();
    while let Line::Text(line) = lines.next().await? {
        // Build scripts and macros may print lines of their own between cargo's.
        let Ok(message) = serde_json::from_str::<CargoMessage>(&line) else { continue };
        match message {
            CargoMessage::CompilerArtifact { package_id, manifest_path, target, executable } => {
                if package_id.starts_with(LOCAL) {
                    built.packages.push(manifest_path);
                }
                if target.kind.iter().any(|kind| kind == "bin") {
                    built.executables.extend(executable.map(|path| (target.name, path)));
                }
            }
            CargoMessage::BuildScriptExecuted { out_dir } => built.scripts.push(out_dir),
            CargoMessage::CompilerMessage { message } if message.level.starts_with("error") => {
                built.errors.extend(message.rendered.map(|text| text.trim_end().to_owned()));
            }
            CargoMessage::CompilerMessage { .. } | CargoMessage::Other => {}
        }
    }
    Ok(built)
}

async fn read_progress<R: tokio::io::AsyncRead + Unpin>(
    mut lines: Lines<R>,
    log: &(dyn Fn(&str) + Sync),
) -> std::io::Result<Vec<String>> {
    let mut said = Vec::new();
    while let Line::Text(line) = lines.next().await? {
        let first = line.split_whitespace().next().unwrap_or_default();
        if matches!(first, "Compiling" | "Downloading" | "Downloaded" | "Updating" | "Blocking") {
            log(&line);
        } else {
            said.push(line);
        }
    }
    Ok(said)
}

/// The executable that is the stack program: the only one, or the one named like its package.
fn choose(package: &str, mut built: Vec<(String, PathBuf)>) -> Result<PathBuf, Diagnostic> {
    if built.len() > 1 {
        built.retain(|(name, _)| name == package);
    }
    match built.pop() {
        Some((_, path)) => Ok(path),
        None => Err(Diagnostic::error(
            "program::executable",
            "the package of the stacks has no program to start",
        )
        .detail(format!("`{package}` has no binary, or several and none of its own name"))
        .hint("give it a `src/main.rs` that runs `infra_sdk::Program`")),
    }
}

fn no_cargo(cargo: &str, error: &std::io::Error) -> Diagnostic {
    Diagnostic::error("program::cargo", "the stack program cannot be built without cargo")
        .detail(format!("`{cargo}`: {error}"))
        .hint("install Rust from https://rustup.rs, or name a built program with `--program FILE`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_the_only_binary_or_the_one_of_the_package_name() {
        let binary = |name: &str| (name.to_owned(), PathBuf::from(name));
        assert_eq!(choose("stacks", vec![binary("x")]), Ok(PathBuf::from("x")));
        let two = vec![binary("x"), binary("stacks")];
        assert_eq!(choose("stacks", two), Ok(PathBuf::from("stacks")));
        assert!(choose("stacks", vec![binary("x"), binary("y")]).is_err());
        assert!(choose("stacks", vec![]).is_err());
    }
}
