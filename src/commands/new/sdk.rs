//! Where the crates are that stacks are written with.
//!
//! They are named by path in the manifest of a new workspace. Looked for in this order: the folder of
//! `--sdk`, beside the installed command, the checkout that the command was built from.

use std::path::{Path, PathBuf};

use infra_sdk::Diagnostic;

/// The crates, each with its folder.
const CRATES: [(&str, &str); 2] = [("infra-aws", "aws"), ("infra-sdk", "sdk")];

/// Where a package puts them, from the folder of the command: `/usr/bin` and `/usr/share/infra/sdk`.
const INSTALLED: &str = "../share/infra/sdk";

/// The checkout that this was built from.
const CHECKOUT: &str = env!("CARGO_MANIFEST_DIR");

/// The folder with the crates.
///
/// # Errors
/// When they are nowhere, or not where `--sdk` says.
pub(super) fn find(given: Option<&Path>) -> Result<PathBuf, Diagnostic> {
    if let Some(given) = given {
        return match missing(given) {
            None => whole(given),
            Some(what) => Err(Diagnostic::error("new::sdk", "there are no crates for stacks")
                .detail(format!("`{}`, given with `--sdk`, has no `{what}`", given.display()))
                .hint("name the folder of a checkout of infra, or leave `--sdk` out")),
        };
    }
    let executable = std::env::current_exe().ok();
    let beside = executable.as_deref().and_then(Path::parent).map(|bin| bin.join(INSTALLED));
    let places: Vec<PathBuf> = beside.into_iter().chain([PathBuf::from(CHECKOUT)]).collect();
    if let Some(place) = places.iter().find(|place| missing(place).is_none()) {
        return whole(place);
    }
    let looked: Vec<_> = places.iter().map(|place| format!("`{}`", place.display())).collect();
    Err(Diagnostic::error("new::sdk", "the crates that stacks are written with are not here")
        .detail(format!("neither {}", looked.join(" nor ")))
        .hint("name the folder of a checkout of infra with `--sdk DIR`"))
}

/// The first manifest that a folder would need and has not.
fn missing(folder: &Path) -> Option<String> {
    let manifest = |(name, at): &(&str, &str)| {
        let file = format!("{at}/Cargo.toml");
        let text = std::fs::read_to_string(folder.join(&file)).unwrap_or_default();
        let is_it = text.lines().any(|line| line.trim() == format!("name = \"{name}\""));
        (!is_it).then_some(file)
    };
    CRATES.iter().find_map(manifest)
}

/// The folder as a manifest can name it from anywhere.
fn whole(folder: &Path) -> Result<PathBuf, Diagnostic> {
    folder.canonicalize().map_err(|error| {
        Diagnostic::error("new::sdk", "there are no crates for stacks")
            .detail(format!("`{}`: {error}", folder.display()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checkout_has_the_crates_and_other_folders_are_refused() {
        let found = find(Some(Path::new(CHECKOUT))).expect("the checkout");
        assert!(found.join("sdk/Cargo.toml").exists());
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("aws")).expect("made");
        std::fs::write(folder.path().join("aws/Cargo.toml"), "name = \"other\"").expect("written");
        let refused = find(Some(folder.path())).expect_err("nothing is there");
        assert!(refused.detail.ends_with("has no `aws/Cargo.toml`"), "{}", refused.detail);
    }
}
