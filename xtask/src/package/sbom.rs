//! What the command is made of, as a CycloneDX document: `cargo xtask sbom`.
//!
//! Start reading at [`document`]. Cargo says what is linked for this platform (`cargo metadata`), the
//! lock file what each package's contents hash to. Packages that only build others are in it too, with
//! the scope `excluded`. Format: <https://cyclonedx.org/docs/1.5/json/>.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::tools::{at, read};

/// The package that the command is.
const ROOT: &str = "infra";

/// What cargo says of the packages that the command is made of.
#[derive(Debug)]
pub(super) struct Parts {
    /// Packages by their ids.
    packages: BTreeMap<String, Value>,
    /// What each of them depends on: the ids, and of each whether it is linked.
    edges: BTreeMap<String, Vec<(String, bool)>>,
    /// The command's own id.
    root: String,
}

/// The document, of the repository at `root`.
///
/// # Errors
/// When cargo fails, or the lock file does not fit the manifests.
pub fn document(root: &Path) -> Result<Value, String> {
    let parts = Parts::read(root)?;
    let checksums = checksums(root)?;
    let (linked, all) = (parts.reached(true), parts.reached(false));
    let mut components = Vec::new();
    let mut dependencies = Vec::new();
    for id in &all {
        let package = parts.package(id)?;
        let on = parts.edges.get(id).into_iter().flatten().filter(|(to, _)| all.contains(to));
        let on: BTreeSet<_> =
            on.map(|(to, _)| parts.package(to).map(reference)).collect::<Result<_, _>>()?;
        dependencies.push(json!({ "ref": reference(package), "dependsOn": on }));
        if *id != parts.root {
            let scope = if linked.contains(id) { "required" } else { "excluded" };
            components.push(component(package, scope, &checksums));
        }
    }
    let mut command = component(parts.package(&parts.root)?, "required", &checksums);
    command["type"] = "application".into();
    Ok(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": { "component": command },
        "components": components,
        "dependencies": dependencies,
    }))
}

impl Parts {
    /// Asks cargo.
    pub(super) fn read(root: &Path) -> Result<Self, String> {
        let versions = read(Command::new("rustc").arg("-vV"))?;
        let host = versions.lines().find_map(|line| line.strip_prefix("host: "));
        let host = host.ok_or("rustc does not say what it builds for")?;
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
        cargo.args(["metadata", "--locked", "--format-version", "1", "--filter-platform", host]);
        let text = read(cargo.arg("--manifest-path").arg(root.join("Cargo.toml")))?;
        let metadata: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        Self::of(&metadata).ok_or_else(|| "cargo's metadata has another form".to_owned())
    }

    fn of(metadata: &Value) -> Option<Self> {
        let id = |value: &Value| Some(value["id"].as_str()?.to_owned());
        let packages = metadata["packages"].as_array()?.iter();
        let packages: BTreeMap<_, _> =
            packages.map(|package| Some((id(package)?, package.clone()))).collect::<Option<_>>()?;
        let mut edges = BTreeMap::new();
        for node in metadata["resolve"]["nodes"].as_array()? {
            let mut on = Vec::new();
            for dependency in node["deps"].as_array()? {
                let kinds: Vec<_> =
                    dependency["dep_kinds"].as_array()?.iter().map(|kind| &kind["kind"]).collect();
                if kinds.iter().any(|kind| **kind != "dev") {
                    let linked = kinds.iter().any(|kind| kind.is_null());
                    on.push((dependency["pkg"].as_str()?.to_owned(), linked));
                }
            }
            edges.insert(id(node)?, on);
        }
        let root = packages.iter().find(|(_, package)| package["name"] == ROOT)?.0.clone();
        Some(Self { packages, edges, root })
    }

    fn package(&self, id: &str) -> Result<&Value, String> {
        self.packages.get(id).ok_or_else(|| format!("cargo says nothing of `{id}`"))
    }

    /// The command and what it is made of: only what is linked, or what builds that too. Macros run
    /// in the compiler and are not linked, nor is what they are made of.
    fn reached(&self, linked: bool) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut open = vec![self.root.clone()];
        while let Some(id) = open.pop() {
            if linked && self.packages.get(&id).is_some_and(is_macro) {
                continue;
            }
            if found.insert(id.clone()) {
                let on = self.edges.get(&id).into_iter().flatten();
                open.extend(on.filter(|(_, links)| *links || !linked).map(|(to, _)| to.clone()));
            }
        }
        found
    }

    /// The manifests of the packages that are linked, by name and version.
    pub(super) fn linked(&self) -> Result<Vec<(String, PathBuf)>, String> {
        let mut all = Vec::new();
        for id in self.reached(true) {
            let package = self.package(&id)?;
            let manifest = package["manifest_path"].as_str().ok_or("a package has no manifest")?;
            let (name, version) = (text(package, "name"), text(package, "version"));
            all.push((format!("{name} {version}"), PathBuf::from(manifest)));
        }
        Ok(all)
    }
}

fn is_macro(package: &Value) -> bool {
    let targets = package["targets"].as_array().into_iter().flatten();
    targets
        .flat_map(|target| target["kind"].as_array().into_iter().flatten())
        .any(|kind| kind == "proc-macro")
}

fn text<'a>(package: &'a Value, name: &str) -> &'a str {
    package[name].as_str().unwrap_or_default()
}

/// What the document calls a package: a package URL.
fn reference(package: &Value) -> String {
    format!("pkg:cargo/{}@{}", text(package, "name"), text(package, "version"))
}

fn component(
    package: &Value,
    scope: &str,
    checksums: &BTreeMap<(String, String), String>,
) -> Value {
    let (name, version) = (text(package, "name"), text(package, "version"));
    let mut made = json!({
        "type": "library",
        "bom-ref": reference(package),
        "name": name,
        "version": version,
        "scope": scope,
    });
    // What no registry has is not to be looked for in one.
    if !package["source"].is_null() {
        made["purl"] = reference(package).into();
    }
    if let Some(licence) = package["license"].as_str() {
        // The slash is how older manifests say it.
        made["licenses"] = json!([{ "expression": licence.replace('/', " OR ") }]);
    }
    if let Some(hash) = checksums.get(&(name.to_owned(), version.to_owned())) {
        made["hashes"] = json!([{ "alg": "SHA-256", "content": hash }]);
    }
    made
}

/// What the contents of each package of the lock file hash to.
fn checksums(root: &Path) -> Result<BTreeMap<(String, String), String>, String> {
    let path = root.join("Cargo.lock");
    let text = fs::read_to_string(&path).map_err(at(&path))?;
    let lock: toml::Table = text.parse().map_err(|error| format!("{}: {error}", path.display()))?;
    let packages = lock.get("package").and_then(toml::Value::as_array).into_iter().flatten();
    let field = |package: &toml::Value, name: &str| {
        package.get(name).and_then(toml::Value::as_str).map(str::to_owned)
    };
    Ok(packages
        .filter_map(|package| {
            let of = (field(package, "name")?, field(package, "version")?);
            Some((of, field(package, "checksum")?))
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, kind: &str) -> Value {
        json!({
            "id": name, "name": name, "version": "1.0.0", "license": "MIT/Apache-2.0",
            "source": "registry", "targets": [{ "kind": [kind] }],
        })
    }

    fn node(name: &str, on: &[(&str, Value)]) -> Value {
        let on = on.iter().map(|(to, kind)| json!({ "pkg": to, "dep_kinds": [{ "kind": kind }] }));
        json!({ "id": name, "deps": on.collect::<Vec<_>>() })
    }

    #[test]
    fn what_is_linked_is_told_from_what_builds_and_what_tests() {
        let metadata = json!({
            "packages": [
                package("infra", "bin"), package("linked", "lib"), package("builds", "lib"),
                package("derives", "proc-macro"), package("parses", "lib"), package("tests", "lib"),
            ],
            "resolve": { "nodes": [
                node("infra", &[
                    ("linked", Value::Null), ("derives", Value::Null), ("tests", json!("dev")),
                ]),
                node("linked", &[("builds", json!("build"))]),
                node("derives", &[("parses", Value::Null)]),
                node("builds", &[]), node("parses", &[]), node("tests", &[]),
            ] },
        });
        let parts = Parts::of(&metadata).expect("metadata");
        let names = |linked| parts.reached(linked).into_iter().collect::<Vec<_>>();
        assert_eq!(names(true), ["infra", "linked"]);
        assert_eq!(names(false), ["builds", "derives", "infra", "linked", "parses"]);
    }

    #[test]
    fn a_component_says_licence_and_hash() {
        let checksums = BTreeMap::from([(("it".to_owned(), "1.0.0".to_owned()), "abc".to_owned())]);
        let made = component(&package("it", "lib"), "required", &checksums);
        assert_eq!(made["licenses"][0]["expression"], "MIT OR Apache-2.0");
        assert_eq!(made["hashes"][0]["content"], "abc");
        assert_eq!(made["purl"], "pkg:cargo/it@1.0.0");
    }
}
