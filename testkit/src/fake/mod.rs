//! A strict provider in memory, for tests of what stands on the provider port.
//!
//! Start reading at [`FakeProvider`]; [`schemas`] has its types, [`world`] the objects that exist
//! and [`faults`] what can be made to go wrong. It is stricter than a cloud: what the port's
//! contract forbids is noted as a violation, and [`FakeProvider::assert_clean`] fails on it.

pub mod faults;
pub mod provider;
pub mod schemas;
pub mod world;

pub use faults::{Fault, Verb};
pub use provider::FakeProvider;
