//! The availability zones of the region. A lookup: answered while the program runs.
//!
//! API: DescribeAvailabilityZones.

use std::collections::BTreeMap;

use infra_sdk::{Lookup, LookupAnswer, Value};

/// Asks for the availability zones of the region.
#[derive(Debug, Clone, Default)]
pub struct AvailabilityZones {
    state: Option<&'static str>,
    local_zones: bool,
}

impl AvailabilityZones {
    /// Zones that can be used now.
    #[must_use]
    pub fn available() -> Self {
        Self { state: Some("available"), local_zones: false }
    }

    /// Zones in whatever state.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// Also local zones and wavelength zones that the account has opted in to.
    #[must_use]
    pub fn with_local_zones(mut self) -> Self {
        self.local_zones = true;
        self
    }
}

impl Lookup for AvailabilityZones {
    type Answer = AvailabilityZonesFound;

    const NAME: &'static str = "aws_availability_zones";

    fn arguments(&self) -> BTreeMap<String, Value> {
        BTreeMap::from([
            ("state".to_owned(), self.state.map_or(Value::Null, Value::from)),
            ("local_zones".to_owned(), Value::Bool(self.local_zones)),
        ])
    }
}

/// The zones found, sorted by name.
#[derive(Debug, Clone, PartialEq, Eq, LookupAnswer)]
pub struct AvailabilityZonesFound {
    /// Names, such as `us-west-2a`.
    pub names: Vec<String>,
    /// Ids that are the same in every account, such as `usw2-az1`, in the order of the names.
    pub zone_ids: Vec<String>,
}

impl AvailabilityZonesFound {
    /// Names, such as `us-west-2a`.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }
}

#[cfg(feature = "provider")]
pub(crate) mod handler {
    use aws_sdk_ec2::types::AvailabilityZone;
    use infra_sdk::{FieldType, LookupSchema};

    use super::*;
    use crate::ec2::common::filter;
    use crate::frame::lookup::{Arguments, LookupHandler, text};
    use crate::prelude::*;

    pub(crate) static HANDLER: LookupHandler = LookupHandler {
        schema: &LookupSchema {
            name: AvailabilityZones::NAME,
            doc: "The availability zones of the region, sorted by name.",
            answer: AvailabilityZonesFound::KIND,
            placeholder,
        },
        operations: &["ec2:DescribeAvailabilityZones"],
        actions: &["ec2:DescribeAvailabilityZones"],
        answer: |aws, arguments| Box::pin(answer(aws, arguments)),
    };

    /// Three zones, named as every region names its first three.
    fn placeholder(region: &str) -> Value {
        let zones = ["a", "b", "c"];
        let names = zones.iter().map(|zone| format!("{region}{zone}")).collect();
        let zone_ids = (1..=3).map(|number| format!("{region}-az{number}")).collect();
        AvailabilityZonesFound { names, zone_ids }.to_value()
    }

    async fn answer(aws: &Aws, arguments: &Arguments) -> Result<Value> {
        let state = text(arguments, "state").map(|state| filter("state", [state]));
        let all = arguments.get("local_zones").and_then(Value::as_bool) == Some(true);
        // Without this filter the answer has local zones that the account has opted in to.
        let kind = (!all).then(|| filter("zone-type", ["availability-zone"]));
        let filters: Vec<_> = state.into_iter().chain(kind).collect();
        let answer = aws
            .call(|| {
                let call = aws.ec2().describe_availability_zones();
                call.set_filters(Some(filters.clone())).send()
            })
            .await?;
        let mut zones = answer.availability_zones.unwrap_or_default();
        zones.sort_by(|a, b| a.zone_name.cmp(&b.zone_name));
        let texts = |pick: fn(&AvailabilityZone) -> Option<&str>| {
            zones.iter().filter_map(pick).map(str::to_owned).collect()
        };
        let found = AvailabilityZonesFound {
            names: texts(AvailabilityZone::zone_name),
            zone_ids: texts(AvailabilityZone::zone_id),
        };
        Ok(found.to_value())
    }
}
