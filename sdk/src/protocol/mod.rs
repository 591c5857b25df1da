//! The conversation between `infra` and the stack program: JSON lines over stdin and stdout.
//!
//! `infra` writes a [`ToProgram`] a line. The program writes a [`FromProgram`] a line, each behind
//! [`MARKER`] on a line of its own, so that whatever else the program prints cannot break the
//! conversation: lines without the marker are log lines.
//!
//! Start reading at [`Hello`]; [`wire`] has the JSON of expressions and values.

pub mod checks;
pub mod messages;
pub mod wire;

pub use messages::{FromProgram, Hello, MARKER, PROTOCOL, ToProgram};
