//! The package itself: its files in a folder, and `dpkg-deb` over that.
//!
//! The same sources and the same binary give the same package: times are those of the last commit.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::documents::{Identity, copyright, glibc};
use super::sbom::Parts;
use super::tools::{at, files, read, run, write, write_compressed};
use super::{Options, licences, sbom, sdk};

/// Shells, and where Debian looks for the completions of each.
const COMPLETIONS: [(&str, &str); 3] = [
    ("bash", "usr/share/bash-completion/completions/infra"),
    ("zsh", "usr/share/zsh/vendor-completions/_infra"),
    ("fish", "usr/share/fish/vendor_completions.d/infra.fish"),
];

/// Builds the package from the repository at `root`, and returns its path.
///
/// # Errors
/// When the binary does not say its completions and man pages, and when a tool is missing or fails.
pub fn build(root: &Path, options: &Options) -> Result<PathBuf, String> {
    let identity = Identity::of(root)?;
    let name = format!("infra_{}_{}", identity.version, identity.architecture);
    let stage = options.out.join(&name);
    if stage.exists() {
        fs::remove_dir_all(&stage).map_err(at(&stage))?;
    }
    fs::create_dir_all(&stage).map_err(at(&stage))?;
    let package = options.out.join(format!("{name}.deb"));
    let built = fill(root, &stage, options, &identity)
        .and_then(|()| close(&stage, &package, options, &identity));
    fs::remove_dir_all(&stage).map_err(at(&stage))?;
    built.map(|()| package)
}

/// Puts everything but the control files into the folder.
fn fill(root: &Path, stage: &Path, options: &Options, identity: &Identity) -> Result<(), String> {
    let binary = stage.join("usr/bin/infra");
    write(&binary, [])?;
    run(Command::new("strip").arg("--strip-unneeded").arg("-o").arg(&binary).arg(&options.binary))?;
    fs::set_permissions(&binary, Permissions::from_mode(0o755)).map_err(at(&binary))?;
    for (shell, file) in COMPLETIONS {
        let text = read(Command::new(&options.binary).args(["completions", shell]))?;
        if text.is_empty() {
            return Err(format!("the binary has no completions for {shell}"));
        }
        write(&stage.join(file), text)?;
    }
    manuals(stage, options)?;
    let documents = stage.join("usr/share/doc/infra");
    let text = |name: &str| fs::read(root.join(name)).map_err(at(&root.join(name)));
    write(&documents.join("README.md"), text("README.md")?)?;
    write_compressed(&documents.join("changelog"), text("CHANGELOG.md")?)?;
    write_compressed(&documents.join("changelog.Debian"), identity.changelog()?)?;
    write(&documents.join("copyright"), copyright(root)?)?;
    write(&documents.join("sbom.cdx.json"), format!("{:#}\n", sbom::document(root)?))?;
    write_compressed(&documents.join("licences"), licences::notices(&Parts::read(root)?)?)?;
    sdk::copy(root, &stage.join("usr/share/infra/sdk"))
}

/// The man pages that the binary writes.
fn manuals(stage: &Path, options: &Options) -> Result<(), String> {
    let folder = stage.join("usr/share/man/man1");
    fs::create_dir_all(&folder).map_err(at(&folder))?;
    run(Command::new(&options.binary).arg("man").arg(&folder))?;
    let pages = files(&folder)?;
    if pages.is_empty() {
        return Err("the binary wrote no man pages".to_owned());
    }
    for page in pages {
        let text = fs::read(&page).map_err(at(&page))?;
        write_compressed(&page, text)?;
    }
    Ok(())
}

/// Writes the control files, and makes the package of the folder.
fn close(
    stage: &Path,
    package: &Path,
    options: &Options,
    identity: &Identity,
) -> Result<(), String> {
    let mut bytes = 0;
    let mut sums = Command::new("md5sum");
    for file in files(stage)? {
        bytes += fs::metadata(&file).map_err(at(&file))?.len();
        sums.arg(file.strip_prefix(stage).map_err(|error| error.to_string())?);
    }
    let sums = read(sums.current_dir(stage))?;
    write(&stage.join("DEBIAN/control"), identity.control(bytes, &glibc(&options.binary)?))?;
    write(&stage.join("DEBIAN/md5sums"), sums)?;
    folders(stage)?;
    let mut tool = Command::new("dpkg-deb");
    tool.env("SOURCE_DATE_EPOCH", identity.written.to_string());
    tool.args(["--build", "--root-owner-group"]);
    if options.quick {
        tool.args(["-Zgzip", "-z1"]);
    }
    run(tool.arg(stage).arg(package)).map(drop)
}

/// Lets everybody into the folders, whatever this process' mask is.
fn folders(folder: &Path) -> Result<(), String> {
    fs::set_permissions(folder, Permissions::from_mode(0o755)).map_err(at(folder))?;
    for entry in fs::read_dir(folder).map_err(at(folder))? {
        let path = entry.map_err(at(folder))?.path();
        if path.is_dir() {
            folders(&path)?;
        }
    }
    Ok(())
}
