//! The conformance test of [`ReplicationGroup`].

use infra_sdk::{Arn, Days, Output, Stack};

use super::subnet_group::tests::subnets;
use super::*;
use crate::conformance::{Fixture, conforms};
use crate::ec2::{SecurityGroup, SecurityGroupId};
use crate::kms::Key;

struct Around {
    subnets: Output<CacheSubnetGroupName>,
    security: Output<SecurityGroupId>,
    key: Output<Arn<Key>>,
    redis: Output<CacheParameterGroupName>,
    valkey: Output<CacheParameterGroupName>,
}

fn around(stack: &mut Stack, name: &str) -> Around {
    let (vpc, [a, b, c]) = subnets(stack);
    let group = SubnetGroup::new(format!("{name}-cache"), [a, b, c]);
    let subnets = stack.add("subnets", group).id();
    let security = SecurityGroup::new().vpc_id(vpc).name(format!("{name}-cache"));
    let security = stack.add("security", security).id();
    let key = stack.add("key", Key::new().description("cache")).arn();
    let parameters = |family: &str| {
        let group = ParameterGroup::new(format!("{name}-{family}"), family);
        group.parameter([Parameter::new("maxmemory-policy", "allkeys-lru")])
    };
    let redis = stack.add("redis", parameters("redis7")).id();
    let valkey = stack.add("valkey", parameters("valkey8")).id();
    Around { subnets, security, key, redis, valkey }
}

fn slow_log(name: &str) -> LogDeliveryArguments {
    let group = LogDestinationType::CloudWatchLogs;
    LogDelivery::new(format!("/cache/{name}"), group, LogFormat::Json, LogType::SlowLog)
}

conforms!(
    aws_elasticache_replication_group,
    Fixture {
        base: |stack, name| {
            let around = around(stack, name);
            let id = format!("{name}-main");
            let cache = ReplicationGroup::new(id, "sessions", "cache.t4g.medium")
                .at_rest_encryption_enabled(true)
                .kms_key_id(around.key)
                .transit_encryption_enabled(true)
                .auth_token("a-token-of-sixteen-or-more")
                .subnet_group_name(around.subnets)
                .security_group_ids([around.security])
                .parameter_group_name(around.redis)
                .engine_version("7.1")
                .num_cache_clusters(3_u32)
                .automatic_failover_enabled(true)
                .multi_az_enabled(true)
                .snapshot_retention_limit(Days(7))
                .snapshot_window("03:00-04:00")
                .maintenance_window("sun:05:00-sun:06:00")
                .log_delivery_configuration([slow_log(name)])
                .final_snapshot_identifier(format!("{name}-last"));
            stack.add("it", cache.tag("Name", name));
        },
        update: Some(|stack, name| {
            let around = around(stack, name);
            let id = format!("{name}-main");
            let cache = ReplicationGroup::new(id, "changed", "cache.r6g.large")
                .apply_immediately(true)
                .at_rest_encryption_enabled(true)
                .kms_key_id(around.key)
                .transit_encryption_enabled(true)
                .auth_token("another-token-of-sixteen")
                .auth_token_update_strategy(AuthTokenUpdateStrategy::Set)
                .subnet_group_name(around.subnets)
                .security_group_ids([around.security])
                .parameter_group_name(around.valkey)
                .engine(CacheEngine::Valkey)
                .engine_version("8.0")
                .num_cache_clusters(2_u32)
                .automatic_failover_enabled(true)
                .auto_minor_version_upgrade(false)
                .snapshot_retention_limit(Days(1))
                .snapshot_window("02:00-03:00")
                .maintenance_window("mon:05:00-mon:06:00")
                .log_delivery_configuration([slow_log(name)])
                .final_snapshot_identifier(format!("{name}-last"));
            stack.add("it", cache.tag("purpose", "changed"));
        }),
        replace: Some(|stack, name| {
            let around = around(stack, name);
            let id = format!("{name}-shards");
            let cache = ReplicationGroup::new(id, "shards", "cache.t4g.medium")
                .subnet_group_name(around.subnets)
                .num_node_groups(3_u32)
                .replicas_per_node_group(1_u32)
                .automatic_failover_enabled(true);
            stack.add("it", cache);
        }),
        gaps: &[],
    }
);
