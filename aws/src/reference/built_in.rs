//! The built-in types of the reference, each with an example that compiles and declares.

use infra_sdk::builtin::{Data, RandomId, RandomPassword};
use infra_sdk::{Schema, Stack};

/// The page that they are on, beside those of AWS's services.
pub(super) const NAME: &str = "builtin";

/// What makes them stand apart from everything else of the reference.
pub(super) const ABOUT: &str =
    "It stands in no cloud: it is made once, kept in the state, and costs no call.";

/// This file, in which the examples are.
pub(super) const SOURCE: &str = include_str!("built_in.rs");

/// A type.
pub(super) struct BuiltIn {
    /// Its fields.
    pub(super) schema: &'static Schema,
    /// What it is called in Rust.
    pub(super) name: &'static str,
    /// A stack that has one.
    pub(super) example: fn(&mut Stack),
}

/// All of them.
pub(super) static TYPES: [BuiltIn; 3] = [
    BuiltIn { schema: &Data::SCHEMA, name: "Data", example: infra_data },
    BuiltIn { schema: &RandomId::SCHEMA, name: "RandomId", example: random_id },
    BuiltIn { schema: &RandomPassword::SCHEMA, name: "RandomPassword", example: random_password },
];

fn infra_data(stack: &mut Stack) {
    let release = stack.add("release", Data::new().input("2026-11"));
    stack.output("release", release.output());
}

fn random_id(stack: &mut Stack) {
    let suffix = stack.add("suffix", RandomId::new(4));
    stack.output("suffix", suffix.hex());
}

fn random_password(stack: &mut Stack) {
    let password = stack.add("password", RandomPassword::new(32).special(false));
    stack.output("password", password.result());
}
