//! A hosted zone that another stack made. A lookup: answered while the program runs.
//!
//! API: ListHostedZones, GetHostedZone, ListTagsForResource.

use std::collections::BTreeMap;

use infra_sdk::{Arn, Lookup, LookupAnswer, Value};

use super::{HostedZoneId, Zone};
use crate::ec2::VpcId;

/// Asks for a hosted zone: by its id, or by its domain. A domain may have a public zone and private
/// ones.
#[derive(Debug, Clone, Default)]
pub struct FindZone {
    zone_id: Option<String>,
    name: Option<String>,
    private_zone: bool,
    vpc_id: Option<String>,
    tags: BTreeMap<String, String>,
}

impl FindZone {
    /// The zone of that id.
    #[must_use]
    pub fn of_id(zone_id: HostedZoneId) -> Self {
        Self { zone_id: Some(zone_id.as_str().to_owned()), ..Self::default() }
    }

    /// The public zone of a domain.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), ..Self::default() }
    }

    /// The private zone, not the public one.
    #[must_use]
    pub fn private(mut self) -> Self {
        self.private_zone = true;
        self
    }

    /// The private zone that this VPC is in.
    #[must_use]
    pub fn of_vpc(self, vpc_id: VpcId) -> Self {
        Self { vpc_id: Some(vpc_id.as_str().to_owned()), private_zone: true, ..self }
    }

    /// With this tag.
    #[must_use]
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.insert(key.into(), value.into());
        self
    }
}

impl Lookup for FindZone {
    type Answer = ZoneFound;

    const NAME: &'static str = "aws_route53_zone";

    fn arguments(&self) -> BTreeMap<String, Value> {
        let text = |text: &Option<String>| text.as_deref().map_or(Value::Null, Value::from);
        let tags = self.tags.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str())));
        BTreeMap::from([
            ("zone_id".to_owned(), text(&self.zone_id)),
            ("name".to_owned(), text(&self.name)),
            ("private_zone".to_owned(), Value::Bool(self.private_zone)),
            ("vpc_id".to_owned(), text(&self.vpc_id)),
            ("tags".to_owned(), Value::Map(tags.collect())),
        ])
    }
}

/// The hosted zone found.
#[derive(Debug, Clone, PartialEq, LookupAnswer)]
pub struct ZoneFound {
    /// The zone's id.
    pub zone_id: HostedZoneId,
    /// The zone's ARN.
    pub arn: Arn<Zone>,
    /// The domain, without a dot at the end.
    pub name: String,
    /// What it is for.
    pub comment: String,
    /// Whether it is for VPCs only.
    pub private_zone: bool,
    /// How many sets of records it has.
    pub resource_record_set_count: i64,
    /// The name servers of a public zone, sorted.
    pub name_servers: Vec<String>,
}

#[cfg(feature = "provider")]
pub(crate) mod handler {
    use aws_sdk_route53::operation::get_hosted_zone::GetHostedZoneOutput;
    use infra_sdk::provider::{Failure, FailureClass};
    use infra_sdk::{FieldType, LookupSchema};

    use super::*;
    use crate::frame::lookup::{Arguments, LookupHandler, text};
    use crate::prelude::*;
    use crate::route53::common::bare_id;
    use crate::route53::names::canonical;
    use crate::route53::zone::handler::{tags, zones};

    const OPERATIONS: &[&str] =
        &["route53:GetHostedZone", "route53:ListHostedZones", "route53:ListTagsForResource"];

    pub(crate) static HANDLER: LookupHandler = LookupHandler {
        schema: &LookupSchema {
            name: FindZone::NAME,
            doc: "A hosted zone of Route 53, by its id or its domain.",
            answer: ZoneFound::KIND,
            placeholder: |_| {
                let found = ZoneFound {
                    zone_id: HostedZoneId::new("Z0000000000000000000"),
                    arn: Arn::new("arn:aws:route53:::hostedzone/Z0000000000000000000"),
                    name: "example.com".to_owned(),
                    comment: String::new(),
                    private_zone: false,
                    resource_record_set_count: 2,
                    name_servers: Vec::new(),
                };
                found.to_value()
            },
        },
        operations: OPERATIONS,
        actions: OPERATIONS,
        answer: |aws, arguments| Box::pin(answer(aws, arguments)),
    };

    async fn answer(aws: &Aws, arguments: &Arguments) -> Result<Value> {
        let private = arguments.get("private_zone").and_then(Value::as_bool) == Some(true);
        let ids = match (text(arguments, "zone_id"), text(arguments, "name").map(canonical)) {
            (Some(id), _) => vec![id.to_owned()],
            (None, name) => zones(aws)
                .await?
                .into_iter()
                .filter(|zone| name.as_ref() == Some(&canonical(&zone.name)))
                .filter(|zone| zone.config.as_ref().is_some_and(|c| c.private_zone) == private)
                .map(|zone| bare_id(&zone.id).to_owned())
                .collect(),
        };
        let mut found = Vec::new();
        for id in ids {
            let zone = aws.call(|| aws.route53().get_hosted_zone().id(&id).send()).await?;
            if is_for(&zone, text(arguments, "vpc_id")) && is_tagged(aws, &id, arguments).await? {
                found.push(zone);
            }
        }
        let partition = &aws.account().await?.partition;
        match (found.pop(), found.len()) {
            (Some(zone), 0) => see(zone, partition).map(|found| found.to_value()),
            (None, _) => Err(Failure::new(FailureClass::Gone, "no hosted zone fits")),
            (Some(_), others) => {
                let message = format!("{} hosted zones fit: ask by id or tag", others + 1);
                Err(Failure::new(FailureClass::Invalid, message))
            }
        }
    }

    /// Whether the VPC is among those of a zone, where one is asked for.
    fn is_for(zone: &GetHostedZoneOutput, vpc: Option<&str>) -> bool {
        vpc.is_none_or(|vpc| zone.vpcs().iter().any(|one| one.vpc_id() == Some(vpc)))
    }

    async fn is_tagged(aws: &Aws, id: &str, arguments: &Arguments) -> Result<bool> {
        let asked = arguments.get("tags").and_then(Value::as_map).filter(|tags| !tags.is_empty());
        let Some(asked) = asked else { return Ok(true) };
        let tags = tags(aws, id).await?.0;
        Ok(asked.iter().all(|(key, value)| tags.get(key).map(String::as_str) == value.as_str()))
    }

    fn see(answer: GetHostedZoneOutput, partition: &str) -> Result<ZoneFound> {
        let zone = answer.hosted_zone.ok_or_else(|| missing("HostedZone"))?;
        let id = bare_id(&zone.id);
        let servers = answer.delegation_set.map(|set| set.name_servers);
        let mut name_servers = servers.unwrap_or_default();
        name_servers.sort();
        let config = zone.config.as_ref();
        Ok(ZoneFound {
            zone_id: HostedZoneId::new(id),
            arn: Arn::new(format!("arn:{partition}:route53:::hostedzone/{id}")),
            name: canonical(&zone.name),
            comment: config.and_then(|config| config.comment.clone()).unwrap_or_default(),
            private_zone: config.is_some_and(|config| config.private_zone),
            resource_record_set_count: zone.resource_record_set_count.unwrap_or_default(),
            name_servers,
        })
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use crate::test_endpoint::aws;

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn a_zone_is_found_by_its_domain() {
            let aws = aws().await;
            let domain = format!("found-{:08x}.example.com", std::process::id());
            let create = || {
                let call = aws.route53().create_hosted_zone().name(&domain);
                call.caller_reference(&domain).send()
            };
            let made = aws.call(create).await.expect("it is made").hosted_zone.expect("a zone");
            let id = bare_id(&made.id).to_owned();
            let ask = |lookup: FindZone| {
                let arguments = lookup.arguments();
                let aws = &aws;
                async move { answer(aws, &arguments).await }
            };
            let by_name = ask(FindZone::named(format!("{domain}."))).await.expect("it is found");
            let found = ZoneFound::from_value(&by_name).expect("a zone");
            assert_eq!(
                (found.zone_id.as_str(), found.name.as_str()),
                (id.as_str(), domain.as_str())
            );
            let by_id = ask(FindZone::of_id(HostedZoneId::new(&id))).await;
            assert_eq!(by_id.expect("it is found"), by_name);
            for other in [
                FindZone::named(&domain).private(),
                FindZone::named(&domain).tag("env", "none"),
                FindZone::named(format!("www.{domain}")),
            ] {
                let failure = ask(other).await.expect_err("there is none");
                assert_eq!(failure.class, FailureClass::Gone);
            }
            let delete = || aws.route53().delete_hosted_zone().id(&id).send();
            aws.call(delete).await.expect("it is deleted");
        }
    }
}
