//! One change of a plan as text: what happens to a resource, why, and to which attributes.

use std::collections::BTreeMap;
use std::fmt::Write;

use anstyle::Style;
use infra_engine::{Action, AttributeChange, Change, Reason};
use infra_sdk::{Kind, Object, Schema, Value};

use super::values::{difference, inline, lines};
use crate::view::risk::{sign, what_happens};
use crate::view::text::{ADD, CHANGE, FAINT, REMOVE, STRONG, paint, plain};

/// The text of a change; empty for a resource that stays as it is.
pub(crate) fn render(change: &Change, schema: Option<&Schema>) -> String {
    let (style, symbol, what) = match (change.action, &change.moved_from) {
        (Action::NoOp, None) => return String::new(),
        (Action::NoOp, Some(_)) => (CHANGE, "~", "moves in the state"),
        (Action::Forget, _) if change.reasons == [Reason::ForgetRequested] => {
            (CHANGE, ".", "will be forgotten, and stays as it is")
        }
        (action, _) => (style(action), sign(action), what_happens(action)),
    };
    let mut text = String::new();
    let object = match (&change.id, change.deposed) {
        (Some(id), true) => format!(" (left over, {})", plain(id)),
        (Some(id), false) => format!(" ({})", plain(id)),
        (None, _) => String::new(),
    };
    let address = paint(STRONG, change.address.as_str());
    let kind = plain(&change.type_name);
    let symbol = paint(style, &format!("{symbol:>3}"));
    let _ = writeln!(text, "{symbol} {address} ({kind}) {what}{object}");
    if let Some(from) = &change.moved_from {
        let _ = writeln!(text, "      {}", paint(FAINT, &format!("# it was `{from}` before")));
    }
    if change.imported {
        let _ = writeln!(text, "      {}", paint(FAINT, "# it is taken over, not made"));
    }
    for reason in change.reasons.iter().filter_map(why) {
        let _ = writeln!(text, "      {}", paint(FAINT, &format!("# {}", plain(&reason))));
    }
    attributes(&mut text, change, schema);
    text.push('\n');
    text
}

fn style(action: Action) -> Style {
    match action {
        Action::NoOp | Action::Forget => FAINT,
        Action::Import | Action::Create | Action::Replace { create_first: true } => ADD,
        Action::Await | Action::Update => CHANGE,
        Action::Replace { create_first: false } | Action::Delete => REMOVE,
    }
}

/// Why, as a fragment; nothing where the headline says it.
fn why(reason: &Reason) -> Option<String> {
    let names = |names: &[String]| {
        names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    };
    Some(match reason {
        Reason::NotThereYet | Reason::DestroyRequested | Reason::Changed(_) => return None,
        Reason::GoneOutside { id } => format!("{id} was deleted outside of infra"),
        Reason::CannotUpdate(attributes) => {
            format!("{} cannot be changed in place", names(attributes))
        }
        Reason::NoLongerDeclared => "it is no longer declared".to_owned(),
        Reason::Triggered(reference) => {
            format!("`{}.{}` changes", reference.address, reference.attribute)
        }
        Reason::DependencyReplaced(address) => format!("`{address}` is replaced"),
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

fn attributes(text: &mut String, change: &Change, schema: Option<&Schema>) {
    match (change.action, &change.before, &change.after) {
        (Action::Create, _, Some(after)) => new_attributes(text, after),
        (Action::Update | Action::Replace { .. }, before, Some(after)) => {
            let shown = differing(change, before.as_ref(), after);
            changed_attributes(text, &shown, schema);
            let unchanged =
                after.iter().filter(|(n, v)| !v.is_null() && !shown.contains_key(n.as_str()));
            fold(text, unchanged.count());
        }
        _ => {}
    }
}

/// Every attribute of an object that will be made.
fn new_attributes(text: &mut String, after: &Object) {
    let shown: Vec<_> = after.iter().filter(|(_, value)| !value.is_null()).collect();
    let width = shown.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let sign = paint(ADD, "+");
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
) {
    let width = shown.keys().map(|name| name.chars().count()).max().unwrap_or(0);
    for (name, attribute) in shown {
        let kind = schema.and_then(|schema| schema.attribute(name)).map(|field| &field.kind);
        changed_attribute(text, attribute, kind, width);
    }
}

fn changed_attribute(
    text: &mut String,
    attribute: &AttributeChange,
    kind: Option<&Kind>,
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
    match (inline(before), inline(after)) {
        (Some(_), Some(new)) if *before == Value::Null => {
            let _ = writeln!(text, "      {sign} {name:width$} = {new}{force}");
        }
        (Some(old), Some(new)) => {
            let arrow = paint(FAINT, "->");
            let _ = writeln!(text, "      {sign} {name:width$} = {old} {arrow} {new}{force}");
        }
        _ => {
            let _ = writeln!(text, "      {sign} {name:width$} ={force}");
            for line in difference(before, after, kind) {
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
