//! Names that are taken: creates that AWS will refuse because something has that name, whoever made
//! it. Without this AWS says so in the middle of a run.

use std::collections::BTreeMap;

use infra_sdk::preflight::{PlannedAction, PlannedOperation, Preflight};
use infra_sdk::provider::{Owner, Place};
use infra_sdk::shell::word;
use infra_sdk::{Address, Diagnostic};

use super::blocking::text;
use super::run::unchecked;
use crate::frame::adapter::AnyHandler;
use crate::frame::provider::{AwsProvider, handler};
use crate::frame::tags;

/// What has a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// Something in this account.
    Object {
        /// What AWS calls it.
        id: String,
        /// Its tags, ownership included.
        tags: BTreeMap<String, String>,
    },
    /// Something that the caller may not look at, here or in another account.
    Elsewhere,
}

/// A create whose user chose the name.
struct Named<'a> {
    operation: &'a PlannedOperation,
    handler: &'static dyn AnyHandler,
    name: &'a str,
}

/// Creates of names that are taken, or that two creates of the plan want.
pub(super) async fn find(provider: &AwsProvider, flight: &Preflight) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut wanted: BTreeMap<(&str, &Place, &str), &Address> = BTreeMap::new();
    let mut groups: BTreeMap<(&str, &Place), Vec<Named<'_>>> = BTreeMap::new();
    for named in flight.operations.iter().filter_map(named) {
        let Named { operation, name, .. } = named;
        let key = (operation.type_name.as_str(), &operation.place, name);
        if let Some(other) = wanted.insert(key, &operation.address) {
            found.push(at(operation, twice(name, other)));
            continue;
        }
        match operation.action {
            // The name is free by the time it is wanted, or never is.
            PlannedAction::Replace { create_first } if keeps_name(&named) => {
                found.extend(create_first.then(|| at(operation, kept(name))));
            }
            _ if operation.sent => {}
            _ => groups.entry((key.0, key.1)).or_default().push(named),
        }
    }
    let asked = groups.into_values().map(|group| ask(provider, flight, group));
    found.extend(futures_util::future::join_all(asked).await.into_iter().flatten());
    found
}

fn named(operation: &PlannedOperation) -> Option<Named<'_>> {
    let handler = handler(&operation.type_name)?;
    let name = text(&operation.after, handler.calls().named_by?)?;
    operation.makes().then_some(Named { operation, handler, name })
}

fn keeps_name(named: &Named<'_>) -> bool {
    let argument = named.handler.calls().named_by;
    argument.and_then(|argument| text(&named.operation.before, argument)) == Some(named.name)
}

/// Asks for names of one type in one place.
async fn ask(provider: &AwsProvider, flight: &Preflight, group: Vec<Named<'_>>) -> Vec<Diagnostic> {
    let Some(Named { operation, handler, .. }) = group.first() else { return Vec::new() };
    let what = "whether names are taken";
    let aws = match provider.clients(&operation.place).await {
        Ok(aws) => aws,
        Err(failure) => return vec![unchecked(what, &failure)],
    };
    let asked: Vec<_> = group.iter().map(|named| (named.name, &named.operation.after)).collect();
    let answers = handler.holders(provider.context(&aws), &asked).await;
    let mut found = Vec::new();
    for (named, answer) in group.iter().zip(answers) {
        match answer {
            Ok(None) => {}
            Ok(Some(holder)) => found.push(at(named.operation, taken(flight, named, &holder))),
            Err(failure) => found.push(unchecked(what, &failure)),
        }
    }
    found
}

fn at(operation: &PlannedOperation, diagnostic: Diagnostic) -> Diagnostic {
    diagnostic.address(&operation.address).location(operation.location.clone())
}

fn twice(name: &str, other: &Address) -> Diagnostic {
    Diagnostic::error("preflight::taken", "two resources want the same name")
        .detail(format!("`{other}` is to be called `{name}` too"))
        .hint("give one of them another name")
}

fn kept(name: &str) -> Diagnostic {
    Diagnostic::error("preflight::taken", "its name is taken by what it replaces")
        .detail(format!(
            "the new one is made before the old one is deleted, and both are to be called `{name}`"
        ))
        .hint("leave `create_before_destroy` out, or let the name change with it")
}

fn taken(flight: &Preflight, named: &Named<'_>, holder: &Holder) -> Diagnostic {
    let Named { operation, name, .. } = named;
    let (id, tags) = match holder {
        Holder::Object { id, tags } => (id, tags),
        Holder::Elsewhere => {
            return Diagnostic::error("preflight::taken", "its name is taken")
                .detail(format!("`{name}` belongs to somebody else, or may not be looked at"))
                .hint("choose another name");
        }
    };
    let goes = flight.operations.iter().find(|other| {
        other.deletes()
            && other.type_name == operation.type_name
            && (other.id.as_deref() == Some(id.as_str())
                || named
                    .handler
                    .calls()
                    .named_by
                    .and_then(|argument| text(&other.before, argument))
                    == Some(*name))
    });
    if let Some(other) = goes {
        let (old, new) = (&other.address, &operation.address);
        return Diagnostic::warning("preflight::taken", "a name is still taken")
            .detail(format!(
                "`{old}` has the name `{name}` and is deleted in the same run, perhaps too late"
            ))
            .hint(format!("if `{new}` is `{old}` renamed, say so: `moved_from(\"{old}\")`"));
    }
    let error = Diagnostic::error("preflight::taken", "its name is taken")
        .detail(format!("`{id}` is there already{}", whose(operation, tags)));
    if is_its_own(&operation.owner, &operation.address, tags) {
        return error.hint("record it: run this command with `--adopt`");
    }
    let (address, Owner { stack, environment }) = (&operation.address, &*operation.owner);
    let (id, stack, environment) = (word(id), word(stack), word(environment));
    error
        .hint(format!(
            "take it over: `infra import {address} {id} --env {environment} --stack {stack}`"
        ))
        .hint("or choose another name")
}

fn is_its_own(owner: &Owner, address: &Address, tags: &BTreeMap<String, String>) -> bool {
    tags::is_ours(&tags::ownership(owner, address), tags)
}

/// Whose an object is, as far as its tags say.
fn whose(operation: &PlannedOperation, tags: &BTreeMap<String, String>) -> String {
    let (stack, address) = (tags.get(tags::STACK), tags.get(tags::ADDRESS));
    match (stack, tags.get(tags::ENVIRONMENT), address) {
        (Some(_), Some(_), Some(_)) if is_its_own(&operation.owner, &operation.address, tags) => {
            "; by its tags it is this resource, which is not recorded".to_owned()
        }
        (Some(stack), Some(environment), Some(address)) => {
            format!("; by its tags it is `{address}` of stack `{stack}` in `{environment}`")
        }
        _ => ", and infra did not make it".to_owned(),
    }
}
