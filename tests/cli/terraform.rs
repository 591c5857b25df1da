//! The documentation against the binary: what it names of ours is there, and `docs/terraform.md` names
//! everything of Terraform's.

#[path = "../fixtures/pages.rs"]
mod pages;

use std::collections::{BTreeMap, BTreeSet};

use pages::{pages, read};

use crate::support::Project;

const PAGE: &str = include_str!("../../docs/terraform.md");

/// Commands and flags of Terraform, of its `-help`.
const TERRAFORM: &str = include_str!("terraform-1.11.4.txt");

/// Commands that are only a prefix of others.
const GROUPS: [&str; 2] = ["state", "sandbox"];

/// What stands in backticks.
fn spans(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// The cells of the tables of a text, a row each.
fn rows(text: &str) -> Vec<Vec<&str>> {
    let rows = text.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| ---"));
    rows.map(|line| line.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

/// The help of commands, each asked for once.
struct Helps {
    project: Project,
    known: BTreeMap<String, String>,
}

impl Helps {
    fn new() -> Self {
        Self { project: Project::new(), known: BTreeMap::new() }
    }

    fn of(&mut self, command: &str) -> &str {
        let help = || {
            let run = self.project.infra(&format!("{command} --help"));
            assert_eq!(run.code, Some(0), "`infra {command}`: {}", run.shown());
            run.stdout
        };
        self.known.entry(command.to_owned()).or_insert_with(help)
    }

    /// The commands that a help lists: that of `infra` itself in groups, some in one row.
    fn below(&mut self, command: &str) -> Vec<String> {
        let help = self.of(command);
        if command.is_empty() {
            let rows = help.lines().filter_map(|line| line.strip_prefix("  ")?.split_once("  "));
            let names = rows.flat_map(|(names, _)| names.split(", "));
            return names
                .filter(|n| n.starts_with(char::is_lowercase))
                .map(str::to_owned)
                .collect();
        }
        let listed = help.split("Commands:\n").nth(1).unwrap_or_default();
        let listed = listed.lines().take_while(|line| !line.is_empty());
        let names = listed.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
        names.filter(|name| !name.is_empty() && *name != "help").map(str::to_owned).collect()
    }

    /// What is wrong with a call as a page writes it, without the `infra` before it.
    fn problem(&mut self, call: &str) -> Option<String> {
        let mut words = call.split_whitespace().peekable();
        let mut command = String::new();
        while let Some(word) = words.peek().filter(|word| word.starts_with(char::is_lowercase)) {
            if !command.is_empty() && !GROUPS.contains(&command.as_str()) {
                break;
            }
            if !self.below(&command).iter().any(|known| known == word) {
                return Some(format!("there is no command `{word}`"));
            }
            command = format!("{command} {word}").trim().to_owned();
            words.next();
        }
        let help = self.of(&command);
        let mut value = false;
        for word in words {
            if !value && !names(help, word) {
                return Some(format!("`{command}` has no `{word}`"));
            }
            value = word.starts_with("--") && !word.contains('=');
        }
        None
    }
}

/// Whether a help names a flag, or an argument in capitals; anything else is a value.
fn names(help: &str, word: &str) -> bool {
    if word.starts_with("--") {
        let name = word.split('=').next().unwrap_or_default();
        let rest = |at: (usize, &str)| help[at.0 + name.len()..].chars().next();
        let ends = |next: Option<char>| next.is_none_or(|c| !c.is_alphanumeric() && c != '-');
        return help.match_indices(name).any(|at| ends(rest(at)));
    }
    let argument = word.trim_matches(['[', ']']);
    if argument.len() < 2 || !argument.chars().all(|c| c.is_ascii_uppercase() || c == '_') {
        return true;
    }
    help.contains(&format!("<{argument}")) || help.contains(&format!("[{argument}"))
}

/// The calls of `infra` in a line of shell, without the `infra` before them.
fn of_shell(line: &str) -> impl Iterator<Item = &str> {
    let parts = line.split(['|', ';', '>', '<', '#']).flat_map(|part| part.split("&&"));
    parts.filter_map(|part| part.trim().trim_start_matches("$ ").strip_prefix("infra "))
}

/// The calls that a page shows, in lines and in blocks of any language.
fn calls(text: &str) -> Vec<&str> {
    let in_lines = spans(text).into_iter().filter_map(|span| span.strip_prefix("infra "));
    let (mut inside, mut in_blocks) = (false, Vec::new());
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            inside = !inside;
        } else if inside || line.starts_with("    ") {
            in_blocks.extend(of_shell(line));
        }
    }
    in_lines.chain(in_blocks).collect()
}

#[test]
fn every_call_in_the_documentation_is_one_that_there_is() {
    let mut helps = Helps::new();
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for page in pages() {
        let text = read(&page);
        for call in calls(&text) {
            seen += 1;
            let problem = helps.problem(call);
            wrong.extend(problem.map(|what| format!("{}: `infra {call}`: {what}", page.display())));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 100, "only {seen} calls were found");
    let block = "```sh\ninfra plan --env dev > x && infra fly\n```\n    infra state list # all\n";
    assert_eq!(calls(block), ["plan --env dev", "fly", "state list"]);
    // The checks find what is wrong.
    for call in ["fly", "state fly", "apply --fly", "plan --lock-time", "state unlock RUN"] {
        assert!(helps.problem(call).is_some(), "{call}");
    }
}

#[test]
fn what_stands_beside_terraform_is_there() {
    let mut helps = Helps::new();
    let commands = helps.below("");
    let mut all = helps.of("").to_owned();
    for command in commands {
        let inner = helps.below(&command);
        all.push_str(helps.of(&command));
        for name in inner {
            all.push_str(helps.of(&format!("{command} {name}")));
        }
    }
    let sdk = ["options", "input", "stack", "between"].map(|file| {
        let path = format!("{}/sdk/src/{file}.rs", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{file}: {error}"))
    });
    let mut wrong = Vec::new();
    for row in rows(PAGE) {
        for span in spans(row.get(1).copied().unwrap_or_default()) {
            let method = span.strip_prefix("stack.").or_else(|| span.strip_prefix('.'));
            let there = match method.and_then(|method| method.split_once('(')) {
                Some((name, _)) => sdk.iter().any(|text| {
                    let at = format!("fn {name}");
                    let ends = |end: usize| text[end..].starts_with(['(', '<']);
                    text.match_indices(&at).any(|(start, _)| ends(start + at.len()))
                }),
                None if span.starts_with("--") => {
                    span.split(' ').next().is_some_and(|flag| names(&all, flag))
                }
                None => true,
            };
            if !there {
                wrong.push(span);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn everything_of_terraform_has_a_row() {
    let (tables, _) = PAGE.split_once("## Blocks").unwrap_or_default();
    let mut commands = BTreeSet::new();
    let mut flags = BTreeSet::new();
    for row in rows(tables) {
        for span in spans(row[0]) {
            let (with, command): (Vec<_>, Vec<_>) =
                span.split(' ').partition(|word| word.starts_with('-'));
            let command = command.join(" ");
            if with.is_empty() {
                commands.insert(command.clone());
            }
            flags.extend(with.into_iter().map(|flag| (command.clone(), flag)));
        }
    }
    let mut missing = Vec::new();
    for line in TERRAFORM.lines() {
        let (command, its) = line.split_once(':').unwrap_or((line, ""));
        if command != "terraform" && !commands.contains(command) {
            missing.push(command.to_owned());
        }
        for flag in its.split_whitespace() {
            let named = [command, ""].map(|of| flags.contains(&(of.to_owned(), flag)));
            if !named.contains(&true) {
                missing.push(format!("{command} {flag}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
    // Each row says how the two compare, or is something that only one of them has.
    for row in rows(PAGE).iter().filter(|row| row[0] != "Terraform") {
        let verdict = row.get(2).copied().unwrap_or_default();
        let known = ["better", "same", "other", "not there", ""].contains(&verdict);
        assert!(known && row.len() == 4, "{row:?}");
    }
}
