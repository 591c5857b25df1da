//! RDS: databases, their secrets, backups and subscriptions.

use serde_json::json;

use super::calls::{json, query, subnets};
use super::support::{Caller, text, texts};

pub(super) async fn a_database_is_modified_and_deleted_slowly(aws: &Caller) {
    let rds = async |action: &str, with: &[(&str, &str)]| query(aws, "rds", action, with).await;
    let (_, ids) = subnets(aws).await;

    let group = [
        ("DBSubnetGroupName", "g"),
        ("DBSubnetGroupDescription", "d"),
        ("SubnetIds.SubnetIdentifier.1", ids[0].as_str()),
        ("SubnetIds.SubnetIdentifier.2", ids[1].as_str()),
    ];
    assert_eq!(rds("CreateDBSubnetGroup", &group).await.0, 200);
    let create = [
        ("DBInstanceIdentifier", "My-DB"),
        ("DBInstanceClass", "db.t3.medium"),
        ("Engine", "postgres"),
        ("AllocatedStorage", "20"),
        ("MasterUsername", "u"),
        ("MasterUserPassword", "longenough"),
        ("DBSubnetGroupName", "g"),
        ("EnableCloudwatchLogsExports.member.1", "postgresql"),
    ];
    let (code, made) = rds("CreateDBInstance", &create).await;
    assert_eq!((code, text(&made, "DBInstanceStatus").as_str()), (200, "creating"), "{made}");
    let by_id = [("DBInstanceIdentifier", "my-db")];
    let status = async || text(&rds("DescribeDBInstances", &by_id).await.1, "DBInstanceStatus");
    assert_eq!((status().await, status().await), ("creating".into(), "available".into()));
    let modify = [
        ("DBInstanceIdentifier", "my-db"),
        ("CloudwatchLogsExportConfiguration.EnableLogTypes.member.1", "upgrade"),
    ];
    assert_eq!(rds("ModifyDBInstance", &modify).await.0, 200);
    let (code, refused) = rds("ModifyDBInstance", &modify).await;
    assert_eq!((code, text(&refused, "Code").as_str()), (400, "InvalidDBInstanceState"));
    let (_, shown) = rds("DescribeDBInstances", &by_id).await;
    let logs = shown.split("<EnabledCloudwatchLogsExports>").nth(1).expect("the exports");
    assert_eq!(texts(logs.split("</Enabled").next().unwrap(), "member"), ["postgresql", "upgrade"]);

    // A class that waits for its window is changed by the next change that is made at once.
    let class = async || text(&rds("DescribeDBInstances", &by_id).await.1, "DBInstanceClass");
    assert_eq!(class().await, "db.t3.medium");
    let later = [("DBInstanceIdentifier", "my-db"), ("DBInstanceClass", "db.t3.large")];
    assert_eq!(rds("ModifyDBInstance", &later).await.0, 200);
    assert_eq!((class().await, class().await), ("db.t3.medium".into(), "db.t3.medium".into()));
    let at_once = [
        ("DBInstanceIdentifier", "my-db"),
        ("BackupRetentionPeriod", "3"),
        ("ApplyImmediately", "true"),
    ];
    assert_eq!(rds("ModifyDBInstance", &at_once).await.0, 200);
    assert_eq!((class().await, class().await), ("db.t3.large".into(), "db.t3.large".into()));
    let (_, shown) = rds("DescribeDBInstances", &by_id).await;
    let waiting = shown.split("<PendingModifiedValues>").nth(1).unwrap_or_default();
    assert!(
        !waiting.split("</PendingModifiedValues>").next().unwrap().contains("Class"),
        "{shown}"
    );

    let (_, refused) = rds("DeleteDBSubnetGroup", &group[..1]).await;
    assert_eq!(text(&refused, "Code"), "InvalidDBSubnetGroupStateFault");
    let delete = [("DBInstanceIdentifier", "my-db"), ("SkipFinalSnapshot", "true")];
    let (_, going) = rds("DeleteDBInstance", &delete).await;
    assert_eq!(text(&going, "DBInstanceStatus"), "deleting");
    // The gate's own look is a read: the refusal is what sees the instance for the last time.
    let (_, refused) = aws.ec2("DeleteSubnet", &[("SubnetId", &ids[0])]).await;
    assert_eq!(text(&refused, "Code"), "DependencyViolation");
    let (_, gone) = rds("DescribeDBInstances", &by_id).await;
    assert_eq!(text(&gone, "Code"), "DBInstanceNotFound");
    assert_eq!(rds("DeleteDBSubnetGroup", &group[..1]).await.0, 200);

    // Option groups are another emulator's, with their tags.
    let group = [
        ("OptionGroupName", "o"),
        ("EngineName", "mysql"),
        ("MajorEngineVersion", "8.0"),
        ("OptionGroupDescription", "d"),
    ];
    let (code, made) = rds("CreateOptionGroup", &group).await;
    assert_eq!(code, 200, "{made}");
    let arn = text(&made, "OptionGroupArn");
    let tags = [("ResourceName", arn.as_str()), ("Tags.Tag.1.Key", "k"), ("Tags.Tag.1.Value", "v")];
    assert_eq!(rds("AddTagsToResource", &tags).await.0, 200);
    let (_, found) = rds("ListTagsForResource", &tags[..1]).await;
    assert_eq!(text(&found, "Key"), "k");
}

pub(super) async fn a_database_has_a_secret_and_backups_elsewhere(aws: &Caller) {
    let rds = async |action: &str, with: &[(&str, &str)]| query(aws, "rds", action, with).await;
    let create = [
        ("DBInstanceIdentifier", "m"),
        ("DBInstanceClass", "db.t3.medium"),
        ("Engine", "mysql"),
        ("AllocatedStorage", "20"),
        ("MasterUsername", "u"),
        ("ManageMasterUserPassword", "true"),
        ("BackupRetentionPeriod", "7"),
    ];
    let (code, made) = rds("CreateDBInstance", &create).await;
    let secret = text(&made, "SecretArn");
    assert!(code == 200 && secret.contains("rds!db-"), "{made}");
    let which = json!({ "SecretId": secret });
    let target = "secretsmanager.DescribeSecret";
    assert_eq!(json(aws, "secretsmanager", target, which.clone()).await.0, 200);

    let arn = text(&made, "DBInstanceArn");
    let start = [("SourceDBInstanceArn", arn.as_str()), ("BackupRetentionPeriod", "14")];
    let there = aws.in_region("us-west-2");
    let action = "StartDBInstanceAutomatedBackupsReplication";
    let (code, started) = query(&there, "rds", action, &start).await;
    assert_eq!((code, text(&started, "Status").as_str()), (200, "pending"), "{started}");
    let backup = text(&started, "DBInstanceAutomatedBackupsArn");
    let by_id = [("DBInstanceIdentifier", "m")];
    let (_, shown) = rds("DescribeDBInstances", &by_id).await;
    assert_eq!(text(&shown, "DBInstanceAutomatedBackupsArn"), backup);
    let action = "StopDBInstanceAutomatedBackupsReplication";
    assert_eq!(query(&there, "rds", action, &start[..1]).await.0, 200);
    assert_eq!(query(&there, "rds", action, &start[..1]).await.0, 404);

    let subscription = [
        ("SubscriptionName", "s"),
        ("SnsTopicArn", "arn:aws:sns:eu-west-1:123456789012:t"),
        ("EventCategories.EventCategory.1", "failure"),
    ];
    assert_eq!(rds("CreateEventSubscription", &subscription).await.0, 200);
    let off = [("SubscriptionName", "s"), ("Enabled", "false")];
    assert_eq!(rds("ModifyEventSubscription", &off).await.0, 200);
    let (_, shown) = rds("DescribeEventSubscriptions", &off[..1]).await;
    assert_eq!(
        (text(&shown, "Enabled"), text(&shown, "EventCategory")),
        ("false".into(), "failure".into())
    );
    assert_eq!(rds("DeleteEventSubscription", &off[..1]).await.0, 200);
    assert_eq!(rds("DescribeEventSubscriptions", &off[..1]).await.0, 404);

    let delete = [("DBInstanceIdentifier", "m"), ("SkipFinalSnapshot", "true")];
    assert_eq!(rds("DeleteDBInstance", &delete).await.0, 200);
    let (_, gone) = json(aws, "secretsmanager", target, which).await;
    assert_eq!(gone["__type"], "ResourceNotFoundException");
}
