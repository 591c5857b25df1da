//! What the selected stacks declare.
//!
//! Start reading at [`declare`].

use std::collections::{BTreeMap, BTreeSet};

use infra_sdk::protocol::messages::{Hello, PROTOCOL};
use infra_sdk::provider::Provider;
use infra_sdk::{Declarations, Diagnostic};

use super::answers::Recorded;
use super::between::{ordered, wrong_reads};
use super::given;
use super::heard::heard;
use super::select::{Selected, Selection};
use crate::cli::Context;
use crate::config::settings;
use crate::error::{CommandError, Result};
use crate::program::Answers;

/// A stack as it was declared.
pub(crate) struct Declared<A> {
    /// Its name.
    pub(crate) name: String,
    /// What it declares; without diagnostics, which were shown.
    pub(crate) declarations: Declarations,
    /// Who answered its lookups.
    pub(crate) answers: A,
}

/// What stacks said about variables that they do not know, by name of the variable.
pub(super) type Refusals = BTreeMap<String, Vec<Diagnostic>>;

/// Runs the program for every selected stack and checks what it declares. Warnings are shown.
///
/// # Errors
/// With everything that is wrong, in all stacks.
pub(crate) async fn declare<A: Answers>(
    context: &Context,
    selection: &Selection,
    provider: &dyn Provider,
    mut answers: impl AsyncFnMut(&str) -> Result<A>,
) -> Result<Vec<Declared<A>>> {
    let mut all = Vec::new();
    let mut problems = Vec::new();
    let mut refusals = Refusals::new();
    let file = settings::file_name(&selection.project, &selection.environment);
    for stack in &selection.stacks {
        let mut answers = answers(&stack.name).await?;
        let log = |line: &str| context.terminal.log(&stack.name, line);
        let waiting = || format!("{}: waiting for the stack program", stack.name);
        let declaring = declare_stack(selection, stack, &mut answers, &mut refusals, &log);
        let mut declarations = heard(context, waiting, declaring).await?;
        problems.extend(given::secrets(&selection.variables, provider, &declarations));
        let mut found = std::mem::take(&mut declarations.diagnostics);
        for diagnostic in &mut found {
            settings::name_place(diagnostic, &file, &stack.name);
        }
        // What follows from a mistake would only hide it.
        if !found.iter().any(Diagnostic::is_error) {
            problems.extend(infra_engine::validate(provider, &declarations));
        }
        problems.extend(found);
        all.push(Declared { name: stack.name.clone(), declarations, answers });
    }
    let asked = selection.stacks.iter().filter(|stack| stack.declared).count();
    let nowhere = refusals.into_values().filter(|said| said.len() == asked);
    problems.extend(nowhere.filter_map(|said| said.into_iter().next()));
    let (errors, warnings): (Vec<_>, Vec<_>) = problems.into_iter().partition(Diagnostic::is_error);
    context.terminal.diagnostics(&warnings);
    if errors.is_empty() { Ok(all) } else { Err(CommandError::from(errors)) }
}

/// Runs the program for every selected stack without a cloud: lookups are answered from what an
/// earlier run recorded, and otherwise with placeholders.
///
/// # Errors
/// With everything that is wrong, in all stacks.
pub(crate) async fn declare_recorded<'a>(
    context: &Context,
    selection: &'a Selection,
    provider: &'a dyn Provider,
) -> Result<Vec<Declared<Recorded<'a>>>> {
    let declared = declare(context, selection, provider, async |stack| {
        let state = selection.site(stack).read(context).await?;
        let known = state.map(|state| state.lookups).unwrap_or_default();
        Ok(Recorded::new(provider, &selection.environment.region, known))
    })
    .await?;
    in_order(selection, declared)
}

/// The stacks in the order in which they are applied.
///
/// # Errors
/// With everything that is read of other stacks and not there, and when stacks read of one another.
pub(super) fn in_order<A>(
    selection: &Selection,
    declared: Vec<Declared<A>>,
) -> Result<Vec<Declared<A>>> {
    let wrong = wrong_reads(selection, &declared);
    if wrong.is_empty() { Ok(ordered(declared)?) } else { Err(CommandError::from(wrong)) }
}

/// Runs the program for one stack. Where others may know a variable that this one does not, it is
/// left out here: one that none of them knows is an error in the end.
pub(super) async fn declare_stack(
    selection: &Selection,
    stack: &Selected,
    answers: &mut dyn Answers,
    refusals: &mut Refusals,
    log: &(dyn Fn(&str) + Sync),
) -> Result<Declarations> {
    if !stack.declared {
        return Ok(Declarations::default());
    }
    let mut left_out = BTreeSet::new();
    loop {
        let mut settings = stack.nodes.clone();
        for variable in selection.variables.iter().filter(|v| !left_out.contains(&v.name())) {
            variable.apply(&mut settings);
        }
        let hello = Hello {
            protocol: PROTOCOL,
            stack: Some(stack.name.clone()),
            environment: selection.environment.name.clone(),
            region: selection.environment.region.clone(),
            protected: selection.environment.protected,
            settings,
        };
        let declared = selection.program.declare(&hello, answers, log).await?;
        let refused: BTreeMap<_, _> = selection
            .variables
            .iter()
            .filter(|variable| !left_out.contains(&variable.name()))
            .filter_map(|variable| {
                let refusal = declared.diagnostics.iter().find(|d| variable.is_refused_by(d))?;
                Some((variable.name(), refusal.clone()))
            })
            .collect();
        if selection.stacks.len() == 1 || refused.is_empty() {
            return Ok(declared);
        }
        for (name, refusal) in refused {
            refusals.entry(name.clone()).or_default().push(refusal);
            left_out.insert(name);
        }
    }
}
