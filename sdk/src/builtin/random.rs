//! Random values, with the arguments, defaults and rules of Terraform's `hashicorp/random`.
//!
//! They are made once, by a cryptographic generator, and kept in the state until an argument
//! changes; every argument makes a new value. `bcrypt_hash` of Terraform's `random_password` is not
//! there: a second form of the secret is one more to lose, and who needs it can hash where it is
//! used.

use std::collections::BTreeMap;

use crate::kind::Problem;
use crate::{Object, Outputs, Resource, Value};

/// Special characters of a password, where `override_special` does not name others.
pub const SPECIAL: &str = "!@#$%&*()-_=+[]{}<>:?";

/// A random password.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "random_password", outputs = PasswordOutputs, global, validate = validate)]
pub struct Password {
    /// How many characters, at most 65536.
    #[field(force_new, range = 1..=65_536)]
    pub length: i32,
    /// Have lower-case letters in it.
    #[field(force_new, default = true)]
    pub lower: bool,
    /// Have upper-case letters in it.
    #[field(force_new, default = true)]
    pub upper: bool,
    /// Have digits in it.
    #[field(force_new, default = true)]
    pub numeric: bool,
    /// Have special characters in it.
    #[field(force_new, default = true)]
    pub special: bool,
    /// The special characters to choose from, instead of `!@#$%&*()-_=+[]{}<>:?`.
    #[field(force_new)]
    pub override_special: Option<String>,
    /// The fewest lower-case letters.
    #[field(force_new, default = 0, range = 0..=65_536)]
    pub min_lower: i32,
    /// The fewest upper-case letters.
    #[field(force_new, default = 0, range = 0..=65_536)]
    pub min_upper: i32,
    /// The fewest digits.
    #[field(force_new, default = 0, range = 0..=65_536)]
    pub min_numeric: i32,
    /// The fewest special characters.
    #[field(force_new, default = 0, range = 0..=65_536)]
    pub min_special: i32,
    /// Any texts: a change of one makes a new password.
    #[field(force_new)]
    pub keepers: BTreeMap<String, String>,
}

/// What is assigned to a [`Password`].
#[derive(Clone, PartialEq, Outputs)]
pub struct PasswordOutputs {
    /// Always `none`, as in Terraform: the password must not stand in an id.
    pub id: String,
    /// The password.
    #[field(sensitive)]
    pub result: String,
}

/// A random identifier. Not a secret: it is shown wherever an id is.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "random_id", outputs = IdOutputs, global)]
pub struct Id {
    /// How many random bytes, at most 65536; 8 bytes are 16 hexadecimal digits.
    #[field(force_new, range = 1..=65_536)]
    pub byte_length: i32,
    /// What stands before `b64_url`, `b64_std`, `hex` and `dec`.
    #[field(force_new)]
    pub prefix: Option<String>,
    /// Any texts: a change of one makes a new identifier.
    #[field(force_new)]
    pub keepers: BTreeMap<String, String>,
}

/// What is assigned to an [`Id`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct IdOutputs {
    /// The bytes in base64 for URLs, without padding and without the prefix.
    pub id: String,
    /// The bytes in base64 for URLs, without padding, after the prefix.
    pub b64_url: String,
    /// The bytes in base64, with padding, after the prefix.
    pub b64_std: String,
    /// The bytes in hexadecimal digits, after the prefix.
    pub hex: String,
    /// The bytes as one whole number, after the prefix.
    pub dec: String,
}

fn validate(inputs: &Object) -> Vec<Problem> {
    let value = |name: &str| inputs.get(name).unwrap_or(&Value::Null);
    let mut problems = Vec::new();
    let mut refuse = |name: &str, message: String| {
        problems.push(Problem { path: name.to_owned(), message });
    };
    let least = ["min_lower", "min_upper", "min_numeric", "min_special"];
    let least: i64 = least.iter().filter_map(|name| value(name).as_int()).sum();
    if let Some(length) = value("length").as_int()
        && length < least
    {
        let message = format!("must be at least {least}, which is what the `min_…` ask for");
        refuse("length", message);
    }
    let classes = ["lower", "upper", "numeric", "special"];
    if classes.iter().all(|name| value(name).as_bool() == Some(false)) {
        let others = "`upper`, `numeric` and `special`";
        refuse("lower", format!("cannot be false where {others} are: no character is left"));
    }
    problems
}
