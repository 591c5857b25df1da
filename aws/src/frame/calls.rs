//! Facts about the calls of a resource type: data beside each handler, checked by tests.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::Duration;

/// How a create whose answer was lost can be settled. Source: the request models of each service;
/// see the reference page of the create operation for its token or unique name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CreateClass {
    /// T: takes an idempotency token. The same request with the same token gives the same object.
    Token,
    /// N: has a unique name. A repeat fails with "already exists"; the object is found by its name
    /// and is ours if its tags say so.
    Name,
    /// G: neither, but tags are set in the create call itself. The object is found by them.
    Tags,
    /// R: relates two objects. The two ends are its key, and a repeat changes nothing.
    Relation,
    /// X: none of these. A lost answer cannot be told from a refused call.
    Neither,
}

impl CreateClass {
    /// Whether a create whose outcome is unknown may simply be sent again.
    #[must_use]
    pub fn is_repeatable(self) -> bool {
        matches!(self, Self::Token | Self::Relation)
    }
}

/// An error code with a part of its message; an empty part matches every message.
pub type Sign = (&'static str, &'static str);

/// How a type gets a name that the user did not choose.
#[derive(Debug, Clone, Copy)]
pub struct Naming {
    /// The input that holds the name: `name`.
    pub name: &'static str,
    /// The input that holds the beginning of a name to be made: `name_prefix`.
    pub prefix: &'static str,
    /// The beginning of names for which the user gave neither.
    pub start: &'static str,
}

/// What is known about the calls of a resource type.
#[derive(Debug, Clone, Copy)]
pub struct Calls {
    /// How a lost create is settled.
    pub class: CreateClass,
    /// The operation that creates: `ec2:CreateVpc`.
    pub create: &'static str,
    /// Every AWS operation that the handler uses, sorted: `ec2:CreateVpc`.
    pub operations: &'static [&'static str],
    /// Every IAM action that those operations need, sorted. They differ from the operations where
    /// the service authorization reference says so.
    pub actions: &'static [&'static str],
    /// Inputs that the create call does not take. The frame sets them with `update` once the object
    /// is there and recorded, so that a crash in between costs nothing.
    pub after_create: &'static [&'static str],
    /// Whether a deleted object reads as gone. What can only be set back to AWS's default does not.
    pub vanishes: bool,
    /// How an object is named whose user gave no name. The frame fills the name in before `create`
    /// and `find`, from the create's token, so that every try and a later run use the same.
    pub naming: Option<Naming>,
    /// The input that no two objects may have alike, such as `name`: with it a preflight tells
    /// whether a create will be refused, and what is there already is found, see `Handler::candidate`.
    pub named_by: Option<&'static str>,
    /// The input that keeps AWS from deleting the object while it is on.
    pub protection: Option<&'static str>,
    /// Inputs whose text the service keeps without looking at what it names, each with its source
    /// beside it: what they name need not be ready yet.
    pub loose: &'static [&'static str],
    /// Codes that mean that the object is not there. Nothing else does.
    pub gone: &'static [&'static str],
    /// Errors of create and update that mean that something they need is not visible yet.
    pub not_yet: &'static [Sign],
    /// Errors of delete that mean that something still has to go first and will.
    pub lingering: &'static [Sign],
    /// How long creating, updating and deleting may take, readiness included.
    pub patience: Patience,
}

/// How long operations of a type may take.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Creating.
    pub create: Duration,
    /// Updating.
    pub update: Duration,
    /// Deleting.
    pub delete: Duration,
}

/// For types that are there as soon as the call returns.
pub const PROMPT: Patience = Patience {
    create: Duration::from_secs(300),
    update: Duration::from_secs(300),
    delete: Duration::from_secs(300),
};

impl Calls {
    /// The facts that most types share; each type overrides what differs.
    pub const DEFAULT: Self = Self {
        class: CreateClass::Neither,
        create: "",
        operations: &[],
        actions: &[],
        after_create: &[],
        vanishes: true,
        naming: None,
        named_by: None,
        protection: None,
        loose: &[],
        gone: &[],
        not_yet: &[],
        lingering: &[],
        patience: PROMPT,
    };
}

/// Whether an operation must not be sent again when its outcome is unknown.
pub(crate) fn is_fragile(operation: &str) -> bool {
    static FRAGILE: OnceLock<BTreeMap<&'static str, bool>> = OnceLock::new();
    FRAGILE
        .get_or_init(|| {
            crate::types::TYPES
                .iter()
                .map(|handler| (handler.calls().create, !handler.calls().class.is_repeatable()))
                .collect()
        })
        .get(operation)
        .copied()
        .unwrap_or(false)
}

/// The operations of a type and the other actions that they need, as one sorted list.
macro_rules! actions {
    ($operations:expr, [$($more:literal),+ $(,)?]) => {{
        const MORE: &[&str] = &[$($more),+];
        &$crate::frame::calls::merged::<{ $operations.len() + MORE.len() }>($operations, MORE)
    }};
}
pub(crate) use actions;

/// Two sorted lists as one. `N` is how long it is.
#[must_use]
pub const fn merged<const N: usize>(
    one: &[&'static str],
    other: &[&'static str],
) -> [&'static str; N] {
    let mut all = [""; N];
    let (mut left, mut right) = (0, 0);
    while left + right < N {
        let from_one =
            right == other.len() || (left < one.len() && comes_first(one[left], other[right]));
        if from_one {
            all[left + right] = one[left];
            left += 1;
        } else {
            all[left + right] = other[right];
            right += 1;
        }
    }
    all
}

const fn comes_first(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut at = 0;
    while at < one.len() && at < other.len() {
        if one[at] != other[at] {
            return one[at] < other[at];
        }
        at += 1;
    }
    one.len() < other.len()
}
