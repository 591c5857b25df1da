//! The built-in types as a stack writes them: arguments, defaults, rules, references.

use std::collections::BTreeMap;

use infra_sdk::prelude::*;
use infra_sdk::stack::Answerer;
use infra_sdk::{Declarations, Diagnostic, Environment, Expr, Location, Object, Schema, Value};

struct Nobody;

impl Answerer for Nobody {
    fn answer(
        &mut self,
        name: &str,
        _: &BTreeMap<String, Value>,
        _: Option<&str>,
        _: &Location,
    ) -> std::result::Result<Value, Diagnostic> {
        Err(Diagnostic::error("test::lookup", name))
    }
}

fn declared(program: impl FnOnce(&mut Stack)) -> Declarations {
    let environment =
        Environment { name: "test".to_owned(), region: "us-west-2".to_owned(), protected: false };
    let mut stack = Stack::new(environment, Box::new(Nobody));
    program(&mut stack);
    stack.take_declarations()
}

/// What is wrong with arguments, given as JSON, once defaults are in.
fn problems(schema: &Schema, json: serde_json::Value) -> Vec<String> {
    let Value::Map(mut inputs) = Value::from_json(&json) else { panic!("inputs are an object") };
    schema.fill_defaults(&mut inputs);
    schema.check(&inputs).iter().map(|p| format!("{} {}", p.path, p.message)).collect()
}

#[test]
fn a_stack_declares_and_refers() {
    let declarations = declared(|stack| {
        let password = stack.add("password", random::Password::new(32).special(false));
        let suffix = stack.add("suffix", random::Id::new(4).prefix("shop-"));
        let keys = BTreeMap::from([("suffix", suffix.hex())]);
        stack.add("other", random::Password::new(16).keepers(keys));
        let url = text!("postgres://app:", password.result(), "@db-", suffix.hex());
        let data =
            stack.add("url", builtin::Data::new().input(url).triggers_replace([suffix.id()]));
        stack.output("url", data.output());
    });
    assert!(declarations.diagnostics.is_empty(), "{:?}", declarations.diagnostics);
    let types: Vec<_> = declarations.resources.iter().map(|d| d.type_name.as_str()).collect();
    assert_eq!(types, ["random_password", "random_id", "random_password", "infra_data"]);
    let length = &declarations.resources[0].arguments.inputs["length"];
    assert_eq!(*length, Expr::Value(Value::Int(32)));
    let shown = |expr: &Expr| {
        let references = expr.references().into_iter();
        references.map(|r| format!("{}.{}", r.address, r.attribute)).collect::<Vec<_>>()
    };
    let data = &declarations.resources[3].arguments.inputs;
    assert_eq!(shown(&data["input"]), ["password.result", "suffix.hex"]);
    assert_eq!(shown(&declarations.outputs[0].expr), ["url.input"]);
}

#[test]
fn what_is_made_from_a_sensitive_result_is_sensitive() {
    let declarations = declared(|stack| {
        let password = stack.add("password", random::Password::new(32));
        let url = text!("postgres://app:", password.result(), "@db");
        stack.add("url", builtin::Data::new().input(url));
    });
    let url = &declarations.resources[1].arguments.inputs["input"];
    let value = url.evaluate(&|_| Some(Value::from("hunter2").sensitive())).expect("known");
    assert_eq!(value, Value::from("postgres://app:hunter2@db").sensitive());
    assert!(!format!("{value:?}").contains("hunter2"));
    let result = random::Password::SCHEMA.output("result").expect("there");
    assert!(result.sensitive);
}

#[test]
fn defaults_are_terraforms() {
    let mut inputs = Object::from([("length".to_owned(), Value::Int(16))]);
    random::Password::SCHEMA.fill_defaults(&mut inputs);
    let password = random::Password::from_object(&inputs).expect("decodes");
    assert!(password.lower && password.upper && password.numeric && password.special);
    let least =
        [password.min_lower, password.min_upper, password.min_numeric, password.min_special];
    assert_eq!(least, [0; 4]);
    assert_eq!(password.override_special, None);
    let changes_in_place = |schema: &Schema| -> Vec<_> {
        schema.inputs.iter().filter(|f| !f.force_new).map(|f| f.name).collect()
    };
    assert!(changes_in_place(&random::Password::SCHEMA).is_empty());
    assert!(changes_in_place(&random::Id::SCHEMA).is_empty());
    assert_eq!(changes_in_place(&builtin::Data::SCHEMA), ["input"]);
}

#[test]
fn what_cannot_be_made_is_refused() {
    let password = |json| problems(&random::Password::SCHEMA, json);
    assert_eq!(password(serde_json::json!({"length": 16})), [""; 0]);
    assert_eq!(password(serde_json::json!({})), ["length is required"]);
    assert_eq!(
        password(serde_json::json!({"length": 0})),
        ["length must be between 1 and 65536, not 0"]
    );
    assert_eq!(
        password(serde_json::json!({"length": 5, "min_lower": 3, "min_special": 3})),
        ["length must be at least 6, which is what the `min_…` ask for"]
    );
    let none = serde_json::json!(
        {"length": 5, "lower": false, "upper": false, "numeric": false, "special": false}
    );
    assert_eq!(
        password(none),
        ["lower cannot be false where `upper`, `numeric` and `special` are: \
          no character is left"]
    );
    assert_eq!(
        problems(&random::Id::SCHEMA, serde_json::json!({"byte_length": 0})),
        ["byte_length must be between 1 and 65536, not 0"]
    );
}

#[test]
fn what_is_forgotten_and_adopted_crosses_the_wire_at_its_full_address() {
    use infra_sdk::CommonOptions as _;
    use infra_sdk::protocol::messages::FromProgram;
    let declared = declared(|stack| {
        stack.forget("network.old");
        stack.scope("app", |stack| stack.forget("cache.old"));
        stack.add("note", builtin::Data::new().adopt_existing(true));
    });
    let addresses: Vec<_> = declared.forgotten.iter().map(|f| f.address.as_str()).collect();
    assert_eq!(addresses, ["network.old", "app.cache.old"]);
    assert!(declared.forgotten.iter().all(|forgotten| forgotten.location.is_some()));
    let json = serde_json::to_string(&FromProgram::desired(&declared)).expect("JSON");
    let message: FromProgram = serde_json::from_str(&json).expect("a message");
    let FromProgram::Desired(desired) = message else { panic!("another message: {json}") };
    assert_eq!(desired.read().as_ref(), Ok(&declared));
}

#[test]
fn what_cannot_be_an_address_is_not_forgotten_and_reported() {
    let declared = declared(|stack| stack.forget("Not/An.Address"));
    assert!(declared.forgotten.is_empty());
    assert_eq!(declared.diagnostics[0].code, "stack::address");
}
