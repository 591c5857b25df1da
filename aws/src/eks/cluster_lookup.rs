//! A cluster that another stack made. A lookup: answered while the program runs.
//!
//! API: DescribeCluster.

use std::collections::BTreeMap;

use infra_sdk::{Lookup, LookupAnswer, Value};

use super::ClusterName;
use crate::ec2::{SecurityGroupId, SubnetId, VpcId};

/// Asks for a cluster by its name.
#[derive(Debug, Clone)]
pub struct FindCluster(ClusterName);

impl FindCluster {
    /// The cluster of this name.
    #[must_use]
    pub fn named(name: ClusterName) -> Self {
        Self(name)
    }
}

impl Lookup for FindCluster {
    type Answer = ClusterFound;

    const NAME: &'static str = "aws_eks_cluster";

    fn arguments(&self) -> BTreeMap<String, Value> {
        BTreeMap::from([("name".to_owned(), Value::from(self.0.as_str()))])
    }
}

/// The cluster found.
#[derive(Debug, Clone, PartialEq, LookupAnswer)]
pub struct ClusterFound {
    /// Its name.
    pub name: ClusterName,
    /// Its ARN.
    pub arn: String,
    /// Where its API is; nothing while it is made.
    pub endpoint: Option<String>,
    /// Certificate of its authority, in Base64; nothing while it is made.
    pub certificate_authority_data: Option<String>,
    /// Version of Kubernetes: `1.33`.
    pub version: String,
    /// Version of the platform: `eks.5`.
    pub platform_version: String,
    /// `ACTIVE`, `CREATING` and others.
    pub status: String,
    /// The role of the control plane.
    pub role_arn: String,
    /// The VPC.
    pub vpc_id: Option<VpcId>,
    /// Subnets of the control plane's interfaces.
    pub subnet_ids: Vec<SubnetId>,
    /// Further security groups of these interfaces.
    pub security_group_ids: Vec<SecurityGroupId>,
    /// The security group that EKS made for control plane and nodes.
    pub cluster_security_group_id: Option<SecurityGroupId>,
    /// Whether the API can be reached from inside the VPC.
    pub endpoint_private_access: bool,
    /// Whether the API can be reached from outside.
    pub endpoint_public_access: bool,
    /// From where it can.
    pub public_access_cidrs: Vec<String>,
    /// URL of the issuer of service accounts' tokens.
    pub oidc_issuer: Option<String>,
    /// Range of services' IPv4 addresses.
    pub service_ipv4_cidr: Option<String>,
    /// When it was made, in RFC 3339.
    pub created_at: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

#[cfg(feature = "provider")]
pub(crate) mod handler {
    use aws_sdk_eks::types::{Cluster as Wire, ClusterStatus};
    use infra_sdk::{FieldType, LookupSchema};

    use super::*;
    use crate::eks::common::{date, tags_of};
    use crate::frame::lookup::{Arguments, LookupHandler, text};
    use crate::prelude::*;

    pub(crate) static HANDLER: LookupHandler = LookupHandler {
        schema: &LookupSchema {
            name: FindCluster::NAME,
            doc: "A cluster of EKS, by its name.",
            answer: ClusterFound::KIND,
            placeholder,
        },
        operations: &["eks:DescribeCluster"],
        actions: &["eks:DescribeCluster"],
        answer: |aws, arguments| Box::pin(answer(aws, arguments)),
    };

    fn placeholder(region: &str) -> Value {
        ClusterFound {
            name: ClusterName::new("cluster"),
            arn: format!("arn:aws:eks:{region}:123456789012:cluster/cluster"),
            endpoint: Some(format!("https://0123456789ABCDEF.gr7.{region}.eks.amazonaws.com")),
            certificate_authority_data: Some("LS0tLS1CRUdJTg==".to_owned()),
            version: "1.33".to_owned(),
            platform_version: "eks.1".to_owned(),
            status: "ACTIVE".to_owned(),
            role_arn: "arn:aws:iam::123456789012:role/cluster".to_owned(),
            vpc_id: Some(VpcId::new("vpc-00000000000000000")),
            subnet_ids: vec![SubnetId::new("subnet-00000000000000000")],
            security_group_ids: Vec::new(),
            cluster_security_group_id: Some(SecurityGroupId::new("sg-00000000000000000")),
            endpoint_private_access: true,
            endpoint_public_access: false,
            public_access_cidrs: Vec::new(),
            oidc_issuer: Some(format!(
                "https://oidc.eks.{region}.amazonaws.com/id/0123456789ABCDEF"
            )),
            service_ipv4_cidr: Some("172.20.0.0/16".to_owned()),
            created_at: Some("2026-01-01T00:00:00Z".to_owned()),
            tags: BTreeMap::new(),
        }
        .to_value()
    }

    async fn answer(aws: &Aws, arguments: &Arguments) -> Result<Value> {
        let name = text(arguments, "name").map(str::to_owned);
        let answer =
            aws.call(|| aws.eks().describe_cluster().set_name(name.clone()).send()).await?;
        see(answer.cluster.ok_or_else(|| missing("cluster"))?).map(|found| found.to_value())
    }

    fn see(cluster: Wire) -> Result<ClusterFound> {
        let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
        let network = cluster.resources_vpc_config.ok_or_else(|| missing("resourcesVpcConfig"))?;
        let issuer = cluster.identity.and_then(|identity| identity.oidc).and_then(|o| o.issuer);
        let authority = cluster.certificate_authority.and_then(|authority| authority.data);
        let groups = network.security_group_ids.unwrap_or_default().into_iter();
        let subnets = network.subnet_ids.unwrap_or_default().into_iter();
        let services = cluster.kubernetes_network_config.and_then(|n| n.service_ipv4_cidr);
        Ok(ClusterFound {
            name: ClusterName::new(cluster.name.ok_or_else(|| missing("name"))?),
            arn: cluster.arn.ok_or_else(|| missing("arn"))?,
            endpoint: filled(cluster.endpoint),
            certificate_authority_data: filled(authority),
            version: cluster.version.ok_or_else(|| missing("version"))?,
            platform_version: cluster.platform_version.unwrap_or_default(),
            status: cluster
                .status
                .as_ref()
                .map(ClusterStatus::as_str)
                .ok_or_else(|| missing("status"))?
                .to_owned(),
            role_arn: cluster.role_arn.ok_or_else(|| missing("roleArn"))?,
            vpc_id: filled(network.vpc_id).map(VpcId::new),
            subnet_ids: subnets.map(SubnetId::new).collect(),
            security_group_ids: groups.map(SecurityGroupId::new).collect(),
            cluster_security_group_id: filled(network.cluster_security_group_id)
                .map(SecurityGroupId::new),
            endpoint_private_access: network.endpoint_private_access,
            endpoint_public_access: network.endpoint_public_access,
            public_access_cidrs: network.public_access_cidrs.unwrap_or_default(),
            oidc_issuer: filled(issuer),
            service_ipv4_cidr: filled(services),
            created_at: date(cluster.created_at),
            tags: tags_of(cluster.tags).0,
        })
    }

    #[cfg(test)]
    mod tests {
        use aws_sdk_eks::types::VpcConfigResponse;

        use super::*;

        #[test]
        fn a_cluster_that_is_made_has_no_endpoint_yet() {
            let network = VpcConfigResponse::builder().vpc_id("vpc-1").subnet_ids("subnet-1");
            let wire = Wire::builder()
                .name("main")
                .arn("arn:aws:eks:us-west-2:123456789012:cluster/main")
                .version("1.33")
                .status(ClusterStatus::Creating)
                .role_arn("arn:aws:iam::123456789012:role/main")
                .endpoint("")
                .resources_vpc_config(network.build())
                .build();
            let found = see(wire).expect("a cluster");
            assert_eq!((found.endpoint, found.status.as_str()), (None, "CREATING"));
            assert_eq!(found.subnet_ids, [SubnetId::new("subnet-1")]);
        }
    }
}
