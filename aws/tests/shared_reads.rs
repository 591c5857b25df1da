//! One read of many objects: types that are read from the same answer ask for it once, and what such an
//! answer does not show is not taken for gone.

#![cfg(feature = "provider")]
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use infra_aws::AwsProvider;
use infra_sandbox::Sandbox;
use infra_sandbox::gate::{FaultKind, FaultRule};
use infra_sdk::provider::{Create, Observed, Owner, Place, Provider, Target, Update};
use infra_sdk::{Address, Object, Value};

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"ec2.amazonaws.com"}}]}"#;
const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#;

/// A provider before a sandbox of its own.
struct World {
    provider: AwsProvider,
    sandbox: Sandbox,
    owner: Arc<Owner>,
    made: AtomicUsize,
    _folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let (provider, sandbox, folder) = support::provider(BTreeMap::new()).await;
        let owner = Owner { stack: "reads".to_owned(), environment: "test".to_owned() };
        let made = AtomicUsize::new(0);
        Self { provider, sandbox, owner: Arc::new(owner), made, _folder: folder }
    }

    /// Makes an object, and gives what a later read of it asks with.
    async fn make(&self, type_name: &str, inputs: &[(&str, &str)]) -> Target {
        let inputs = inputs.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value)));
        let mut inputs: Object = inputs.collect();
        self.provider.schema(type_name).expect("a type").fill_defaults(&mut inputs);
        let request = Create {
            address: Address::parse("it").expect("an address"),
            type_name: type_name.to_owned(),
            place: Place::default(),
            inputs,
            // The same token would make the same object.
            token: format!("token-{}", self.made.fetch_add(1, Ordering::Relaxed)),
            owner: Arc::clone(&self.owner),
            started: "2026-11-22T00:00:00Z".to_owned(),
            replaces: None,
        };
        let made = self.provider.create(&request).await.expect("it is made");
        Target {
            address: request.address,
            type_name: request.type_name,
            place: request.place,
            id: made.id,
            recorded: request.inputs,
            outputs: Object::new(),
            owner: request.owner,
        }
    }

    /// What is there of these, and how many calls of each operation that took.
    async fn read(&self, targets: &[Target]) -> (Vec<Option<Observed>>, BTreeMap<String, usize>) {
        let control = self.sandbox.control();
        control.clear_log().await.expect("cleared");
        let answers = self.provider.read(targets).await;
        let seen = answers.into_iter().map(|answer| answer.expect("it can be read")).collect();
        let mut calls = BTreeMap::new();
        for entry in control.log(0).await.expect("the log") {
            *calls.entry(entry.operation).or_default() += 1;
        }
        (seen, calls)
    }

    async fn faults(&self, rules: &[FaultRule]) {
        self.sandbox.control().set_faults(rules).await.expect("set");
    }
}

fn counts(calls: &[(&str, usize)]) -> BTreeMap<String, usize> {
    calls.iter().map(|(operation, count)| ((*operation).to_owned(), *count)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_their_routes_and_their_associations_are_one_call() {
    let world = World::new().await;
    let vpc = world.make("aws_vpc", &[("cidr_block", "10.0.0.0/16")]).await;
    let gateway = world.make("aws_internet_gateway", &[("vpc_id", &vpc.id)]).await;
    let mut targets = Vec::new();
    for number in 0..3 {
        let table = world.make("aws_route_table", &[("vpc_id", &vpc.id)]).await;
        let to = [("route_table_id", table.id.as_str()), ("destination_cidr_block", "0.0.0.0/0")];
        let route = [&to[..], &[("gateway_id", gateway.id.as_str())]].concat();
        let route = world.make("aws_route", &route).await;
        let range = format!("10.0.{number}.0/24");
        let subnet = [("vpc_id", vpc.id.as_str()), ("cidr_block", range.as_str())];
        let subnet = world.make("aws_subnet", &subnet).await;
        let ends = [("route_table_id", table.id.as_str()), ("subnet_id", subnet.id.as_str())];
        let association = world.make("aws_route_table_association", &ends).await;
        targets.extend([table, route, association]);
    }
    let (seen, calls) = world.read(&targets).await;
    assert!(seen.iter().all(Option::is_some), "{seen:?}");
    assert_eq!(calls, counts(&[("DescribeRouteTables", 1)]));

    // Somebody moves an association to another table: it is not gone, and the read says where it is.
    let (elsewhere, moved) = (targets[0].id.clone(), targets[5].clone());
    let mut inputs = moved.recorded.clone();
    inputs.insert("route_table_id".to_owned(), Value::from(elsewhere.as_str()));
    let update = Update {
        observed: moved.recorded.clone(),
        inputs,
        changed: vec!["route_table_id".to_owned()],
        target: moved,
        token: "moved".to_owned(),
    };
    world.provider.update(&update).await.expect("it is moved");
    let (seen, calls) = world.read(&targets).await;
    let there = seen[5].as_ref().expect("it is in another table");
    assert_eq!(there.inputs["route_table_id"], Value::from(elsewhere.as_str()));
    assert_eq!(calls, counts(&[("DescribeRouteTables", 2)]), "one more for what is elsewhere");

    world.provider.delete(&targets[4]).await.expect("a route goes");
    let (seen, _) = world.read(&targets).await;
    let gone: Vec<_> = (0..seen.len()).filter(|index| seen[*index].is_none()).collect();
    assert_eq!(gone, [4], "the route is gone, and nothing else");
    world.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_of_both_directions_are_one_call() {
    let world = World::new().await;
    let vpc = world.make("aws_vpc", &[("cidr_block", "10.0.0.0/16")]).await;
    let mut targets = Vec::new();
    for number in 0..2 {
        let name = format!("group-{number}");
        let group = [("vpc_id", vpc.id.as_str()), ("name", name.as_str())];
        let group = world.make("aws_security_group", &group).await;
        let rule = [
            ("security_group_id", group.id.as_str()),
            ("ip_protocol", "-1"),
            ("cidr_ipv4", "10.0.0.0/8"),
        ];
        targets.push(world.make("aws_vpc_security_group_ingress_rule", &rule).await);
        targets.push(world.make("aws_vpc_security_group_egress_rule", &rule).await);
    }
    // One that is imported: nothing is recorded of it.
    targets[0].recorded = Object::new();
    let (seen, calls) = world.read(&targets).await;
    assert!(seen.iter().all(Option::is_some), "{seen:?}");
    assert_eq!(calls, counts(&[("DescribeSecurityGroupRules", 1)]));
    world.provider.delete(&targets[1]).await.expect("a rule goes");
    let (seen, _) = world.read(&targets).await;
    let gone: Vec<_> = (0..seen.len()).filter(|index| seen[*index].is_none()).collect();
    assert_eq!(gone, [1]);
    // An id of the other direction is no rule of this one.
    targets[3].type_name = "aws_vpc_security_group_ingress_rule".to_owned();
    let (seen, _) = world.read(&targets[3..]).await;
    assert_eq!(seen, [None]);
    world.sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_and_their_policies_are_read_from_one_list_or_one_by_one_where_that_is_denied() {
    let world = World::new().await;
    let mut targets = Vec::new();
    for number in 0..3 {
        let name = format!("shared-{number}");
        let role = [("name", name.as_str()), ("assume_role_policy", TRUST)];
        targets.push(world.make("aws_iam_role", &role).await);
        let inline = [("role", name.as_str()), ("name", "inline"), ("policy", POLICY)];
        targets.push(world.make("aws_iam_role_policy", &inline).await);
    }
    let (seen, calls) = world.read(&targets).await;
    assert!(seen.iter().all(Option::is_some), "{seen:?}");
    assert_eq!(calls, counts(&[("GetAccountAuthorizationDetails", 1), ("ListRoles", 1)]));

    let denied = FaultRule {
        service: Some("iam".to_owned()),
        operation: Some("GetAccountAuthorizationDetails".to_owned()),
        mutating: false,
        nth: Vec::new(),
        probability: None,
        seed: 0,
        times: None,
        kind: FaultKind::Error {
            code: "AccessDenied".to_owned(),
            status: 403,
            message: "not you".to_owned(),
        },
    };
    world.faults(&[denied]).await;
    let (one_by_one, calls) = world.read(&targets).await;
    assert_eq!(one_by_one, seen, "what is read does not depend on how");
    assert_eq!(calls.get("GetAccountAuthorizationDetails"), Some(&1), "it is not asked again");
    assert_eq!((calls["GetRole"], calls["GetRolePolicy"]), (3, 3));
    world.faults(&[]).await;

    world.provider.delete(&targets[1]).await.expect("a policy goes");
    let (seen, calls) = world.read(&targets).await;
    let gone: Vec<_> = (0..seen.len()).filter(|index| seen[*index].is_none()).collect();
    assert_eq!(gone, [1]);
    assert_eq!(calls.get("GetRolePolicy"), Some(&1), "a list is no proof that it is gone");

    // Few are cheaper by themselves.
    let (_, calls) = world.read(&targets[2..4]).await;
    assert_eq!(calls, counts(&[("GetRole", 1), ("GetRolePolicy", 1)]));
    world.sandbox.stop().await;
}
