//! Which part of the stacks a command is about: `--target`, `--exclude`, `--replace`.
//!
//! The main type is [`Search`]. An address belongs to every stack that knows it, and is wrong only
//! where none does.

use std::collections::BTreeSet;

use infra_engine::{Goal, Mode, named};
use infra_sdk::store::State;
use infra_sdk::{Address, Diagnostic};

use crate::cli::{PartArgs, ReplaceArgs};
use crate::error::{CommandError, Result};

/// What the options name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Part {
    targets: Vec<Address>,
    excludes: Vec<Address>,
    replace: Vec<Address>,
}

impl Part {
    /// What the command line names.
    ///
    /// # Errors
    /// When two options contradict one another.
    pub(crate) fn new(part: &PartArgs, replace: &ReplaceArgs) -> Result<Self> {
        if let Some(address) = part.target.iter().find(|address| part.exclude.contains(address)) {
            return Err(CommandError::usage(
                Diagnostic::error("cli::part", "two options contradict one another")
                    .detail(format!("`{address}` is both a `--target` and an `--exclude`"))
                    .hint("leave one of the two out"),
            ));
        }
        Ok(Self {
            targets: part.target.clone(),
            excludes: part.exclude.clone(),
            replace: replace.replace.clone(),
        })
    }

    /// Whether not everything is meant.
    pub(super) fn is_partial(&self) -> bool {
        !self.targets.is_empty() || !self.excludes.is_empty()
    }

    /// The part as words of a command line that goes on where another one stopped. What was to be
    /// replaced is not among them: it may have been.
    pub(crate) fn words(&self) -> String {
        let options = [("--target", &self.targets), ("--exclude", &self.excludes)];
        let words = options.iter().flat_map(|(option, list)| {
            list.iter().map(move |address| format!(" {option} {address}"))
        });
        words.collect()
    }

    /// Puts everything that is named into a goal.
    pub(super) fn put_into(&self, goal: &mut Goal) {
        goal.targets.clone_from(&self.targets);
        goal.excludes.clone_from(&self.excludes);
        goal.replace.clone_from(&self.replace);
    }
}

/// A search for what is named, in one stack after the other.
pub(super) struct Search<'a> {
    part: &'a Part,
    /// What was found, by option.
    found: BTreeSet<(&'static str, &'a Address)>,
    known: BTreeSet<Address>,
}

impl<'a> Search<'a> {
    pub(super) fn new(part: &'a Part) -> Self {
        Self { part, found: BTreeSet::new(), known: BTreeSet::new() }
    }

    /// Leaves in the goal of a stack what that stack knows. Returns whether the command is about
    /// the stack at all.
    pub(super) fn narrow(&mut self, goal: &mut Goal, state: &State) -> bool {
        let known = named::addresses(state, goal);
        let declared: BTreeSet<_> =
            goal.declarations.resources.iter().map(|d| d.address.clone()).collect();
        let in_scope = |wanted: &Address| known.iter().any(|known| named::means(wanted, known));
        goal.targets = self.keep("--target", &self.part.targets, in_scope);
        goal.excludes = self.keep("--exclude", &self.part.excludes, in_scope);
        goal.replace = self.keep("--replace", &self.part.replace, |a| declared.contains(a));
        self.known.extend(known);
        self.part.targets.is_empty() || !goal.targets.is_empty()
    }

    fn keep(
        &mut self,
        option: &'static str,
        wanted: &'a [Address],
        known: impl Fn(&Address) -> bool,
    ) -> Vec<Address> {
        let here: Vec<_> = wanted.iter().filter(|wanted| known(wanted)).collect();
        self.found.extend(here.iter().map(|address| (option, *address)));
        here.into_iter().cloned().collect()
    }

    /// An error for everything that no stack knows.
    pub(super) fn nowhere(&self) -> Vec<Diagnostic> {
        let options = [
            ("--target", &self.part.targets),
            ("--exclude", &self.part.excludes),
            ("--replace", &self.part.replace),
        ];
        let wanted = options.iter().flat_map(|(option, list)| list.iter().map(|a| (*option, a)));
        wanted
            .filter(|wanted| !self.found.contains(wanted))
            .map(|(option, wanted)| named::nothing(option, wanted, self.known.iter()))
            .collect()
    }
}

/// Says that a plan is about a part, which is not how stacks are kept as declared.
pub(super) fn partial(mode: Mode) -> Diagnostic {
    let hint = match mode {
        Mode::Apply => "run `infra plan` without them afterwards: it shows what is left",
        Mode::Destroy | Mode::Refresh => "what they leave out stays as it is",
    };
    Diagnostic::warning("plan::partial", "the plan is about a part")
        .detail("`--target` and `--exclude` leave out what they do not name")
        .hint(hint)
}
