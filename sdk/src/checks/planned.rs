//! A resource as it is planned, as a rule sees it.
//!
//! The main types are [`PlannedResource`], of any type, and [`Planned`], of a type that is known.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::{Deserialize, Serialize};

use super::Fact;
use crate::{
    Address, Declaration, Expr, FieldType, Function, Location, Object, Output, Reference,
    ResourceType, Schema, Scope, Value,
};

/// What is to be done with a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Nothing.
    Keep,
    /// It is made, or taken over.
    Create,
    /// It is changed in place.
    Update,
    /// It is deleted, and another is made.
    Replace,
    /// It is deleted.
    Delete,
    /// Its record is removed, and nothing of the cloud is changed.
    Forget,
}

/// A resource of the plan, of whatever type.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedResource {
    /// Where it stands in the stack.
    pub address: Address,
    /// Terraform's name of its type.
    pub type_name: String,
    /// What is to be done with it.
    pub action: Action,
    /// The region that it stands in.
    pub region: String,
    /// Where it is or was declared.
    pub location: Option<Location>,
    /// Attributes as they are, inputs and outputs; `None` if it is not there.
    pub before: Option<Object>,
    /// Attributes as they will be, inputs and outputs; `None` if it will be gone.
    pub after: Option<Object>,
    /// The inputs that the declaration sets, each with what it refers to.
    pub inputs: BTreeMap<String, Vec<Reference>>,
    /// Inputs that are JSON text and are known only after apply, as far as they are known: the data
    /// behind the text, with [`Value::Unknown`] in it.
    pub documents: BTreeMap<String, Value>,
}

impl PlannedResource {
    /// The same, with what its declaration says: what each input refers to, and the data behind JSON
    /// text that is not known yet, such as a policy that names what is still to be made. `known` gives
    /// the values of attributes. What is sensitive is not looked into.
    #[must_use]
    pub fn declared_as(
        mut self,
        declaration: &Declaration,
        schema: Option<&Schema>,
        known: &dyn Fn(&Reference) -> Option<Value>,
    ) -> Self {
        for (name, expr) in &declaration.arguments.inputs {
            let references = expr.references().into_iter().cloned().collect();
            self.inputs.insert(name.clone(), references);
            let open = matches!(self.value(name), Value::Unknown)
                && schema.and_then(|s| s.input(name)).is_some_and(|field| !field.sensitive);
            // What cannot be evaluated is an error of the plan, which reports it.
            if let (true, Expr::Call(Function::JsonEncode, arguments)) = (open, expr)
                && let Some(Ok(data)) = arguments.first().map(|data| data.evaluate(known))
            {
                self.documents.insert(name.clone(), data);
            }
        }
        self
    }

    /// What is known of an attribute of this name.
    #[must_use]
    pub fn fact<T: FieldType>(&self, name: &str) -> Fact<T> {
        Fact::of(self.value(name))
    }

    /// The value of an attribute as it will be, with unknown and sensitive parts in it. Null for one
    /// that is not set.
    #[must_use]
    pub fn value(&self, name: &str) -> &Value {
        static NULL: Value = Value::Null;
        self.after.as_ref().and_then(|after| after.get(name)).unwrap_or(&NULL)
    }

    /// The data behind an attribute that is JSON text, as far as it is known: parts may be
    /// [`Value::Unknown`]. `None` where there is no such text, or nothing of it is known.
    #[must_use]
    pub fn document(&self, name: &str) -> Option<Value> {
        if let Some(text) = self.fact::<String>(name).known() {
            return serde_json::from_str(&text).ok().map(|json| Value::from_json(&json));
        }
        self.documents.get(name).cloned()
    }

    /// Whether an input of this name refers to an attribute of the resource at an address.
    #[must_use]
    pub fn refers(&self, name: &str, to: &Address) -> bool {
        self.references(name).any(|reference| reference.address == *to)
    }

    /// What an input of this name refers to.
    pub fn references(&self, name: &str) -> impl Iterator<Item = &Reference> {
        self.inputs.get(name).into_iter().flatten()
    }
}

/// A resource of the plan whose type is known.
#[derive(Debug)]
pub struct Planned<'p, T> {
    resource: &'p PlannedResource,
    marker: PhantomData<fn() -> T>,
}

impl<T> Clone for Planned<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Planned<'_, T> {}

impl<T> Deref for Planned<'_, T> {
    type Target = PlannedResource;

    fn deref(&self) -> &PlannedResource {
        self.resource
    }
}

impl<T> AsRef<PlannedResource> for Planned<'_, T> {
    fn as_ref(&self) -> &PlannedResource {
        self.resource
    }
}

impl AsRef<Self> for PlannedResource {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl<'p, T: ResourceType> Planned<'p, T> {
    /// A resource as one of this type; `None` if it is of another.
    #[must_use]
    pub fn of(resource: &'p PlannedResource) -> Option<Self> {
        (resource.type_name == T::SCHEMA.type_name)
            .then_some(Self { resource, marker: PhantomData })
    }

    /// What is known of an attribute, an input or an output: `bucket.get(|b| b.force_destroy())`.
    #[must_use]
    pub fn get<V: FieldType, S: Scope>(
        &self,
        attribute: impl FnOnce(&T::Handle) -> Output<V, S>,
    ) -> Fact<V> {
        let name = self.name_of(attribute);
        let left_out = T::SCHEMA.input(&name).is_some() && !self.inputs.contains_key(&name);
        match self.resource.fact(&name) {
            // An input that was left out is AWS's choice, which is not known yet.
            Fact::Unknown if left_out => Fact::Absent,
            fact => fact,
        }
    }

    /// The data behind an attribute that is JSON text, as far as it is known.
    #[must_use]
    pub fn json<V, S: Scope>(
        &self,
        attribute: impl FnOnce(&T::Handle) -> Output<V, S>,
    ) -> Option<Value> {
        self.resource.document(&self.name_of(attribute))
    }

    /// The blocks of an attribute, as far as they are known: parts may be [`Value::Unknown`].
    pub fn blocks<V, S: Scope>(
        &self,
        attribute: impl FnOnce(&T::Handle) -> Output<V, S>,
    ) -> Vec<&'p Object> {
        match self.resource.value(&self.name_of(attribute)).reveal() {
            Value::List(items) => items.iter().filter_map(Value::as_map).collect(),
            Value::Map(entries) => vec![entries],
            _ => Vec::new(),
        }
    }

    /// The inputs as they will be, where all of them are known and none is sensitive.
    #[must_use]
    pub fn after(&self) -> Option<T> {
        decode(self.resource.after.as_ref())
    }

    /// The inputs as they are, where the resource is there and none of them is sensitive.
    #[must_use]
    pub fn before(&self) -> Option<T> {
        decode(self.resource.before.as_ref())
    }

    /// Terraform's name of an attribute.
    pub(super) fn name_of<V, S: Scope>(
        &self,
        attribute: impl FnOnce(&T::Handle) -> Output<V, S>,
    ) -> String {
        let output = attribute(&T::handle(self.resource.address.clone()));
        output.reference().map(|reference| reference.attribute.clone()).unwrap_or_default()
    }
}

/// Reads the inputs of a resource.
fn decode<T: ResourceType>(attributes: Option<&Object>) -> Option<T> {
    let inputs: Object = attributes?
        .iter()
        .filter(|(name, _)| T::SCHEMA.input(name).is_some())
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let open = inputs.values().any(|value| value.has_unknown() || value.has_sensitive());
    if open { None } else { T::from_object(&inputs).ok() }
}
