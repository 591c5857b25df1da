//! The gate: one endpoint before the emulators, that routes, logs, and adds what no emulator has.
//!
//! Start reading at [`Gate`] in `server`, then `serve`, which is the way of one request. The gate is
//! written against AWS's documentation and knows nothing of `infra`.

mod answer;
mod call;
mod cbor;
mod control;
mod corrections;
mod document;
mod ec2;
mod form;
mod kinds;
mod log;
mod overlays;
mod rest;
mod route;
mod s3;
mod serve;
mod server;
mod services;
mod standins;
mod upstream;
mod xml;

pub use control::Health;
pub use log::LogEntry;
pub use overlays::faults::{FaultKind, FaultReport, FaultRule};
pub use overlays::settings::{BucketSettings, OverlaySettings, StatesSettings, ThrottleSettings};
pub use server::{Gate, GateSettings};
pub use upstream::ACCOUNT;
