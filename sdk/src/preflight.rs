//! Preflight: what a plan is about to do, so that a provider tells what will fail before anything
//! is changed.
//!
//! The main type is [`Preflight`]. Like everything that goes through the provider port its values
//! are revealed, and never show in a log.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::provider::{Names, Owner, Place};
use crate::{Address, Location, Object};

/// Everything that a run is about to do.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Preflight {
    /// The operations, in no order.
    pub operations: Vec<PlannedOperation>,
    /// How long the run will take: an estimate.
    pub expected: Duration,
}

/// An operation of a plan on one object.
#[derive(Clone, PartialEq)]
pub struct PlannedOperation {
    /// The resource.
    pub address: Address,
    /// Terraform's name of its type.
    pub type_name: String,
    /// Where the object is or goes.
    pub place: Place,
    /// What is done.
    pub action: PlannedAction,
    /// What the cloud calls the object, if it is there.
    pub id: Option<String>,
    /// Attributes as they are, inputs and outputs, as far as they are known; empty for a create.
    pub before: Object,
    /// Attributes as they will be; what is not known yet is [`Unknown`](crate::Value::Unknown).
    /// Empty for a delete.
    pub after: Object,
    /// Whether an earlier run sent this create and nobody knows what became of it: its object may
    /// be there.
    pub sent: bool,
    /// Whose the object is or will be.
    pub owner: Arc<Owner>,
    /// Where the resource is declared.
    pub location: Option<Location>,
}

impl PlannedOperation {
    /// Whether it makes an object.
    #[must_use]
    pub fn makes(&self) -> bool {
        matches!(self.action, PlannedAction::Create | PlannedAction::Replace { .. })
    }

    /// Whether it deletes an object.
    #[must_use]
    pub fn deletes(&self) -> bool {
        matches!(self.action, PlannedAction::Delete | PlannedAction::Replace { .. })
    }
}

impl fmt::Debug for PlannedOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlannedOperation")
            .field("address", &self.address)
            .field("type_name", &self.type_name)
            .field("place", &self.place)
            .field("action", &self.action)
            .field("id", &self.id)
            .field("before", &Names(&self.before))
            .field("after", &Names(&self.after))
            .field("sent", &self.sent)
            .field("owner", &self.owner)
            .finish_non_exhaustive()
    }
}

/// What is done with an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlannedAction {
    /// It is made.
    Create,
    /// It is changed in place.
    Update,
    /// It is deleted, and another is made.
    Replace {
        /// Whether the new one is made before the old one is deleted.
        create_first: bool,
    },
    /// It is deleted.
    Delete,
}
