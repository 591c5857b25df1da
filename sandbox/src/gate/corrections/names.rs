//! Names that RDS and ElastiCache store in small letters: "This parameter is stored as a lowercase
//! string" of `CreateDBInstance`, `CreateDBCluster`, `CreateDBSubnetGroup`,
//! `CreateDBParameterGroup`, `CreateOptionGroup`, `CreateReplicationGroup` and others.

use crate::gate::call::Call;

const NAMES: &[&str] = &[
    "CacheClusterId",
    "CacheParameterGroupName",
    "CacheSubnetGroupName",
    "DBClusterIdentifier",
    "DBClusterParameterGroupName",
    "DBClusterSnapshotIdentifier",
    "DBInstanceIdentifier",
    "DBParameterGroupName",
    "DBSnapshotIdentifier",
    "DBSubnetGroupName",
    "NewDBInstanceIdentifier",
    "OptionGroupName",
    "ReplicationGroupId",
    "SourceDBInstanceIdentifier",
    "TargetDBInstanceIdentifier",
    "UserGroupId",
    "UserId",
];

/// Writes the names in small letters.
pub(super) fn small_letters(call: &mut Call) {
    if !matches!(call.service.as_str(), "rds" | "elasticache") {
        return;
    }
    let mut form = call.form.clone();
    form.change(|name, value| {
        if NAMES.contains(&name) && !value.starts_with("arn:") {
            value.make_ascii_lowercase();
        }
    });
    if form != call.form {
        call.set_form(form);
    }
}

#[cfg(test)]
mod tests {
    use super::small_letters;
    use crate::gate::call::tests::query_call;

    #[test]
    fn names_are_written_in_small_letters_and_nothing_else() {
        let body = "Action=A&DBInstanceIdentifier=My-DB&MasterUsername=Admin";
        let mut call = query_call("rds", body);
        small_letters(&mut call);
        assert_eq!(call.form.get("DBInstanceIdentifier"), Some("my-db"));
        assert_eq!(call.form.get("MasterUsername"), Some("Admin"));
        assert!(std::str::from_utf8(&call.body).unwrap().contains("my%2Ddb"));
    }
}
