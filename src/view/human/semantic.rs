//! What differs between two values, part by part: a statement of a policy with the same statement, a
//! rule with the rule of its name, an entry of a set with nothing at all.
//!
//! Start reading at [`difference`]. Parts belong together by what names them, else by how much of them
//! is the same. Nothing sensitive is shown: what names a part is never taken from a sensitive value.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use anstyle::Style;
use infra_sdk::{Kind, Object, Value};
use similar::{Algorithm, DiffTag, capture_diff_slices_deadline};

use super::look::Look;
use super::values::{COMPARED_WITHIN, first_of, inline, key, lines, text_difference};
use crate::view::text::{ADD, CHANGE, FAINT, REMOVE, paint};

/// What names a part among others, the surest first: of policies, of AWS's own JSON, of our blocks.
const NAMES: [&str; 11] =
    ["Sid", "sid", "name", "Name", "container_name", "key", "Key", "id", "ID", "Id", "index_name"];

/// What names a part where nothing else does, if there is enough in common: rules of firewalls and of
/// listeners.
const PLACE: &str = "priority";

/// As many pairs are tried for parts that nothing names; more of them are told as gone and new.
const MOST_PAIRS: usize = 2_500;

/// From this share on two parts are one that was changed.
const ALIKE: f64 = 0.5;

/// And from this one on where they have different names: one that was renamed.
const RENAMED: f64 = 0.75;

/// A change of at most so many characters stands on one line.
const ONE_LINE: usize = 100;

/// The lines that tell what differs, each with its sign. What is the same is counted.
pub(crate) fn difference(
    before: &Value,
    after: &Value,
    kind: Option<&Kind>,
    look: Look,
) -> Vec<String> {
    let canonical = |value: &Value| match kind {
        // The order of a set means nothing: the same order on both sides hides what is the same.
        Some(kind) => kind.canonical(value),
        None => value.clone(),
    };
    let mut written = BTreeMap::new();
    if kind.is_some() {
        spellings(&opened(before), &mut written);
        spellings(&opened(after), &mut written);
    }
    let (before, after) = (canonical(before), canonical(after));
    let (old, new) = (spelled(&opened(&before), &written), spelled(&opened(&after), &written));
    let mut tree = Tree { lines: Vec::new(), changes: 0, look };
    match (&old, &new) {
        (Value::Map(old), Value::Map(new)) => tree.maps(0, old, new, kind, None),
        (Value::List(old), Value::List(new)) => tree.lists(0, old, new, kind),
        (Value::Null, new) => tree.value(0, (ADD, "+"), "", new),
        (old, Value::Null) => tree.value(0, (REMOVE, "-"), "", old),
        _ => tree.whole(0, &before, &after),
    }
    if tree.lines.is_empty() {
        let why = if before.has_sensitive() || after.has_sensitive() {
            "# only a sensitive part differs"
        } else {
            "# the same, written in another way"
        };
        tree.lines.push(format!("  {}", paint(FAINT, why)));
    }
    first_of(tree.lines)
}

/// A change on one line, where it fits on one: `old -> new`.
pub(crate) fn on_one_line(before: &Value, after: &Value, look: Look) -> Option<String> {
    let (old, new) = (inline(before)?, inline(after)?);
    let fits = old.chars().count() + new.chars().count() <= ONE_LINE;
    fits.then(|| format!("{old} {} {new}", paint(FAINT, look.arrow())))
}

/// JSON within a text, as what it says.
fn opened(value: &Value) -> Cow<'_, Value> {
    if let Value::String(text) = value
        && matches!(text.trim_start().chars().next(), Some('{' | '['))
        && let Ok(json) = serde_json::from_str::<serde_json::Value>(text)
    {
        return Cow::Owned(Value::from_json(&json));
    }
    Cow::Borrowed(value)
}

/// How the texts of a value are written, by their lower-case form. What is written in lower case
/// anywhere stays so: there case may mean something. What is sensitive lends nothing.
fn spellings(value: &Value, written: &mut BTreeMap<String, String>) {
    let note = |text: &String, written: &mut BTreeMap<String, String>| {
        let lower = text.to_lowercase();
        if written.get(&lower) != Some(&lower) {
            written.insert(lower, text.clone());
        }
    };
    match value {
        Value::String(text) => note(text, written),
        Value::List(items) => items.iter().for_each(|item| spellings(item, written)),
        Value::Map(entries) => {
            for (name, item) in entries {
                note(name, written);
                spellings(item, written);
            }
        }
        _ => {}
    }
}

/// A value with its texts as somebody wrote them, where its canonical form has them in lower case.
/// Both sides are spelled alike, so that what is the same stays the same.
fn spelled(value: &Value, written: &BTreeMap<String, String>) -> Value {
    let text = |text: &String| written.get(text).unwrap_or(text).clone();
    match value {
        Value::String(content) => Value::String(text(content)),
        Value::List(items) => Value::List(items.iter().map(|i| spelled(i, written)).collect()),
        Value::Map(entries) => {
            Value::Map(entries.iter().map(|(name, v)| (text(name), spelled(v, written))).collect())
        }
        other => other.clone(),
    }
}

/// The lines so far.
struct Tree {
    lines: Vec<String>,
    /// How many of them have a sign.
    changes: usize,
    look: Look,
}

impl Tree {
    fn line(&mut self, depth: usize, sign: &str, text: &str) {
        self.lines.push(format!("{:1$}{sign} {text}", "", depth * 4));
    }

    /// What is not what it was.
    fn changed(&mut self, depth: usize, text: &str) {
        self.changes += 1;
        self.line(depth, &paint(CHANGE, "~"), text);
    }

    /// A value that is new, or gone, or stays.
    fn value(&mut self, depth: usize, (style, sign): (Style, &str), label: &str, value: &Value) {
        self.changes += usize::from(sign != " ");
        let sign = paint(style, sign);
        let opened = opened(value);
        for (number, text) in lines(&opened).iter().enumerate() {
            if number == 0 && !label.is_empty() {
                self.line(depth, &sign, &format!("{label} = {text}"));
            } else {
                self.line(depth, &sign, text);
            }
        }
    }

    /// Something that stays, where that is told.
    fn kept(&mut self, depth: usize, label: &str, value: &Value, folded: &mut usize) {
        if self.look.is_verbose() {
            self.value(depth, (FAINT, " "), label, value);
        } else {
            *folded += 1;
        }
    }

    fn fold(&mut self, depth: usize, count: usize) {
        if count > 0 {
            self.line(depth, " ", &paint(FAINT, &format!("# ({count} unchanged)")));
        }
    }

    /// Two values of one name.
    fn pair(
        &mut self,
        depth: usize,
        label: &str,
        (before, after): (&Value, &Value),
        kind: Option<&Kind>,
    ) {
        match (before, after) {
            (Value::Null, _) => return self.value(depth, (ADD, "+"), label, after),
            (_, Value::Null) => return self.value(depth, (REMOVE, "-"), label, before),
            _ => {}
        }
        let (old, new) = (opened(before), opened(after));
        match (&*old, &*new) {
            (Value::Map(old), Value::Map(new)) => {
                self.changed(depth, label);
                self.maps(depth + 1, old, new, kind, None);
            }
            (Value::List(old), Value::List(new)) => {
                self.changed(depth, label);
                self.lists(depth + 1, old, new, kind);
            }
            _ => match on_one_line(before, after, self.look) {
                Some(text) => self.changed(depth, &format!("{label} = {text}")),
                None => {
                    self.changed(depth, label);
                    self.whole(depth + 1, before, after);
                }
            },
        }
    }

    /// Two values that have no parts in common: texts line by line, and anything else whole.
    fn whole(&mut self, depth: usize, before: &Value, after: &Value) {
        if let (Value::String(old), Value::String(new)) = (before, after)
            && (old.contains('\n') || new.contains('\n'))
        {
            self.changes += 1;
            for line in text_difference(before, after, self.look) {
                self.lines.push(format!("{:1$}{line}", "", depth * 4));
            }
            return;
        }
        self.value(depth, (REMOVE, "-"), "", before);
        self.value(depth, (ADD, "+"), "", after);
    }

    /// Entries by name, but for one that stands in the title.
    fn maps(
        &mut self,
        depth: usize,
        before: &Object,
        after: &Object,
        kind: Option<&Kind>,
        told: Option<&str>,
    ) {
        let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        let mut folded = 0;
        for name in names.into_iter().filter(|name| told != Some(name.as_str())) {
            let null = Value::Null;
            let (old, new) = (before.get(name).unwrap_or(&null), after.get(name).unwrap_or(&null));
            let kind = match kind {
                Some(Kind::Map(item)) => Some(*item),
                Some(Kind::Block(fields)) => {
                    fields.iter().find(|field| field.name == *name).map(|field| &field.kind)
                }
                _ => None,
            };
            let label = key(name);
            if old != new {
                self.pair(depth, &label, (old, new), kind);
            } else if !old.is_null() {
                self.kept(depth, &label, old, &mut folded);
            }
        }
        self.fold(depth, folded);
    }

    fn lists(&mut self, depth: usize, before: &[Value], after: &[Value], kind: Option<&Kind>) {
        let item = match kind {
            Some(Kind::List(item) | Kind::Set(item)) => Some(*item),
            _ => None,
        };
        let begun = (self.lines.len(), self.changes);
        let (old, new) = (parts(before), parts(after));
        if let (Some(old), Some(new)) = (by_name(&old), by_name(&new))
            && !(old.is_empty() && new.is_empty())
        {
            self.maps(depth, &old, &new, None, None);
        } else if old.iter().chain(&new).any(|part| matches!(**part, Value::Map(_))) {
            self.members(depth, &old, &new, item);
        } else {
            self.sequence(depth, &old, &new);
        }
        if self.changes == begun.1 {
            // What stays is no difference.
            self.lines.truncate(begun.0);
            self.line(depth, " ", &paint(FAINT, "# the same, in another order"));
        }
    }

    /// Values whose order may mean something.
    fn sequence(&mut self, depth: usize, before: &[Cow<'_, Value>], after: &[Cow<'_, Value>]) {
        let prints =
            |values: &[Cow<'_, Value>]| values.iter().map(|v| print(v)).collect::<Vec<_>>();
        let (old, new) = (prints(before), prints(after));
        if sorted(&old) == sorted(&new) {
            return;
        }
        let mut folded = 0;
        let deadline = Some(Instant::now() + COMPARED_WITHIN);
        for step in capture_diff_slices_deadline(Algorithm::Myers, &old, &new, deadline) {
            let (tag, old, new) = step.as_tag_tuple();
            if tag == DiffTag::Equal {
                for value in &after[new] {
                    self.kept(depth, "", value, &mut folded);
                }
                continue;
            }
            before[old].iter().for_each(|value| self.value(depth, (REMOVE, "-"), "", value));
            after[new].iter().for_each(|value| self.value(depth, (ADD, "+"), "", value));
        }
        self.fold(depth, folded);
    }

    /// Parts with names of their own, or with much in common.
    fn members(
        &mut self,
        depth: usize,
        before: &[Cow<'_, Value>],
        after: &[Cow<'_, Value>],
        kind: Option<&Kind>,
    ) {
        let pairs = paired(before, after);
        let matched: BTreeSet<usize> = pairs.values().map(|(old, _)| *old).collect();
        let mut folded = 0;
        for (_, gone) in before.iter().enumerate().filter(|(at, _)| !matched.contains(at)) {
            self.value(depth, (REMOVE, "-"), "", gone);
        }
        for (at, new) in after.iter().enumerate() {
            let Some((old, name)) = pairs.get(&at) else {
                self.value(depth, (ADD, "+"), "", new);
                continue;
            };
            let old = &before[*old];
            let named = name.and_then(|name| Some((name, title(new, name)?)));
            let label = match &named {
                Some((name, value)) => format!("{name} {value}"),
                None => format!("[{at}]"),
            };
            if old == new {
                self.kept(depth, &label, new, &mut folded);
                continue;
            }
            match (&**old, &**new) {
                (Value::Map(old), Value::Map(new)) => {
                    self.changed(depth, &label);
                    self.maps(depth + 1, old, new, kind, named.as_ref().map(|(name, _)| *name));
                }
                (old, new) => self.pair(depth, &label, (old, new), kind),
            }
        }
        self.fold(depth, folded);
    }
}

fn parts(values: &[Value]) -> Vec<Cow<'_, Value>> {
    values.iter().map(opened).collect()
}

fn sorted(prints: &[String]) -> Vec<&String> {
    let mut sorted: Vec<_> = prints.iter().collect();
    sorted.sort_unstable();
    sorted
}

/// Tells two values apart; never shown.
fn print(value: &Value) -> String {
    value.revealed().to_json(&|_| serde_json::Value::Null).to_string()
}

/// For each part of `after` the one of `before` that became it, and what names both.
fn paired(
    before: &[Cow<'_, Value>],
    after: &[Cow<'_, Value>],
) -> BTreeMap<usize, (usize, Option<&'static str>)> {
    let mut old: BTreeSet<usize> = (0..before.len()).collect();
    let mut new: BTreeSet<usize> = (0..after.len()).collect();
    let mut pairs = BTreeMap::new();
    for name in NAMES {
        let (from, to) = (named(before, &old, name), named(after, &new, name));
        for (title, at) in to {
            if let Some(from) = from.get(&title) {
                pairs.insert(at, (*from, Some(name)));
                old.remove(from);
                new.remove(&at);
            }
        }
    }
    if old.len() * new.len() > MOST_PAIRS {
        return pairs;
    }
    let alone = before.len() == 1 && after.len() == 1;
    let mut likely: Vec<(f64, usize, usize)> = old
        .iter()
        .flat_map(|from| new.iter().map(|to| (*from, *to)))
        .map(|(from, to)| (alike(&before[from], &after[to]), from, to))
        .filter(|(share, from, to)| *share >= enough(&before[*from], &after[*to], alone))
        .collect();
    likely.sort_by(|one, other| other.0.total_cmp(&one.0));
    for (_, from, to) in likely {
        if old.contains(&from) && new.contains(&to) {
            let place = same(&before[from], &after[to], PLACE).then_some(PLACE);
            pairs.insert(to, (from, place));
            old.remove(&from);
            new.remove(&to);
        }
    }
    pairs
}

/// How much two parts must have in common to be one. A block of which there is one, before and after,
/// is the same one whatever it has.
fn enough(one: &Value, other: &Value, alone: bool) -> f64 {
    let blocks = matches!((one, other), (Value::Map(_), Value::Map(_)));
    match (is_named(one), is_named(other)) {
        (true, true) if !same(one, other, PLACE) => RENAMED,
        (false, false) if alone && blocks => 0.0,
        _ => ALIKE,
    }
}

/// Whether a part has a name of its own.
fn is_named(value: &Value) -> bool {
    NAMES.iter().any(|name| title(value, name).is_some())
}

/// Whether two parts have the same title of a name.
fn same(one: &Value, other: &Value, name: &str) -> bool {
    title(one, name).is_some_and(|one| title(other, name) == Some(one))
}

/// What a part is called. What is in a sensitive value names nothing.
fn title(value: &Value, name: &str) -> Option<String> {
    let Value::Map(entries) = value else { return None };
    match entries.get(name)? {
        title @ (Value::String(_) | Value::Int(_)) => inline(title),
        _ => None,
    }
}

/// A list of names with one value each as what it means: values by name.
fn by_name(values: &[Cow<'_, Value>]) -> Option<Object> {
    let mut found = Object::new();
    for value in values {
        let Value::Map(entries) = &**value else { return None };
        let name = NAMES.iter().find(|name| entries.contains_key(**name))?;
        let Some(Value::String(title)) = entries.get(*name) else { return None };
        let mut rest = entries.iter().filter(|(key, _)| key != name);
        let (Some((_, value)), None) = (rest.next(), rest.next()) else { return None };
        if found.insert(title.clone(), value.clone()).is_some() {
            return None;
        }
    }
    Some(found)
}

/// Parts by what names them, where that names one alone.
fn named(
    values: &[Cow<'_, Value>],
    among: &BTreeSet<usize>,
    name: &str,
) -> BTreeMap<String, usize> {
    let mut found: BTreeMap<String, Option<usize>> = BTreeMap::new();
    for at in among {
        if let Some(title) = title(&values[*at], name) {
            found.entry(title).and_modify(|at| *at = None).or_insert(Some(*at));
        }
    }
    found.into_iter().filter_map(|(title, at)| Some((title, at?))).collect()
}

/// How much of two values is the same, between nothing and one.
fn alike(one: &Value, other: &Value) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "parts of a value are far fewer than 2^52")]
    let share = |same: f64, of: usize| if of == 0 { 1.0 } else { same / of as f64 };
    match (one, other) {
        (Value::Map(one), Value::Map(other)) => {
            let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            let same = |name: &&String| match (one.get(*name), other.get(*name)) {
                (Some(one), Some(other)) => alike(one, other),
                _ => 0.0,
            };
            share(names.iter().map(same).sum(), names.len())
        }
        (Value::List(one), Value::List(other)) => {
            let prints = |values: &[Value]| values.iter().map(print).collect::<BTreeSet<_>>();
            let (one, other) = (prints(one), prints(other));
            let both = one.intersection(&other).count();
            let same = u32::try_from(both).map_or(0.0, f64::from);
            share(same, one.len().max(other.len()))
        }
        _ => f64::from(u8::from(one == other)),
    }
}

#[cfg(test)]
#[path = "semantic_tests.rs"]
mod tests;
