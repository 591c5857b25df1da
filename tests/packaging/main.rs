//! The Debian package, made of the binary of these tests and tried where it is unpacked. And the
//! container file, which nothing here can build.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod container;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use xtask::package::{Options, debian};

const PAGE: &str = "usr/share/man/man1/infra.1.gz";
const ZSH: &str = "usr/share/zsh/vendor-completions/_infra";

/// What a package must have, besides the sources of the crates for stacks.
const FILES: [&str; 11] = [
    "usr/bin/infra",
    "usr/share/bash-completion/completions/infra",
    "usr/share/doc/infra/README.md",
    "usr/share/doc/infra/changelog.Debian.gz",
    "usr/share/doc/infra/changelog.gz",
    "usr/share/doc/infra/copyright",
    "usr/share/doc/infra/licences.gz",
    "usr/share/doc/infra/sbom.cdx.json",
    "usr/share/fish/vendor_completions.d/infra.fish",
    PAGE,
    ZSH,
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What a command prints that must succeed.
fn read(command: &mut Command) -> String {
    let output = command.output().expect("it starts");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// One package for all looks at it, because making it takes seconds.
#[test]
fn the_package_is_whole_and_what_it_installs_works() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = Options {
        binary: PathBuf::from(env!("CARGO_BIN_EXE_infra")),
        out: folder.path().to_owned(),
        quick: true,
    };
    let package = debian::build(root(), &options).expect("it is built");
    let field = |name: &str| {
        read(Command::new("dpkg-deb").arg("--field").args([&package, Path::new(name)]))
    };
    assert_eq!(field("Package").trim(), "infra");
    assert!(field("Version").starts_with(env!("CARGO_PKG_VERSION")), "{}", field("Version"));
    assert!(field("Depends").contains("libc6 (>= 2."), "{}", field("Depends"));
    let listed = read(Command::new("dpkg-deb").arg("--contents").arg(&package));
    for line in listed.lines() {
        assert!(line.contains(" root/root "), "somebody else's: {line}");
    }

    let scratch = folder.path().join("scratch");
    read(Command::new("dpkg-deb").arg("-x").args([&package, &scratch]));
    for file in FILES {
        let about = fs::metadata(scratch.join(file)).unwrap_or_else(|_| panic!("no {file}"));
        let mode = if file == "usr/bin/infra" { 0o755 } else { 0o644 };
        assert_eq!(about.permissions().mode() & 0o7777, mode, "{file}");
        assert!(about.len() > 0, "{file} is empty");
    }
    let infra = scratch.join("usr/bin/infra");
    let version = read(Command::new(&infra).arg("--version").env_clear());
    assert_eq!(version.trim(), concat!("infra ", env!("CARGO_PKG_VERSION")));
    let unpacked =
        read(Command::new("gzip").args(["--decompress", "--stdout"]).arg(scratch.join(PAGE)));
    assert!(unpacked.contains(".TH"), "{unpacked}");
    // zsh looks for the word on the first line alone.
    let zsh = fs::read_to_string(scratch.join(ZSH)).expect("a script");
    assert!(zsh.starts_with("#compdef infra\n"), "{zsh}");
    every_linked_package_is_in_the_bill(&scratch.join("usr/share/doc/infra/sbom.cdx.json"));
    a_new_workspace_has_the_installed_crates(&scratch);
}

fn every_linked_package_is_in_the_bill(bill: &Path) {
    let bill: Value = serde_json::from_slice(&fs::read(bill).expect("a file")).expect("JSON");
    let components = bill["components"].as_array().expect("components");
    let named = |scope: Option<&str>| -> BTreeSet<String> {
        let of = components.iter().filter(|one| scope.is_none_or(|scope| one["scope"] == scope));
        let name = |one: &Value| {
            let text = |field: &str| one[field].as_str().expect("a text").to_owned();
            format!("{} v{}", text("name"), text("version"))
        };
        of.map(name).collect()
    };
    let required = named(Some("required"));
    // What cargo links when it installs the command, in its own words.
    let linked = tree(&["--package", "infra", "--edges", "normal,no-proc-macro"]);
    assert!(linked.len() > 200, "{linked:?}");
    let missing: Vec<_> = linked
        .iter()
        .filter(|one| !required.contains(*one) && !one.starts_with("infra v"))
        .collect();
    assert!(missing.is_empty(), "not in the bill: {missing:?}");
    let known = fs::read_to_string(root().join("Cargo.lock")).expect("the lock file");
    let known: toml::Table = known.parse().expect("TOML");
    let known: BTreeSet<_> = known["package"]
        .as_array()
        .expect("packages")
        .iter()
        .map(|one| {
            format!(
                "{} v{}",
                one["name"].as_str().expect("a name"),
                one["version"].as_str().expect("a version")
            )
        })
        .collect();
    let unknown: Vec<_> = named(None).into_iter().filter(|one| !known.contains(one)).collect();
    assert!(unknown.is_empty(), "not in the lock file: {unknown:?}");
    for one in components {
        assert!(one["licenses"][0]["expression"].is_string(), "no licence: {one}");
        let ours = one.get("purl").is_none();
        assert!(ours || one["hashes"][0]["content"].is_string(), "no hash: {one}");
    }
}

/// Packages as `name vVERSION`.
fn tree(options: &[&str]) -> BTreeSet<String> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["tree", "--locked", "--prefix", "none"]).args(options).current_dir(root());
    names(&read(&mut cargo))
}

fn names(tree: &str) -> BTreeSet<String> {
    let name = |line: &str| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
    tree.lines().map(name).collect()
}

/// A workspace that the installed command makes has the installed crates, and nothing heavy.
fn a_new_workspace_has_the_installed_crates(scratch: &Path) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut infra = Command::new(scratch.join("usr/bin/infra"));
    read(infra.args(["new", "shop"]).current_dir(folder.path()));
    let shop = folder.path().join("shop");
    let manifest = fs::read_to_string(shop.join("Cargo.toml")).expect("a manifest");
    let sdk = scratch.canonicalize().expect("a folder").join("usr/share/infra/sdk");
    assert!(manifest.contains(&sdk.display().to_string()), "{manifest}");
    // The versions that are on this machine already.
    fs::copy(root().join("Cargo.lock"), shop.join("Cargo.lock")).expect("copied");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["tree", "--prefix", "none"]).current_dir(shop);
    let found = names(&read(&mut cargo));
    for wanted in ["infra-aws", "infra-macros", "infra-sdk"] {
        let wanted = format!("{wanted} v{}", env!("CARGO_PKG_VERSION"));
        assert!(found.contains(&wanted), "no {wanted}: {found:?}");
    }
    let heavy = found.iter().find(|one| one.starts_with("aws-") || one.starts_with("tokio"));
    assert_eq!(heavy, None, "a stacks crate links no AWS SDK crate");
}
