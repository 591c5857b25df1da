//! ElastiCache: replication groups and their members.

use super::calls::{query, subnets};
use super::support::{Caller, text, texts};

pub(super) async fn a_cache_has_as_many_members_as_it_is_told(aws: &Caller) {
    let cache =
        async |action: &str, with: &[(&str, &str)]| query(aws, "elasticache", action, with).await;
    let (_, ids) = subnets(aws).await;
    let group = [
        ("CacheSubnetGroupName", "g"),
        ("CacheSubnetGroupDescription", "d"),
        ("SubnetIds.SubnetIdentifier.1", ids[0].as_str()),
    ];
    assert_eq!(cache("CreateCacheSubnetGroup", &group).await.0, 200);
    let create = [
        ("ReplicationGroupId", "R"),
        ("ReplicationGroupDescription", "d"),
        ("CacheNodeType", "cache.t4g.medium"),
        ("Engine", "redis"),
        ("NumCacheClusters", "2"),
        ("CacheSubnetGroupName", "g"),
        ("KmsKeyId", "arn:aws:kms:eu-west-1:123456789012:key/k"),
    ];
    let (code, made) = cache("CreateReplicationGroup", &create).await;
    assert_eq!((code, text(&made, "Status").as_str()), (200, "creating"), "{made}");
    assert!(!made.contains("<NodeGroups>"), "{made}");
    let by_id = [("ReplicationGroupId", "r")];
    let describe = async || cache("DescribeReplicationGroups", &by_id).await.1;
    describe().await;
    let grow =
        [("ReplicationGroupId", "r"), ("NewReplicaCount", "2"), ("ApplyImmediately", "true")];
    assert_eq!(cache("IncreaseReplicaCount", &grow).await.0, 200);
    assert_eq!(text(&describe().await, "Status"), "modifying");
    let shown = describe().await;
    assert_eq!(texts(&shown, "ClusterId"), ["r-0001-001", "r-0001-002", "r-0001-003"]);
    assert_eq!(text(&shown, "KmsKeyId"), "arn:aws:kms:eu-west-1:123456789012:key/k");
    let larger = [("ReplicationGroupId", "r"), ("CacheNodeType", "cache.r6g.large")];
    assert_eq!(cache("ModifyReplicationGroup", &larger).await.0, 200);
    let (_, members) = cache("DescribeCacheClusters", &[]).await;
    assert_eq!(texts(&members, "CacheNodeType"), ["cache.r6g.large"; 3]);

    describe().await;
    assert_eq!(cache("DeleteReplicationGroup", &by_id).await.0, 200);
    // The refusal is the last look at it.
    let (_, refused) = cache("DeleteCacheSubnetGroup", &group[..1]).await;
    assert_eq!(text(&refused, "Code"), "CacheSubnetGroupInUse");
    assert_eq!(text(&describe().await, "Code"), "ReplicationGroupNotFoundFault");
    assert_eq!(cache("DeleteCacheSubnetGroup", &group[..1]).await.0, 200);
}
