//! The plan of a stack, as a rule sees it.
//!
//! The main type is [`PlanView`].

use super::{Action, Planned, PlannedResource};
use crate::{Environment, Output, ResourceType, Scope, Value};

/// The plan of a stack, as a rule sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanView {
    /// The stack's name.
    pub stack: String,
    /// The environment that it is planned for.
    pub environment: Environment,
    /// Every resource that is declared or recorded.
    pub all: Vec<PlannedResource>,
}

impl PlanView {
    /// The environment that the stack is planned for.
    #[must_use]
    pub fn env(&self) -> &Environment {
        &self.environment
    }

    /// The resources of a type that will be there.
    #[must_use]
    pub fn resources<T: ResourceType>(&self) -> Vec<Planned<'_, T>> {
        self.all
            .iter()
            .filter(|resource| resource.after.is_some())
            .filter_map(Planned::of)
            .collect()
    }

    /// The resources of a type that are deleted, those that are replaced included.
    #[must_use]
    pub fn deleted<T: ResourceType>(&self) -> Vec<Planned<'_, T>> {
        let gone = |r: &&PlannedResource| matches!(r.action, Action::Delete | Action::Replace);
        self.all.iter().filter(gone).filter_map(Planned::of).collect()
    }

    /// The resources of a type any input of which refers to this resource.
    #[must_use]
    pub fn referring<T: ResourceType>(
        &self,
        to: &impl AsRef<PlannedResource>,
    ) -> Vec<Planned<'_, T>> {
        let to = &to.as_ref().address;
        let mut found = self.resources::<T>();
        found.retain(|resource| {
            resource.inputs.values().flatten().any(|reference| reference.address == *to)
        });
        found
    }

    /// The resources of a type one input of which names this resource, by a reference or by its id or
    /// ARN: `plan.attached(&bucket, |policy: &BucketPolicyHandle| policy.bucket())`.
    #[must_use]
    pub fn attached<T: ResourceType, V, S: Scope>(
        &self,
        to: &impl AsRef<PlannedResource>,
        by: impl Fn(&T::Handle) -> Output<V, S>,
    ) -> Vec<Planned<'_, T>> {
        let to = to.as_ref();
        let mut found = self.resources::<T>();
        found.retain(|resource| names(resource, &resource.name_of(&by), to));
        found
    }

    /// The resource of a type that an input names, by a reference or by its id or ARN.
    #[must_use]
    pub fn target<T: ResourceType, U: ResourceType, V, S: Scope>(
        &self,
        from: &Planned<'_, U>,
        by: impl FnOnce(&U::Handle) -> Output<V, S>,
    ) -> Option<Planned<'_, T>> {
        let name = from.name_of(by);
        self.resources::<T>().into_iter().find(|to| names(from, &name, to))
    }
}

/// Whether an input names a resource.
fn names(from: &PlannedResource, input: &str, to: &PlannedResource) -> bool {
    if from.refers(input, &to.address) {
        return true;
    }
    let value = from.value(input);
    let is = |text: &Value| {
        text.as_str().is_some()
            && ["id", "arn"].iter().any(|name| to.value(name).as_str() == text.as_str())
    };
    is(value) || value.as_list().is_some_and(|items| items.iter().any(is))
}
