//! Where the states of an environment are kept, as the store names it, and what wraps their keys.
//!
//! Start reading at [`location`]. Buckets and KMS are reached as the environment's AWS is, unless
//! `state_options` says otherwise.

use std::path::PathBuf;
use std::sync::Arc;

use infra_state::{KeySource, KmsWrapper, Location, S3Location};

use super::cloud::check_variables;
use super::sandbox::started_sandbox;
use crate::cli::Context;
use crate::config::{Endpoint, Environment, Project, StatePlace};
use crate::error::Result;

/// How the AWS of the states is reached.
struct Reach {
    region: String,
    endpoint_url: Option<String>,
    credentials: Option<(String, String)>,
}

async fn reach(context: &Context, project: &Project, environment: &Environment) -> Result<Reach> {
    let options = &environment.state_options;
    let region = options.region.as_ref().unwrap_or(&environment.region).clone();
    let (endpoint_url, credentials) =
        match options.endpoint.as_ref().unwrap_or(&environment.endpoint) {
            Endpoint::Standard => {
                check_variables(std::env::vars_os())?;
                (None, None)
            }
            Endpoint::Url(url) => (Some(url.clone()), None),
            Endpoint::Sandbox => {
                let url = started_sandbox(context, project).await?.endpoint;
                // The emulators take any; real ones must never reach them.
                (Some(url), Some(("sandbox".to_owned(), "sandbox".to_owned())))
            }
        };
    Ok(Reach { region, endpoint_url, credentials })
}

/// A place of states.
///
/// # Errors
/// When the sandbox is meant and does not start, or a variable names an endpoint that is none.
pub(crate) async fn location(
    context: &Context,
    project: &Project,
    environment: &Environment,
    place: &StatePlace,
) -> Result<Location> {
    Ok(match place {
        StatePlace::Folder(folder) => Location::Local { root: project.root.join(folder) },
        StatePlace::Bucket { bucket, prefix } => {
            let Reach { region, endpoint_url, credentials } =
                reach(context, project, environment).await?;
            let options = &environment.state_options;
            Location::S3(S3Location {
                bucket: bucket.clone(),
                prefix: prefix.clone(),
                region,
                endpoint_url,
                credentials,
                kms_key_id: options.kms_key.clone(),
                lock_table: options.lock_table.clone(),
                lease: options.lease.unwrap_or(S3Location::LEASE),
                key: key_file(project, place),
            })
        }
    })
}

/// The key file of states where no other key is configured.
pub(crate) fn key_file(project: &Project, place: &StatePlace) -> PathBuf {
    match place {
        StatePlace::Folder(folder) => project.root.join(folder).join("state.key"),
        StatePlace::Bucket { .. } => project.own_folder().join("state.key"),
    }
}

/// A key of KMS as what wraps the keys of states.
///
/// # Errors
/// As [`location`].
pub(super) async fn kms(
    context: &Context,
    project: &Project,
    environment: &Environment,
    key: &str,
) -> Result<KeySource> {
    let Reach { region, endpoint_url, credentials } = reach(context, project, environment).await?;
    let key_id = key.to_owned();
    Ok(KeySource::Service(Arc::new(KmsWrapper { key_id, region, endpoint_url, credentials })))
}
