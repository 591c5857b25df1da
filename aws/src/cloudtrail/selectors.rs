//! Event selectors, to CloudTrail and back.

use std::collections::BTreeSet;

use aws_sdk_cloudtrail::types as wire;
use infra_sdk::BlockSet;

use super::{AdvancedEventSelector, DataResource, EventSelector, FieldSelector, ReadWriteType};
use crate::frame::error::incomplete;
use crate::prelude::*;

/// An event selector as CloudTrail takes it.
pub(super) fn to_wire(selector: &EventSelector) -> wire::EventSelector {
    let data = selector.data_resource.0.iter().map(|resource| {
        wire::DataResource::builder()
            .r#type(resource.r#type.as_str())
            .set_values(listed(&resource.values))
            .build()
    });
    wire::EventSelector::builder()
        .read_write_type(wire::ReadWriteType::from(selector.read_write_type.as_str()))
        .include_management_events(selector.include_management_events)
        .set_exclude_management_event_sources(listed(&selector.exclude_management_event_sources))
        .set_data_resources(Some(data.collect()))
        .build()
}

/// An advanced event selector as CloudTrail takes it.
pub(super) fn advanced_to_wire(
    selector: &AdvancedEventSelector,
) -> Result<wire::AdvancedEventSelector> {
    let fields = selector.field_selector.0.iter().map(|field| {
        wire::AdvancedFieldSelector::builder()
            .field(&field.field)
            .set_equals(listed(&field.equals))
            .set_not_equals(listed(&field.not_equals))
            .set_starts_with(listed(&field.starts_with))
            .set_not_starts_with(listed(&field.not_starts_with))
            .set_ends_with(listed(&field.ends_with))
            .set_not_ends_with(listed(&field.not_ends_with))
            .build()
    });
    let fields = fields.collect::<std::result::Result<Vec<_>, _>>().map_err(incomplete)?;
    wire::AdvancedEventSelector::builder()
        .set_name(selector.name.clone())
        .set_field_selectors(Some(fields))
        .build()
        .map_err(incomplete)
}

fn listed(values: &BTreeSet<String>) -> Option<Vec<String>> {
    (!values.is_empty()).then(|| values.iter().cloned().collect())
}

fn set_of(values: Option<Vec<String>>) -> BTreeSet<String> {
    values.unwrap_or_default().into_iter().collect()
}

/// An event selector of an answer.
pub(super) fn from_wire(selector: wire::EventSelector) -> Result<EventSelector> {
    let data = selector.data_resources.unwrap_or_default().into_iter().map(|resource| {
        Ok(DataResource {
            r#type: parsed(resource.r#type.as_deref(), "DataResource.Type")?,
            values: set_of(resource.values),
        })
    });
    let kind = selector.read_write_type.as_ref().map(wire::ReadWriteType::as_str);
    Ok(EventSelector {
        read_write_type: parsed(kind, "ReadWriteType")?,
        include_management_events: selector.include_management_events.unwrap_or(true),
        exclude_management_event_sources: set_of(selector.exclude_management_event_sources),
        data_resource: BlockSet(data.collect::<Result<_>>()?),
    })
}

/// An advanced event selector of an answer.
pub(super) fn advanced_from_wire(selector: wire::AdvancedEventSelector) -> AdvancedEventSelector {
    let fields = selector.field_selectors.into_iter().map(|field| FieldSelector {
        field: field.field,
        equals: set_of(field.equals),
        not_equals: set_of(field.not_equals),
        starts_with: set_of(field.starts_with),
        not_starts_with: set_of(field.not_starts_with),
        ends_with: set_of(field.ends_with),
        not_ends_with: set_of(field.not_ends_with),
    });
    AdvancedEventSelector {
        name: selector.name.filter(|name| !name.is_empty()),
        field_selector: BlockSet(fields.collect()),
    }
}

/// Whether these are what AWS records without being asked: all management events, however it says
/// so. Source: CloudTrail user guide, default event selectors.
pub(super) fn is_default(basic: &[EventSelector], advanced: &[AdvancedEventSelector]) -> bool {
    match (basic, advanced) {
        ([], []) => true,
        ([all], []) => {
            all.read_write_type == ReadWriteType::All
                && all.include_management_events
                && all.exclude_management_event_sources.is_empty()
                && all.data_resource.0.is_empty()
        }
        ([], [all]) => match all.field_selector.0.as_slice() {
            [only] => {
                only.field == "eventCategory"
                    && only.equals.iter().map(String::as_str).eq(["Management"])
            }
            _ => false,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advanced_selectors_lead_back() {
        let set = |value: &str| BTreeSet::from([value.to_owned()]);
        let field = |name: &str| FieldSelector {
            field: name.to_owned(),
            equals: BTreeSet::new(),
            not_equals: BTreeSet::new(),
            starts_with: BTreeSet::new(),
            not_starts_with: BTreeSet::new(),
            ends_with: BTreeSet::new(),
            not_ends_with: BTreeSet::new(),
        };
        let fields = vec![
            FieldSelector { equals: set("Data"), ..field("eventCategory") },
            FieldSelector { not_equals: set("a"), ends_with: set("b"), ..field("eventName") },
            FieldSelector {
                starts_with: set("c"),
                not_starts_with: set("d"),
                not_ends_with: set("e"),
                ..field("resources.ARN")
            },
        ];
        let selector =
            AdvancedEventSelector { name: Some("a".into()), field_selector: BlockSet(fields) };
        let sent = advanced_to_wire(&selector).expect("it is whole");
        assert_eq!(advanced_from_wire(sent), selector);
        assert!(!is_default(&[], &[selector]));
        let management = FieldSelector { equals: set("Management"), ..field("eventCategory") };
        let all = AdvancedEventSelector { name: None, field_selector: BlockSet(vec![management]) };
        assert!(is_default(&[], &[all]));
    }
}
