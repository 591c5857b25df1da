//! What Debian wants to know of a package: control file, changelog, copyright.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::tools::{at, read};

/// Who answers for it. There is no address yet, and `.invalid` is nobody's (RFC 2606).
const MAINTAINER: &str = "The infra maintainers <maintainers@infra.invalid>";

/// The revision of the package.
const REVISION: &str = "1";

/// What the package is called, and what it is of.
#[derive(Debug)]
pub(super) struct Identity {
    /// The version, with the revision of the package.
    pub(super) version: String,
    /// What it runs on: `amd64`.
    pub(super) architecture: String,
    /// When the sources were written, in seconds since 1970.
    pub(super) written: u64,
}

impl Identity {
    /// Asks the manifest, Debian and git. `SOURCE_DATE_EPOCH` answers where there is no git.
    pub(super) fn of(root: &Path) -> Result<Self, String> {
        let path = root.join("Cargo.toml");
        let text = fs::read_to_string(&path).map_err(at(&path))?;
        let manifest: toml::Table =
            text.parse().map_err(|error| format!("{}: {error}", path.display()))?;
        let version = manifest["workspace"]["package"]["version"].as_str();
        let version = version.ok_or("the workspace has no version")?;
        let architecture = read(Command::new("dpkg").arg("--print-architecture"))?;
        let written = match std::env::var("SOURCE_DATE_EPOCH") {
            Ok(seconds) => seconds,
            Err(_) => {
                let mut git = Command::new("git");
                let asked = git.arg("-C").arg(root).args(["log", "-1", "--format=%ct"]);
                read(asked).map_err(|error| {
                    format!("{error}; outside of a checkout set SOURCE_DATE_EPOCH")
                })?
            }
        };
        let written = written.trim();
        Ok(Self {
            version: format!("{version}-{REVISION}"),
            architecture: architecture.trim().to_owned(),
            written: written.parse().map_err(|_| format!("`{written}` are no seconds"))?,
        })
    }

    /// The control file of a package that takes up this many bytes.
    pub(super) fn control(&self, bytes: u64, glibc: &str) -> String {
        format!(
            "Package: infra\n\
             Version: {}\n\
             Section: admin\n\
             Priority: optional\n\
             Architecture: {}\n\
             Maintainer: {MAINTAINER}\n\
             Installed-Size: {}\n\
             Depends: libc6 (>= {glibc}), libgcc-s1, ca-certificates\n\
             Suggests: gcc, python3-venv\n\
             Description: provision AWS from typed Rust\n \
             Stacks are written as Rust functions. infra compiles them into a dependency\n \
             graph, compares it with its state and with AWS, shows a plan, and applies\n \
             exactly that plan.\n \
             .\n \
             The crates that stacks are written with are in /usr/share/infra/sdk. Building\n \
             stacks needs Rust 1.95 or later, which rustup installs, and a linker; the\n \
             sandbox needs Python 3 with venv.\n",
            self.version,
            self.architecture,
            bytes.div_ceil(1024),
        )
    }

    /// Debian's own changelog. What changed for users is in the other one.
    pub(super) fn changelog(&self) -> Result<String, String> {
        let at = format!("@{}", self.written);
        let date = read(Command::new("date").env("LC_ALL", "C").args(["-u", "-R", "-d", &at]))?;
        Ok(format!(
            "infra ({}) unstable; urgency=medium\n\n  * Packaged; what changed is in changelog.gz.\n\n \
             -- {MAINTAINER}  {}\n",
            self.version,
            date.trim()
        ))
    }
}

/// The copyright file. Source: <https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/>.
pub(super) fn copyright(root: &Path) -> Result<String, String> {
    let path = root.join("LICENSE-MIT");
    let text = fs::read_to_string(&path).map_err(at(&path))?;
    let holder = text.lines().find(|line| line.starts_with("Copyright")).unwrap_or_default();
    let indented: Vec<_> = text
        .lines()
        .map(|line| if line.is_empty() { " .".to_owned() } else { format!(" {line}") })
        .collect();
    Ok(format!(
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\
         Upstream-Name: infra\n\
         Comment: The licences of the libraries that are linked into the command are in\n \
         /usr/share/doc/infra/licences.gz, and which they are in sbom.cdx.json.\n\n\
         Files: *\n\
         {}\n\
         License: MIT or Apache-2.0\n\n\
         License: MIT\n{}\n\n\
         License: Apache-2.0\n \
         The text is in /usr/share/common-licenses/Apache-2.0.\n",
        holder.replacen("Copyright (c)", "Copyright:", 1),
        indented.join("\n"),
    ))
}

/// The youngest glibc whose symbols a program asks for.
pub(super) fn glibc(binary: &Path) -> Result<String, String> {
    youngest(&read(Command::new("readelf").args(["--version-info", "--wide"]).arg(binary))?)
}

fn youngest(symbols: &str) -> Result<String, String> {
    let versions = symbols.split("GLIBC_").skip(1).filter_map(|rest| {
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len());
        let (major, minor) = rest[..end].split_once('.')?;
        let minor = minor.split('.').next().unwrap_or_default();
        Some((major.parse::<u32>().ok()?, minor.parse::<u32>().ok()?))
    });
    let (major, minor) = versions.max().ok_or("the binary does not link glibc")?;
    Ok(format!("{major}.{minor}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_youngest_glibc_counts() {
        let symbols = "(GLIBC_2.9) Name: GLIBC_2.34  Flags: none GLIBC_2.2.5 GLIBC_PRIVATE";
        assert_eq!(youngest(symbols), Ok("2.34".to_owned()));
        assert!(youngest("GCC_3.0").is_err());
    }
}
