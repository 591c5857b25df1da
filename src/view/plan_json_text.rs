//! Arguments that are typed here and JSON text in Terraform: the containers of an ECS task.
//!
//! Start reading at [`text`]. The names are those of the ECS API, made of ours; the shapes that are
//! not the same stand in [`PAIRS`] and [`renamed`]. Source: ECS API Reference, ContainerDefinition.

use heck::ToLowerCamelCase as _;
use infra_sdk::{Field, Kind, Object, Value};
use serde_json::{Map, Value as Json, json};

use super::json::value as plain;

/// Type and argument.
const TEXTS: [(&str, &str); 1] = [("aws_ecs_task_definition", "container_definitions")];

/// Maps that ECS takes as lists of pairs, and what it calls the two.
const PAIRS: [(&str, &str, &str); 5] = [
    ("environment", "name", "value"),
    ("secrets", "name", "valueFrom"),
    ("secret_options", "name", "valueFrom"),
    ("system_controls", "namespace", "value"),
    ("extra_hosts", "hostname", "ipAddress"),
];

/// Whether an argument is JSON text in Terraform.
pub(super) fn is_text(type_name: &str, attribute: &str) -> bool {
    TEXTS.contains(&(type_name, attribute))
}

/// The text. What is known later is null in it, and what is sensitive is masked.
pub(super) fn text(kind: &Kind, value: &Value) -> Value {
    match value {
        Value::Null | Value::Unknown => value.clone(),
        _ => Value::String(json("", kind, value).to_string()),
    }
}

fn json(name: &str, kind: &Kind, value: &Value) -> Json {
    match (kind, value) {
        (Kind::Block(fields), Value::Map(entries)) => Json::Object(block(fields, entries)),
        (Kind::List(item) | Kind::Set(item), Value::List(items)) => {
            items.iter().map(|value| json("", item, value)).collect()
        }
        (Kind::Map(_), Value::Map(entries)) => {
            match PAIRS.iter().find(|(map, _, _)| *map == name) {
                Some((_, key, content)) => entries
                    .iter()
                    .map(|(name, value)| json!({ *key: name, *content: plain(value) }))
                    .collect(),
                None => plain(value),
            }
        }
        _ => plain(value),
    }
}

fn block(fields: &[Field], entries: &Object) -> Map<String, Json> {
    let mut object = Map::new();
    let set = entries.iter().filter(|(_, value)| !is_empty(value));
    for (name, value) in set {
        let Some(field) = fields.iter().find(|field| field.name == name) else { continue };
        let value = json(name, &field.kind, value);
        match renamed(name) {
            Renamed::Name(name) => {
                object.insert(name, value);
            }
            Renamed::Inside(outer, inner) => {
                let outer = object.entry(outer).or_insert_with(|| json!({}));
                outer[inner] = value;
            }
            Renamed::Files(name) => {
                let files = value.as_array().into_iter().flatten();
                let files = files.map(|file| json!({ "type": "s3", "value": file }));
                object.insert(name, files.collect());
            }
        }
    }
    object
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::List(items) => items.is_empty(),
        Value::Map(entries) => entries.is_empty(),
        _ => false,
    }
}

/// What the ECS API makes of an argument.
enum Renamed {
    /// Another name.
    Name(String),
    /// A member of an object.
    Inside(&'static str, &'static str),
    /// A list of files in S3.
    Files(String),
}

fn renamed(name: &str) -> Renamed {
    match name {
        "capabilities_add" => Renamed::Inside("capabilities", "add"),
        "capabilities_drop" => Renamed::Inside("capabilities", "drop"),
        "repository_credentials" => {
            Renamed::Inside("repositoryCredentials", "credentialsParameter")
        }
        "environment_files" => Renamed::Files("environmentFiles".to_owned()),
        _ => Renamed::Name(name.to_lower_camel_case()),
    }
}

#[cfg(test)]
mod tests {
    use infra_aws::ecs::TaskDefinition;
    use infra_sdk::ResourceType;

    use super::*;

    #[test]
    fn containers_are_what_the_api_calls_them() {
        let containers = json!([{
            "name": "app", "image": "app:1", "readonly_root_filesystem": true, "command": [],
            "environment": { "A": "1" }, "secrets": { "B": "arn" }, "environment_files": ["arn"],
            "log_configuration": { "log_driver": "awslogs", "options": { "awslogs_group": "g" } },
            "linux_parameters": { "capabilities_drop": ["ALL"] },
            "health_check": { "start_period": 3 },
        }]);
        let field =
            <TaskDefinition as ResourceType>::SCHEMA.input("container_definitions").expect("there");
        let Value::String(text) = text(&field.kind, &Value::from_json(&containers)) else {
            panic!("a text")
        };
        assert_eq!(
            serde_json::from_str::<Json>(&text).expect("JSON"),
            json!([{
                "name": "app", "image": "app:1", "readonlyRootFilesystem": true,
                "environment": [{ "name": "A", "value": "1" }],
                "secrets": [{ "name": "B", "valueFrom": "arn" }],
                "environmentFiles": [{ "type": "s3", "value": "arn" }],
                "logConfiguration": {
                    "logDriver": "awslogs", "options": { "awslogs_group": "g" },
                },
                "linuxParameters": { "capabilities": { "drop": ["ALL"] } },
                "healthCheck": { "startPeriod": 3 },
            }])
        );
    }
}
