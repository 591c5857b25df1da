//! The project: `infra.toml` and the folder it stands in.
//!
//! The main type is [`Project`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use infra_sdk::{Diagnostic, Location};
use toml::de::{DeTable, DeValue};

use crate::config::fields::{Fields, near};
use crate::config::notify::NotifyKeys;
use crate::config::{Document, Environment, Thresholds};
use crate::error::{CommandError, Result};

/// Name of the project's file.
pub(crate) const FILE: &str = "infra.toml";

/// How long a stack program may be silent.
const PROGRAM_TIMEOUT: Duration = Duration::from_secs(60);

/// A project: where it is, what declares its stacks, and its environments.
#[derive(Debug, Clone)]
pub(crate) struct Project {
    /// The folder of `infra.toml`.
    pub(crate) root: PathBuf,
    /// The cargo package of the stack program.
    pub(crate) program: String,
    /// How long the program may be silent.
    pub(crate) program_timeout: Duration,
    /// Folder of the settings, relative to the root.
    pub(crate) settings: String,
    /// Environments by name.
    pub(crate) environments: BTreeMap<String, Environment>,
}

impl Project {
    /// Finds `infra.toml` in `start` or the nearest folder above it, and reads it.
    ///
    /// # Errors
    /// When there is none, or with everything that is wrong in it.
    pub(crate) fn find(start: &Path) -> Result<Self> {
        for folder in start.ancestors() {
            if let Some(document) = Document::read(&folder.join(FILE), FILE)? {
                return Ok(Self::read(folder, &document)?);
            }
        }
        Err(Diagnostic::error("config::missing", "there is no project here")
            .detail(format!("no `{FILE}` in `{}` or a folder above it", start.display()))
            .hint("go to a project, or name one with `--chdir DIR`")
            .hint("`infra new DIR` makes one")
            .into())
    }

    fn read(root: &Path, document: &Document) -> std::result::Result<Self, Vec<Diagnostic>> {
        let table = document.parse()?;
        let mut problems = Vec::new();
        let mut fields = Fields::new(document, &table, "", &mut problems);
        let project_table = fields.table("project");
        let environment_tables = fields.table("environments");
        let check_table = fields.table("checks");
        let notify_table = fields.table("notify");
        fields.finish();
        let notify = notify_table
            .map(|notify| read_notify(document, &table, notify, &mut problems))
            .unwrap_or_default();
        let empty = DeTable::new();
        let mut fields =
            Fields::new(document, project_table.unwrap_or(&empty), "project", &mut problems);
        let program = fields.text("program").map_or_else(|| "stacks".to_owned(), |p| p.text);
        let settings = fields.text("settings").map(|s| s.text);
        let timeout = fields.seconds("program_timeout").map(Duration::from_secs);
        fields.finish();
        let checks = check_table.unwrap_or(&empty);
        let checks = Thresholds::read(Fields::new(document, checks, "checks", &mut problems));
        let mut environments = BTreeMap::new();
        for (key, value) in environment_tables.unwrap_or(&empty) {
            let location = document.location(key.span());
            let name = key.get_ref().as_ref();
            if let Some(problem) = name_problem(name, &location) {
                problems.push(problem);
            }
            let DeValue::Table(table) = value.get_ref() else {
                problems.push(
                    Diagnostic::error("config::type", "a value has the wrong type")
                        .detail(format!("`environments.{name}` is a table"))
                        .location(Some(location)),
                );
                continue;
            };
            let read = Environment::read(name, document, table, location, &notify, &mut problems);
            environments.extend(read.map(|mut environment| {
                environment.checks = environment.checks.or(checks);
                (name.to_owned(), environment)
            }));
        }
        if !problems.is_empty() {
            problems.sort_by(|one, other| one.location.cmp(&other.location));
            return Err(problems);
        }
        Ok(Self {
            root: root.to_owned(),
            settings: settings.unwrap_or_else(|| "stacks/settings".to_owned()),
            program,
            program_timeout: timeout.unwrap_or(PROGRAM_TIMEOUT),
            environments,
        })
    }

    /// The environment of that name.
    ///
    /// # Errors
    /// When the project has none of that name.
    pub(crate) fn environment(&self, name: &str) -> Result<&Environment> {
        self.environments.get(name).ok_or_else(|| {
            let error =
                Diagnostic::error("config::environment", "the project has no such environment")
                    .detail(format!("`{name}` is not an environment of `{FILE}`"));
            let add = format!("add a table `[environments.NAME]` to `{FILE}`");
            CommandError::usage(if self.environments.is_empty() {
                error.hint(format!("{add}, with a `region`: `infra help environments`"))
            } else {
                let known = self.environments.keys().map(String::as_str);
                error.hint(near(name, known)).hint(format!("or {add}"))
            })
        })
    }

    /// Folder of what `infra` keeps about the project on this machine.
    pub(crate) fn own_folder(&self) -> PathBuf {
        self.root.join(".infra")
    }
}

/// Reads `[notify]`, which must say where.
fn read_notify(
    document: &Document,
    file: &DeTable<'_>,
    table: &DeTable<'_>,
    problems: &mut Vec<Diagnostic>,
) -> NotifyKeys {
    let before = problems.len();
    let keys = NotifyKeys::read(Fields::new(document, table, "notify", problems));
    let at = file.keys().find(|key| &**key.get_ref() == "notify");
    if let Some(at) = at.filter(|_| !keys.has_webhook() && problems.len() == before) {
        let location = document.location(at.span());
        problems.push(NotifyKeys::without_webhook("notify", location));
    }
    keys
}

/// Names of environments become folders, tags and arguments.
fn name_problem(name: &str, location: &Location) -> Option<Diagnostic> {
    let valid = name.len() <= 63
        && name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_');
    (!valid).then(|| {
        Diagnostic::error("config::environment-name", "an environment has an unusable name")
            .detail(format!("`{}`", name.escape_debug()))
            .location(Some(location.clone()))
            .hint("use lower-case letters, digits, `-` and `_`")
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{Endpoint, Occasion};

    fn read(text: &str) -> std::result::Result<Project, Vec<String>> {
        Project::read(Path::new("/p"), &Document::from_text(FILE, text)).map_err(|problems| {
            let show = |p: &Diagnostic| {
                let at = p.location.as_ref().map(|l| format!("{}:{}", l.line, l.column));
                format!("{} {} {}", at.unwrap_or_default(), p.code, p.detail)
            };
            problems.iter().map(show).collect()
        })
    }

    #[test]
    fn a_whole_file_is_understood() {
        let project = read(
            "[project]\nprogram = \"infra-stacks\"\n[environments.local]\nregion = \"us-west-2\"\n\
             endpoint = \"sandbox\"\n[environments.production]\nregion = \"us-east-1\"\n\
             account = \"111122223333\"\nprotected = true\nstate = \"kept\"\n\
             default_tags = { team = \"platform\" }\n[environments.production.accounts.audit]\n\
             role_arn = \"arn:aws:iam::444455556666:role/infra\"\naccount = \"444455556666\"\n",
        )
        .expect("valid");
        let local = &project.environments["local"];
        assert_eq!(local.endpoint, Endpoint::Sandbox);
        assert_eq!(local.account.as_deref(), Some("123456789012"));
        let production = project.environment("production").expect("there");
        assert!(production.protected);
        assert_eq!(production.default_tags["team"], "platform");
        assert_eq!(production.accounts["audit"].account.as_deref(), Some("444455556666"));
        assert_eq!(production.state.written(), "kept");
        assert!(project.environment("producton").is_err());
    }

    #[test]
    fn where_no_environment_is_the_hint_is_how_to_add_one() {
        let error = read("").expect("valid").environment("dev").expect_err("none");
        assert_eq!(
            error.diagnostics[0].hints,
            ["add a table `[environments.NAME]` to `infra.toml`, with a `region`: \
                 `infra help environments`"]
        );
    }

    #[test]
    fn an_environment_says_otherwise_who_is_told() {
        let region = "region = \"us-west-2\"";
        let project = read(&format!(
            "[notify]\nwebhook = \"env:CHAT\"\non = [\"failed\", \"drift\"]\n[environments.a]\n{region}\n\
             [environments.b]\n{region}\n[environments.b.notify]\non = [\"applied\"]\n"
        ))
        .expect("valid");
        let told = |name: &str| project.environments[name].notify.clone().expect("told");
        assert_eq!(
            told("a").on.into_iter().collect::<Vec<_>>(),
            [Occasion::Failed, Occasion::Drift]
        );
        assert_eq!(told("b").variable, "CHAT");
        assert_eq!(told("b").on.into_iter().collect::<Vec<_>>(), [Occasion::Applied]);
        let quiet = read(&format!("[environments.a]\n{region}\n")).expect("valid");
        assert_eq!(quiet.environments["a"].notify, None);
    }

    #[test]
    fn a_webhook_is_a_variable_and_never_shown() {
        let problems = read(
            "[notify]\nwebhook = \"https://chat.example/T0/secret\"\non = [\"aplied\"]\n\
             [environments.a]\nregion = \"r\"\n[environments.a.notify]\non = []\nurl = \"x\"\n",
        )
        .expect_err("wrong");
        assert_eq!(
            problems,
            [
                " config::webhook infra.toml:2: a URL that anyone may post to is a secret, and \
                 stands in no file",
                "3:7 config::value `aplied` is nothing that is told",
                "8:1 config::unknown-key `url` is not a key of `[environments.a.notify]`",
            ]
        );
        let missing = read("[notify]\non = []\n[environments.a]\nregion = \"r\"\n");
        assert_eq!(missing.expect_err("wrong"), ["1:2 config::missing `[notify]` needs `webhook`"]);
    }

    #[test]
    fn everything_wrong_is_reported_at_once_where_it_stands() {
        let problems = read(
            "colour = 1\n[project]\nprogram = 7\nprogramme = \"x\"\n[environments.Bad]\n\
             [environments.a]\nregion = \"r\"\naccount = \"12\"\nendpoint = \"ftp://x\"\n\
             protected = \"yes\"\nstate = \"gs://bucket\"\nstate_key = \"hunter2\"\n\
             [environments.a.state_options]\nallow_network_disc = true\nregion = \"Europe\"\n\
             endpoint = \"s3\"\nlock_table = \"a\"\nkms_key = \"\"\nlease = 1\n",
        )
        .expect_err("wrong");
        assert_eq!(
            problems,
            [
                "1:1 config::unknown-key `colour` is not a key of the file",
                "3:11 config::type `project.program` is text, not a whole number",
                "4:1 config::unknown-key `programme` is not a key of `[project]`",
                "5:15 config::environment-name `Bad`",
                "5:15 config::missing `[environments.Bad]` needs `region`",
                "8:11 config::account `12` is not twelve digits",
                "9:12 config::endpoint `ftp://x`",
                "10:13 config::type `environments.a.protected` is `true` or `false`, not text",
                "11:9 config::state `gs://bucket` is neither a folder nor a bucket",
                "12:13 config::state-key `state_key` says what wraps the key, and never a secret itself",
                "14:1 config::unknown-key `allow_network_disc` is not a key of \
                 `[environments.a.state_options]`",
                "15:10 config::value `environments.a.state_options.region`",
                "16:12 config::endpoint `s3`",
                "17:14 config::value `environments.a.state_options.lock_table`",
                "18:11 config::value `environments.a.state_options.kms_key`",
                "19:9 config::value `environments.a.state_options.lease`",
            ]
        );
    }
}
