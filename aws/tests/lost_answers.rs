//! A create whose answer is lost is looked for and not repeated: what the class of a create is for.
//!
//! A sandbox of its own, because its faults would hit other tests.
#![cfg(feature = "provider")]
#![expect(clippy::expect_used, reason = "helpers of tests fail as tests do: by a panic")]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use infra_sandbox::gate::{FaultKind, FaultRule};
use infra_sdk::provider::{Create, Owner, Place, Provider};
use infra_sdk::{Address, Object, Value};

/// Cuts the connection after the first call of an operation was served.
fn cut_after(service: &str, operation: &str) -> FaultRule {
    FaultRule {
        service: Some(service.to_owned()),
        operation: Some(operation.to_owned()),
        mutating: false,
        nth: vec![1],
        probability: None,
        seed: 0,
        times: None,
        kind: FaultKind::ResetAfter,
    }
}

fn create(address: &str, type_name: &str, inputs: Object) -> Create {
    Create {
        address: Address::parse(address).expect("an address"),
        type_name: type_name.to_owned(),
        place: Place::default(),
        inputs,
        token: format!("token-{address}"),
        owner: Arc::new(Owner { stack: "lost".to_owned(), environment: "test".to_owned() }),
        started: "2026-11-22T00:00:00Z".to_owned(),
        replaces: None,
    }
}

fn object(entries: &[(&str, &str)]) -> Object {
    entries.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_create_whose_answer_is_lost_makes_one_object() {
    let (provider, sandbox, _folder) = support::provider(BTreeMap::new()).await;
    let control = sandbox.control();
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"eks.amazonaws.com"}}]}"#;
    // A class each: tags only, unique name, token.
    let creates = [
        ("ec2", "CreateVpc", create("vpc", "aws_vpc", object(&[("cidr_block", "10.0.0.0/16")]))),
        (
            "iam",
            "CreateRole",
            create(
                "role",
                "aws_iam_role",
                object(&[("name", "lost-role"), ("assume_role_policy", trust)]),
            ),
        ),
    ];
    for (service, operation, mut request) in creates {
        let schema = provider.schema(&request.type_name).expect("a type");
        schema.fill_defaults(&mut request.inputs);
        control.set_faults(&[cut_after(service, operation)]).await.expect("faults are set");
        let id = provider.create(&request).await.expect("the object is found").id;
        let faults = control.faults().await.expect("faults are listed");
        assert_eq!(faults[0].hits, 1, "{operation}: the answer was cut");
        let calls = control.log(0).await.expect("a log");
        let sent = calls.iter().filter(|call| call.operation == operation).count();
        assert_eq!(sent, 1, "{operation} is sent once");
        assert_eq!(provider.find(&request).await.expect("it can be looked for"), [id]);
    }
    sandbox.stop().await;
}
