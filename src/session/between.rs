//! Values between stacks: who reads what of whom, which stack comes first, and what the values are.
//!
//! Start reading at [`ordered`] and [`bind`]; [`Between`] goes along while the stacks are carried out. A producer that is planned in the same run is asked
//! for its plan; any other for what its latest run left, without its lock.

use std::collections::{BTreeMap, BTreeSet};

use infra_engine::{Goal, Mode, Plan, Summary};
use infra_sdk::store::State;
use infra_sdk::{Diagnostic, External, Externals, ReadDeclaration};

use super::declare::Declared;
use super::prepare::Prepared;
use super::select::{Selection, recorded};
use super::site::Site;
use crate::cli::Context;
use crate::config::{Environment, Project, near, near_or};
use crate::error::{CommandError, Result};

/// Reads that lead nowhere: to a stack that the program has not, to an output that its stack does
/// not declare.
pub(super) fn wrong_reads<A>(selection: &Selection, declared: &[Declared<A>]) -> Vec<Diagnostic> {
    let outputs: BTreeMap<_, BTreeSet<_>> = declared
        .iter()
        .filter(|stack| selection.is_declared(&stack.name))
        .map(|stack| {
            let outputs = stack.declarations.outputs.iter();
            (stack.name.as_str(), outputs.map(|output| output.name.as_str()).collect())
        })
        .collect();
    let reads = declared.iter().flat_map(|stack| &stack.declarations.reads);
    let wrong = reads.filter_map(|read| {
        let External { stack, output } = &read.external;
        if !selection.known.contains(stack) {
            let known = selection.known.iter().map(String::as_str);
            return Some(nowhere(
                read,
                format!("the program has no stack `{stack}`"),
                near(stack, known),
            ));
        }
        let known = outputs.get(stack.as_str()).filter(|known| !known.contains(output.as_str()))?;
        let hint = near_or(output, known.iter().copied(), "it publishes nothing yet");
        Some(nowhere(read, format!("`{stack}` publishes no `{output}`"), hint))
    });
    wrong.collect()
}

fn nowhere(read: &ReadDeclaration, detail: String, hint: String) -> Diagnostic {
    Diagnostic::error("stacks::read", "what is read of another stack is not there")
        .detail(detail)
        .location(read.location.clone())
        .hint(hint)
}

/// The stacks with those first that others read of, and otherwise by their names.
///
/// # Errors
/// When stacks read of one another in a circle.
pub(super) fn ordered<A>(stacks: Vec<Declared<A>>) -> Result<Vec<Declared<A>>, Diagnostic> {
    let needs: Vec<BTreeSet<&str>> = stacks
        .iter()
        .map(|stack| {
            let reads = stack.declarations.reads.iter();
            reads.map(|read| read.external.stack.as_str()).collect()
        })
        .collect();
    let names: Vec<_> = stacks.iter().map(|stack| stack.name.as_str()).collect();
    match order(&names, &needs) {
        Ok(order) => {
            let mut stacks: Vec<_> = stacks.into_iter().map(Some).collect();
            Ok(order.into_iter().filter_map(|index| stacks[index].take()).collect())
        }
        Err(circle) => {
            let reads = circle.windows(2).filter_map(|pair| {
                let mut reads = stacks[pair[0]].declarations.reads.iter();
                reads.find(|read| read.external.stack == names[pair[1]])
            });
            let reads: Vec<_> = reads.collect();
            let chain: Vec<_> = circle.iter().map(|index| format!("`{}`", names[*index])).collect();
            let told: Vec<_> = reads.iter().map(|read| format!("`{}`", read.external)).collect();
            Err(Diagnostic::error("stacks::circle", "stacks read of one another in a circle")
                .detail(format!("{}, by way of {}", chain.join(" -> "), told.join(", ")))
                .location(reads.first().and_then(|read| read.location.clone()))
                .hint("put what both need into a stack of its own"))
        }
    }
}

/// Puts those last that others read of, as it was recorded: the order of a destruction. Records that
/// contradict one another keep the order of the names.
pub(super) fn consumers_first(stacks: Vec<Prepared>) -> Vec<Prepared> {
    let names: Vec<_> = stacks.iter().map(|stack| stack.name.as_str()).collect();
    let needs = stacks.iter().map(|stack| stack.reads_of.iter().map(String::as_str).collect());
    let needs: Vec<BTreeSet<_>> = needs.collect();
    let Ok(order) = order(&names, &needs) else { return stacks };
    let mut stacks: Vec<_> = stacks.into_iter().map(Some).collect();
    order.into_iter().rev().filter_map(|index| stacks[index].take()).collect()
}

/// The indexes of names with what each needs first, or a circle of them that ends where it begins.
fn order(names: &[&str], needs: &[BTreeSet<&str>]) -> Result<Vec<usize>, Vec<usize>> {
    let mut order: Vec<usize> = Vec::with_capacity(names.len());
    let is_open = |order: &[usize], name: &&str| {
        names.iter().position(|other| other == name).filter(|index| !order.contains(index))
    };
    while order.len() < names.len() {
        let mut left = (0..names.len()).filter(|index| !order.contains(index));
        let ready =
            left.clone().find(|index| !needs[*index].iter().any(|n| is_open(&order, n).is_some()));
        if let Some(ready) = ready {
            order.push(ready);
            continue;
        }
        // Each that is left needs another one that is left: whoever follows comes back.
        let mut path: Vec<usize> = left.next().into_iter().collect();
        while let Some(last) = path.last() {
            let Some(next) = needs[*last].iter().find_map(|name| is_open(&order, name)) else {
                break;
            };
            let known = path.iter().position(|index| *index == next);
            path.push(next);
            if let Some(start) = known {
                return Err(path.split_off(start));
            }
        }
    }
    Ok(order)
}

/// Where the values of other stacks come from.
pub(crate) struct Producers<'a> {
    pub(super) project: &'a Project,
    pub(super) environment: &'a Environment,
    /// The stacks that are planned in the same run.
    pub(super) beside: BTreeSet<&'a str>,
}

impl<'a> Producers<'a> {
    /// Stacks of an environment that are not planned now.
    pub(crate) fn of(project: &'a Project, environment: &'a Environment) -> Self {
        Self { project, environment, beside: BTreeSet::new() }
    }
}

/// The values of what a stack reads, as far as they are known: of stacks that are planned in this run
/// from their plans, of others from what their latest run left.
///
/// # Errors
/// With each output that is not recorded, and each stack that was never applied.
async fn values(
    context: &Context,
    producers: &Producers<'_>,
    reads: &[ReadDeclaration],
    planned: &[Prepared],
) -> Result<Externals> {
    let Producers { project, environment, .. } = *producers;
    let mut values = Externals::new();
    let mut problems = Vec::new();
    let mut recorded = BTreeMap::new();
    for read in reads {
        let External { stack, output } = &read.external;
        if producers.beside.contains(stack.as_str()) {
            // What could not be planned is told by its own problems.
            let plan = planned.iter().find(|other| other.name == *stack);
            let outputs = plan.into_iter().flat_map(|other| &other.plan.outputs);
            let value = outputs.filter(|other| other.name == *output).find_map(|o| o.after.clone());
            values.extend(value.map(|value| (read.external.clone(), value)));
            continue;
        }
        if !recorded.contains_key(stack) {
            let left = Site { project, environment, stack }.left(context).await?;
            recorded.insert(stack, left.map(|state| state.outputs));
        }
        let apply = format!("`infra apply --env {} --stack {stack}`", environment.name);
        match recorded.get(stack).and_then(Option::as_ref) {
            None => problems.push(
                Diagnostic::error("stacks::not-applied", "what is read is not applied yet")
                    .detail(format!(
                        "`{stack}`, which publishes `{output}`, was never applied in `{}`",
                        environment.name
                    ))
                    .location(read.location.clone())
                    .hint(format!("apply it first:\n{apply}"))
                    .hint("or select both, or none: then it comes first by itself"),
            ),
            Some(outputs) => match outputs.get(output) {
                Some(value) => {
                    values.insert(read.external.clone(), value.clone());
                }
                None => problems.push(
                    nowhere(
                        read,
                        format!("the latest run of `{stack}` left no output `{output}`"),
                        near_or(
                            output,
                            outputs.keys().map(String::as_str),
                            "it publishes nothing yet",
                        ),
                    )
                    .hint(format!(
                        "or apply that stack first, if it publishes it by now:\n{apply}"
                    )),
                ),
            },
        }
    }
    if problems.is_empty() { Ok(values) } else { Err(CommandError::from(problems)) }
}

/// Gives the goal of a stack the values of what it reads.
///
/// # Errors
/// With each output that is not recorded, and each stack that was never applied.
pub(crate) async fn bind(
    context: &Context,
    producers: &Producers<'_>,
    goal: &mut Goal,
    planned: &[Prepared],
) -> Result<()> {
    if goal.mode == Mode::Apply {
        let values = values(context, producers, &goal.declarations.reads, planned).await?;
        goal.bind(values);
    }
    Ok(())
}

/// The stacks that one reads of: as declared, and for a destruction as recorded.
pub(super) fn reads_of(goal: &Goal, state: &State) -> BTreeSet<String> {
    let declared = goal.declarations.reads.iter().map(|read| &read.external.stack);
    match goal.mode {
        Mode::Apply => declared.cloned().collect(),
        Mode::Destroy => state.reads.keys().cloned().collect(),
        Mode::Refresh => BTreeSet::new(),
    }
}

/// Who reads outputs that a plan takes away, and which: other stacks of the environment, as recorded,
/// but for those that are `beside` it in the same run.
///
/// # Errors
/// When the state of one cannot be read.
pub(crate) async fn readers(
    context: &Context,
    project: &Project,
    environment: &Environment,
    (stack, plan): (&str, &Plan),
    beside: &BTreeSet<String>,
) -> Result<Vec<(String, BTreeSet<String>)>> {
    let going =
        plan.outputs.iter().filter(|output| output.before.is_some() && output.after.is_none());
    let going: BTreeSet<_> = going.map(|output| output.name.clone()).collect();
    let mut readers = Vec::new();
    if going.is_empty() {
        return Ok(readers);
    }
    let others = recorded(context, project, environment).await?;
    for other in others.iter().filter(|other| *other != stack && !beside.contains(*other)) {
        let Some(state) = (Site { project, environment, stack: other }).read(context).await? else {
            continue;
        };
        let read = state.reads.get(stack).map(|read| &going & read).unwrap_or_default();
        if !read.is_empty() {
            readers.push((other.clone(), read));
        }
    }
    Ok(readers)
}

/// Refuses a destruction of what another stack reads.
pub(super) fn still_read(
    environment: &Environment,
    stack: &str,
    (reader, outputs): &(String, BTreeSet<String>),
) -> Diagnostic {
    Diagnostic::error("stacks::still-read", "another stack reads what would go")
        .detail(format!("`{reader}` reads {} of `{stack}`", listed(outputs)))
        .hint(format!(
            "destroy that one first:\n`infra destroy --env {} --stack {reader}`",
            environment.name
        ))
        .hint("or both in one run; or apply it without what it reads")
}

/// Warns of outputs that go away and are read.
pub(crate) fn read_elsewhere(
    stack: &str,
    (reader, outputs): &(String, BTreeSet<String>),
) -> Diagnostic {
    Diagnostic::warning("stacks::read-elsewhere", "another stack reads an output that goes away")
        .detail(format!("`{reader}` reads {} of `{stack}`", listed(outputs)))
        .hint(format!("`{reader}` cannot be planned again before it reads something else"))
}

/// What the stacks of a run that were carried out mean for those after them.
pub(crate) struct Between {
    mode: Mode,
    values: Externals,
    /// Stacks that were not done completely, with those that they read of.
    undone: BTreeMap<String, BTreeSet<String>>,
}

impl Between {
    /// Before the first stack.
    pub(crate) fn new(mode: Mode) -> Self {
        Self { mode, values: Externals::new(), undone: BTreeMap::new() }
    }

    /// Why a stack is not begun, if one that it needs was not done: what it reads of when it is
    /// applied, what reads of it when it is destroyed.
    pub(crate) fn refusal(&self, stack: &Prepared) -> Option<Diagnostic> {
        let name = &stack.name;
        let (other, why) = match self.mode {
            Mode::Apply => {
                let other = stack.reads_of.iter().find(|other| self.undone.contains_key(*other))?;
                (other, format!("it reads of `{other}`, which was not applied completely"))
            }
            Mode::Refresh => return None,
            Mode::Destroy => {
                let (other, _) = self.undone.iter().find(|(_, reads)| reads.contains(name))?;
                (other, format!("`{other}` reads of it, and was not destroyed completely"))
            }
        };
        Some(
            Diagnostic::error("stacks::not-begun", "a stack was not begun")
                .detail(format!("`{name}`: {why}"))
                .hint(format!("mend what stopped `{other}`, and run the same command again")),
        )
    }

    /// Values of outputs of the stacks that were carried out.
    pub(crate) fn values(&self) -> &Externals {
        &self.values
    }

    /// Notes what a stack came to.
    pub(crate) fn note(&mut self, stack: &str, reads_of: BTreeSet<String>, summary: &Summary) {
        if !summary.is_complete() {
            self.undone.insert(stack.to_owned(), reads_of);
        }
        self.values.extend(summary.outputs.iter().map(|(output, value)| {
            (External { stack: stack.to_owned(), output: output.clone() }, value.clone())
        }));
    }
}

fn listed(outputs: &BTreeSet<String>) -> String {
    let names: Vec<_> = outputs.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ordered(needs: &[(&str, &[&str])]) -> Result<Vec<String>, Vec<String>> {
        let names: Vec<_> = needs.iter().map(|(name, _)| *name).collect();
        let sets: Vec<BTreeSet<_>> =
            needs.iter().map(|(_, n)| n.iter().copied().collect()).collect();
        let told = |indexes: Vec<usize>| indexes.into_iter().map(|i| names[i].to_owned()).collect();
        order(&names, &sets).map(told).map_err(told)
    }

    #[test]
    fn what_is_read_comes_first_and_names_decide_the_rest() {
        let expected = ["b", "d", "c", "a"].map(str::to_owned).to_vec();
        let needs: [(&str, &[&str]); 4] =
            [("a", &["c"]), ("b", &["elsewhere"]), ("c", &["d", "b"]), ("d", &[])];
        assert_eq!(ordered(&needs), Ok(expected));
    }

    #[test]
    fn a_circle_is_shown_from_one_of_it_back_to_it() {
        let needs: [(&str, &[&str]); 4] =
            [("a", &["b"]), ("b", &["c"]), ("c", &["b", "d"]), ("d", &[])];
        let expected = ["b", "c", "b"].map(str::to_owned).to_vec();
        assert_eq!(ordered(&needs), Err(expected));
    }
}
