//! A page as the test reads it: the steps that it asks for, in its order.

use std::ops::Range;
use std::path::{Path, PathBuf};

/// A page with commands.
pub(crate) struct Page {
    /// Its path in the repository.
    pub(crate) path: PathBuf,
    /// What is done, in order.
    pub(crate) steps: Vec<Step>,
    lines: Vec<String>,
    /// What commands print now, where it is not what the page shows.
    fresh: Vec<(Range<usize>, Vec<String>)>,
}

/// What a page asks for.
pub(crate) enum Step {
    /// `<!-- test: workspace fixture NAME -->`: goes on in a copy of that fixture.
    Workspace(String),
    /// `<!-- test: edit FILE -->`: the next block is a diff of that file.
    Edit(String, Vec<String>),
    /// `<!-- test: write FILE -->`: the next block is that file.
    Write(String, Vec<String>),
    /// `<!-- test: shows FILE -->`: the next block stands in that file.
    Shows(String, Vec<String>),
    /// `<!-- test: run COMMAND -->`: somebody else does this, such as a colleague at the console.
    Run(String),
    /// A line that begins with `$`, and what the page shows below it.
    Call(Call),
}

/// A command and what it prints.
pub(crate) struct Call {
    /// After the `$`.
    pub(crate) command: String,
    /// The lines of the page with what it prints.
    pub(crate) range: Range<usize>,
}

const OPEN: &str = "<!-- test: ";

impl Page {
    pub(crate) fn parse(path: PathBuf, text: &str) -> Self {
        let lines: Vec<_> = text.lines().map(str::to_owned).collect();
        let mut steps = Vec::new();
        let mut pending = None;
        let mut at = 0;
        while at < lines.len() {
            let line = &lines[at];
            let place = || format!("{}:{}", path.display(), at + 1);
            if let Some(directive) = line.strip_prefix(OPEN) {
                let directive = directive
                    .strip_suffix(" -->")
                    .unwrap_or_else(|| panic!("{}: no end of the comment", place()));
                match directive.split_once(' ') {
                    Some(("workspace", name)) => {
                        let name = name.strip_prefix("fixture ").unwrap_or(name);
                        steps.push(Step::Workspace(name.to_owned()));
                    }
                    Some(("run", command)) => steps.push(Step::Run(command.to_owned())),
                    Some((what @ ("edit" | "write" | "shows"), file)) => {
                        pending = Some((what.to_owned(), file.to_owned()));
                    }
                    _ => panic!("{}: the test knows no `{directive}`", place()),
                }
            }
            let Some(info) = line.trim_start().strip_prefix("```") else {
                at += 1;
                continue;
            };
            let begin = at + 1;
            let length = lines[begin..].iter().position(|line| line.trim_start() == "```");
            let end = begin + length.unwrap_or_else(|| panic!("{}: no end of the block", place()));
            if let Some((what, file)) = pending.take() {
                let block = lines[begin..end].to_vec();
                steps.push(match what.as_str() {
                    "edit" => Step::Edit(file, block),
                    "write" => Step::Write(file, block),
                    _ => Step::Shows(file, block),
                });
            } else if info == "console" {
                assert!(line.starts_with('`'), "{}: not at the margin", place());
                assert!(!steps.is_empty(), "{}: the page names no workspace", place());
                steps.extend(calls(&lines, begin..end).map(Step::Call));
            }
            at = end + 1;
        }
        Self { path, steps, lines, fresh: Vec::new() }
    }

    /// What the page shows.
    pub(crate) fn shown(&self, call: &Call) -> &[String] {
        &self.lines[call.range.clone()]
    }

    /// Notes what is to stand there instead.
    pub(crate) fn replace(&mut self, range: Range<usize>, fresh: Vec<String>) {
        self.fresh.push((range, fresh));
    }

    /// Writes the page with what was noted.
    pub(crate) fn write(mut self, root: &Path) {
        if self.fresh.is_empty() {
            return;
        }
        for (range, fresh) in self.fresh.into_iter().rev() {
            self.lines.splice(range, fresh);
        }
        std::fs::write(root.join(&self.path), self.lines.join("\n") + "\n")
            .unwrap_or_else(|error| panic!("{}: {error}", self.path.display()));
    }
}

/// The commands of a block.
fn calls(lines: &[String], block: Range<usize>) -> impl Iterator<Item = Call> {
    let begins: Vec<_> =
        block.clone().filter(|line| lines[*line].starts_with("$ ")).chain([block.end]).collect();
    assert_eq!(begins[0], block.start, "line {}: a block begins with `$`", block.start + 1);
    let call = |pair: &[usize]| {
        let command = lines[pair[0]][2..].to_owned();
        Call { command, range: pair[0] + 1..pair[1] }
    };
    begins.windows(2).map(call).collect::<Vec<_>>().into_iter()
}

/// A file after the change that a diff without line numbers says. Parts are separated by `@@`.
pub(crate) fn patched(text: &str, diff: &[String]) -> Result<String, String> {
    let mut text = text.to_owned();
    for part in diff.split(|line| line.starts_with("@@")) {
        let side = |sign: char| {
            let lines = part.iter().filter_map(|line| match line.chars().next() {
                None => Some(""),
                Some(first) => (first == ' ' || first == sign).then(|| &line[1..]),
            });
            lines.map(|line| format!("{line}\n")).collect::<String>()
        };
        let (old, new) = (side('-'), side('+'));
        if text.matches(&old).count() != 1 {
            return Err(format!("this does not stand there once:\n{old}"));
        }
        text = text.replace(&old, &new);
    }
    Ok(text)
}
