//! A folder of `examples/`, read as its files are.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::programs::here;

/// The sections that each README has.
const SECTIONS: [&str; 4] = ["## What it shows", "## In the sandbox", "## On AWS", "## Costs"];

/// The commands of each README, in this order; others may stand between them.
const COMMANDS: [&str; 6] = ["validate", "plan", "check", "apply", "output", "destroy"];

/// An example.
pub(crate) struct Example {
    /// Its folder's name, which is that of its package too.
    pub(crate) name: String,
    /// Its folder.
    pub(crate) folder: PathBuf,
}

impl Example {
    /// Every folder of `examples/` that has an `infra.toml`.
    pub(crate) fn all() -> Vec<Self> {
        let mut found = Vec::new();
        for entry in fs::read_dir(here("examples")).expect("the examples") {
            let folder = entry.expect("an entry").path();
            let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
            if folder.join("infra.toml").exists() {
                found.push(Self { name, folder });
            }
        }
        assert!(found.len() >= 10, "there are ten examples and more, not {}", found.len());
        found.sort_by(|one, other| one.name.cmp(&other.name));
        found
    }

    fn text(&self, file: &str) -> String {
        let path = self.folder.join(file);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    fn table(&self, file: &str) -> Table {
        self.text(file).parse().unwrap_or_else(|error| panic!("{}/{file}: {error}", self.name))
    }

    /// The environments of its `infra.toml`.
    pub(crate) fn environments(&self) -> Vec<String> {
        let environments = self.table("infra.toml");
        let environments = environments["environments"].as_table().expect("a table");
        environments.keys().cloned().collect()
    }

    /// The regions that it names, in `infra.toml` and in the settings.
    pub(crate) fn regions(&self) -> BTreeSet<String> {
        let mut regions = BTreeSet::new();
        let mut open = vec![Value::Table(self.table("infra.toml"))];
        for environment in self.environments() {
            open.push(Value::Table(self.table(&format!("settings/{environment}.toml"))));
        }
        while let Some(value) = open.pop() {
            match value {
                Value::Table(table) => {
                    let (texts, others): (Vec<_>, Vec<_>) =
                        table.into_iter().partition(|(_, value)| value.is_str());
                    open.extend(others.into_iter().map(|(_, value)| value));
                    let named = texts.into_iter().filter(|(name, _)| name.ends_with("region"));
                    regions
                        .extend(named.filter_map(|(_, value)| value.as_str().map(str::to_owned)));
                }
                Value::Array(values) => open.extend(values),
                _ => {}
            }
        }
        regions
    }

    /// The `infra` commands of its README, in the order of the page, without `infra` itself.
    pub(crate) fn commands(&self) -> Vec<String> {
        let readme = self.text("README.md");
        readme.lines().filter_map(|line| line.strip_prefix("$ infra ")).map(str::to_owned).collect()
    }

    /// What keeps it from being copied and used, a line each.
    pub(crate) fn what_is_missing(&self) -> Vec<String> {
        let name = &self.name;
        let mut missing = Vec::new();
        let mut expect = |holds: bool, what: String| {
            if !holds {
                missing.push(format!("examples/{name}: {what}"));
            }
        };
        let (manifest, project) = (self.table("Cargo.toml"), self.table("infra.toml"));
        let package = manifest["package"]["name"].as_str();
        expect(package == Some(name), "the package has not the folder's name".to_owned());
        let program = project["project"]["program"].as_str();
        expect(program == Some(name), "`infra.toml` does not name the package".to_owned());
        for environment in self.environments() {
            let settings = format!("settings/{environment}.toml");
            expect(self.folder.join(&settings).exists(), format!("no {settings}"));
        }
        let readme = self.text("README.md");
        for section in SECTIONS {
            expect(readme.contains(section), format!("the README has no `{section}`"));
        }
        let commands = self.commands();
        let words = commands.iter().filter_map(|command| command.split(' ').next());
        let expected: Vec<_> = words.filter(|word| COMMANDS.contains(word)).collect();
        let mut rest = expected.iter();
        let in_order = COMMANDS.iter().all(|wanted| rest.any(|word| word == wanted));
        expect(in_order, format!("the README does not go {COMMANDS:?}"));
        let index = fs::read_to_string(here("examples/README.md")).unwrap_or_default();
        let listed = index.contains(&format!("]({name}/README.md)"));
        expect(listed, "is not in examples/README.md".to_owned());
        missing
    }

    /// Copies it to a folder, where its sandbox is the one at `endpoint`.
    pub(crate) fn copy_to(&self, to: &Path, endpoint: &str) {
        copy(&self.folder, to);
        let path = to.join("infra.toml");
        let text = fs::read_to_string(&path).expect("infra.toml");
        let own = "endpoint = \"sandbox\"";
        assert!(text.contains(own), "{}: no environment is the sandbox", self.name);
        fs::write(&path, text.replace(own, &format!("endpoint = \"{endpoint}\"")))
            .expect("written");
    }
}

/// Copies a folder, without what runs of `infra` and builds of cargo have left in it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_name() == ".infra" || entry.file_name() == "target" {
            continue;
        }
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).expect("copied");
        }
    }
}
