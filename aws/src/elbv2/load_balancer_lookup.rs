//! A load balancer that another stack made. A lookup: answered while the program runs.
//!
//! API: DescribeLoadBalancers.

use std::collections::BTreeMap;

use infra_sdk::{Arn, Lookup, LookupAnswer, Value};

use super::{LoadBalancer, LoadBalancerType};
use crate::ec2::{SecurityGroupId, SubnetId, VpcId};
use crate::route53::HostedZoneId;

/// Asks for a load balancer: by its name or ARN.
#[derive(Debug, Clone)]
pub struct FindLoadBalancer {
    name: Option<String>,
    arn: Option<String>,
}

impl FindLoadBalancer {
    /// The load balancer of that name.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), arn: None }
    }

    /// The load balancer of that ARN.
    #[must_use]
    pub fn of_arn(arn: Arn<LoadBalancer>) -> Self {
        Self { name: None, arn: Some(arn.as_str().to_owned()) }
    }
}

impl Lookup for FindLoadBalancer {
    type Answer = LoadBalancerFound;

    const NAME: &'static str = "aws_lb";

    fn arguments(&self) -> BTreeMap<String, Value> {
        let text = |text: &Option<String>| text.as_deref().map_or(Value::Null, Value::from);
        BTreeMap::from([("name".to_owned(), text(&self.name)), ("arn".to_owned(), text(&self.arn))])
    }
}

/// The load balancer found.
#[derive(Debug, Clone, PartialEq, LookupAnswer)]
pub struct LoadBalancerFound {
    /// The load balancer's ARN.
    pub arn: Arn<LoadBalancer>,
    /// What metrics call it: `app/NAME/ID`.
    pub arn_suffix: String,
    /// Its name.
    pub name: String,
    /// The DNS name.
    pub dns_name: String,
    /// Hosted zone of the DNS name, for alias records.
    pub zone_id: HostedZoneId,
    /// Whether it has private addresses only.
    pub internal: bool,
    /// What it balances.
    pub load_balancer_type: LoadBalancerType,
    /// The VPC.
    pub vpc_id: VpcId,
    /// Security groups.
    pub security_groups: Vec<SecurityGroupId>,
    /// Subnets.
    pub subnets: Vec<SubnetId>,
}

#[cfg(feature = "provider")]
pub(crate) mod handler {
    use aws_sdk_elasticloadbalancingv2::types::{
        LoadBalancer as Wire, LoadBalancerSchemeEnum, LoadBalancerTypeEnum,
    };
    use infra_sdk::provider::{Failure, FailureClass};
    use infra_sdk::{FieldType, LookupSchema};

    use super::*;
    use crate::frame::lookup::{Arguments, LookupHandler, text};
    use crate::prelude::*;

    pub(crate) static HANDLER: LookupHandler = LookupHandler {
        schema: &LookupSchema {
            name: FindLoadBalancer::NAME,
            doc: "A load balancer, by its name or ARN.",
            answer: LoadBalancerFound::KIND,
            placeholder,
        },
        operations: &["elasticloadbalancing:DescribeLoadBalancers"],
        actions: &["elasticloadbalancing:DescribeLoadBalancers"],
        answer: |aws, arguments| Box::pin(answer(aws, arguments)),
    };

    fn placeholder(region: &str) -> Value {
        let arn =
            format!("arn:aws:elasticloadbalancing:{region}:123456789012:loadbalancer/app/found/0");
        let found = LoadBalancerFound {
            arn: Arn::new(arn),
            arn_suffix: "app/found/0".to_owned(),
            name: "found".to_owned(),
            dns_name: format!("found.{region}.elb.amazonaws.com"),
            zone_id: HostedZoneId::new("Z0000000000000000000"),
            internal: false,
            load_balancer_type: LoadBalancerType::Application,
            vpc_id: VpcId::new("vpc-00000000000000000"),
            security_groups: Vec::new(),
            subnets: Vec::new(),
        };
        found.to_value()
    }

    async fn answer(aws: &Aws, arguments: &Arguments) -> Result<Value> {
        let given = |name: &str| text(arguments, name).map(|text| vec![text.to_owned()]);
        let answer = aws
            .call(|| {
                let call = aws.elbv2().describe_load_balancers().set_names(given("name"));
                call.set_load_balancer_arns(given("arn")).send()
            })
            .await?;
        let found = answer.load_balancers.and_then(|mut all| all.pop());
        let none = || Failure::new(FailureClass::Gone, "no load balancer fits");
        see(found.ok_or_else(none)?).map(|found| found.to_value())
    }

    fn see(wire: Wire) -> Result<LoadBalancerFound> {
        let arn = wire.load_balancer_arn.ok_or_else(|| missing("LoadBalancerArn"))?;
        let suffix = arn.split_once("loadbalancer/").map(|(_, suffix)| suffix.to_owned());
        let zones = wire.availability_zones.unwrap_or_default().into_iter();
        let groups = wire.security_groups.unwrap_or_default().into_iter();
        let kind = wire.r#type.as_ref().map(LoadBalancerTypeEnum::as_str);
        let zone = wire.canonical_hosted_zone_id.ok_or_else(|| missing("CanonicalHostedZoneId"))?;
        Ok(LoadBalancerFound {
            arn_suffix: suffix.ok_or_else(|| missing("LoadBalancerArn"))?,
            arn: Arn::new(arn),
            name: wire.load_balancer_name.ok_or_else(|| missing("LoadBalancerName"))?,
            dns_name: wire.dns_name.ok_or_else(|| missing("DNSName"))?,
            zone_id: HostedZoneId::new(zone),
            internal: wire.scheme == Some(LoadBalancerSchemeEnum::Internal),
            load_balancer_type: parsed(kind, "Type")?,
            vpc_id: VpcId::new(wire.vpc_id.ok_or_else(|| missing("VpcId"))?),
            security_groups: groups.map(SecurityGroupId::new).collect(),
            subnets: zones.filter_map(|zone| zone.subnet_id).map(SubnetId::new).collect(),
        })
    }

    #[cfg(test)]
    mod tests {
        use aws_sdk_elasticloadbalancingv2::types::AvailabilityZone;

        use super::*;
        use crate::test_endpoint::aws;

        #[test]
        fn what_aws_shows_is_told() {
            let start = "arn:aws:elasticloadbalancing:us-west-2:123456789012:loadbalancer";
            let wire = Wire::builder()
                .load_balancer_arn(format!("{start}/app/main/1"))
                .load_balancer_name("main")
                .dns_name("main.example.com")
                .canonical_hosted_zone_id("Z1")
                .scheme(LoadBalancerSchemeEnum::Internal)
                .r#type(LoadBalancerTypeEnum::Application)
                .vpc_id("vpc-1")
                .availability_zones(AvailabilityZone::builder().subnet_id("subnet-1").build());
            let found = see(wire.build()).expect("a load balancer");
            assert_eq!(found.arn_suffix, "app/main/1");
            assert_eq!(found.subnets, [SubnetId::new("subnet-1")]);
            assert!(found.internal);
            assert!(see(Wire::builder().build()).is_err());
        }

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn one_that_is_not_there_is_not_found() {
            let arguments = FindLoadBalancer::named("none-of-that-name").arguments();
            let failure = answer(&aws().await, &arguments).await.expect_err("there is none");
            assert_eq!(failure.class, FailureClass::Gone);
        }
    }
}
