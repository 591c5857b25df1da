//! Taking over one object that is named by its id: what would be recorded for it.
//!
//! The main function is [`import`](crate::import()). It reads and writes nothing: the caller shows the
//! record, asks, and writes it.

use infra_sdk::provider::Provider;
use infra_sdk::store::{Record, State};
use infra_sdk::{Address, Declaration, Diagnostic, Reference};

use crate::adopt::taken_over;
use crate::check::{self, Hints as _, near, problem};
use crate::plan::Goal;
use crate::recover::recorded_value;
use crate::{decide, digest, refresh};

/// The record of an object that is to be taken over: see [`import`](crate::import()).
pub(crate) async fn import(
    provider: &dyn Provider,
    state: &State,
    goal: &Goal,
    address: &Address,
    id: &str,
) -> Result<Record, Vec<Diagnostic>> {
    let checked = check::check(provider, &goal.declarations)?;
    let Some(&position) = checked.index.get(address) else {
        let known = goal.declarations.resources.iter().map(|known| known.address.as_str());
        return Err(vec![undeclared(address, known)]);
    };
    let declaration = &goal.declarations.resources[position];
    let schema = checked.schemas[position];
    if let Some(refused) = refused(provider, state, goal, declaration, id) {
        return Err(vec![refused]);
    }
    let place = decide::place(declaration);
    let type_name = &declaration.type_name;
    let target = refresh::import_target(address, type_name, &place, id, &goal.owner);
    let seen = match refresh::read(provider, &[target]).await.pop() {
        Some(Ok(seen)) => seen,
        Some(Err(diagnostic)) => {
            return Err(vec![diagnostic.location(declaration.location.clone())]);
        }
        None => None,
    };
    let Some(observed) = seen else { return Err(vec![missing(declaration, id)]) };
    let resolve = |reference: &Reference| recorded_value(state, reference);
    let desired =
        check::evaluate(declaration, schema, &resolve).map_err(|problem| vec![problem])?;
    let needs = checked.needs[position].iter();
    let mut dependencies: Vec<_> =
        needs.map(|other| goal.declarations.resources[*other].address.clone()).collect();
    dependencies.sort_unstable();
    let mut record =
        taken_over(declaration, schema, &desired, id.to_owned(), &observed, dependencies);
    record.inputs = digest::hide(schema.inputs, &record.inputs, &infra_sdk::Object::new())
        .map_err(|error| {
            vec![crate::unwritable::unwritable(["import::lost", "import::store"], &error)]
        })?;
    Ok(record)
}

/// The error for an address that no program declares, with the nearest of those that one does.
fn undeclared<'n>(address: &Address, known: impl Iterator<Item = &'n str>) -> Diagnostic {
    Diagnostic::error("import::undeclared", "the address is not declared")
        .detail(format!("`{address}`: an object is taken over for a resource of the program"))
        .hints(near(address.as_str(), known))
        .hint("declare it as it is, and import it then")
}

/// The error for an object that is not there.
pub(crate) fn missing(declaration: &Declaration, id: &str) -> Diagnostic {
    refuse(declaration, format!("there is no {} `{id}`", declaration.type_name))
        .hint("check the id, the account and the region")
}

/// The error for an object of a type of which none can be taken over.
pub(crate) fn not_importable(declaration: &Declaration, why: &str) -> Diagnostic {
    refuse(declaration, format!("no {} can: {why}", declaration.type_name))
        .hint("let infra make one, and change what uses the old one")
}

pub(crate) fn refuse(declaration: &Declaration, detail: String) -> Diagnostic {
    problem("plan::import", "an object cannot be taken over", declaration).detail(detail)
}

/// Why an object cannot be recorded for a resource, whatever the cloud says.
fn refused(
    provider: &dyn Provider,
    state: &State,
    goal: &Goal,
    declaration: &Declaration,
    id: &str,
) -> Option<Diagnostic> {
    let address = &declaration.address;
    let options = format!("--env {} --stack {}", goal.owner.environment, goal.owner.stack);
    if let Some(why) = provider.not_importable(&declaration.type_name) {
        return Some(not_importable(declaration, why));
    }
    if let Some(record) = state.records.get(address) {
        let what =
            format!("`{address}` is recorded already, with {} {}", record.type_name, record.id);
        let refused = refuse(declaration, what);
        return Some(if record.id == id {
            refused.hint("nothing has to be done")
        } else {
            refused.hint("declare another resource for it").hint(format!(
                "or let go of what is recorded:\n`infra state rm {address} {options}`"
            ))
        });
    }
    let from = declaration.arguments.options.moved_from.as_deref();
    let from = from.and_then(|from| Address::parse(from).ok());
    if let Some(from) = from.filter(|from| state.records.contains_key(from)) {
        let what = format!("what is recorded at `{from}` moves to `{address}`");
        return Some(refuse(declaration, what).hint("apply the move, or remove `moved_from`"));
    }
    let other = managed(state, declaration, id)?;
    let hint = format!("move it:\n`infra state mv {other} {address} {options}`");
    Some(refuse(declaration, format!("`{id}` belongs to `{other}` already")).hint(hint))
}

/// The address that has an object of this type, place and id already.
pub(crate) fn managed<'s>(
    state: &'s State,
    declaration: &Declaration,
    id: &str,
) -> Option<&'s Address> {
    let place = decide::place(declaration);
    let same = |record: &&Record| {
        record.type_name == declaration.type_name
            && record.place == place
            && (record.id == id || record.deposed.iter().any(|deposed| deposed.id == id))
    };
    state.records.values().find(same).map(|record| &record.address)
}
