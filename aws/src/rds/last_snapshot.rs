//! The last snapshot of a database that is deleted: whether it has a name, and one that is free.

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
    let name = match wanted.name() {
        Ok(name) => name,
        Err(told) => return Ok(told),
    };
    let call = || aws.rds().describe_db_snapshots().db_snapshot_identifier(name).send();
    let found = absent(aws.call(call).await.map(Some), &["DBSnapshotNotFound"])?;
    Ok(told(name, found.is_some_and(|found| !found.db_snapshots().is_empty())))
}

/// What keeps a cluster with such a snapshot.
pub(super) async fn of_cluster(aws: &Aws, wanted: Wanted<'_>) -> Result<Vec<Diagnostic>> {
    let name = match wanted.name() {
        Ok(name) => name,
        Err(told) => return Ok(told),
    };
    let call =
        || aws.rds().describe_db_cluster_snapshots().db_cluster_snapshot_identifier(name).send();
    let found = absent(aws.call(call).await.map(Some), &["DBClusterSnapshotNotFoundFault"])?;
    Ok(told(name, found.is_some_and(|found| !found.db_cluster_snapshots().is_empty())))
}
