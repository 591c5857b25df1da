//! Before and after a call.

use super::{codes, ec2, elasticloadbalancing, names, sts};
use crate::gate::answer::{Answer, ServiceError};
use crate::gate::call::Call;
use crate::gate::upstream::{Upstream, UpstreamError};

pub(crate) use ec2::Leftovers;

/// What AWS would refuse and the emulator does not, and what is to be cleared away after the call.
///
/// # Errors
///
/// An emulator does not answer the gate's questions.
pub(crate) async fn before(
    upstream: &Upstream,
    call: &mut Call,
) -> Result<Result<Leftovers, ServiceError>, UpstreamError> {
    names::small_letters(call);
    ec2::before(upstream, call).await
}

/// Puts right what the emulator answered, and what it left undone.
///
/// # Errors
///
/// An emulator refuses what the gate does in AWS's stead.
pub(crate) async fn after(
    upstream: &Upstream,
    call: &Call,
    answer: &mut Answer,
    leftovers: &Leftovers,
) -> Result<Option<ServiceError>, UpstreamError> {
    if let Some(error) = codes::corrected(call, answer) {
        return Ok(Some(error));
    }
    elasticloadbalancing::attributes(call, answer);
    sts::caller(call, answer);
    ec2::after(upstream, call, answer, leftovers).await
}
