//! What goes together in the arguments of a [`Function`](super::Function).
//!
//! Source: Lambda API Reference, CreateFunction; developer guide, environment variables and quotas.

use infra_sdk::kind::Problem;
use infra_sdk::{Object, Value};

use crate::rules::Rules;

/// Arguments of functions that are zip files.
const ZIP: [&str; 4] = ["filename", "s3_bucket", "runtime", "handler"];
/// Bytes that names and values of variables may have together.
const ENVIRONMENT: usize = 4096;
/// Variables that Lambda sets itself.
const RESERVED: [&str; 18] = [
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
];

pub(super) fn validate(inputs: &Object) -> Vec<Problem> {
    let mut rules = Rules::new(inputs);
    match rules.text("package_type") {
        Some("Image") => {
            rules.required(&["image_uri"], "for an image");
            rules.without(&ZIP, "for an image");
            rules.without(&["layers"], "for an image");
        }
        Some(_) => {
            rules.exactly_one(&["filename", "s3_bucket"]);
            rules.required(&["runtime", "handler"], "for a zip file");
            rules.without(&["image_uri", "image_config"], "for a zip file");
        }
        None => {}
    }
    if rules.has("s3_bucket") {
        rules.required(&["s3_key"], "with `s3_bucket`");
    } else {
        rules.without(&["s3_key", "s3_object_version"], "without `s3_bucket`");
    }
    if rules.text("description").is_some_and(|text| text.chars().count() > 256) {
        rules.refuse("description", "must have at most 256 characters");
    }
    for (list, most) in [("architectures", 1), ("layers", 5)] {
        let count = inputs.get(list).and_then(Value::as_list).map_or(0, <[Value]>::len);
        if count > most {
            rules.refuse(list, format!("must be at most {most}, not {count}"));
        }
    }
    rules.blocks("environment", check_environment);
    if rules.has("file_system_config") && !rules.has("vpc_config") {
        rules.refuse("file_system_config", "needs `vpc_config`");
    }
    rules.blocks("file_system_config", |rules| {
        if rules.text("local_mount_path").is_some_and(|path| !is_mount(path)) {
            rules.refuse("local_mount_path", "must be a folder of `/mnt`: `/mnt/data`");
        }
    });
    rules.blocks("logging_config", |rules| {
        if rules.text("log_format") == Some("Text") {
            rules.without(&["application_log_level", "system_log_level"], "with the form `Text`");
        }
    });
    rules.finish()
}

fn is_mount(path: &str) -> bool {
    path.strip_prefix("/mnt/").is_some_and(|name| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
    })
}

fn check_environment(rules: &mut Rules<'_>) {
    let Some(variables) = rules.entries("variables") else { return };
    for name in variables.keys() {
        let letters = name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if RESERVED.contains(&name.as_str()) {
            rules.refuse("variables", format!("must not set `{name}`, which Lambda sets"));
        } else if !letters || name.len() < 2 {
            let wrong = format!("must have names of letters, digits and `_`, unlike `{name}`");
            rules.refuse("variables", wrong);
        }
    }
    let bytes: usize =
        variables.iter().map(|(name, value)| name.len() + value.as_str().map_or(0, str::len)).sum();
    if bytes > ENVIRONMENT {
        rules.refuse("variables", format!("must have at most {ENVIRONMENT} bytes, not {bytes}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(entries: &[(&str, Value)]) -> Vec<String> {
        let inputs = entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        validate(&inputs.collect()).into_iter().map(|problem| problem.path).collect()
    }

    fn text(name: &'static str, text: &str) -> (&'static str, Value) {
        (name, Value::from(text))
    }

    fn zip() -> Vec<(&'static str, Value)> {
        vec![
            text("package_type", "Zip"),
            text("filename", "a.zip"),
            text("runtime", "python3.13"),
            text("handler", "a.b"),
        ]
    }

    #[test]
    fn code_comes_from_one_place() {
        assert_eq!(check(&zip()), [""; 0]);
        assert_eq!(check(&zip()[..2]), ["runtime", "handler"]);
        assert_eq!(check(&[zip(), vec![text("s3_bucket", "a")]].concat()), ["s3_bucket", "s3_key"]);
        let image = [text("package_type", "Image"), text("image_uri", "a")];
        assert_eq!(check(&image), [""; 0]);
        assert_eq!(check(&image[..1]), ["image_uri"]);
        assert_eq!(check(&[&image[..], &zip()[3..]].concat()), ["handler"]);
    }

    #[test]
    fn variables_have_names_that_lambda_takes() {
        let with = |name: &str, value: &str| {
            let variables = Object::from([(name.to_owned(), Value::from(value).sensitive())]);
            let block = Object::from([("variables".to_owned(), Value::Map(variables))]);
            check(&[zip(), vec![("environment", Value::Map(block))]].concat())
        };
        assert_eq!(with("DATABASE_URL", "postgres://"), [""; 0]);
        for (name, value) in [("AWS_REGION", "a"), ("A-B", "a"), ("LONG", &"a".repeat(5000))] {
            assert_eq!(with(name, value), ["environment.variables"], "{name}");
        }
    }

    #[test]
    fn a_file_system_needs_a_network_and_a_place() {
        let files = |path: &str| {
            let block = Object::from([("local_mount_path".to_owned(), Value::from(path))]);
            ("file_system_config", Value::Map(block))
        };
        let network = ("vpc_config", Value::Unknown);
        let with = |more: &[(&'static str, Value)]| check(&[&zip()[..], more].concat());
        assert_eq!(with(&[network.clone(), files("/mnt/data")]), [""; 0]);
        assert_eq!(with(&[files("/mnt/data")]), ["file_system_config"]);
        assert_eq!(with(&[network, files("/data")]), ["file_system_config.local_mount_path"]);
    }
}
