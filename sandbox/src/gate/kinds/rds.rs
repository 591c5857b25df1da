//! RDS, from the pages of `DBInstance` and `DBCluster` of the API Reference and "Viewing Amazon RDS DB
//! instance status" of the user guide. ministack has all of them available at once.

use super::{Busy, Echo, Ghost, Kind, Life, Phase, Shown};
use crate::gate::document::Fields;

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "db_instance",
        service: "rds",
        id: &["DBInstanceIdentifier"],
        named_by: &[&["DBInstanceIdentifier", "TargetDBInstanceIdentifier"]],
        create: &[
            "CreateDBInstance",
            "CreateDBInstanceReadReplica",
            "RestoreDBInstanceFromDBSnapshot",
            "RestoreDBInstanceToPointInTime",
        ],
        modify: &["ModifyDBInstance", "PromoteReadReplica", "RebootDBInstance"],
        delete: &["DeleteDBInstance"],
        describe: &["DescribeDBInstances"],
        life: Some(Life {
            state: "DBInstanceStatus",
            busy: Some(Busy {
                code: "InvalidDBInstanceState",
                status: 400,
                operations: &[
                    "CreateDBInstanceReadReplica",
                    "ModifyDBInstance",
                    "PromoteReadReplica",
                    "RebootDBInstance",
                ],
            }),
            dress: Some(endpoint),
            ..STATES
        }),
        ghost: Some(Ghost {
            shown: Shown::List("DescribeDBInstancesResult/DBInstances", "DBInstance"),
            names: &[],
            filter: Some("db-instance-id"),
            exists: ("DBInstanceAlreadyExists", 400),
        }),
        echoes: INSTANCE,
        ..Kind::NEW
    },
    Kind {
        name: "db_cluster",
        service: "rds",
        id: &["DBClusterIdentifier"],
        named_by: &[&["DBClusterIdentifier"]],
        create: &[
            "CreateDBCluster",
            "RestoreDBClusterFromSnapshot",
            "RestoreDBClusterToPointInTime",
        ],
        modify: &["ModifyDBCluster"],
        delete: &["DeleteDBCluster"],
        describe: &["DescribeDBClusters"],
        mark: "Status",
        life: Some(Life {
            state: "Status",
            busy: Some(Busy {
                code: "InvalidDBClusterStateFault",
                status: 400,
                operations: &["ModifyDBCluster"],
            }),
            ..STATES
        }),
        ghost: Some(Ghost {
            shown: Shown::List("DescribeDBClustersResult/DBClusters", "DBCluster"),
            names: &[],
            filter: Some("db-cluster-id"),
            exists: ("DBClusterAlreadyExistsFault", 400),
        }),
        echoes: CLUSTER,
        ..Kind::NEW
    },
    Kind {
        name: "db_automated_backup",
        service: "rds",
        id: &["DBInstanceAutomatedBackupsArn"],
        named_by: &[&["DBInstanceAutomatedBackupsArn"]],
        mark: "DbiResourceId",
        create: &["StartDBInstanceAutomatedBackupsReplication"],
        describe: &["DescribeDBInstanceAutomatedBackups"],
        life: Some(Life { state: "Status", creating: Some("pending"), ..Life::NEW }),
        ..Kind::NEW
    },
];

const STATES: Life = Life {
    creating: Some("creating"),
    modifying: Some("modifying"),
    deleting: Some("deleting"),
    ..Life::NEW
};

const INSTANCE: &[Echo] = &[
    Echo::lost("BackupTarget", "BackupTarget"),
    Echo::lost("CharacterSetName", "CharacterSetName"),
    Echo::lost("EnableCloudwatchLogsExports", "EnabledCloudwatchLogsExports"),
    Echo::lost("CloudwatchLogsExportConfiguration/EnableLogTypes", "EnabledCloudwatchLogsExports")
        .adds(),
    Echo::lost("CloudwatchLogsExportConfiguration/DisableLogTypes", "EnabledCloudwatchLogsExports")
        .takes(),
    Echo::wrong("DatabaseInsightsMode", "DatabaseInsightsMode"),
    Echo::wrong("DedicatedLogVolume", "DedicatedLogVolume"),
    Echo::wrong("EnablePerformanceInsights", "PerformanceInsightsEnabled"),
    Echo::lost("EngineLifecycleSupport", "EngineLifecycleSupport"),
    Echo::wrong("Iops", "Iops"),
    Echo::lost("MultiTenant", "MultiTenant"),
    Echo::lost("NcharCharacterSetName", "NcharCharacterSetName"),
    Echo::wrong("PerformanceInsightsKMSKeyId", "PerformanceInsightsKMSKeyId"),
    Echo::wrong("PerformanceInsightsRetentionPeriod", "PerformanceInsightsRetentionPeriod"),
    Echo::wrong("ProcessorFeatures", "ProcessorFeatures").items("ProcessorFeature"),
    Echo::wrong("StorageThroughput", "StorageThroughput"),
    Echo::lost("Timezone", "Timezone"),
];

const CLUSTER: &[Echo] = &[
    Echo::wrong("AutoMinorVersionUpgrade", "AutoMinorVersionUpgrade"),
    Echo::wrong("BacktrackWindow", "BacktrackWindow"),
    Echo::lost("EnableCloudwatchLogsExports", "EnabledCloudwatchLogsExports"),
    Echo::lost("CloudwatchLogsExportConfiguration/EnableLogTypes", "EnabledCloudwatchLogsExports")
        .adds(),
    Echo::lost("CloudwatchLogsExportConfiguration/DisableLogTypes", "EnabledCloudwatchLogsExports")
        .takes(),
    Echo::wrong("DBClusterInstanceClass", "DBClusterInstanceClass"),
    Echo::wrong("DatabaseInsightsMode", "DatabaseInsightsMode"),
    Echo::wrong("EnablePerformanceInsights", "PerformanceInsightsEnabled"),
    Echo::wrong("Iops", "Iops"),
    Echo::lost("KmsKeyId", "KmsKeyId"),
    Echo::wrong("MonitoringInterval", "MonitoringInterval"),
    Echo::wrong("MonitoringRoleArn", "MonitoringRoleArn"),
    Echo::wrong("PerformanceInsightsKMSKeyId", "PerformanceInsightsKMSKeyId"),
    Echo::wrong("PerformanceInsightsRetentionPeriod", "PerformanceInsightsRetentionPeriod"),
    Echo::wrong("StorageType", "StorageType"),
];

/// An instance that is being made has no address.
fn endpoint(instance: &mut dyn Fields, phase: Phase) {
    if phase == Phase::Creating {
        instance.remove("Endpoint");
    }
}
