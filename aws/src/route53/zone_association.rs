//! A VPC that a private zone is for, besides the one that it was made with. The zone then leaves out
//! `vpc` or ignores its changes.
//!
//! API: AssociateVPCWithHostedZone, DisassociateVPCFromHostedZone, ListHostedZonesByVPC.

use infra_sdk::{Outputs, Resource};

use super::HostedZoneId;
use crate::ec2::VpcId;

/// A VPC that a private zone is for.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_route53_zone_association", outputs = ZoneAssociationOutputs)]
pub struct ZoneAssociation {
    /// The zone.
    #[field(force_new)]
    pub zone_id: HostedZoneId,
    /// The VPC.
    #[field(force_new)]
    pub vpc_id: VpcId,
    /// Its region. The resource's own by default.
    #[field(force_new, computed)]
    pub vpc_region: Option<String>,
}

/// What AWS assigns to a [`ZoneAssociation`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct ZoneAssociationOutputs {
    /// Zone, VPC, and its region where that is another one: `Z1:vpc-1:eu-west-1`.
    pub id: String,
    /// The account that the zone is of.
    pub owning_account: Option<String>,
}

#[cfg(feature = "provider")]
mod handler {
    use std::collections::HashMap;

    use aws_sdk_route53::types::{HostedZoneSummary, Vpc, VpcRegion};
    use infra_sdk::provider::{Failure, FailureClass};

    use super::*;
    use crate::prelude::*;
    use crate::route53::common::bare_id;

    const OPERATIONS: &[&str] = &[
        "route53:AssociateVPCWithHostedZone",
        "route53:DisassociateVPCFromHostedZone",
        "route53:ListHostedZonesByVPC",
    ];
    /// The operations, and what Route 53 asks EC2. Source: Service Authorization Reference, Route 53.
    const ACTIONS: &[&str] = actions!(OPERATIONS, ["ec2:DescribeVpcs"]);
    const GONE: &[&str] = &["NoSuchHostedZone", "VPCAssociationNotFound"];

    impl Handler for ZoneAssociation {
        const CALLS: Calls = Calls {
            class: CreateClass::Relation,
            create: "route53:AssociateVPCWithHostedZone",
            operations: OPERATIONS,
            actions: ACTIONS,
            gone: GONE,
            lingering: &[("PriorRequestNotComplete", "")],
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
            let key = Key::of(aws, want);
            let associate = || {
                let call = aws.route53().associate_vpc_with_hosted_zone();
                call.hosted_zone_id(&key.zone).vpc(key.vpc()).send()
            };
            match aws.call(associate).await {
                // So is a repeat answered, and another zone of that domain.
                Err(failure) if failure.code.as_deref() == Some("ConflictingDomainExists") => {
                    let zones = zones(aws, &key).await?;
                    if key.pick(&zones).is_some() { Ok(key.id(aws)) } else { Err(failure) }
                }
                other => other.map(|_| key.id(aws)),
            }
        }

        /// All of a VPC at once.
        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            let mut lists = HashMap::new();
            let mut reads = Vec::with_capacity(known.len());
            for item in known {
                let key = match Key::parse(aws, &item.id) {
                    Ok(key) => key,
                    Err(failure) => {
                        reads.push(Err(failure));
                        continue;
                    }
                };
                let place = (key.vpc.clone(), key.region.clone());
                if !lists.contains_key(&place) {
                    let list = zones(aws, &key).await;
                    lists.insert(place.clone(), list);
                }
                let list = lists.get(&place).cloned().unwrap_or_else(|| Ok(Vec::new()));
                reads.push(list.map(|zones| key.pick(&zones).map(|zone| see(item, &key, zone))));
            }
            reads
        }

        async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
            let key = Key::parse(aws, id)?;
            aws.call(|| {
                let call = aws.route53().disassociate_vpc_from_hosted_zone();
                call.hosted_zone_id(&key.zone).vpc(key.vpc()).send()
            })
            .await
            .map(drop)
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let key = Key::of(aws, want);
            let zones = zones(aws, &key).await?;
            Ok(key.pick(&zones).map(|_| key.id(aws)).into_iter().collect())
        }
    }

    /// The two ends.
    #[derive(Debug, PartialEq, Eq)]
    struct Key {
        zone: String,
        vpc: String,
        region: String,
    }

    impl Key {
        fn of(aws: &Aws, want: &ZoneAssociation) -> Self {
            Self {
                zone: want.zone_id.to_string(),
                vpc: want.vpc_id.to_string(),
                region: want.vpc_region.clone().unwrap_or_else(|| aws.region().to_owned()),
            }
        }

        fn id(&self, aws: &Aws) -> String {
            let Self { zone, vpc, region } = self;
            if region == aws.region() {
                return format!("{zone}:{vpc}");
            }
            format!("{zone}:{vpc}:{region}")
        }

        fn parse(aws: &Aws, id: &str) -> Result<Self> {
            let parts: Vec<_> = id.split(':').collect();
            let (zone, vpc, region) = match parts[..] {
                [zone, vpc] => (zone, vpc, aws.region()),
                [zone, vpc, region] => (zone, vpc, region),
                _ => ("", "", ""),
            };
            if zone.is_empty() || !vpc.starts_with("vpc-") || region.is_empty() {
                let message = format!("`{id}` is not `ZONE:VPC` or `ZONE:VPC:REGION`");
                return Err(Failure::new(FailureClass::Invalid, message));
            }
            let [zone, vpc, region] = [zone, vpc, region].map(str::to_owned);
            Ok(Self { zone, vpc, region })
        }

        fn vpc(&self) -> Vpc {
            let region = VpcRegion::from(self.region.as_str());
            Vpc::builder().vpc_id(&self.vpc).vpc_region(region).build()
        }

        fn pick<'a>(&self, zones: &'a [HostedZoneSummary]) -> Option<&'a HostedZoneSummary> {
            zones.iter().find(|zone| bare_id(&zone.hosted_zone_id) == self.zone)
        }
    }

    /// The zones of a VPC, also those of other accounts.
    async fn zones(aws: &Aws, key: &Key) -> Result<Vec<HostedZoneSummary>> {
        let pages = aws
            .pages(
                |token| {
                    aws.route53()
                        .list_hosted_zones_by_vpc()
                        .vpc_id(&key.vpc)
                        .vpc_region(VpcRegion::from(key.region.as_str()))
                        .set_next_token(token)
                        .send()
                },
                |page| page.next_token(),
            )
            .await?;
        Ok(pages.into_iter().flat_map(|page| page.hosted_zone_summaries).collect())
    }

    fn see(item: &Known, key: &Key, zone: &HostedZoneSummary) -> Seen<ZoneAssociation> {
        let inputs = ZoneAssociation {
            zone_id: HostedZoneId::new(&key.zone),
            vpc_id: VpcId::new(&key.vpc),
            vpc_region: Some(key.region.clone()),
        };
        let owner = zone.owner.as_ref().and_then(|owner| owner.owning_account.clone());
        let outputs = ZoneAssociationOutputs { id: item.id.clone(), owning_account: owner };
        Seen::new(inputs, outputs)
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use crate::Connection;
        use crate::frame::clients::configure;

        #[tokio::test]
        async fn ids_name_a_region_only_where_it_is_another() {
            let connection = Connection { region: "us-west-2".to_owned(), ..Connection::default() };
            let aws = Aws::new(configure(&connection).await);
            let key = |region: &str| Key {
                zone: "Z1".to_owned(),
                vpc: "vpc-1".to_owned(),
                region: region.to_owned(),
            };
            assert_eq!(key("us-west-2").id(&aws), "Z1:vpc-1");
            assert_eq!(key("eu-west-1").id(&aws), "Z1:vpc-1:eu-west-1");
            for key in [key("us-west-2"), key("eu-west-1")] {
                assert_eq!(Key::parse(&aws, &key.id(&aws)).ok(), Some(key));
            }
            for wrong in ["Z1", "Z1:subnet-1", ":vpc-1", "Z1:vpc-1:", "Z1:vpc-1:a:b"] {
                assert!(Key::parse(&aws, wrong).is_err(), "{wrong}");
            }
        }
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use infra_sdk::Stack;
    use infra_sdk::ipnet::Ipv4Net;

    use super::*;
    use crate::conformance::{Fixture, conforms};
    use crate::ec2::Vpc;
    use crate::route53::{Zone, ZoneVpc};

    fn declare(stack: &mut Stack, name: &str, of: &str) {
        let [own, one, other] = ["own", "one", "other"].map(|at| {
            let vpc = Vpc::new("10.41.0.0/16".parse::<Ipv4Net>().expect("valid"));
            stack.add(at, vpc).id()
        });
        let zone = Zone::new(format!("{name}.internal")).vpc([ZoneVpc::new(own)]);
        let zone = stack.add("zone", zone);
        let vpc = if of == "one" { one } else { other };
        stack.add("it", ZoneAssociation::new(zone.id(), vpc));
    }

    conforms!(
        aws_route53_zone_association,
        Fixture {
            base: |stack, name| declare(stack, name, "one"),
            update: None,
            replace: Some(|stack, name| declare(stack, name, "other")),
            gaps: &[],
        }
    );
}
