//! Data: a text that stands in the graph like a resource, as Terraform's `terraform_data`.

use crate::{Global, Output, Outputs, Resource};

/// A text that stands in the graph like a resource: others refer to it, wait for it, and are
/// replaced with it.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "infra_data", outputs = DataOutputs, global)]
pub struct Data {
    /// The text.
    pub input: Option<String>,
    /// Texts of which a change replaces the resource.
    #[field(force_new)]
    pub triggers_replace: Vec<String>,
}

/// What is assigned to a [`Data`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct DataOutputs {
    /// A random id, another one after every replacement.
    pub id: String,
}

impl DataHandle {
    /// The text, for those that are to wait for the resource. It is the argument itself and no copy
    /// of it, so that what is sensitive in it stays so.
    #[must_use]
    pub fn output(&self) -> Output<String, Global> {
        self.input()
    }
}
