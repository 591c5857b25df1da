//! The vocabulary of `infra`: what stacks, the engine, the provider and the store say to each other.
//!
//! Start reading at [`Stack`], which programs fill, and at the two ports, [`provider::Provider`] and
//! [`store::Store`]. This crate imports no workspace crate but its macros, no AWS SDK and no async
//! runtime; it never prints, except for the conversation in [`program`].

// The derives write paths as users see them, also for definitions in this crate.
extern crate self as infra_sdk;

pub mod address;
pub mod between;
pub mod builtin;
pub mod checks;
pub mod choice;
pub mod diagnostic;
pub mod durations;
pub mod error;
pub mod expr;
pub mod input;
pub mod kind;
pub mod names;
pub mod options;
mod panics;
pub mod preflight;
pub mod prelude;
pub mod program;
pub mod protocol;
pub mod provider;
pub mod resource;
pub mod schema;
pub mod secret;
pub mod settings;
pub mod shell;
pub mod stack;
pub mod store;
pub mod types;
pub mod units;
pub mod value;

pub use address::{Address, InvalidAddress};
pub use between::{External, Externals, ReadDeclaration, StackOutput};
pub use diagnostic::{Diagnostic, Location, Severity};
pub use error::{Error, Result};
pub use expr::{EvalError, Expr, Function, Reference};
pub use infra_macros::{Block, Choice, LookupAnswer, Outputs, Resource, Settings};
pub use input::{Global, Home, IntoInput, IntoText, Output, Region, Scope};
pub use ipnet;
pub use kind::Kind;
pub use options::{Arguments, CommonOptions, Handle, Options, Timeouts, Waiver};
pub use program::Program;
pub use resource::{ResourceOutputs, ResourceType};
pub use schema::{Field, Schema};
pub use secret::SecretText;
pub use settings::Settings;
pub use stack::{
    Declaration, Declarations, Declare, Environment, Forgotten, Lookup, LookupSchema,
    OutputDeclaration, Stack,
};
pub use types::{Arn, BlockSet, DecodeError, FieldType, Json, Tags};
pub use units::{Days, Gibibytes, Seconds};
pub use value::{Object, Value};
