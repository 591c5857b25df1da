//! The AWS calls of [`Record`].

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};

use aws_sdk_route53::types::{
    AliasTarget, Change, ChangeAction, ChangeBatch, GeoLocation, ResourceRecord, ResourceRecordSet,
    ResourceRecordSetFailover, ResourceRecordSetRegion, RrType,
};
use infra_sdk::Object;
use infra_sdk::provider::{Failure, FailureClass};

use super::common::{built, records_of};
use super::names::canonical;
use super::record::{
    Alias, FailoverRoutingPolicy, GeolocationRoutingPolicy, LatencyRoutingPolicy, Record,
    RecordOutputs, RecordType, WeightedRoutingPolicy,
};
use super::{DomainName, HealthCheckId, HostedZoneId};
use crate::prelude::*;

const OPERATIONS: &[&str] = &["route53:ChangeResourceRecordSets", "route53:ListResourceRecordSets"];

const GONE: &[&str] = &["NoSuchHostedZone"];

impl Handler for Record {
    const CALLS: Calls = Calls {
        class: CreateClass::Relation,
        create: "route53:ChangeResourceRecordSets",
        operations: OPERATIONS,
        actions: OPERATIONS,
        gone: GONE,
        ..Calls::DEFAULT
    };

    async fn create(aws: &Aws, want: &Self, _: Creating<'_>) -> Result<String> {
        let key = Key::of(want);
        let set = wire(want)?;
        let action = if want.allow_overwrite { ChangeAction::Upsert } else { ChangeAction::Create };
        match change(aws, &key.zone, action, set.clone()).await {
            Err(failure) if says(&failure, "already exists") => {
                match key.pick(records_of(aws, &key.zone).await?) {
                    Some(there) if wire(&see(&key.zone, &there, &Object::new())?)? == set => {
                        Ok(key.id())
                    }
                    _ => Err(failure),
                }
            }
            other => other.map(|()| key.id()),
        }
    }

    async fn read(aws: &Aws, known: &[Known]) -> Reads<Self> {
        let zone_of = |item: &Known| Key::parse(&item.id).map(|key| key.zone);
        let mut zones = HashMap::new();
        for zone in known.iter().filter_map(|item| zone_of(item).ok()) {
            if let Entry::Vacant(place) = zones.entry(zone) {
                let sets = absent(records_of(aws, place.key()).await.map(Some), GONE);
                place.insert(sets);
            }
        }
        let read = |item: &Known| {
            let key = Key::parse(&item.id)?;
            let sets = zones.get(&key.zone).cloned().unwrap_or(Ok(None))?;
            let Some(set) = key.pick(sets.unwrap_or_default()) else { return Ok(None) };
            let inputs = see(&key.zone, &set, &item.recorded)?;
            let outputs = RecordOutputs { id: item.id.clone(), fqdn: canonical(&set.name) };
            Ok(Some(Seen::new(inputs, outputs)))
        };
        known.iter().map(read).collect()
    }

    async fn update(aws: &Aws, id: &str, want: &Self, _: &Self, _: &Changed) -> Result<()> {
        change(aws, &Key::parse(id)?.zone, ChangeAction::Upsert, wire(want)?).await
    }

    /// A record is only deleted by all that it has, so that what is there is asked for first.
    async fn delete(aws: &Aws, id: &str, _: &Self) -> Result<()> {
        let key = Key::parse(id)?;
        let Some(set) = key.pick(records_of(aws, &key.zone).await?) else { return Ok(()) };
        match change(aws, &key.zone, ChangeAction::Delete, set).await {
            Err(failure) if says(&failure, "was not found") => Ok(()),
            other => other,
        }
    }

    async fn find(aws: &Aws, want: &Self) -> Result<Vec<String>> {
        let key = Key::of(want);
        let sets = absent(records_of(aws, &key.zone).await.map(Some), GONE)?;
        let Some(there) = key.pick(sets.unwrap_or_default()) else { return Ok(Vec::new()) };
        let is_it = wire(&see(&key.zone, &there, &Object::new())?)? == wire(want)?;
        Ok(is_it.then(|| key.id()).into_iter().collect())
    }
}

/// What tells a record from all others.
#[derive(Debug, PartialEq, Eq)]
struct Key {
    zone: String,
    name: String,
    kind: String,
    set: Option<String>,
}

impl Key {
    fn of(record: &Record) -> Self {
        Self {
            zone: record.zone_id.to_string(),
            name: canonical(record.name.as_str()),
            kind: record.r#type.as_str().to_owned(),
            set: record.set_identifier.clone(),
        }
    }

    fn id(&self) -> String {
        let set = self.set.as_ref().map(|set| format!("_{set}")).unwrap_or_default();
        format!("{}_{}_{}{set}", self.zone, self.name, self.kind)
    }

    /// The key of an id, as Terraform writes it. Names may have `_`, and a type is in capitals.
    fn parse(id: &str) -> Result<Self> {
        let wrong = || {
            let message = format!(
                "`{id}` is not the id of a record: `ZONE_name_TYPE` or `ZONE_name_TYPE_set`"
            );
            Failure::new(FailureClass::Invalid, message)
        };
        let (zone, rest) = id.split_once('_').ok_or_else(wrong)?;
        let parts: Vec<_> = rest.split('_').collect();
        let is_type = |part: &&str| RrType::values().contains(part);
        let place = parts.iter().skip(1).position(is_type).ok_or_else(wrong)? + 1;
        let set = parts[place + 1..].join("_");
        let name = canonical(&parts[..place].join("_"));
        if name.is_empty() || zone.is_empty() {
            return Err(wrong());
        }
        let kind = parts[place].to_owned();
        Ok(Self { zone: zone.to_owned(), name, kind, set: (!set.is_empty()).then_some(set) })
    }

    fn pick(&self, sets: Vec<ResourceRecordSet>) -> Option<ResourceRecordSet> {
        sets.into_iter().find(|set| {
            canonical(&set.name) == self.name
                && set.r#type.as_str() == self.kind
                && set.set_identifier == self.set
        })
    }
}

fn says(failure: &Failure, words: &str) -> bool {
    failure.code.as_deref() == Some("InvalidChangeBatch") && failure.message.contains(words)
}

async fn change(aws: &Aws, zone: &str, action: ChangeAction, set: ResourceRecordSet) -> Result<()> {
    let change = built(Change::builder().action(action).resource_record_set(set).build())?;
    let batch = built(ChangeBatch::builder().changes(change).build())?;
    aws.call(|| {
        let call = aws.route53().change_resource_record_sets().hosted_zone_id(zone);
        call.change_batch(batch.clone()).send()
    })
    .await
    .map(drop)
}

/// Whether values of the type stand in quotes.
fn is_quoted(kind: &str) -> bool {
    ["SPF", "TXT"].contains(&kind)
}

fn wire(record: &Record) -> Result<ResourceRecordSet> {
    let kind = record.r#type.as_str();
    let mut values = Vec::new();
    for value in &record.records {
        let bare = is_quoted(kind) && !value.starts_with('"');
        let value = if bare { format!("\"{value}\"") } else { value.clone() };
        values.push(built(ResourceRecord::builder().value(value).build())?);
    }
    let alias = match &record.alias {
        None => None,
        Some(alias) => Some(built(
            AliasTarget::builder()
                .dns_name(canonical(alias.name.as_str()))
                .hosted_zone_id(alias.zone_id.as_str())
                .evaluate_target_health(alias.evaluate_target_health)
                .build(),
        )?),
    };
    let region = record.latency_routing_policy.as_ref();
    let place = record.geolocation_routing_policy.as_ref().map(|place| {
        GeoLocation::builder()
            .set_continent_code(place.continent.clone())
            .set_country_code(place.country.clone())
            .set_subdivision_code(place.subdivision.clone())
            .build()
    });
    let failover = record.failover_routing_policy.as_ref();
    let set = ResourceRecordSet::builder()
        .name(canonical(record.name.as_str()))
        .r#type(RrType::from(kind))
        .set_ttl(record.ttl.map(i64::from))
        .set_resource_records((!values.is_empty()).then_some(values))
        .set_alias_target(alias)
        .set_set_identifier(record.set_identifier.clone())
        .set_weight(record.weighted_routing_policy.as_ref().map(|p| i64::from(p.weight)))
        .set_region(region.map(|policy| ResourceRecordSetRegion::from(policy.region.as_str())))
        .set_failover(failover.map(|p| ResourceRecordSetFailover::from(p.r#type.as_str())))
        .set_geo_location(place)
        .set_multi_value_answer(record.multivalue_answer_routing_policy.then_some(true))
        .set_health_check_id(record.health_check_id.as_ref().map(ToString::to_string))
        .build();
    built(set)
}

/// A value without the quotes that Route 53 asks for, unless it was given with them.
fn unquoted(kind: &str, value: &str, recorded: &BTreeSet<String>) -> String {
    let inner = value.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    match inner.filter(|inner| is_quoted(kind) && !inner.contains('"')) {
        Some(inner) if !recorded.contains(value) => inner.to_owned(),
        _ => value.to_owned(),
    }
}

fn see(zone: &str, set: &ResourceRecordSet, recorded: &Object) -> Result<Record> {
    let kind = set.r#type.as_str();
    let recorded = recorded.get("records").and_then(infra_sdk::Value::as_list).unwrap_or_default();
    let recorded: BTreeSet<_> =
        recorded.iter().filter_map(|value| value.as_str().map(str::to_owned)).collect();
    let values = set.resource_records().iter();
    let r#type: RecordType = parsed(Some(kind), "Type")?;
    Ok(Record {
        zone_id: HostedZoneId::new(zone),
        name: DomainName::new(canonical(&set.name)),
        r#type,
        ttl: set.ttl.and_then(|seconds| u32::try_from(seconds).ok()),
        records: values.map(|record| unquoted(kind, &record.value, &recorded)).collect(),
        alias: set.alias_target().map(|target| Alias {
            name: DomainName::new(canonical(&target.dns_name)),
            zone_id: HostedZoneId::new(&target.hosted_zone_id),
            evaluate_target_health: target.evaluate_target_health,
        }),
        set_identifier: set.set_identifier.clone(),
        weighted_routing_policy: set
            .weight
            .and_then(|weight| u32::try_from(weight).ok())
            .map(|weight| WeightedRoutingPolicy { weight }),
        latency_routing_policy: set
            .region
            .as_ref()
            .map(|region| LatencyRoutingPolicy { region: region.as_str().to_owned() }),
        failover_routing_policy: set
            .failover
            .as_ref()
            .map(|word| parsed(Some(word.as_str()), "Failover"))
            .transpose()?
            .map(|r#type| FailoverRoutingPolicy { r#type }),
        geolocation_routing_policy: set.geo_location.as_ref().map(|place| {
            GeolocationRoutingPolicy {
                continent: place.continent_code.clone(),
                country: place.country_code.clone(),
                subdivision: place.subdivision_code.clone(),
            }
        }),
        multivalue_answer_routing_policy: set.multi_value_answer.unwrap_or(false),
        health_check_id: set.health_check_id().map(HealthCheckId::new),
        allow_overwrite: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_lead_back() {
        let key = |name: &str, kind: &str, set: Option<&str>| Key {
            zone: "Z1".to_owned(),
            name: name.to_owned(),
            kind: kind.to_owned(),
            set: set.map(str::to_owned),
        };
        for key in [
            key("www.example.com", "A", None),
            key("_dmarc.example.com", "TXT", None),
            key("_a._b.example.com", "SRV", Some("blue_A")),
        ] {
            assert_eq!(Key::parse(&key.id()).ok(), Some(key));
        }
        for wrong in ["Z1", "Z1_www.example.com", "Z1__A", "_www.example.com_A"] {
            assert!(Key::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn quotes_of_texts_are_only_shown_where_they_were_given() {
        let given = BTreeSet::from(["\"b\"".to_owned()]);
        assert_eq!(unquoted("TXT", "\"a\"", &given), "a");
        assert_eq!(unquoted("TXT", "\"b\"", &given), "\"b\"");
        assert_eq!(unquoted("TXT", "\"a\" \"b\"", &given), "\"a\" \"b\"");
        assert_eq!(unquoted("CAA", "0 issue \"x\"", &given), "0 issue \"x\"");
    }
}
