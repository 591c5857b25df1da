//! Renames: what is no longer declared and what is declared anew, where both look like one resource.
//!
//! The main function is [`renamed`]. It only tells: whether it is the same resource is for the user
//! to say, in the code or in the state. Where several could be meant it names them and does not guess.

use std::collections::{BTreeMap, HashMap};

use infra_sdk::provider::Provider;
use infra_sdk::store::Record;
use infra_sdk::{Address, Diagnostic, Field, Object, Schema, Value};

use super::draft::Draft;
use crate::plan::{Action, Change, Goal, Reason, Rename};
use crate::{compare, digest};

/// Above this many pairs of one type, only those with the same name in another scope are compared;
/// above this many pairs of one name, none of these: a warning is not worth the square of a stack.
const PAIRS: usize = 10_000;

/// How many candidates a warning names.
const SHOWN: usize = 5;

/// How alike two resources are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Likeness {
    /// What cannot be changed in place is the same, and something else is not.
    Near,
    /// All that is known is the same.
    Same,
}

/// A resource that goes and one that comes.
struct Pair<'a> {
    old: &'a Record,
    new: &'a Change,
}

/// Positions of two that fit, and how well: by what they say, then by their names.
#[derive(Clone, Copy)]
struct Fit {
    old: usize,
    new: usize,
    rank: (Likeness, bool),
}

/// Tells what looks renamed.
pub(super) fn renamed(provider: &dyn Provider, goal: &Goal, draft: &mut Draft) {
    let mut warnings = Vec::new();
    let mut types: BTreeMap<(&str, _), (Vec<&Record>, Vec<&Change>)> = BTreeMap::new();
    for entry in &draft.entries {
        let change = &entry.change;
        let slot = || (change.type_name.as_str(), change.place.clone());
        match (change.action, change.reasons.as_slice()) {
            (Action::Delete, [Reason::NoLongerDeclared]) if !change.deposed => {
                types.entry(slot()).or_default().0.extend(&entry.part.record);
            }
            (Action::Create, [Reason::NotThereYet]) => {
                types.entry(slot()).or_default().1.push(change);
            }
            _ => {}
        }
    }
    let mut pairs = Vec::new();
    for ((type_name, _), (old, new)) in &types {
        let Some(schema) = provider.schema(type_name) else { continue };
        if !old.is_empty() && !new.is_empty() {
            matches(schema, old, new, goal, &mut pairs, &mut warnings);
        }
    }
    let recorded: Vec<_> = draft
        .entries
        .iter()
        .filter_map(|entry| Some(&entry.part.record.as_ref()?.address))
        .collect();
    let groups = groups(&pairs);
    let told = groups.iter().map(|((from, to), pairs)| match pairs.as_slice() {
        [pair] => one(pair, goal),
        _ => scope((from, to), pairs, &recorded, goal),
    });
    warnings.splice(0..0, told);
    let moves = |pair: &&Pair<'_>| (pair.old.address.clone(), pair.new.address.clone());
    let renames: Vec<_> =
        groups.values().map(|pairs| Rename { moves: pairs.iter().map(moves).collect() }).collect();
    draft.warnings.extend(warnings);
    draft.renames = renames;
}

/// The pairs of one type. What fits several is a warning of its own.
fn matches<'a>(
    schema: &Schema,
    old: &[&'a Record],
    new: &[&'a Change],
    goal: &Goal,
    pairs: &mut Vec<Pair<'a>>,
    warnings: &mut Vec<Diagnostic>,
) {
    let mut of_old: Vec<Vec<Fit>> = old.iter().map(|_| Vec::new()).collect();
    let mut of_new: Vec<Vec<Fit>> = new.iter().map(|_| Vec::new()).collect();
    for (o, n) in comparable(old, new) {
        let (record, change) = (old[o], new[n]);
        if let Some(likeness) = likeness(schema, record, change) {
            let named = record.address.name() == change.address.name();
            let fit = Fit { old: o, new: n, rank: (likeness, named) };
            of_old[o].push(fit);
            of_new[n].push(fit);
        }
    }
    // The best of each side; a pair is one in which each is the other's only best.
    let best = |mine: &[Fit]| -> Vec<(usize, usize)> {
        let most = mine.iter().map(|fit| fit.rank).max();
        let mine = mine.iter().filter(|fit| Some(fit.rank) == most);
        mine.map(|fit| (fit.old, fit.new)).collect()
    };
    for (n, change) in new.iter().enumerate() {
        let candidates = best(&of_new[n]);
        match candidates.as_slice() {
            [] => {}
            [(o, _)] => {
                let back = best(&of_old[*o]);
                if let [_] = back.as_slice() {
                    pairs.push(Pair { old: old[*o], new: change });
                } else if back.first().is_some_and(|first| first.1 == n) {
                    let several: Vec<_> = back.iter().map(|(_, n)| &new[*n].address).collect();
                    warnings.push(one_of_many(old[*o], &several, goal));
                }
            }
            several => {
                let several: Vec<_> = several.iter().map(|(o, _)| old[*o]).collect();
                warnings.push(many_of_one(change, &several, goal));
            }
        }
    }
}

/// Positions of the old and the new that are compared, in this order.
fn comparable(old: &[&Record], new: &[&Change]) -> Vec<(usize, usize)> {
    if old.len() * new.len() <= PAIRS {
        return (0..old.len()).flat_map(|o| (0..new.len()).map(move |n| (o, n))).collect();
    }
    let mut named: HashMap<&str, (usize, Vec<usize>)> = HashMap::new();
    for (n, change) in new.iter().enumerate() {
        named.entry(change.address.name()).or_default().1.push(n);
    }
    for record in old {
        named.entry(record.address.name()).or_default().0 += 1;
    }
    let of = |(o, record): (usize, &&Record)| {
        let (count, same) = &named[record.address.name()];
        let same = same.iter().filter(|_| count * same.len() <= PAIRS);
        same.map(move |n| (o, *n)).collect::<Vec<_>>()
    };
    old.iter().enumerate().flat_map(of).collect()
}

/// How much a record looks like what is declared anew; nothing where something that cannot be changed
/// in place differs, and where nothing is known that is the same.
fn likeness(schema: &Schema, record: &Record, change: &Change) -> Option<Likeness> {
    let after = change.after.as_ref()?;
    let unknown = |field: &&Field| after.get(field.name).is_some_and(Value::has_unknown);
    let hidden = |field: &&Field| record.inputs.get(field.name).is_some_and(digest::has_digest);
    let known = schema.inputs.iter().filter(|field| !unknown(field) && !hidden(field));
    let known: Vec<_> = known.collect();
    let differing = compare::differing(schema.inputs, after, &record.inputs);
    let differs = |field: &Field| differing.iter().any(|other| other.name == field.name);
    if known.iter().any(|field| field.force_new && differs(field)) {
        return None;
    }
    let some_differ = known.iter().any(|field| differs(field));
    // A default says nothing about which resource it is.
    let set = |field: &Field| tells(field, after) && !differs(field);
    let told = known.iter().any(|field| set(field));
    let fixed = known.iter().any(|field| field.force_new && set(field));
    match (some_differ, told, fixed) {
        (false, true, _) => Some(Likeness::Same),
        // Made of references alone: the name says it, or nothing does.
        (false, false, _) if record.address.name() == change.address.name() => Some(Likeness::Same),
        (true, _, true) => Some(Likeness::Near),
        _ => None,
    }
}

/// Whether an input has a value that somebody chose.
fn tells(field: &Field, inputs: &Object) -> bool {
    let Some(value) = inputs.get(field.name).filter(|value| !value.is_null()) else { return false };
    field.default.is_none_or(|default| !field.kind.same(value, &default()))
}

/// The pairs by what was renamed: those of a scope that was renamed as a whole together.
fn groups<'p, 'a>(pairs: &'p [Pair<'a>]) -> BTreeMap<(String, String), Vec<&'p Pair<'a>>> {
    let mut scopes: BTreeMap<(String, String), Vec<&Pair<'_>>> = BTreeMap::new();
    for pair in pairs {
        scopes.entry(scopes_of(&pair.old.address, &pair.new.address)).or_default().push(pair);
    }
    for pairs in scopes.values_mut() {
        pairs.sort_by_key(|pair| &pair.old.address);
    }
    scopes
}

/// The parts of two addresses that differ: without the segments that both end with.
fn scopes_of(old: &Address, new: &Address) -> (String, String) {
    let (mut old, mut new) = (old.as_str(), new.as_str());
    loop {
        let split =
            |text: &'_ str| text.rsplit_once('.').map_or((0, 0), |(s, _)| (s.len(), s.len() + 1));
        let ((old_end, old_name), (new_end, new_name)) = (split(old), split(new));
        if old.is_empty() || new.is_empty() || old[old_name..] != new[new_name..] {
            return (old.to_owned(), new.to_owned());
        }
        (old, new) = (&old[..old_end], &new[..new_end]);
    }
}

fn warning(change: &Change, summary: &str) -> Diagnostic {
    Diagnostic::warning("plan::renamed", summary)
        .address(&change.address)
        .location(change.location.clone())
}

fn shown(record: &Record) -> String {
    format!("`{}` ({} {})", record.address, record.type_name, record.id)
}

fn command(from: &str, to: &str, goal: &Goal) -> String {
    let (stack, environment) = (&goal.owner.stack, &goal.owner.environment);
    format!("`infra state mv {from} {to} --env {environment} --stack {stack}`")
}

fn one(pair: &Pair<'_>, goal: &Goal) -> Diagnostic {
    let (old, new) = (&pair.old.address, &pair.new.address);
    warning(pair.new, "a resource looks renamed")
        .detail(format!(
            "{} is no longer declared and will be destroyed,\n`{new}` is declared as it was and will \
             be created",
            shown(pair.old)
        ))
        .hint(format!("to keep the object, say it in the code: `.moved_from(\"{old}\")`"))
        .hint(format!("or move its record:\n{}", command(old.as_str(), new.as_str(), goal)))
}

/// The warning of a scope. One command moves it, unless something in it is to stay.
fn scope(
    (from, to): (&str, &str),
    pairs: &[&Pair<'_>],
    recorded: &[&Address],
    goal: &Goal,
) -> Diagnostic {
    let name = |scope: &str| match scope {
        "" => "outside of any scope".to_owned(),
        scope => format!("in `{scope}`"),
    };
    let lines: Vec<_> =
        pairs.iter().map(|pair| format!("{} -> `{}`", shown(pair.old), pair.new.address)).collect();
    let inside = |address: &&&Address| address.as_str().starts_with(&format!("{from}."));
    let whole =
        !from.is_empty() && !to.is_empty() && recorded.iter().filter(inside).count() == pairs.len();
    let commands: Vec<_> = if whole {
        vec![command(from, to, goal)]
    } else {
        let of =
            |pair: &Pair<'_>| command(pair.old.address.as_str(), pair.new.address.as_str(), goal);
        pairs.iter().map(|pair| of(pair)).collect()
    };
    warning(pairs[0].new, "a scope looks renamed")
        .detail(format!(
            "what stood {} stands {} now, and would be destroyed and made anew:\n{}",
            name(from),
            name(to),
            lines.join("\n")
        ))
        .hint("to keep the objects, give each its `.moved_from(\"...\")` in the code")
        .hint(format!("or move their records:\n{}", commands.join("\n")))
}

fn many_of_one(change: &Change, several: &[&Record], goal: &Goal) -> Diagnostic {
    let names: Vec<_> = several.iter().take(SHOWN).map(|record| shown(record)).collect();
    warning(change, "a resource may be renamed, and several could be meant")
        .detail(format!(
            "{} of those that are no longer declared could be `{}`:\n{}",
            several.len(),
            change.address,
            names.join("\n")
        ))
        .hint("if it is one of them, say which in the code: `.moved_from(\"...\")`")
        .hint(format!(
            "or move its record, such as\n{}",
            command(several[0].address.as_str(), change.address.as_str(), goal)
        ))
}

fn one_of_many(record: &Record, several: &[&Address], goal: &Goal) -> Diagnostic {
    let names: Vec<_> = several.iter().take(SHOWN).map(|address| format!("`{address}`")).collect();
    Diagnostic::warning("plan::renamed", "a resource may be renamed, and several could be meant")
        .address(&record.address)
        .location(record.location.clone())
        .detail(format!(
            "{} is no longer declared, and {} of those that are new could be it:\n{}",
            shown(record),
            several.len(),
            names.join(", ")
        ))
        .hint(format!("if it is one of them, say so there: `.moved_from(\"{}\")`", record.address))
        .hint(format!(
            "or move its record, such as\n{}",
            command(record.address.as_str(), several[0].as_str(), goal)
        ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_two_addresses_end_with_is_left_out() {
        let parts = |old: &str, new: &str| {
            let at = |text: &str| Address::parse(text).expect("valid");
            let (old, new) = scopes_of(&at(old), &at(new));
            format!("{old} {new}")
        };
        assert_eq!(parts("network.vpc", "net.vpc"), "network net");
        assert_eq!(parts("a.b.c", "x.b.c"), "a x");
        assert_eq!(parts("vpc", "network.vpc"), " network");
        assert_eq!(parts("network.vpc", "vpc"), "network ");
        assert_eq!(parts("old", "new"), "old new");
        assert_eq!(parts("n.old", "n.new"), "n.old n.new");
    }
}
