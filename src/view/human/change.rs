//! One change of a plan as text: what happens to a resource, why, and to which attributes.

use std::collections::BTreeMap;
use std::fmt::Write;

use anstyle::Style;
use infra_engine::{Action, AttributeChange, Change, Reason};
use infra_sdk::{Kind, Object, Schema, Value};

use super::chain;
use super::look::Look;
use super::plan::Schemas;
use super::semantic::{difference, on_one_line};
use super::values::{UNKNOWN, lines};
use crate::view::risk::{can_lose_data, sign, what_happens};
use crate::view::text::{ADD, CHANGE, FAINT, REMOVE, STRONG, paint, plain};

/// The text of a change; empty for a resource that stays as it is. `all` is what the plan changes.
pub(crate) fn render(change: &Change, all: &[Change], schemas: Schemas<'_>, look: Look) -> String {
    let Some(headline) = headline(change) else { return String::new() };
    let schema = schemas(&change.type_name);
    let mut text = format!("{headline}\n");
    let mut note = |words: &str| {
        let _ = writeln!(text, "      {}", paint(FAINT, &format!("# {words}")));
    };
    if let Some(from) = &change.moved_from {
        note(&format!("it was `{from}` before"));
    }
    if change.imported {
        note("it is taken over, not made");
    }
    if can_lose_data(change, schema) {
        note("it can hold data, which is lost");
    }
    change.reasons.iter().filter_map(why).for_each(|reason| note(&plain(&reason)));
    chain::lines(change, all, look).iter().for_each(|line| note(line));
    attributes(&mut text, change, schema, look);
    text.push('\n');
    text
}

/// The change and why, on one line; nothing for a resource that stays as it is.
pub(super) fn brief(change: &Change) -> Option<String> {
    let named = |names: &mut dyn Iterator<Item = &AttributeChange>| {
        names.map(|attribute| plain(&attribute.name)).collect::<Vec<_>>().join(", ")
    };
    let reason = match change.action {
        Action::Update => named(&mut change.attributes.iter()),
        Action::Replace { .. } => {
            named(&mut change.attributes.iter().filter(|a| a.forces_replacement))
        }
        _ => String::new(),
    };
    let reason = if reason.is_empty() {
        change.reasons.iter().find_map(why).map(|why| plain(&why)).unwrap_or_default()
    } else {
        reason
    };
    let headline = headline(change)?;
    Some(if reason.is_empty() { headline } else { format!("{headline}: {reason}") })
}

/// What happens to what; nothing for a resource that stays as it is.
fn headline(change: &Change) -> Option<String> {
    let (style, symbol, what) = match (change.action, &change.moved_from) {
        (Action::NoOp, None) => return None,
        (Action::NoOp, Some(_)) => (CHANGE, "~", "moves in the state"),
        (Action::Forget, _) if change.reasons == [Reason::ForgetRequested] => {
            (CHANGE, ".", "will be forgotten, and stays as it is")
        }
        (action, _) => (style(action), sign(action), what_happens(action)),
    };
    let object = match (&change.id, change.deposed) {
        (Some(id), true) => format!(" (left over, {})", plain(id)),
        (Some(id), false) => format!(" ({})", plain(id)),
        (None, _) => String::new(),
    };
    let address = paint(STRONG, change.address.as_str());
    let kind = plain(&change.type_name);
    Some(format!("{} {address} ({kind}) {what}{object}", signed(style, symbol)))
}

/// A sign in its column.
fn signed(style: Style, sign: &str) -> String {
    paint(style, &format!("{sign:>3}"))
}

/// Many changes alike, on one line.
pub(super) fn alike(changes: &[&Change]) -> Option<String> {
    let first = changes.first()?;
    let names: Vec<_> = changes.iter().take(2).map(|change| change.address.as_str()).collect();
    let more = match changes.len() - names.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Some(format!(
        "{} {} {} {}: {}{more}",
        signed(style(first.action), sign(first.action)),
        paint(STRONG, &changes.len().to_string()),
        plain(&first.type_name),
        what_happens(first.action),
        names.join(", ")
    ))
}

fn style(action: Action) -> Style {
    match action {
        Action::NoOp | Action::Forget => FAINT,
        Action::Import | Action::Create | Action::Replace { create_first: true } => ADD,
        Action::Await | Action::Update => CHANGE,
        Action::Replace { create_first: false } | Action::Delete => REMOVE,
    }
}

/// Why, as a fragment; nothing where the headline says it, or the way that leads there.
pub(super) fn why(reason: &Reason) -> Option<String> {
    let names = |names: &[String]| {
        names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    };
    Some(match reason {
        Reason::NotThereYet
        | Reason::DestroyRequested
        | Reason::Changed(_)
        | Reason::Triggered(_)
        | Reason::DependencyReplaced { .. } => return None,
        Reason::GoneOutside { id } => format!("{id} was deleted outside of infra"),
        Reason::CannotUpdate(attributes) => {
            format!("{} cannot be changed in place", names(attributes))
        }
        Reason::NoLongerDeclared => "it is no longer declared".to_owned(),
        Reason::ReplaceRequested => "its replacement was asked for".to_owned(),
        Reason::LeftOver => "it was replaced earlier and is still there".to_owned(),
        Reason::Unfinished(word) => format!("an earlier run did not see it ready: {word}"),
        Reason::ImportRequested { id } => format!("`import_id` names {id}"),
        Reason::ExistsAlready { id } => {
            format!("{id} is there already, and `adopt_existing` is set")
        }
        Reason::ForgetRequested => "`forget` names it in the code".to_owned(),
    })
}

fn attributes(text: &mut String, change: &Change, schema: Option<&Schema>, look: Look) {
    match (change.action, &change.before, &change.after) {
        (Action::Create, _, Some(after)) => new_attributes(text, after, schema, look),
        (Action::Update | Action::Replace { .. }, before, Some(after)) => {
            let later = |(name, attribute): &(&str, AttributeChange)| {
                !look.is_verbose() && attribute.after == Value::Unknown && made_by_aws(name, schema)
            };
            let (later, shown): (BTreeMap<_, _>, BTreeMap<_, _>) =
                differing(change, before.as_ref(), after).into_iter().partition(later);
            changed_attributes(text, &shown, schema, look);
            known_later(text, later.keys().copied());
            let told = |name: &str| shown.contains_key(name) || later.contains_key(name);
            let kept = after.iter().filter(|(name, value)| !value.is_null() && !told(name));
            unchanged(text, &kept.collect::<Vec<_>>(), look);
        }
        (Action::NoOp | Action::Delete, Some(before), _) if look.is_verbose() => {
            let kept = before.iter().filter(|(_, value)| !value.is_null());
            unchanged(text, &kept.collect::<Vec<_>>(), look);
        }
        _ => {}
    }
}

/// Whether an attribute is AWS's alone to make.
fn made_by_aws(name: &str, schema: Option<&Schema>) -> bool {
    schema.is_some_and(|schema| schema.output(name).is_some() && schema.input(name).is_none())
}

/// Every attribute of an object that will be made. What AWS will say of it is only named.
fn new_attributes(text: &mut String, after: &Object, schema: Option<&Schema>, look: Look) {
    let later = |(name, value): &(&String, &Value)| {
        !look.is_verbose() && **value == Value::Unknown && made_by_aws(name, schema)
    };
    let (later, shown): (Vec<_>, Vec<_>) =
        after.iter().filter(|(_, value)| !value.is_null()).partition(later);
    aligned(text, &shown, &paint(ADD, "+"));
    known_later(text, later.iter().map(|(name, _)| name.as_str()));
}

/// Names and values, with a sign before each.
fn aligned(text: &mut String, shown: &[(&String, &Value)], sign: &str) {
    let width = shown.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    for (name, value) in shown {
        let value = lines(value);
        let mut rest = value.iter();
        let first = rest.next().map_or("", String::as_str);
        let _ = writeln!(text, "      {sign} {:width$} = {first}", plain(name));
        for line in rest {
            let _ = writeln!(text, "          {line}");
        }
    }
}

/// Names what AWS will say of an object.
fn known_later<'n>(text: &mut String, names: impl Iterator<Item = &'n str>) {
    let names: Vec<_> = names.map(plain).collect();
    if !names.is_empty() {
        let words = format!("# {UNKNOWN}: {}", names.join(", "));
        let _ = writeln!(text, "        {}", paint(FAINT, &words));
    }
}

/// What stays as it is: counted, or told where everything is.
fn unchanged(text: &mut String, kept: &[(&String, &Value)], look: Look) {
    if look.is_verbose() {
        aligned(text, kept, " ");
    } else {
        fold(text, kept.len());
    }
}

/// The inputs that differ, and the outputs that will.
fn differing<'a>(
    change: &'a Change,
    before: Option<&'a Object>,
    after: &'a Object,
) -> BTreeMap<&'a str, AttributeChange> {
    let mut shown: BTreeMap<&str, AttributeChange> =
        change.attributes.iter().map(|a| (a.name.as_str(), a.clone())).collect();
    for (name, value) in after.iter().filter(|(_, value)| value.has_unknown()) {
        let old = before.and_then(|before| before.get(name)).cloned().unwrap_or_default();
        shown.entry(name).or_insert_with(|| AttributeChange {
            name: name.clone(),
            before: old,
            after: value.clone(),
            forces_replacement: false,
        });
    }
    shown
}

pub(crate) fn changed_attributes(
    text: &mut String,
    shown: &BTreeMap<&str, AttributeChange>,
    schema: Option<&Schema>,
    look: Look,
) {
    let width = shown.keys().map(|name| name.chars().count()).max().unwrap_or(0);
    for (name, attribute) in shown {
        let kind = schema.and_then(|schema| schema.attribute(name)).map(|field| &field.kind);
        changed_attribute(text, attribute, (kind, look), width);
    }
}

fn changed_attribute(
    text: &mut String,
    attribute: &AttributeChange,
    (kind, look): (Option<&Kind>, Look),
    width: usize,
) {
    let AttributeChange { name, before, after, forces_replacement } = attribute;
    let (style, sign) = match (before, after) {
        (Value::Null, _) => (ADD, "+"),
        (_, Value::Null) => (REMOVE, "-"),
        _ => (CHANGE, "~"),
    };
    let sign = paint(style, sign);
    let force = if *forces_replacement {
        format!("  {}", paint(REMOVE, "# forces replacement"))
    } else {
        String::new()
    };
    let name = plain(name);
    match (lines(after).as_slice(), on_one_line(before, after, look)) {
        ([new], _) if before.is_null() => {
            let _ = writeln!(text, "      {sign} {name:width$} = {new}{force}");
        }
        (_, Some(change)) => {
            let _ = writeln!(text, "      {sign} {name:width$} = {change}{force}");
        }
        _ => {
            let _ = writeln!(text, "      {sign} {name:width$} ={force}");
            for line in difference(before, after, kind, look) {
                let _ = writeln!(text, "          {line}");
            }
        }
    }
}

fn fold(text: &mut String, count: usize) {
    let words = match count {
        0 => return,
        1 => "# (1 unchanged attribute)".to_owned(),
        _ => format!("# ({count} unchanged attributes)"),
    };
    let _ = writeln!(text, "        {}", paint(FAINT, &words));
}
