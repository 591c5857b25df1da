//! What a run tells those who watch it: logs, and traces for a collector of OpenTelemetry.
//!
//! Start reading at [`begin()`]. Without `INFRA_LOG` and the variables of OpenTelemetry nothing is
//! collected and nothing leaves this machine. Only what our own crates say is taken: the logs of the
//! AWS SDK and of its HTTP client hold what requests hold, secrets too, and no setting lets them in.

mod begin;
mod collector;
mod export;
mod field;
mod filter;
mod layer;
mod otlp;

pub(crate) use begin::begin;
