//! Building the stack program, unless it is certain that nothing changed since cargo built it.
//!
//! Start reading at [`build`]. Cargo decides what has to be built; what is decided here is only
//! whether it is asked. It is not asked where everything that it would look at is, byte by byte, as
//! it was before *and* after a build of cargo's: an edit in the middle of a build is not missed,
//! whatever the clock of the disk says. Anything doubtful asks cargo: that costs a fraction of a
//! second, and a plan of what was built from other sources costs trust.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use infra_sdk::Diagnostic;
use serde::{Deserialize, Serialize};

use super::cargo::{Compiled, compile, workspace};
use super::inputs::{Inputs, Stamp};
use super::toolchain::surroundings;

/// A build that cargo did, with what it was made from.
#[derive(Serialize, Deserialize)]
struct Remembered {
    /// The program.
    executable: PathBuf,
    /// The program's file as cargo left it.
    stamp: Stamp,
    /// What it was made from.
    inputs: Inputs,
    /// The digest of all of it after the build.
    digest: String,
    /// Whether it was the same before the build.
    settled: bool,
}

/// Builds the package of a project and returns its executable. What is remembered of the build is
/// kept in `folder`, the project's own on this machine.
///
/// # Errors
/// When there is no cargo, when the package does not build, and when it has no program.
pub(crate) async fn build(
    root: &Path,
    folder: &Path,
    package: &str,
    log: &(dyn Fn(&str) + Sync),
) -> Result<PathBuf, Diagnostic> {
    let Some(around) = surroundings(root) else {
        return Ok(compile(root, package, log).await?.executable);
    };
    let file = folder.join("build").join(format!("{package}.json"));
    let earlier = load(&file);
    let before = earlier.as_ref().and_then(|earlier| earlier.inputs.digest(root, &around));
    if let Some(earlier) = &earlier
        && earlier.settled
        && before.as_ref() == Some(&earlier.digest)
        && Stamp::of(&earlier.executable).is_ok_and(|stamp| stamp == earlier.stamp)
    {
        return Ok(earlier.executable.clone());
    }
    let (compiled, workspace) = tokio::join!(compile(root, package, log), workspace(root));
    let compiled = compiled?;
    let inputs = workspace.and_then(|workspace| Inputs::of(&compiled, workspace));
    let known = earlier.zip(before);
    if let Some(inputs) = inputs
        && let Err(error) = remember(&file, root, inputs, &compiled, known)
    {
        log(&format!("the build is not remembered: {}: {error}", file.display()));
    }
    Ok(compiled.executable)
}

/// What is remembered; nothing where the file is not one of this release, which asks cargo.
fn load(file: &Path) -> Option<Remembered> {
    serde_json::from_slice(&fs::read(file).ok()?).ok()
}

/// Writes down a build that ended just now, beside what was there before it began.
fn remember(
    file: &Path,
    root: &Path,
    inputs: Inputs,
    compiled: &Compiled,
    known: Option<(Remembered, String)>,
) -> io::Result<()> {
    // The rest of the surroundings may have changed with the build too.
    let Some(digest) = surroundings(root).and_then(|around| inputs.digest(root, &around)) else {
        return Ok(());
    };
    let settled =
        known.is_some_and(|(earlier, before)| earlier.inputs == inputs && before == digest);
    let executable = compiled.executable.clone();
    let stamp = Stamp::of(&executable)?;
    let remembered = Remembered { executable, stamp, inputs, digest, settled };
    let text = serde_json::to_vec(&remembered)?;
    if let Some(folder) = file.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let fresh = file.with_extension(format!("{}.new", std::process::id()));
    let mut open = OpenOptions::new();
    let written = open
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&fresh)
        .and_then(|mut file| file.write_all(&text))
        .and_then(|()| fs::rename(&fresh, file));
    if written.is_err() {
        // It may not even be there.
        fs::remove_file(&fresh).ok();
    }
    written
}
