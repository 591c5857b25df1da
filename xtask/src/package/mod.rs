//! The Debian package of the command: `cargo xtask package --binary FILE [--out DIR] [--quick]`.
//!
//! Start reading at [`debian::build`]. What goes into it is made of what is there: the binary says its
//! completions and man pages, cargo what is linked into it, git when the sources were written.

pub mod debian;
mod documents;
mod licences;
mod options;
pub mod sbom;
mod sdk;
mod tools;

pub use options::Options;
