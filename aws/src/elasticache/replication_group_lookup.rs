//! A replication group that another stack made. A lookup: answered while the program runs.
//!
//! API: DescribeReplicationGroups.

use std::collections::BTreeMap;

use infra_sdk::{Lookup, LookupAnswer, Value};

use super::ReplicationGroupId;

/// Asks for a replication group by its name.
#[derive(Debug, Clone)]
pub struct FindReplicationGroup {
    id: ReplicationGroupId,
}

impl FindReplicationGroup {
    /// The replication group of that name.
    #[must_use]
    pub fn named(id: ReplicationGroupId) -> Self {
        Self { id }
    }
}

impl Lookup for FindReplicationGroup {
    type Answer = ReplicationGroupFound;

    const NAME: &'static str = "aws_elasticache_replication_group";

    fn arguments(&self) -> BTreeMap<String, Value> {
        BTreeMap::from([("replication_group_id".to_owned(), Value::from(self.id.as_str()))])
    }
}

/// The replication group found.
#[derive(Debug, Clone, PartialEq, Eq, LookupAnswer)]
pub struct ReplicationGroupFound {
    /// Its name.
    pub replication_group_id: String,
    /// Its ARN.
    pub arn: String,
    /// What it is for.
    pub description: String,
    /// Size of the machines.
    pub node_type: String,
    /// Host name of the primary, of a cache with cluster mode off.
    pub primary_endpoint_address: Option<String>,
    /// Host name of the replicas, of a cache with cluster mode off.
    pub reader_endpoint_address: Option<String>,
    /// Host name of the shards, of a cache with cluster mode on.
    pub configuration_endpoint_address: Option<String>,
    /// Port.
    pub port: Option<u32>,
    /// Members, by cache cluster id.
    pub member_clusters: Vec<String>,
    /// Whether a token is asked for.
    pub auth_token_enabled: bool,
}

#[cfg(feature = "provider")]
pub(crate) mod handler {
    use aws_sdk_elasticache::types::ReplicationGroup as Wire;
    use infra_sdk::provider::{Failure, FailureClass};
    use infra_sdk::{FieldType, LookupSchema};

    use super::*;
    use crate::elasticache::common::{filled, positive};
    use crate::elasticache::replication_group_handler::list;
    use crate::frame::lookup::{Arguments, LookupHandler, text};
    use crate::prelude::*;

    pub(crate) static HANDLER: LookupHandler = LookupHandler {
        schema: &LookupSchema {
            name: FindReplicationGroup::NAME,
            doc: "A replication group of ElastiCache, by its name.",
            answer: ReplicationGroupFound::KIND,
            placeholder,
        },
        operations: &["elasticache:DescribeReplicationGroups"],
        actions: &["elasticache:DescribeReplicationGroups"],
        answer: |aws, arguments| Box::pin(answer(aws, arguments)),
    };

    fn placeholder(region: &str) -> Value {
        ReplicationGroupFound {
            replication_group_id: "cache".to_owned(),
            arn: format!("arn:aws:elasticache:{region}:123456789012:replicationgroup:cache"),
            description: "cache".to_owned(),
            node_type: "cache.t4g.medium".to_owned(),
            primary_endpoint_address: Some("cache.example.com".to_owned()),
            reader_endpoint_address: None,
            configuration_endpoint_address: None,
            port: Some(6379),
            member_clusters: Vec::new(),
            auth_token_enabled: false,
        }
        .to_value()
    }

    async fn answer(aws: &Aws, arguments: &Arguments) -> Result<Value> {
        let id = text(arguments, "replication_group_id").unwrap_or_default().to_owned();
        let group = list(aws, Some(id)).await?.pop().ok_or_else(|| {
            Failure::new(FailureClass::Gone, "no replication group has that name".to_owned())
        })?;
        see(group).map(|found| found.to_value())
    }

    fn see(group: Wire) -> Result<ReplicationGroupFound> {
        let is_cluster = group.cluster_enabled() == Some(true);
        let shard = group.node_groups().first().filter(|_| !is_cluster);
        let primary = shard.and_then(|shard| shard.primary_endpoint());
        let reader = shard.and_then(|shard| shard.reader_endpoint());
        let all = group.configuration_endpoint();
        let port = all.or(primary).and_then(|endpoint| endpoint.port);
        Ok(ReplicationGroupFound {
            primary_endpoint_address: primary.and_then(|end| filled(end.address.clone())),
            reader_endpoint_address: reader.and_then(|end| filled(end.address.clone())),
            configuration_endpoint_address: all.and_then(|end| filled(end.address.clone())),
            port: port.and_then(positive),
            member_clusters: group.member_clusters().to_vec(),
            auth_token_enabled: group.auth_token_enabled().unwrap_or(false),
            replication_group_id: group
                .replication_group_id
                .ok_or_else(|| missing("ReplicationGroupId"))?,
            arn: group.arn.ok_or_else(|| missing("ARN"))?,
            description: group.description.unwrap_or_default(),
            node_type: group.cache_node_type.ok_or_else(|| missing("CacheNodeType"))?,
        })
    }

    #[cfg(test)]
    mod tests {
        use aws_sdk_elasticache::types::{Endpoint, NodeGroup};

        use super::*;

        fn wire() -> aws_sdk_elasticache::types::builders::ReplicationGroupBuilder {
            let primary = Endpoint::builder().address("primary").port(6379).build();
            let shard = NodeGroup::builder().primary_endpoint(primary).build();
            Wire::builder()
                .replication_group_id("main")
                .arn("arn:aws:elasticache:us-west-2:123456789012:replicationgroup:main")
                .cache_node_type("cache.t4g.medium")
                .node_groups(shard)
        }

        #[test]
        fn a_cluster_is_reached_by_its_configuration_endpoint_alone() {
            let found = see(wire().build()).expect("a group");
            assert_eq!(found.primary_endpoint_address.as_deref(), Some("primary"));
            assert_eq!((found.configuration_endpoint_address, found.port), (None, Some(6379)));
            let all = Endpoint::builder().address("all").port(7000).build();
            let cluster = wire().cluster_enabled(true).configuration_endpoint(all).build();
            let found = see(cluster).expect("a group");
            assert_eq!(found.primary_endpoint_address, None);
            assert_eq!(found.configuration_endpoint_address.as_deref(), Some("all"));
            assert_eq!(found.port, Some(7000));
        }
    }
}
