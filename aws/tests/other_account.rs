//! Resources in another account: its role is assumed, and no account but the one that is meant is
//! ever changed.

#![cfg(feature = "provider")]
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use infra_aws::OtherAccount;
use infra_sdk::provider::{Create, FailureClass, Owner, Place, Provider, Target};
use infra_sdk::{Address, Object, Value};

fn place(provider: Option<&str>) -> Place {
    Place { region: None, provider: provider.map(str::to_owned) }
}

fn vpc(provider: Option<&str>) -> Create {
    Create {
        address: Address::parse("vpc").expect("an address"),
        type_name: "aws_vpc".to_owned(),
        place: place(provider),
        inputs: Object::from([("cidr_block".to_owned(), Value::from("10.9.0.0/16"))]),
        token: "token".to_owned(),
        owner: Arc::new(Owner { stack: "accounts".to_owned(), environment: "test".to_owned() }),
        started: "2026-11-22T00:00:00Z".to_owned(),
        replaces: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resource_goes_to_the_account_that_it_names() {
    let other = |account: &str| OtherAccount {
        role_arn: "arn:aws:iam::444455556666:role/infra".to_owned(),
        account: Some(account.to_owned()),
        ..OtherAccount::default()
    };
    let accounts = BTreeMap::from([
        ("audit".to_owned(), other("444455556666")),
        ("wrong".to_owned(), other("777788889999")),
    ]);
    let (provider, sandbox, _folder) = support::provider(accounts).await;
    let mut request = vpc(Some("audit"));
    provider.schema("aws_vpc").expect("a type").fill_defaults(&mut request.inputs);
    let made = provider.create(&request).await.expect("it is made");
    let target = |provider: Option<&str>| Target {
        address: request.address.clone(),
        type_name: request.type_name.clone(),
        place: place(provider),
        id: made.id.clone(),
        recorded: request.inputs.clone(),
        outputs: Object::new(),
        owner: Arc::clone(&request.owner),
    };
    let reads = provider.read(&[target(Some("audit")), target(None)]).await;
    let there = reads[0].as_ref().expect("it can be read").as_ref().expect("it is there");
    assert_eq!(there.outputs["owner_id"], Value::from("444455556666"));
    assert_eq!(reads[1], Ok(None), "it is in no other account");
    let refused = provider.create(&vpc(Some("wrong"))).await.expect_err("another account");
    assert_eq!(refused.class, FailureClass::Denied);
    assert!(refused.message.contains("444455556666"), "{refused}");
    let unknown = provider.create(&vpc(Some("nobody"))).await.expect_err("not configured");
    assert!(unknown.message.contains("`nobody`"), "{unknown}");
    sandbox.stop().await;
}
