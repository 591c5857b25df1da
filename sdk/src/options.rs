//! Arguments of a declaration and the options that all resources have.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::{Address, Expr, Function, Value};

/// What a declaration holds: its arguments and options. The builders that the derives write wrap
/// one of these.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Arguments {
    /// Arguments by attribute name; what was left out is absent.
    pub inputs: BTreeMap<String, Expr>,
    /// Options common to all resources.
    pub options: Options,
}

impl Arguments {
    /// Sets an argument; setting again replaces.
    pub fn set(&mut self, name: &str, expr: Expr) {
        self.inputs.insert(name.to_owned(), expr);
    }

    /// Adds one entry to a map argument, also to one that was set as a whole before.
    pub fn insert(&mut self, name: &str, key: String, expr: Expr) {
        let known = self.inputs.remove(name).unwrap_or_else(|| Expr::Map(BTreeMap::new()));
        let map = match known {
            Expr::Map(mut entries) => {
                entries.insert(key, expr);
                Expr::Map(entries)
            }
            Expr::Value(Value::Map(entries)) => {
                let values = entries.into_iter().map(|(name, value)| (name, Expr::Value(value)));
                Expr::Map(values.chain([(key, expr)]).collect())
            }
            reference => {
                let entry = Expr::Map(BTreeMap::from([(key, expr)]));
                Expr::Call(Function::Merge, vec![reference, entry])
            }
        };
        self.inputs.insert(name.to_owned(), map);
    }
}

/// Options common to all resources; see [`CommonOptions`] for what each does.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Options {
    /// Resources that must be there first although no argument refers to them.
    pub depends_on: Vec<Address>,
    /// Refuse to destroy or replace.
    pub prevent_destroy: bool,
    /// Attributes whose differences are left alone.
    pub ignore_changes: Vec<String>,
    /// Replace by creating the new one first.
    pub create_before_destroy: bool,
    /// Replace when any of these attributes changes.
    pub replace_triggered_by: Vec<crate::Reference>,
    /// Region that the resource stands in, where it is not the environment's.
    pub region: Option<String>,
    /// Name of another account's credentials, from `infra.toml`.
    pub provider: Option<String>,
    /// How long operations may take, where the type's defaults do not fit.
    pub timeouts: Timeouts,
    /// Where the resource stood before it was renamed; `Stack::add` checks that it is an address.
    pub moved_from: Option<String>,
    /// The AWS id of an object to take over instead of creating one.
    pub import_id: Option<String>,
    /// Whether an object that has the resource's name already is taken over.
    pub adopt_existing: bool,
    /// Rules that the resource may break.
    pub waivers: Vec<Waiver>,
}

/// A rule that may be broken, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiver {
    /// The code of the rule: `baseline::public-ingress`.
    pub code: String,
    /// Why. `Stack` refuses one without a reason.
    pub reason: String,
}

/// How long operations may take, readiness included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timeouts {
    /// For creating.
    pub create: Option<Duration>,
    /// For updating.
    pub update: Option<Duration>,
    /// For deleting.
    pub delete: Option<Duration>,
}

/// A handle of a declared resource, whatever its type.
pub trait Handle {
    /// Where it stands in the stack.
    fn address(&self) -> &Address;
}

/// The options that every declaration has.
pub trait CommonOptions: Sized {
    /// The options of this declaration.
    fn options_mut(&mut self) -> &mut Options;

    /// Waits for a resource that no argument refers to.
    #[must_use]
    fn depends_on(mut self, handle: &dyn Handle) -> Self {
        self.options_mut().depends_on.push(handle.address().clone());
        self
    }

    /// Refuses to destroy or replace the resource while this is true.
    #[must_use]
    fn prevent_destroy(mut self, prevent: bool) -> Self {
        self.options_mut().prevent_destroy = prevent;
        self
    }

    /// Leaves differences of these attributes alone.
    #[must_use]
    fn ignore_changes<'a>(mut self, attributes: impl IntoIterator<Item = &'a str>) -> Self {
        self.options_mut().ignore_changes.extend(attributes.into_iter().map(str::to_owned));
        self
    }

    /// Replaces by creating the new one before the old one is destroyed.
    #[must_use]
    fn create_before_destroy(mut self, first: bool) -> Self {
        self.options_mut().create_before_destroy = first;
        self
    }

    /// Replaces the resource when this attribute changes.
    #[must_use]
    fn replace_triggered_by<T, R: crate::Scope>(mut self, output: &crate::Output<T, R>) -> Self {
        self.options_mut().replace_triggered_by.extend(output.reference().cloned());
        self
    }

    /// Uses another account's credentials, named in `infra.toml`.
    #[must_use]
    fn provider(mut self, name: &str) -> Self {
        self.options_mut().provider = Some(name.to_owned());
        self
    }

    /// Sets how long operations may take.
    #[must_use]
    fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.options_mut().timeouts = timeouts;
        self
    }

    /// Says where the resource stood before, so that it is moved and not replaced.
    #[must_use]
    fn moved_from(mut self, address: &str) -> Self {
        self.options_mut().moved_from = Some(address.to_owned());
        self
    }

    /// Takes over an existing object instead of creating one.
    #[must_use]
    fn import_id(mut self, id: &str) -> Self {
        self.options_mut().import_id = Some(id.to_owned());
        self
    }

    /// Lets the resource break a rule of the checks. What the rule finds here is still shown, with
    /// the reason, and counts for no threshold.
    #[must_use]
    fn waive(mut self, code: &str, reason: &str) -> Self {
        let (code, reason) = (code.to_owned(), reason.to_owned());
        self.options_mut().waivers.push(Waiver { code, reason });
        self
    }

    /// Takes over the object that has the resource's name already, if there is one and no other
    /// stack or environment owns it by its tags; otherwise one is created. Only for types whose
    /// arguments tell which object is meant, such as a bucket; others are refused.
    #[must_use]
    fn adopt_existing(mut self, adopt: bool) -> Self {
        self.options_mut().adopt_existing = adopt;
        self
    }
}
