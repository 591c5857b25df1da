//! Stopping and starting of instances, for what can be changed of a stopped one alone.

use std::time::Duration;

use aws_sdk_ec2::types::InstanceStateName;
use infra_sdk::provider::{Failure, FailureClass};

use super::common::filter;
use crate::frame::wait::until_answered;
use crate::prelude::*;

/// Terraform's default timeout of an update.
const PATIENCE: Duration = Duration::from_secs(600);

/// Stops an instance and waits until it is.
///
/// # Errors
/// When it is terminated, or does not stop in time.
pub(super) async fn stop(aws: &Aws, id: &str) -> Result<()> {
    aws.call(|| aws.ec2().stop_instances().instance_ids(id).send()).await?;
    until(aws, id, &InstanceStateName::Stopped).await
}

/// Starts an instance and waits until it runs.
///
/// # Errors
/// When it is terminated, or does not run in time.
pub(super) async fn start(aws: &Aws, id: &str) -> Result<()> {
    aws.call(|| aws.ec2().start_instances().instance_ids(id).send()).await?;
    until(aws, id, &InstanceStateName::Running).await
}

/// Whether an instance runs, or is about to.
///
/// # Errors
/// When AWS does not say.
pub(super) async fn is_running(aws: &Aws, id: &str) -> Result<bool> {
    let state = state(aws, id).await?;
    Ok(matches!(state, Some(InstanceStateName::Running | InstanceStateName::Pending)))
}

async fn until(aws: &Aws, id: &str, wanted: &InstanceStateName) -> Result<()> {
    let what = format!("{id} is not {}: its change", wanted.as_str());
    until_answered(&what, PATIENCE, || async move {
        match state(aws, id).await? {
            Some(state) if state == *wanted => Ok(Some(())),
            None | Some(InstanceStateName::Terminated | InstanceStateName::ShuttingDown) => {
                let message = format!("{id} was terminated while it was changed");
                Err(Failure::new(FailureClass::NotReady, message))
            }
            Some(_) => Ok(None),
        }
    })
    .await
}

async fn state(aws: &Aws, id: &str) -> Result<Option<InstanceStateName>> {
    let filter = filter("instance-id", [id]);
    let answer = aws.call(|| aws.ec2().describe_instances().filters(filter.clone()).send()).await?;
    let mut found = answer
        .reservations
        .unwrap_or_default()
        .into_iter()
        .flat_map(|reservation| reservation.instances.unwrap_or_default());
    Ok(found.next().and_then(|instance| instance.state).and_then(|state| state.name))
}
