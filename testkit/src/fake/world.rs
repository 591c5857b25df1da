//! The objects that exist in the fake cloud, and the rules that they obey.
//!
//! The main type is [`World`]. Every method is one atomic effect, or none; what a caller should
//! never have asked for is noted in [`World::violations`].

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use infra_sdk::provider::{
    Create, Existing, Failure, FailureClass, Observed, Owner, Place, Readiness, Target, Update,
};
use infra_sdk::{Field, Kind, Object, Schema, Value};
use tokio::time::Instant;

use super::schemas::{REFERENCES, TYPES};

/// An object that exists.
#[derive(Debug, Clone)]
pub struct Thing {
    /// Its type.
    pub schema: &'static Schema,
    /// Where it is.
    pub place: Place,
    /// The address in its ownership tags.
    pub address: String,
    /// Whose it is.
    pub owner: Option<Owner>,
    /// Token of the create that made it.
    pub token: String,
    /// Inputs, also those that it never tells.
    pub inputs: Object,
    /// Outputs.
    pub outputs: Object,
    /// How often it must be looked at until it is ready.
    pub polls: usize,
    /// How often it must be looked at until a read or a search sees it.
    pub hidden: usize,
    /// Until when no read and no search sees it.
    pub hidden_until: Option<Instant>,
    /// Why it never becomes ready.
    pub broken: Option<String>,
}

impl Thing {
    /// Whether a look does not see it yet; looking counts.
    fn is_hidden(&mut self) -> bool {
        let lags = self.hidden > 0;
        self.hidden = self.hidden.saturating_sub(1);
        lags || self.hidden_until.is_some_and(|until| Instant::now() < until)
    }
}

/// All objects, and what was done wrong to them.
#[derive(Debug, Default)]
pub struct World {
    /// By id.
    pub things: BTreeMap<String, Thing>,
    /// Every id that was ever given out.
    pub issued: BTreeSet<String>,
    /// What the contract of the port forbids and was done.
    pub violations: Vec<String>,
    /// Calls that were refused because of their order: something referred to was not there, or
    /// something still referred to was to be deleted.
    pub out_of_order: Vec<String>,
    /// Polls until ready, by address of what will be created.
    pub slow: BTreeMap<String, usize>,
    /// Looks until visible, by address of what will be created.
    pub lagging: BTreeMap<String, usize>,
    /// Times until visible, by address of what will be created.
    pub hiding: BTreeMap<String, Duration>,
    /// Reasons for never becoming ready, by address of what will be created.
    pub breaking: BTreeMap<String, String>,
    /// Ids by the token that made them, with what was asked for.
    made_by: BTreeMap<String, (String, Object)>,
    /// For each id those of the objects that it cannot be deleted before.
    users: BTreeMap<String, BTreeSet<String>>,
    counter: usize,
}

/// The type of that name.
#[must_use]
pub fn schema(type_name: &str) -> Option<&'static Schema> {
    TYPES.iter().copied().find(|schema| schema.type_name == type_name)
}

impl World {
    /// Makes an object. The same token makes the same object.
    pub(super) fn create(&mut self, request: &Create) -> Result<String, Failure> {
        let about = &request.address;
        let Some(schema) = schema(&request.type_name) else {
            return Err(self.violation(format!("create {about}: unknown type")));
        };
        for (name, value) in &request.inputs {
            if value.has_unknown() || value.has_sensitive() {
                return Err(self.violation(format!("create {about}: `{name}` is not revealed")));
            }
        }
        if let Some(problem) = schema.check(&request.inputs).first() {
            let text = format!("create {about}: `{}` {}", problem.path, problem.message);
            return Err(self.violation(text));
        }
        let twin = self.made_by.get(&request.token);
        if let Some((id, asked, thing)) =
            twin.and_then(|(id, asked)| Some((id, asked, self.things.get(id)?)))
        {
            if thing.address != request.address.as_str() {
                return Err(self.violation(format!("create {about}: the token is another's")));
            }
            if *asked != request.inputs {
                return Err(self.violation(format!("create {about}: the token is of other inputs")));
            }
            return Ok(id.clone());
        }
        self.references(about.as_str(), &request.inputs)?;
        let id = self.id(schema, &request.inputs)?;
        let mut inputs = request.inputs.clone();
        self.choose(schema.inputs, &mut inputs);
        let outputs = outputs(schema, &id);
        let address = request.address.to_string();
        let thing = Thing {
            schema,
            place: request.place.clone(),
            owner: Some((*request.owner).clone()),
            token: request.token.clone(),
            inputs,
            outputs,
            polls: self.slow.remove(&address).unwrap_or_default(),
            hidden: self.lagging.remove(&address).unwrap_or_default(),
            hidden_until: self.hiding.remove(&address).map(|time| Instant::now() + time),
            broken: self.breaking.remove(&address),
            address,
        };
        self.made_by.insert(request.token.clone(), (id.clone(), request.inputs.clone()));
        self.insert(&id, thing);
        Ok(id)
    }

    /// Makes an object outside of any run, as a person would.
    pub(super) fn seed(&mut self, type_name: &str, mut inputs: Object) -> Result<String, Failure> {
        let Some(schema) = schema(type_name) else {
            return Err(Failure::new(FailureClass::Invalid, "unknown type"));
        };
        schema.fill_defaults(&mut inputs);
        let id = self.id(schema, &inputs)?;
        self.choose(schema.inputs, &mut inputs);
        let thing = Thing {
            schema,
            place: Place::default(),
            address: String::new(),
            owner: None,
            token: String::new(),
            inputs,
            outputs: outputs(schema, &id),
            polls: 0,
            hidden: 0,
            hidden_until: None,
            broken: None,
        };
        self.insert(&id, thing);
        Ok(id)
    }

    /// Changes what is listed and nothing else.
    pub(super) fn update(&mut self, request: &Update) -> Result<(), Failure> {
        let about = format!("update {}", request.target.address);
        self.given(&about, &request.target.recorded);
        self.given(&about, &request.observed);
        self.given(&about, &request.inputs);
        let id = &request.target.id;
        let thing = self.at(&request.target, &about)?.clone();
        if request.changed.is_empty() {
            return Err(self.violation(format!("{about}: nothing is to be changed")));
        }
        for field in thing.schema.inputs {
            let null = Value::Null;
            let wanted = request.inputs.get(field.name).unwrap_or(&null);
            let observed = request.observed.get(field.name).unwrap_or(&null);
            let listed = request.changed.iter().any(|name| name == field.name);
            if wanted.has_unknown() || wanted.has_sensitive() {
                return Err(self.violation(format!("{about}: `{}` is not revealed", field.name)));
            }
            if listed == field.kind.same(wanted, observed) {
                let text = format!("{about}: `{}` is listed and the same, or not", field.name);
                return Err(self.violation(text));
            }
            if listed && field.replaces(&request.inputs) {
                let text = format!("{about}: `{}` cannot be changed", field.name);
                return Err(self.violation(text));
            }
        }
        if let Some(unknown) = request.changed.iter().find(|n| thing.schema.input(n).is_none()) {
            return Err(self.violation(format!("{about}: there is no `{unknown}`")));
        }
        let changed: Object = request
            .changed
            .iter()
            .filter_map(|name| Some((name.clone(), request.inputs.get(name)?.clone())))
            .collect();
        self.references(request.target.address.as_str(), &changed)?;
        let mut inputs = thing.inputs;
        for name in &request.changed {
            inputs.remove(name);
        }
        inputs.extend(changed);
        self.choose(thing.schema.inputs, &mut inputs);
        let polls = self.slow.remove(request.target.address.as_str()).unwrap_or_default();
        self.change(id, |thing| {
            thing.inputs = inputs;
            thing.polls = polls;
        });
        Ok(())
    }

    /// Deletes an object, unless another one needs it.
    pub(super) fn delete(&mut self, target: &Target) -> Result<(), Failure> {
        self.given(target.address.as_str(), &target.recorded);
        if !self.issued.contains(&target.id) {
            let text = format!("delete {}: `{}` was never given out", target.address, target.id);
            return Err(self.violation(text));
        }
        let user = self.users.get(&target.id).and_then(BTreeSet::first);
        if let Some(user) = user {
            let text = format!("`{}` is in use by `{user}`", target.id);
            self.out_of_order.push(format!("delete {}: {text}", target.address));
            return Err(Failure::new(FailureClass::DependsOn, text));
        }
        let there = self.things.get(&target.id);
        if there.is_some_and(|t| t.place != target.place || t.schema.type_name != target.type_name)
        {
            return Err(self.violation(format!("delete {}: wrong place or type", target.address)));
        }
        self.remove(&target.id);
        Ok(())
    }

    /// Removes an object, whatever uses it.
    pub(super) fn remove(&mut self, id: &str) {
        if let Some(thing) = self.things.remove(id) {
            self.link(id, &thing, false);
        }
    }

    /// Changes an object, whatever the rules say.
    pub(super) fn change(&mut self, id: &str, change: impl FnOnce(&mut Thing)) {
        if let Some(mut thing) = self.things.remove(id) {
            self.link(id, &thing, false);
            change(&mut thing);
            self.insert(id, thing);
        }
    }

    fn insert(&mut self, id: &str, thing: Thing) {
        self.issued.insert(id.to_owned());
        self.link(id, &thing, true);
        self.things.insert(id.to_owned(), thing);
    }

    /// Notes, or forgets, what an object uses.
    fn link(&mut self, user: &str, thing: &Thing, uses: bool) {
        let blocking = REFERENCES.iter().filter(|(_, blocks)| *blocks);
        for id in blocking.filter_map(|(name, _)| thing.inputs.get(*name)).flat_map(ids) {
            let users = self.users.entry(id.to_owned()).or_default();
            if uses {
                users.insert(user.to_owned());
            } else {
                users.remove(user);
            }
        }
    }

    /// What a read sees of an object; looking counts.
    pub(super) fn look(&mut self, target: &Target) -> Option<Observed> {
        self.given(target.address.as_str(), &target.recorded);
        let thing = self.things.get_mut(&target.id)?;
        if thing.place != target.place || thing.schema.type_name != target.type_name {
            return None;
        }
        if thing.is_hidden() {
            return None;
        }
        let readiness = match &thing.broken {
            Some(reason) => Readiness::Failed(reason.clone()),
            None if thing.polls > 0 => {
                thing.polls -= 1;
                Readiness::Waiting("pending".to_owned())
            }
            None => Readiness::Ready,
        };
        let inputs = told(thing.schema.inputs, &thing.inputs);
        Some(Observed { inputs, outputs: thing.outputs.clone(), readiness })
    }

    /// The ids of what a create may have made.
    pub(super) fn find(&mut self, request: &Create) -> Vec<String> {
        let made = |thing: &Thing| {
            thing.schema.type_name == request.type_name
                && thing.place == request.place
                && (thing.token == request.token
                    || (thing.address == request.address.as_str()
                        && thing.owner.as_ref() == Some(&*request.owner)))
        };
        let mut found: Vec<_> = self.things.iter_mut().filter(|(_, thing)| made(thing)).collect();
        found.retain_mut(|(_, thing)| !thing.is_hidden());
        found.into_iter().map(|(id, _)| id.clone()).collect()
    }

    /// The bucket of that name, whoever made it.
    pub(super) fn existing(&self, request: &Create) -> Option<Existing> {
        let name = request.inputs.get("name")?;
        let (id, thing) = self.things.iter().find(|(_, thing)| {
            thing.schema.type_name == request.type_name && thing.inputs.get("name") == Some(name)
        })?;
        Some(Existing { id: id.clone(), owner: thing.owner.clone() })
    }

    fn at(&mut self, target: &Target, about: &str) -> Result<&Thing, Failure> {
        if !self.issued.contains(&target.id) {
            let text = format!("{about}: `{}` was never given out", target.id);
            return Err(self.violation(text));
        }
        let there = self.things.get(&target.id).is_some_and(|thing| {
            thing.place == target.place && thing.schema.type_name == target.type_name
        });
        match self.things.get(&target.id) {
            Some(thing) if there => Ok(thing),
            _ => Err(Failure::new(FailureClass::Gone, format!("`{}` does not exist", target.id))),
        }
    }

    fn references(&mut self, about: &str, inputs: &Object) -> Result<(), Failure> {
        for value in REFERENCES.iter().filter_map(|(name, _)| inputs.get(*name)) {
            for id in ids(value) {
                if !self.things.contains_key(id) {
                    let text = format!("`{id}` does not exist");
                    self.out_of_order.push(format!("{about}: {text}"));
                    return Err(Failure::new(FailureClass::Invalid, text));
                }
            }
        }
        Ok(())
    }

    fn id(&mut self, schema: &Schema, inputs: &Object) -> Result<String, Failure> {
        if schema.type_name != "test_bucket" {
            self.counter += 1;
            let noun = schema.type_name.trim_start_matches("test_");
            return Ok(format!("{noun}-{}", self.counter));
        }
        let name = inputs.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        if self.things.contains_key(&name) {
            return Err(Failure::new(FailureClass::Exists, format!("`{name}` exists")));
        }
        Ok(name)
    }

    /// Fills in what was left to the cloud to choose.
    fn choose(&mut self, fields: &[Field], entries: &mut Object) {
        for field in fields {
            let value = entries.entry(field.name.to_owned()).or_default();
            if field.computed && value.is_null() {
                self.counter += 1;
                *value = Value::String(format!("{}-{}", field.name, self.counter));
            }
            self.choose_nested(&field.kind, value);
        }
        entries.retain(|_, value| !value.is_null());
    }

    fn choose_nested(&mut self, kind: &Kind, value: &mut Value) {
        match (kind, value) {
            (Kind::Block(fields), Value::Map(entries)) => self.choose(fields, entries),
            (Kind::List(item) | Kind::Set(item), Value::List(items)) => {
                items.iter_mut().for_each(|inner| self.choose_nested(item, inner));
            }
            _ => {}
        }
    }

    /// Notes inputs of an earlier call that are given as no provider can use them.
    fn given(&mut self, about: &str, inputs: &Object) {
        if inputs.values().any(|v| v.has_unknown() || v.has_sensitive()) {
            self.violations.push(format!("{about}: what is recorded is not revealed"));
        }
        if inputs.values().any(has_digest) {
            self.violations.push(format!("{about}: a digest stands in place of a value"));
        }
    }

    fn violation(&mut self, text: String) -> Failure {
        self.violations.push(text.clone());
        Failure::new(FailureClass::Invalid, text)
    }
}

/// Whether a value has a digest in place of a secret: they are for the record alone.
fn has_digest(value: &Value) -> bool {
    match value {
        Value::List(items) => items.iter().any(has_digest),
        Value::Map(entries) => entries.contains_key("$digest") || entries.values().any(has_digest),
        _ => false,
    }
}

fn outputs(schema: &Schema, id: &str) -> Object {
    let value = |field: &Field| match field.name {
        "id" => Value::from(id),
        "secret" => Value::String(format!("secret-of-{id}")),
        name => Value::String(format!("{name}:{id}")),
    };
    schema.outputs.iter().map(|field| (field.name.to_owned(), value(field))).collect()
}

fn ids(value: &Value) -> Vec<&str> {
    match value {
        Value::String(id) => vec![id],
        Value::List(items) => items.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// What the cloud tells: nothing that is write-only, sets in an order of its own, JSON in a form
/// of its own.
fn told(fields: &[Field], entries: &Object) -> Object {
    fields
        .iter()
        .filter(|field| !field.write_only)
        .filter_map(|field| {
            Some((field.name.to_owned(), told_value(&field.kind, entries.get(field.name)?)))
        })
        .collect()
}

fn told_value(kind: &Kind, value: &Value) -> Value {
    match (kind, value) {
        (Kind::Block(fields), Value::Map(entries)) => Value::Map(told(fields, entries)),
        (Kind::List(item), Value::List(items)) => {
            Value::List(items.iter().map(|inner| told_value(item, inner)).collect())
        }
        (Kind::Set(item), Value::List(items)) => {
            Value::List(items.iter().rev().map(|inner| told_value(item, inner)).collect())
        }
        (Kind::Text(text), Value::String(content)) => Value::String((text.canonical)(content)),
        _ => value.clone(),
    }
}
