//! A hosted zone: the records of a domain, for everybody or for VPCs.
//!
//! API: CreateHostedZone, GetHostedZone, ListHostedZones, UpdateHostedZoneComment,
//! AssociateVPCWithHostedZone, DisassociateVPCFromHostedZone, ListResourceRecordSets,
//! ChangeResourceRecordSets, ListTagsForResource, ChangeTagsForResource, DeleteHostedZone.

use infra_sdk::{Arn, Block, BlockSet, Outputs, Resource, Tags};

use super::{DomainName, HostedZoneId};
use crate::ec2::VpcId;

/// The records of a domain. Without VPCs it is public.
#[derive(Debug, Clone, PartialEq, Resource)]
#[resource(type = "aws_route53_zone", outputs = ZoneOutputs, stateful, global)]
pub struct Zone {
    /// The domain.
    #[field(force_new)]
    pub name: DomainName,
    /// What it is for, at most 256 characters.
    #[field(default = String::from("Managed by infra"))]
    pub comment: String,
    /// Name servers to use again, of a public zone.
    #[field(force_new)]
    pub delegation_set_id: Option<String>,
    /// VPCs that a private zone is for. Left out, what others associated stays.
    #[field(computed)]
    pub vpc: BlockSet<ZoneVpc>,
    /// Remove the records that are still there when the zone is destroyed.
    #[field(default = false, write_only)]
    pub force_destroy: bool,
    /// Tags.
    pub tags: Tags,
}

/// A VPC that a private zone is for.
#[derive(Debug, Clone, PartialEq, Block)]
pub struct ZoneVpc {
    /// The VPC.
    pub vpc_id: VpcId,
    /// Its region. The environment's by default.
    #[field(computed)]
    pub vpc_region: Option<String>,
}

/// What AWS assigns to a [`Zone`].
#[derive(Debug, Clone, PartialEq, Outputs)]
pub struct ZoneOutputs {
    /// The zone's id.
    pub id: HostedZoneId,
    /// The zone's id.
    pub zone_id: HostedZoneId,
    /// The zone's ARN.
    pub arn: Arn<Zone>,
    /// The name servers of a public zone, sorted.
    pub name_servers: Vec<String>,
}

#[cfg(feature = "provider")]
pub(super) mod handler {
    use aws_sdk_route53::types::{
        Change, ChangeAction, ChangeBatch, HostedZoneConfig, ResourceRecordSet, RrType, Tag,
        TagResourceType, Vpc, VpcRegion,
    };
    use infra_sdk::provider::{Failure, FailureClass};

    use super::*;
    use crate::frame::tags::is_ours;
    use crate::prelude::*;
    use crate::route53::common::{bare_id, built, records_of};
    use crate::route53::names::canonical;

    const OPERATIONS: &[&str] = &[
        "route53:AssociateVPCWithHostedZone",
        "route53:ChangeResourceRecordSets",
        "route53:ChangeTagsForResource",
        "route53:CreateHostedZone",
        "route53:DeleteHostedZone",
        "route53:DisassociateVPCFromHostedZone",
        "route53:GetHostedZone",
        "route53:ListHostedZones",
        "route53:ListResourceRecordSets",
        "route53:ListTagsForResource",
        "route53:UpdateHostedZoneComment",
    ];

    const ACTIONS: &[&str] = actions!(OPERATIONS, ["ec2:DescribeVpcs"]);

    const GONE: &[&str] = &["NoSuchHostedZone"];

    /// Changes in one batch. Route 53 takes 1,000 records in one.
    const BATCH: usize = 500;

    impl Handler for Zone {
        const CALLS: Calls = Calls {
            // The caller reference; a repeat is refused, and the zone is found by it.
            class: CreateClass::Token,
            create: "route53:CreateHostedZone",
            operations: OPERATIONS,
            actions: ACTIONS,
            after_create: &["tags", "vpc"],
            gone: GONE,
            // Records that are being deleted.
            lingering: &[("HostedZoneNotEmpty", ""), ("PriorRequestNotComplete", "")],
            ..Calls::DEFAULT
        };

        async fn create(aws: &Aws, want: &Self, creating: Creating<'_>) -> Result<String> {
            let config = HostedZoneConfig::builder()
                .comment(&want.comment)
                .private_zone(!want.vpc.0.is_empty())
                .build();
            let vpc = want.vpc.0.first().map(|vpc| wire(aws, vpc));
            let answer = aws
                .call(|| {
                    aws.route53()
                        .create_hosted_zone()
                        .name(want.name.as_str())
                        .caller_reference(creating.token)
                        .hosted_zone_config(config.clone())
                        .set_delegation_set_id(want.delegation_set_id.clone())
                        .set_vpc(vpc.clone())
                        .send()
                })
                .await;
            match answer {
                Ok(answer) => {
                    let zone = answer.hosted_zone.ok_or_else(|| missing("HostedZone"))?;
                    Ok(bare_id(&zone.id).to_owned())
                }
                Err(failure) if failure.code.as_deref() == Some("HostedZoneAlreadyExists") => {
                    let made = zones(aws).await?.into_iter();
                    let mut made = made.filter(|zone| zone.caller_reference == creating.token);
                    made.next().map(|zone| bare_id(&zone.id).to_owned()).ok_or(failure)
                }
                Err(failure) => Err(failure),
            }
        }

        async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
            read_each(known, GONE, |item| async move { see(aws, &item.id).await.map(Some) }).await
        }

        async fn update(
            aws: &Aws,
            id: &str,
            want: &Self,
            was: &Self,
            changed: &Changed,
        ) -> Result<()> {
            if changed.has("comment") {
                aws.call(|| {
                    let call = aws.route53().update_hosted_zone_comment().id(id);
                    call.comment(&want.comment).send()
                })
                .await?;
            }
            if changed.has("vpc") {
                associate(aws, id, want, was).await?;
            }
            Ok(())
        }

        async fn delete(aws: &Aws, id: &str, was: &Self) -> Result<()> {
            if was.force_destroy {
                empty(aws, id, &was.name).await?;
            }
            aws.call(|| aws.route53().delete_hosted_zone().id(id).send()).await.map(drop)
        }

        async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
            let name = canonical(want.name.as_str());
            let mut found = Vec::new();
            for zone in zones(aws).await?.into_iter().filter(|zone| canonical(&zone.name) == name) {
                let id = bare_id(&zone.id).to_owned();
                let tags = absent(tags(aws, &id).await.map(Some), GONE)?;
                if tags.is_some_and(|tags| is_ours(&want.tags.0, &tags.0)) {
                    found.push(id);
                }
            }
            Ok(found)
        }

        async fn blockers(
            aws: &Aws,
            id: &str,
            was: &Self,
            leaving: Leaving<'_>,
        ) -> Result<Vec<Diagnostic>> {
            if was.force_destroy {
                return Ok(Vec::new());
            }
            let own = canonical(was.name.as_str());
            let goes = |name: &str, kind: &str| {
                leaving.of("aws_route53_record").any(|record| {
                    let has = |key: &str| record.get(key).and_then(|value| value.as_str());
                    has("zone_id") == Some(id)
                        && has("type") == Some(kind)
                        && has("name").is_some_and(|text| canonical(text) == name)
                })
            };
            let stays = |set: &ResourceRecordSet| {
                let (name, kind) = (canonical(&set.name), set.r#type.as_str());
                let basic = name == own && ["NS", "SOA"].contains(&kind);
                !basic && !goes(&name, kind)
            };
            let records = records_of(aws, id).await?;
            let told = records.iter().find(|set| stays(set)).map(|set| {
                let (name, kind) = (&set.name, set.r#type.as_str());
                let contents = format!("zone `{own}` has the {kind} record `{name}`, at least");
                preflight::not_empty(&contents, "force_destroy")
            });
            Ok(told.into_iter().collect())
        }

        async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<()> {
            let set = change.set.iter().map(|(k, v)| Tag::builder().key(k).value(v).build());
            let set: Vec<_> = set.collect();
            aws.call(|| {
                aws.route53()
                    .change_tags_for_resource()
                    .resource_type(TagResourceType::Hostedzone)
                    .resource_id(id)
                    .set_add_tags((!set.is_empty()).then(|| set.clone()))
                    .set_remove_tag_keys((!change.remove.is_empty()).then(|| change.remove.clone()))
                    .send()
            })
            .await
            .map(drop)
        }
    }

    fn wire(aws: &Aws, vpc: &ZoneVpc) -> Vpc {
        let region = vpc.vpc_region.as_deref().unwrap_or(aws.region());
        Vpc::builder().vpc_id(vpc.vpc_id.as_str()).vpc_region(VpcRegion::from(region)).build()
    }

    /// Associates what is new before it takes away what is not wanted: a private zone always has a
    /// VPC.
    async fn associate(aws: &Aws, id: &str, want: &Zone, was: &Zone) -> Result<()> {
        if want.vpc.0.is_empty() || was.vpc.0.is_empty() {
            let message = "a zone is public or private for ever: replace it";
            return Err(Failure::new(FailureClass::Invalid, message));
        }
        let has = |zone: &Zone, vpc: &ZoneVpc| zone.vpc.0.iter().any(|v| v.vpc_id == vpc.vpc_id);
        for vpc in want.vpc.0.iter().filter(|vpc| !has(was, vpc)) {
            let vpc = wire(aws, vpc);
            aws.call(|| {
                let call = aws.route53().associate_vpc_with_hosted_zone().hosted_zone_id(id);
                call.vpc(vpc.clone()).send()
            })
            .await?;
        }
        for vpc in was.vpc.0.iter().filter(|vpc| !has(want, vpc)) {
            let vpc = wire(aws, vpc);
            aws.call(|| {
                let call = aws.route53().disassociate_vpc_from_hosted_zone().hosted_zone_id(id);
                call.vpc(vpc.clone()).send()
            })
            .await?;
        }
        Ok(())
    }

    /// Removes all records but those that every zone has.
    async fn empty(aws: &Aws, id: &str, name: &DomainName) -> Result<()> {
        let own = canonical(name.as_str());
        let others: Vec<_> = records_of(aws, id)
            .await?
            .into_iter()
            .filter(|set| {
                canonical(&set.name) != own || ![RrType::Ns, RrType::Soa].contains(&set.r#type)
            })
            .collect();
        for chunk in others.chunks(BATCH) {
            let mut changes = Vec::new();
            for set in chunk {
                let change = Change::builder().action(ChangeAction::Delete);
                changes.push(built(change.resource_record_set(set.clone()).build())?);
            }
            let batch = built(ChangeBatch::builder().set_changes(Some(changes)).build())?;
            aws.call(|| {
                let call = aws.route53().change_resource_record_sets().hosted_zone_id(id);
                call.change_batch(batch.clone()).send()
            })
            .await?;
        }
        Ok(())
    }

    /// All zones of the account.
    pub(in crate::route53) async fn zones(
        aws: &Aws,
    ) -> Result<Vec<aws_sdk_route53::types::HostedZone>> {
        let pages = aws
            .pages(
                |marker| aws.route53().list_hosted_zones().set_marker(marker).send(),
                |page| page.next_marker(),
            )
            .await?;
        Ok(pages.into_iter().flat_map(|page| page.hosted_zones).collect())
    }

    /// The tags of a zone.
    pub(in crate::route53) async fn tags(aws: &Aws, id: &str) -> Result<Tags> {
        let answer = aws
            .call(|| {
                let call = aws.route53().list_tags_for_resource().resource_id(id);
                call.resource_type(TagResourceType::Hostedzone).send()
            })
            .await?;
        let tags = answer.resource_tag_set.and_then(|set| set.tags).unwrap_or_default();
        let pairs = tags.into_iter().filter_map(|t| Some((t.key?, t.value.unwrap_or_default())));
        Ok(Tags(pairs.collect()))
    }

    async fn see(aws: &Aws, id: &str) -> Result<Seen<Zone>> {
        let answer = aws.call(|| aws.route53().get_hosted_zone().id(id).send()).await?;
        let zone = answer.hosted_zone.ok_or_else(|| missing("HostedZone"))?;
        let vpc = |vpc: Vpc| {
            let vpc_region = vpc.vpc_region.map(|region| region.as_str().to_owned());
            Some(ZoneVpc { vpc_id: VpcId::new(vpc.vpc_id?), vpc_region })
        };
        let set = answer.delegation_set;
        let delegation = set
            .as_ref()
            .and_then(|set| set.id())
            .filter(|id| !id.is_empty())
            .map(|id| id.trim_start_matches("/delegationset/").to_owned());
        let inputs = Zone {
            name: DomainName::new(zone.name.trim_end_matches('.')),
            comment: zone.config.and_then(|config| config.comment).unwrap_or_default(),
            delegation_set_id: delegation,
            vpc: BlockSet(answer.vpcs.unwrap_or_default().into_iter().filter_map(vpc).collect()),
            force_destroy: false,
            tags: tags(aws, id).await?,
        };
        let mut name_servers = set.map(|set| set.name_servers).unwrap_or_default();
        name_servers.sort();
        let partition = &aws.account().await?.partition;
        let outputs = ZoneOutputs {
            id: HostedZoneId::new(id),
            zone_id: HostedZoneId::new(id),
            arn: Arn::new(format!("arn:{partition}:route53:::hostedzone/{id}")),
            name_servers,
        };
        Ok(Seen::new(inputs, outputs))
    }
}

#[cfg(feature = "provider")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{Fixture, conforms};

    conforms!(
        aws_route53_zone,
        Fixture {
            base: |stack, name| {
                let zone = Zone::new(format!("{name}.example.com")).comment("names");
                stack.add("it", zone.tag("Name", name));
            },
            update: Some(|stack, name| {
                let zone = Zone::new(format!("{name}.example.com")).comment("changed");
                stack.add("it", zone.tag("purpose", "changed"));
            }),
            replace: Some(|stack, name| {
                stack.add("it", Zone::new(format!("{name}.example.org")).force_destroy(true));
            }),
            gaps: &[],
        }
    );
}
