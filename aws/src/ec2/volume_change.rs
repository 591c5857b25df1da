//! Waiting for changes of EBS volumes.

use std::time::Duration;

use aws_sdk_ec2::types::VolumeModificationState;
use infra_sdk::provider::{Failure, FailureClass};

use crate::frame::wait::until_answered;
use crate::prelude::*;

/// Terraform waits this long for a change of a volume.
const MODIFIED_WITHIN: Duration = Duration::from_secs(300);

/// Waits until a volume has what it was changed to.
///
/// # Errors
/// When it could not be changed, or is not in time.
pub(super) async fn settled(aws: &Aws, volume: &str) -> Result<()> {
    until_answered(&format!("the change of {volume}"), MODIFIED_WITHIN, || async move {
        let call = || aws.ec2().describe_volumes_modifications().volume_ids(volume).send();
        let changes = aws.call(call).await?.volumes_modifications.unwrap_or_default();
        let latest = changes.into_iter().max_by_key(|change| change.start_time.map(|t| t.secs()));
        let Some(change) = latest else { return Ok(None) };
        match change.modification_state {
            Some(VolumeModificationState::Optimizing | VolumeModificationState::Completed) => {
                Ok(Some(()))
            }
            Some(VolumeModificationState::Failed) => {
                let why = change.status_message.unwrap_or_default();
                let message = format!("{volume} could not be changed: {why}");
                Err(Failure::new(FailureClass::NotReady, message))
            }
            _ => Ok(None),
        }
    })
    .await
}
