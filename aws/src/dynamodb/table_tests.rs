//! Tests of [`Table`] against the sandbox, and of the steps of a change.

use infra_sdk::{BlockSet, FieldType as _, Object, Value};

use super::table_steps::{Step, steps};
use super::*;
use crate::conformance::{Fixture, conforms};
use crate::kms::Key;
use crate::prelude::*;

fn index(name: &str, hash: &str, projection: ProjectionType) -> GlobalSecondaryIndex {
    GlobalSecondaryIndex {
        name: name.to_owned(),
        hash_key: hash.to_owned(),
        range_key: None,
        projection_type: projection,
        non_key_attributes: std::collections::BTreeSet::new(),
        read_capacity: None,
        write_capacity: None,
        on_demand_throughput: None,
    }
}

/// A table that is paid for by use.
fn table(indexes: Vec<GlobalSecondaryIndex>) -> Table {
    let inputs = [("name", "orders"), ("hash_key", "id"), ("billing_mode", "PAY_PER_REQUEST")];
    let inputs = inputs.into_iter().map(|(name, text)| (name.to_owned(), Value::from(text)));
    let mut inputs: Object = inputs.collect();
    inputs.insert("global_secondary_index".to_owned(), BlockSet(indexes).to_value());
    Table::from_object(&inputs).expect("a table")
}

fn left(now: &Table, want: &Table) -> Vec<Step> {
    let names = Table::SCHEMA.inputs.iter().map(|field| field.name.to_owned());
    steps(now, want, &Changed::new(names))
}

#[test]
fn an_index_with_other_keys_is_deleted_and_made_again_and_others_stay() {
    let now = table(vec![
        index("stays", "a", ProjectionType::All),
        index("turns", "a", ProjectionType::All),
        index("goes", "a", ProjectionType::All),
    ]);
    let want = table(vec![
        index("comes", "a", ProjectionType::All),
        index("turns", "a", ProjectionType::KeysOnly),
        index("stays", "a", ProjectionType::All),
    ]);
    let delete = |name: &str| Step::DeleteIndex(name.to_owned());
    let create = |name: &str| Step::CreateIndex(name.to_owned());
    let all = [delete("turns"), delete("goes"), create("comes"), create("turns")];
    assert_eq!(left(&now, &want), all);
    assert_eq!(left(&want, &want), []);
    // After the first step.
    let now = table(vec![
        index("stays", "a", ProjectionType::All),
        index("goes", "a", ProjectionType::All),
    ]);
    assert_eq!(left(&now, &want), all[1..]);
}

#[test]
fn capacities_and_limits_are_set_where_they_differ() {
    let mut want = table(vec![index("one", "a", ProjectionType::All)]);
    let now = want.clone();
    let limits =
        OnDemandThroughput { max_read_request_units: Some(10), max_write_request_units: None };
    want.global_secondary_index.0[0].on_demand_throughput = Some(limits);
    assert_eq!(left(&now, &want), [Step::Limits]);
    let provisioned = |units: u32| {
        let mut table = now.clone();
        table.billing_mode = BillingMode::Provisioned;
        (table.read_capacity, table.write_capacity) = (Some(units), Some(units));
        table
    };
    assert_eq!(left(&now, &provisioned(1)), [Step::Capacity]);
    assert_eq!(left(&provisioned(1), &provisioned(2)), [Step::Capacity]);
    assert_eq!(left(&provisioned(1), &now), [Step::Capacity]);
    let mut kept = provisioned(1);
    kept.read_capacity = None;
    assert_eq!(left(&provisioned(1), &kept), [], "what is left out is kept");
}

#[test]
fn a_stream_that_shows_something_else_is_stopped_first() {
    let streaming = |view| {
        let mut table = table(Vec::new());
        table.stream_enabled = true;
        table.stream_view_type = Some(view);
        table
    };
    let (old, new) = (streaming(StreamViewType::OldImage), streaming(StreamViewType::NewImage));
    let start = Step::StartStream(StreamViewType::NewImage);
    assert_eq!(left(&old, &new), [Step::StopStream, start.clone()]);
    assert_eq!(left(&table(Vec::new()), &new), [start]);
    assert_eq!(left(&new, &table(Vec::new())), [Step::StopStream]);
}

fn attributes(names: &[&str]) -> Vec<TableAttributeArguments<infra_sdk::Home>> {
    names.iter().map(|name| TableAttribute::new(*name, AttributeType::String)).collect()
}

conforms!(
    aws_dynamodb_table,
    Fixture {
        base: |stack, name| {
            let key = stack.add("key", Key::new().description("orders"));
            let keys = attributes(&["id", "at", "customer", "state", "day"]);
            let by_customer =
                GlobalSecondaryIndex::new("by-customer", "customer", ProjectionType::All);
            let by_state = GlobalSecondaryIndex::new("by-state", "state", ProjectionType::KeysOnly);
            let by_day = LocalSecondaryIndex::new("by-day", "day", ProjectionType::Include);
            let table = Table::new(format!("{name}-orders"), keys, "id")
                .range_key("at")
                .read_capacity(5_u32)
                .write_capacity(5_u32)
                .global_secondary_index([
                    by_customer.range_key("at").read_capacity(2_u32).write_capacity(2_u32),
                    by_state.read_capacity(1_u32).write_capacity(1_u32),
                ])
                .local_secondary_index([by_day.non_key_attributes(["total".to_owned()])])
                .server_side_encryption(ServerSideEncryption::new(true).kms_key_arn(key.arn()))
                .stream_enabled(true)
                .stream_view_type(StreamViewType::NewImage)
                .point_in_time_recovery(PointInTimeRecovery::new(true))
                .ttl(TimeToLive::new("expires"))
                .deletion_protection_enabled(true);
            stack.add("it", table.tag("Name", name));
        },
        update: Some(|stack, name| {
            stack.add("key", Key::new().description("orders"));
            let keys = attributes(&["id", "at", "customer", "place", "day"]);
            let by_customer =
                GlobalSecondaryIndex::new("by-customer", "customer", ProjectionType::KeysOnly);
            let by_place = GlobalSecondaryIndex::new("by-place", "place", ProjectionType::All);
            let by_day = LocalSecondaryIndex::new("by-day", "day", ProjectionType::Include);
            let limits = OnDemandThroughput::new().max_read_request_units(100_u32);
            let table = Table::new(format!("{name}-orders"), keys, "id")
                .range_key("at")
                .billing_mode(BillingMode::PayPerRequest)
                .on_demand_throughput(limits)
                .global_secondary_index([by_customer.range_key("at"), by_place])
                .local_secondary_index([by_day.non_key_attributes(["total".to_owned()])])
                .stream_enabled(true)
                .stream_view_type(StreamViewType::NewAndOldImages)
                .point_in_time_recovery(PointInTimeRecovery::new(false))
                .table_class(TableClass::StandardInfrequentAccess)
                .ttl(TimeToLive::new("ends"));
            stack.add("it", table.tag("purpose", "changed"));
        }),
        replace: Some(|stack, name| {
            let table = Table::new(format!("{name}-orders"), attributes(&["other"]), "other");
            stack.add("it", table.billing_mode(BillingMode::PayPerRequest));
        }),
        gaps: &[],
    }
);
