//! From method and path to operation, and back.

use hyper::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use super::{Route, backup, eks, lambda, route53};
use crate::gate::form::decode;

/// The services and their tables.
const SERVICES: &[(&str, &[Route])] = &[
    ("backup", backup::ROUTES),
    ("eks", eks::ROUTES),
    ("lambda", lambda::ROUTES),
    ("route53", route53::ROUTES),
];

fn routes(service: &str) -> impl Iterator<Item = &'static Route> + use<> {
    let found = SERVICES.iter().find(|(name, _)| *name == service);
    found.map(|(_, routes)| routes.iter()).into_iter().flatten()
}

/// The operation and the labels of its path; `METHOD /path` where the table has none.
pub(crate) fn operation(
    service: &str,
    method: &Method,
    path: &str,
) -> (String, Map<String, Value>) {
    routes(service)
        .filter(|(with, _, _)| *with == method.as_str())
        .find_map(|(_, pattern, name)| Some(((*name).to_owned(), labels(pattern, path)?)))
        .unwrap_or_else(|| (format!("{method} {path}"), Map::new()))
}

/// Method and path of an operation with those labels; the root where the table has none.
pub(crate) fn path(service: &str, operation: &str, parameters: &Value) -> (Method, String) {
    let Some((method, pattern, _)) = routes(service).find(|(_, _, name)| *name == operation) else {
        return (Method::GET, "/".to_owned());
    };
    let parts: Vec<String> = pattern
        .split('/')
        .map(|part| match part.strip_prefix('{').and_then(|label| label.strip_suffix('}')) {
            Some(label) => {
                let name = label.trim_end_matches('+');
                let text = parameters.get(name).and_then(Value::as_str).unwrap_or_default();
                utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
            }
            None => part.to_owned(),
        })
        .collect();
    (method.parse().unwrap_or(Method::GET), parts.join("/"))
}

fn labels(pattern: &str, path: &str) -> Option<Map<String, Value>> {
    let mut labels = Map::new();
    let mut segments = path.trim_matches('/').split('/');
    for part in pattern.trim_matches('/').split('/') {
        let segment = segments.next()?;
        match part.strip_prefix('{').and_then(|label| label.strip_suffix('}')) {
            Some(label) if label.ends_with('+') => {
                let rest: Vec<&str> = std::iter::once(segment).chain(segments).collect();
                let name = label.trim_end_matches('+').to_owned();
                labels.insert(name, Value::String(decode(&rest.join("/"))));
                return Some(labels);
            }
            Some(label) => {
                labels.insert(label.to_owned(), Value::String(decode(segment)));
            }
            None if part == segment => {}
            None => return None,
        }
    }
    segments.next().is_none().then_some(labels)
}

#[cfg(test)]
mod tests {
    use super::{operation, path};
    use hyper::Method;
    use serde_json::json;

    #[test]
    fn paths_have_names_and_labels() {
        let check = |service: &str, method: Method, path: &str| operation(service, &method, path);
        let (name, labels) = check("route53", Method::POST, "/2013-04-01/hostedzone/Z1/rrset/");
        assert_eq!(
            (name.as_str(), labels["Id"].as_str()),
            ("ChangeResourceRecordSets", Some("Z1"))
        );
        let (name, labels) = check("eks", Method::POST, "/tags/arn%3Aaws%3Aeks/x/y");
        assert_eq!(
            (name.as_str(), labels["resourceArn"].as_str()),
            ("TagResource", Some("arn:aws:eks/x/y"))
        );
        assert_eq!(check("eks", Method::GET, "/what/ever").0, "GET /what/ever");
        assert_eq!(
            path("eks", "DescribeAddon", &json!({ "clusterName": "c", "addonName": "a/b" })),
            (Method::GET, "/clusters/c/addons/a%2Fb".to_owned())
        );
    }

    #[test]
    fn every_path_is_found_again() {
        for (service, table) in super::SERVICES {
            for (method, pattern, name) in *table {
                let plain = pattern.replace(['{', '}', '+'], "");
                let (found, _) = operation(service, &method.parse().unwrap(), &plain);
                assert_eq!(found, *name, "{service} {method} {pattern}");
            }
        }
    }
}
