//! Snapshots before a run: whether the last one of a database that is deleted has a name, and one that
//! is free, and whether the one is there that a database is to be made of.

use infra_sdk::Object;

use crate::prelude::*;

/// What a delete asks for.
pub(super) struct Wanted<'a> {
    /// Whether there is to be none.
    pub(super) skip: bool,
    /// Its name.
    pub(super) name: Option<&'a str>,
}

impl<'a> Wanted<'a> {
    /// The name to look for; without one, what there is to say.
    fn name(&self) -> std::result::Result<&'a str, Vec<Diagnostic>> {
        if self.skip {
            return Err(Vec::new());
        }
        self.name.ok_or_else(|| vec![preflight::final_snapshot_missing()])
    }
}

fn told(name: &str, taken: bool) -> Vec<Diagnostic> {
    taken.then(|| preflight::final_snapshot_taken(name)).into_iter().collect()
}

/// What keeps an instance with such a snapshot.
pub(super) async fn of_instance(aws: &Aws, wanted: Wanted<'_>) -> Result<Vec<Diagnostic>> {
    match wanted.name() {
        Ok(name) => Ok(told(name, is_of_instance(aws, name).await?)),
        Err(told) => Ok(told),
    }
}

/// What keeps a cluster with such a snapshot.
pub(super) async fn of_cluster(aws: &Aws, wanted: Wanted<'_>) -> Result<Vec<Diagnostic>> {
    match wanted.name() {
        Ok(name) => Ok(told(name, is_of_cluster(aws, name).await?)),
        Err(told) => Ok(told),
    }
}

/// The snapshot that an instance is to be made of, if it is not there.
pub(super) async fn missing_to_instance(
    aws: &Aws,
    want: &Object,
    leaving: Leaving<'_>,
) -> Result<Vec<Diagnostic>> {
    let Some(name) = source(want, leaving, "aws_db_instance") else { return Ok(Vec::new()) };
    Ok(missing(name, is_of_instance(aws, name).await?))
}

/// The snapshot that a cluster is to be made of, if it is not there.
pub(super) async fn missing_to_cluster(
    aws: &Aws,
    want: &Object,
    leaving: Leaving<'_>,
) -> Result<Vec<Diagnostic>> {
    let Some(name) = source(want, leaving, "aws_rds_cluster") else { return Ok(Vec::new()) };
    Ok(missing(name, is_of_cluster(aws, name).await?))
}

/// The name of the snapshot that a database is to be made of, unless the plan leaves it. Those of
/// others are named by their ARN, and are not looked for.
fn source<'o>(want: &'o Object, leaving: Leaving<'_>, type_name: &str) -> Option<&'o str> {
    preflight::known_text(want, "snapshot_identifier")
        .filter(|name| !name.starts_with("arn:") && !leaving.leaves_snapshot(type_name, name))
}

fn missing(name: &str, there: bool) -> Vec<Diagnostic> {
    let told = || preflight::source_missing(&format!("snapshot `{name}`"));
    (!there).then(told).into_iter().collect()
}

async fn is_of_instance(aws: &Aws, name: &str) -> Result<bool> {
    let call = || aws.rds().describe_db_snapshots().db_snapshot_identifier(name).send();
    let found = absent(aws.call(call).await.map(Some), &["DBSnapshotNotFound"])?;
    Ok(found.is_some_and(|found| !found.db_snapshots().is_empty()))
}

async fn is_of_cluster(aws: &Aws, name: &str) -> Result<bool> {
    let call =
        || aws.rds().describe_db_cluster_snapshots().db_cluster_snapshot_identifier(name).send();
    let found = absent(aws.call(call).await.map(Some), &["DBClusterSnapshotNotFoundFault"])?;
    Ok(found.is_some_and(|found| !found.db_cluster_snapshots().is_empty()))
}
