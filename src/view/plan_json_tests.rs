//! The plan document, for every sort of change, and against the library that Terraform's readers use.

use infra_engine::AttributeChange;
use infra_sdk::{Arguments, Declaration, Expr, OutputDeclaration};

use super::*;
use crate::view::sample::{change, object};

fn address(text: &str) -> Address {
    Address::parse(text).expect("valid")
}

/// A plan with every sort of change, and what it was made from.
fn sample() -> (Plan, Declarations) {
    let secret = Value::from("hunter2").sensitive();
    let replaced = |engine: &str, id: Value| {
        object(&[("engine", Value::from(engine)), ("password", secret.clone()), ("id", id)])
    };
    let mut plan = Plan::default();
    plan.changes = vec![
        Change {
            after: Some(object(&[
                ("cidr_block", Value::from("10.0.0.0/16")),
                ("id", Value::Unknown),
            ])),
            reasons: vec![Reason::NotThereYet],
            ..change("network.vpc", "aws_vpc", Action::Create)
        },
        Change {
            id: Some("db-1".to_owned()),
            before: Some(replaced("mysql", Value::from("db-1"))),
            after: Some(replaced("postgres", Value::Unknown)),
            attributes: vec![AttributeChange {
                name: "engine".to_owned(),
                before: Value::from("mysql"),
                after: Value::from("postgres"),
                forces_replacement: true,
            }],
            reasons: vec![Reason::CannotUpdate(vec!["engine".to_owned()])],
            ..change("db", "aws_db_instance", Action::Replace { create_first: false })
        },
        Change {
            id: Some("old-vpc".to_owned()),
            before: Some(object(&[("id", Value::from("old-vpc"))])),
            reasons: vec![Reason::LeftOver],
            deposed: true,
            ..change("network_vpc", "aws_vpc", Action::Delete)
        },
    ];
    plan.outputs =
        vec![OutputChange { name: "secret".to_owned(), before: None, after: Some(secret.clone()) }];
    plan.drift = vec![Drift {
        address: address("db"),
        type_name: "aws_db_instance".to_owned(),
        id: "db-1".to_owned(),
        before: object(&[("port", Value::Int(1))]),
        after: Some(object(&[("port", Value::Int(2))])),
        attributes: Vec::new(),
    }];
    let mut arguments = Arguments::default();
    arguments.set("engine", Expr::Value(Value::from("postgres")));
    arguments.set("vpc", Expr::reference(&address("network.vpc"), "id"));
    let declarations = Declarations {
        forgotten: Vec::new(),
        resources: vec![Declaration {
            address: address("db"),
            type_name: "aws_db_instance".to_owned(),
            arguments,
            location: None,
        }],
        outputs: vec![OutputDeclaration {
            name: "secret".to_owned(),
            expr: Expr::Value(secret),
            location: None,
        }],
        ..Declarations::default()
    };
    (plan, declarations)
}

fn sample_json() -> Json {
    let (plan, declarations) = sample();
    let source = Document {
        plan: &plan,
        declarations: &declarations,
        region: "us-west-2",
        schemas: &|_| None,
    };
    to_json(&source, "2026-11-22T00:00:00Z")
}

#[test]
fn every_sort_of_change_has_terraforms_form() {
    let json = sample_json();
    assert_eq!(json["format_version"], "1.2");
    let changes = json["resource_changes"].as_array().expect("a list");
    assert_eq!(
        changes[0],
        json!({
            "address": "network.vpc", "mode": "managed", "type": "aws_vpc", "name": "network_vpc",
            "provider_name": "registry.terraform.io/hashicorp/aws",
            "change": {
                "actions": ["create"], "before": null, "after": { "cidr_block": "10.0.0.0/16" },
                "after_unknown": { "id": true }, "before_sensitive": false, "after_sensitive": {},
            },
        })
    );
    let replace = &changes[1];
    assert_eq!(replace["action_reason"], "replace_because_cannot_update");
    assert_eq!(replace["change"]["actions"], json!(["delete", "create"]));
    assert_eq!(replace["change"]["replace_paths"], json!([["engine"]]));
    assert_eq!(replace["change"]["after_sensitive"], json!({ "password": true }));
    assert_eq!(changes[2]["deposed"], "old-vpc");
    assert_eq!(json["resource_drift"][0]["change"]["actions"], json!(["update"]));
    assert_eq!(json["output_changes"]["secret"]["actions"], json!(["create"]));
    assert_eq!(json["applyable"], true);
}

#[test]
fn references_lead_to_the_names_of_the_resources() {
    let json = sample_json();
    let resource = &json["configuration"]["root_module"]["resources"][0];
    assert_eq!(resource["expressions"]["engine"], json!({ "constant_value": "postgres" }));
    assert_eq!(
        resource["expressions"]["vpc"]["references"],
        json!(["aws_vpc.network_vpc.id", "aws_vpc.network_vpc"])
    );
}

#[test]
fn two_addresses_never_share_a_name() {
    let json = sample_json();
    let names: BTreeSet<_> = json["resource_changes"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|change| change["name"].as_str().expect("a name"))
        .collect();
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["db", "network_vpc", "network_vpc_"]);
}

#[test]
fn no_secret_is_in_the_document() {
    assert!(!sample_json().to_string().contains("hunter2"));
}

/// Needs Go and, the first time, its module proxy. Without Go it says so and proves nothing.
#[test]
fn the_library_of_terraforms_readers_takes_it_for_a_plan() {
    use std::io::Write;
    use std::process::{Command, Stdio};

    if Command::new("go").arg("version").output().is_err() {
        eprintln!("skipped: Go is not installed");
        return;
    }
    let mut reader = Command::new("go")
        .args(["run", "."])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/plan_json_reader"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("go starts");
    let document = document(&sample_json());
    // A reader that fails early says why on its standard error.
    let _ = reader.stdin.take().expect("piped").write_all(document.as_bytes());
    let output = reader.wait_with_output().expect("go ends");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    insta::assert_snapshot!(String::from_utf8_lossy(&output.stdout), @r"
    network.vpc aws_vpc network_vpc [create]
    db aws_db_instance db [delete create]
    network_vpc aws_vpc network_vpc_ [delete]
    planned network.vpc 1
    planned db 2
    configured db engine []
    configured db vpc [aws_vpc.network_vpc.id aws_vpc.network_vpc]
    ");
}
