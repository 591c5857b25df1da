//! The plan as data: what a run would change, and why.
//!
//! The main type is [`Plan`]. It is made by [`plan`](crate::plan()) and carried out by
//! [`apply`](crate::apply()); a view only reads it. Values may be [`Value::Unknown`] or
//! [`Value::Sensitive`], at any depth; a view never reveals the latter.

use std::sync::Arc;

use infra_sdk::provider::{Owner, Place};
use infra_sdk::{Address, Declarations, Diagnostic, Externals, Location, Object, Reference, Value};

use crate::pace::Forecast;
use crate::work::Work;

/// What a run is to reach.
#[derive(Debug, Clone)]
pub struct Goal {
    /// Whose the objects are: stack and environment.
    pub owner: Arc<Owner>,
    /// What the program declared.
    pub declarations: Declarations,
    /// Values of the outputs of other stacks that are read.
    pub external: Externals,
    /// Whether to make it so, to take everything away, or to look only.
    pub mode: Mode,
    /// Whether to ask the cloud first; without it the records are believed.
    pub refresh: bool,
    /// Only these and what they need; with [`Mode::Destroy`], these and what needs them. Empty
    /// means everything.
    pub targets: Vec<Address>,
    /// Everything but these and what needs them; with [`Mode::Destroy`], and what they need.
    pub excludes: Vec<Address>,
    /// Replace these although nothing asks for it.
    pub replace: Vec<Address>,
}

impl Goal {
    /// The goal of applying everything that was declared, after a refresh.
    #[must_use]
    pub fn new(owner: Arc<Owner>, declarations: Declarations) -> Self {
        Self {
            owner,
            declarations,
            external: Externals::new(),
            mode: Mode::Apply,
            refresh: true,
            targets: Vec::new(),
            excludes: Vec::new(),
            replace: Vec::new(),
        }
    }

    /// Has what is declared at `to` move there from `from`, as if its `moved_from` said so.
    pub fn rename(&mut self, from: &Address, to: &Address) {
        let resources = self.declarations.resources.iter_mut();
        for declaration in resources.filter(|declaration| declaration.address == *to) {
            declaration.arguments.options.moved_from = Some(from.as_str().to_owned());
        }
    }

    /// Gives the outputs of other stacks that are read their values; what is not among them is
    /// known only after those are applied.
    pub fn bind(&mut self, values: Externals) {
        self.declarations.bind(&values);
        self.external.extend(values);
    }
}

/// Which way a run goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// Towards what is declared.
    #[default]
    Apply,
    /// Towards nothing.
    Destroy,
    /// Nowhere: what somebody else changed is recorded, and no object is touched.
    Refresh,
}

/// What looks renamed: a resource, or several that stood in one scope and stand in another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rename {
    /// Where each is recorded, and where it is declared anew.
    pub moves: Vec<(Address, Address)>,
}

/// What a run would change.
#[derive(Debug, Default)]
pub struct Plan {
    /// Every resource that is declared or recorded, unchanged ones too: declared ones with what
    /// they depend on first, then what is deleted with what depends on it first.
    pub changes: Vec<Change>,
    /// Outputs of the stack, by name; unchanged ones too.
    pub outputs: Vec<OutputChange>,
    /// What somebody else changed since the last run.
    pub drift: Vec<Drift>,
    /// What is worth knowing and stops nothing.
    pub warnings: Vec<Diagnostic>,
    /// What looks renamed, and is planned as something that goes and something that comes. A warning
    /// tells each; see [`Goal::rename`].
    pub renames: Vec<Rename>,
    /// History that the plan was made from.
    pub lineage: String,
    /// Serial of the state that the plan was made from.
    pub serial: u64,
    /// Which way the run goes.
    pub mode: Mode,
    /// What applying needs and no view shows.
    pub(crate) work: Work,
}

impl Plan {
    /// Whether there is nothing to do and nothing to show: no call, no move, no output, and with
    /// [`Mode::Refresh`] nothing that somebody else changed.
    ///
    /// Applying an empty plan makes no call, but may bring records up to date: see
    /// [`has_bookkeeping`](Self::has_bookkeeping).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes
            .iter()
            .all(|change| change.action == Action::NoOp && change.moved_from.is_none())
            && (self.mode != Mode::Refresh || self.drift.is_empty())
            && self.outputs.iter().all(|output| !output.is_changed())
    }

    /// Whether records would be brought up to date without a call: a lock against destruction, a
    /// dependency, a value that was seen to drift. Worth an [`apply`](crate::apply()) without asking
    /// although the plan is empty.
    #[must_use]
    pub fn has_bookkeeping(&self) -> bool {
        !self.work.bookkeeping.is_empty()
    }

    /// How long carrying it out will take with so many operations in flight.
    #[must_use]
    pub fn forecast(&self, parallelism: usize) -> Forecast {
        self.work.pace.forecast(&self.work.followers, parallelism)
    }

    /// Gives the outputs of other stacks that are read the values that they have by now, after those
    /// stacks were applied. To be called before [`apply`](crate::apply()).
    ///
    /// # Errors
    /// With each that has another value than the plan was made with: what was shown is not what
    /// would be done.
    pub fn bind(&mut self, values: &Externals) -> Result<(), Vec<Diagnostic>> {
        let reads = &self.work.reads;
        let moved = reads.declared.iter().filter_map(|read| {
            let planned = reads.values.get(&read.external)?;
            let now = values.get(&read.external)?;
            if planned.has_unknown() || planned == now {
                return None;
            }
            Some(
                Diagnostic::error("apply::moved", "the plan does not fit any more")
                    .detail(format!(
                        "`{}` has another value than it was planned with",
                        read.external
                    ))
                    .location(read.location.clone())
                    .hint("run the command again for a new plan; nothing was changed for this one"),
            )
        });
        let moved: Vec<_> = moved.collect();
        if !moved.is_empty() {
            return Err(moved);
        }
        for declaration in self.work.parts.iter_mut().filter_map(|p| p.declaration.as_mut()) {
            declaration.bind(values);
        }
        for output in &mut self.work.outputs {
            output.expr.bind(values);
        }
        Ok(())
    }

    /// How many changes there are of each sort. A replacement counts as an addition and a
    /// destruction, as in Terraform.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for change in &self.changes {
            counts.import += usize::from(change.imported);
            counts.forget += usize::from(change.reasons == [Reason::ForgetRequested]);
            match change.action {
                Action::NoOp | Action::Import | Action::Await | Action::Forget => {}
                Action::Create => counts.add += 1,
                Action::Update => counts.change += 1,
                Action::Replace { .. } => {
                    counts.add += 1;
                    counts.destroy += 1;
                }
                Action::Delete => counts.destroy += 1,
            }
        }
        counts
    }
}

/// Numbers of changes, as the summary line of a plan shows them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Objects to take over.
    pub import: usize,
    /// Objects to create, replacements included.
    pub add: usize,
    /// Objects to update in place.
    pub change: usize,
    /// Objects to destroy, replaced ones included.
    pub destroy: usize,
    /// Objects that stay and are no longer recorded.
    pub forget: usize,
}

impl std::iter::Sum for Counts {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), |total, other| Self {
            import: total.import + other.import,
            add: total.add + other.add,
            change: total.change + other.change,
            destroy: total.destroy + other.destroy,
            forget: total.forget + other.forget,
        })
    }
}

/// What is to happen to one resource.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Where it stands in the stack. A deposed object has a change of its own at the same address.
    pub address: Address,
    /// Terraform's name of its type.
    pub type_name: String,
    /// Where it is or goes.
    pub place: Place,
    /// What is to be done.
    pub action: Action,
    /// What the cloud calls it, if it is there.
    pub id: Option<String>,
    /// Attributes as they are, inputs and outputs; `None` if it is not there.
    pub before: Option<Object>,
    /// Attributes as they will be, inputs and outputs; `None` if it will be gone.
    pub after: Option<Object>,
    /// The inputs that differ, by name.
    pub attributes: Vec<AttributeChange>,
    /// Why: never empty unless the action is [`Action::NoOp`].
    pub reasons: Vec<Reason>,
    /// What it needs: what it refers to, or what its record says must outlive it.
    pub dependencies: Vec<Address>,
    /// Where it is or was declared.
    pub location: Option<Location>,
    /// The address that the record moves away from.
    pub moved_from: Option<Address>,
    /// Whether an object that was not made here is taken over.
    pub imported: bool,
    /// Whether this is about an object that was replaced earlier and is still there.
    pub deposed: bool,
}

impl Change {
    /// Digest of what is to be done and to what, for a plan that is saved: planned again on the
    /// same ground, the change has the same digest. Sensitive values are left out of it, so that it
    /// can stand in clear.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        let mut feed = |text: &str| {
            // Lengths keep two neighbours from reading as one.
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        };
        feed(self.address.as_str());
        feed(&self.type_name);
        // The forms for debugging tell unknown values apart and hide sensitive ones.
        feed(&format!("{:?} {:?} {:?}", self.action, self.place, self.id));
        feed(&format!("{:?} {:?} {:?}", self.before, self.after, self.moved_from));
        feed(&format!("{:?} {:?}", self.imported, self.deposed));
        hasher.finalize().to_hex().to_string()
    }
}

/// What is to be done with a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Nothing.
    NoOp,
    /// Record an object that exists and is as declared already.
    Import,
    /// Wait for an object that an earlier run made and did not see ready. No changing call.
    Await,
    /// Make it.
    Create,
    /// Change it in place. With [`Change::imported`], after taking it over.
    Update,
    /// Delete it and make another.
    Replace {
        /// Whether the new one is made before the old one is deleted.
        create_first: bool,
    },
    /// Delete it.
    Delete,
    /// Remove the record of an object that is gone already, or that is to stay. No call.
    Forget,
}

/// An input that differs.
#[derive(Debug, Clone, PartialEq)]
pub struct AttributeChange {
    /// Terraform's name of the attribute.
    pub name: String,
    /// As it is; null for what is not there.
    pub before: Value,
    /// As it will be; null for what is taken away.
    pub after: Value,
    /// Whether the resource cannot be changed here and is replaced for it.
    pub forces_replacement: bool,
}

/// Why something is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// It is declared and not recorded.
    NotThereYet,
    /// It is recorded, and the cloud says that it is gone.
    GoneOutside {
        /// What the cloud called it.
        id: String,
    },
    /// These inputs differ and can be changed in place.
    Changed(Vec<String>),
    /// These inputs differ and cannot be changed in place. `type`, `region` and `provider` stand
    /// for themselves.
    CannotUpdate(Vec<String>),
    /// It is recorded and no longer declared.
    NoLongerDeclared,
    /// `replace_triggered_by` names this attribute, and it changes.
    Triggered(Reference),
    /// A value that cannot be changed in place comes from a resource that is made anew.
    DependencyReplaced {
        /// The input of that value.
        attribute: String,
        /// What it refers to.
        reference: Reference,
    },
    /// The command asks for this replacement.
    ReplaceRequested,
    /// The command destroys everything.
    DestroyRequested,
    /// It was replaced earlier, and the old object is still to be deleted.
    LeftOver,
    /// An earlier run made it and did not see it ready; the last word about it.
    Unfinished(String),
    /// `import_id` names it.
    ImportRequested {
        /// What the cloud calls it.
        id: String,
    },
    /// It is there already, and `adopt_existing` asks to take it over.
    ExistsAlready {
        /// What the cloud calls it.
        id: String,
    },
    /// `forget` names it: its record goes and its object stays.
    ForgetRequested,
}

/// An output of the stack.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputChange {
    /// Its name.
    pub name: String,
    /// As recorded; `None` if it is new.
    pub before: Option<Value>,
    /// As it will be; `None` if it goes away.
    pub after: Option<Value>,
}

impl OutputChange {
    /// Whether it changes, or may.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => after.has_unknown() || before != after,
            (None, None) => false,
            _ => true,
        }
    }
}

/// What somebody else changed since the last run.
#[derive(Debug, Clone, PartialEq)]
pub struct Drift {
    /// Where it stands in the stack.
    pub address: Address,
    /// Terraform's name of its type.
    pub type_name: String,
    /// What the cloud calls it.
    pub id: String,
    /// Attributes as recorded.
    pub before: Object,
    /// Attributes as they are; `None` if the object is gone.
    pub after: Option<Object>,
    /// The inputs that differ.
    pub attributes: Vec<AttributeChange>,
}
