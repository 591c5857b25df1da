//! The lookups of EC2, against AWS as the sandbox plays it.

use std::sync::Arc;

use infra_sdk::provider::{Create, LookupRequest, Owner, Place, Provider};
use infra_sdk::{Address, FieldType, Lookup, Object, Value};

use super::{FindAmi, FindSecurityGroup, FindSubnet, FindSubnets, FindVpc, SubnetId, VpcId};
use crate::{AwsProvider, Connection};

struct Bench {
    provider: AwsProvider,
    owner: Arc<Owner>,
}

impl Bench {
    async fn new(name: &str) -> Self {
        let provider = AwsProvider::connect(Connection {
            region: "us-west-2".to_owned(),
            endpoint_url: Some(crate::test_endpoint::endpoint().await),
            credentials: Some((name.to_owned(), "test".to_owned())),
            ..Connection::default()
        })
        .await;
        let owner = Owner { stack: name.to_owned(), environment: "test".to_owned() };
        Self { provider, owner: Arc::new(owner) }
    }

    async fn make(&self, kind: &str, address: &str, inputs: &[(&str, Value)]) -> String {
        let mut inputs: Object =
            inputs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        self.provider.schema(kind).expect("a type").fill_defaults(&mut inputs);
        let create = Create {
            address: Address::parse(address).expect("an address"),
            type_name: kind.to_owned(),
            place: Place::default(),
            inputs,
            token: format!("{}-{address}", self.owner.stack),
            owner: Arc::clone(&self.owner),
            started: "2026-11-22T00:00:00Z".to_owned(),
            replaces: None,
        };
        self.provider.create(&create).await.expect("it is created").id
    }

    async fn ask<L: Lookup>(&self, lookup: &L) -> Result<L::Answer, String> {
        let request = LookupRequest {
            name: L::NAME.to_owned(),
            arguments: lookup.arguments(),
            place: Place::default(),
        };
        let answer = self.provider.lookup(&request).await.map_err(|failure| failure.message)?;
        Ok(L::Answer::from_value(&answer).expect("the answer has its shape"))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn networks_are_found_by_ids_tags_and_filters() {
    let name = format!("lookups-{}", std::process::id());
    let bench = Bench::new(&name).await;
    let tags = |text: &str| {
        Value::Map(Object::from([
            ("Name".to_owned(), Value::from(text)),
            ("Run".to_owned(), Value::from(name.as_str())),
        ]))
    };
    let range = [("cidr_block", Value::from("10.9.0.0/16")), ("tags", tags("main"))];
    let vpc = VpcId::new(bench.make("aws_vpc", "vpc", &range).await);
    let subnet = |range: &str, zone: &str| {
        vec![
            ("vpc_id", Value::from(vpc.as_str())),
            ("cidr_block", Value::from(range)),
            ("availability_zone", Value::from(zone)),
            ("tags", tags(zone)),
        ]
    };
    let a = subnet("10.9.1.0/24", "us-west-2a");
    let a = SubnetId::new(bench.make("aws_subnet", "a", &a).await);
    let b = subnet("10.9.2.0/24", "us-west-2b");
    let b = SubnetId::new(bench.make("aws_subnet", "b", &b).await);

    let by_tag = FindVpc::tagged("Run", &name).tag("Name", "main");
    let found = bench.ask(&by_tag).await.expect("the VPC");
    assert_eq!((&found.id, found.cidr_block.to_string().as_str()), (&vpc, "10.9.0.0/16"));
    assert!(found.enable_dns_support && !found.is_default && found.main_route_table_id.is_some());
    assert_eq!(bench.ask(&FindVpc::by_id(&vpc)).await.expect("the VPC"), found);
    let none = bench.ask(&FindVpc::tagged("Run", "nobody")).await;
    assert_eq!(none, Err("no VPC fits".to_owned()));

    let all = bench.ask(&FindSubnets::of(&vpc)).await.expect("the subnets");
    let mut expected = vec![a.clone(), b];
    expected.sort();
    assert_eq!(all.ids, expected);
    let one = FindSubnet::of(&vpc).availability_zone("us-west-2a");
    let one = bench.ask(&one).await.expect("the subnet");
    assert_eq!((&one.id, &one.vpc_id, one.tags["Name"].as_str()), (&a, &vpc, "us-west-2a"));
    assert_eq!(bench.ask(&FindSubnet::by_id(&a)).await.expect("the subnet"), one);
    assert!(bench.ask(&FindSubnet::of(&vpc)).await.is_err(), "two subnets fit");

    let default = FindSecurityGroup::named("default", &vpc);
    let default = bench.ask(&default).await.expect("the default group");
    assert_eq!((default.name.as_str(), default.vpc_id.as_ref()), ("default", Some(&vpc)));
    let again = bench.ask(&FindSecurityGroup::by_id(&default.id)).await.expect("the group");
    assert_eq!(again, default);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn images_are_found_by_owner_and_name() {
    let bench = Bench::new("images").await;
    let amazon = FindAmi::of(["amazon"]).filter("architecture", ["x86_64"]);
    let latest = bench.ask(&amazon.clone().most_recent()).await.expect("an image");
    assert_eq!(latest.architecture, "x86_64");
    assert!(latest.arn.ends_with(latest.id.as_str()));
    assert!(bench.ask(&amazon).await.is_err(), "several images fit");
    let named = FindAmi::of(["amazon"]).name(latest.name.as_str()).most_recent();
    assert_eq!(bench.ask(&named).await.expect("an image").name, latest.name);
    let nobody = FindAmi::of(Vec::<String>::new());
    assert!(bench.ask(&nobody).await.is_err(), "owners are asked for");
}
