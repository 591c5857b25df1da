//! A request as the gate understands it: service, operation, region, parameters.
//!
//! The main type is [`Call`]. It is made from any request; what is not understood gets a name made
//! of method and path, and is still passed on.

use bytes::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use hyper::{HeaderMap, Method, Uri};
use serde_json::{Map, Value};

use super::form::{Form, decode};
use super::xml::Element;
use super::{cbor, rest, s3};

/// How a service writes requests and errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// EC2's form of the query protocol.
    Ec2,
    /// Form in, XML out: IAM, STS, RDS, …
    Query,
    /// `X-Amz-Target` and JSON.
    Json,
    /// Paths and JSON.
    RestJson,
    /// Paths and XML: Route 53.
    RestXml,
    /// S3's own kind of paths and XML.
    S3,
    /// Smithy RPC v2 with CBOR: within the gate it is JSON.
    Cbor,
}

/// A request, whole.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// The name in the credential scope: `ec2`, `elasticloadbalancing`.
    pub(crate) service: String,
    /// The region in the credential scope.
    pub(crate) region: String,
    /// The access key id; empty for an unsigned request.
    pub(crate) access_key: String,
    pub(crate) protocol: Protocol,
    pub(crate) operation: String,
    /// The parameters of the query protocols; empty for others.
    pub(crate) form: Form,
    /// The parameters of the other protocols, not redacted.
    parameters: Map<String, Value>,
}

/// Who signed a request, and for what.
struct Scope {
    access_key: String,
    region: String,
    service: String,
}

impl Call {
    /// Reads a request.
    pub(crate) fn new(method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Self {
        let query = Form::parse(uri.query().unwrap_or_default());
        let form = form_of(&headers, &body, &query);
        let scope = scope_of(&headers, &query).unwrap_or_else(|| Scope {
            access_key: String::new(),
            region: "us-east-1".to_owned(),
            service: unsigned_service(&headers, form.as_ref()),
        });
        let mut call = Self {
            method,
            uri,
            headers,
            body,
            service: scope.service,
            region: scope.region,
            access_key: scope.access_key,
            protocol: Protocol::RestJson,
            operation: String::new(),
            form: form.unwrap_or_default(),
            parameters: Map::new(),
        };
        call.understand(&query);
        call
    }

    fn understand(&mut self, query: &Form) {
        let path = self.uri.path().to_owned();
        if text_header(&self.headers, "smithy-protocol") == Some("rpc-v2-cbor") {
            self.protocol = Protocol::Cbor;
            self.operation = path.rsplit('/').next().unwrap_or_default().to_owned();
            // A body that is not CBOR is passed on as it is: the emulator is to refuse it.
            if let Ok(value) = cbor::decode(&self.body) {
                self.body = Bytes::from(value.to_string());
            }
            (self.uri, self.headers) = cbor::as_json(&self.uri, &self.headers);
            self.parameters = json_object(&self.body);
        } else if let Some(target) = text_header(&self.headers, "x-amz-target") {
            self.protocol = Protocol::Json;
            self.operation = target.rsplit('.').next().unwrap_or_default().to_owned();
            self.parameters = json_object(&self.body);
        } else if let Some(action) = self.form.get("Action") {
            self.protocol = if self.service == "ec2" { Protocol::Ec2 } else { Protocol::Query };
            self.operation = action.to_owned();
        } else if self.service == "s3" {
            self.protocol = Protocol::S3;
            (self.operation, self.parameters) =
                s3::operation(&self.method, &path, query, &self.headers);
        } else {
            let xml = matches!(self.service.as_str(), "route53" | "cloudfront");
            self.protocol = if xml { Protocol::RestXml } else { Protocol::RestJson };
            let (operation, labels) = rest::operation(&self.service, &self.method, &path);
            self.operation = operation;
            self.parameters = if xml { xml_object(&self.body) } else { json_object(&self.body) };
            self.parameters.extend(labels);
            self.parameters.extend(query_parameters(query));
        }
    }

    /// The parameters as the log may show them once they are redacted.
    pub(crate) fn parameters(&self) -> Map<String, Value> {
        let form = self
            .form
            .pairs()
            .iter()
            .filter(|(key, _)| key != "Action" && key != "Version" && !key.starts_with("X-Amz-"))
            .map(|(key, value)| (key.clone(), Value::String(value.clone())));
        self.parameters.clone().into_iter().chain(form).collect()
    }

    /// A parameter of either kind of protocol.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.form.get(name).or_else(|| self.parameters.get(name).and_then(Value::as_str))
    }

    /// The parameters with their lists and structures, whatever the protocol.
    pub(crate) fn tree(&self) -> Value {
        let flat = self.protocol == Protocol::Ec2;
        let mut tree = self.parameters.clone();
        for (key, value) in self.form.pairs() {
            let mut parts: Vec<&str> = key.split('.').collect();
            // `Tags.Tag.1.Key`: the name of a list's items says nothing. EC2 has none.
            while !flat
                && let Some(at) = (2..parts.len()).find(|at| {
                    is_number(parts[*at]) && !is_number(parts[at - 1]) && !parts[at - 1].is_empty()
                })
            {
                parts[at - 1] = "";
            }
            parts.retain(|part| !part.is_empty());
            insert(&mut tree, &parts, value);
        }
        Value::Object(tree)
    }

    /// The filters of a describe call: names with their values.
    pub(crate) fn filters(&self) -> Vec<(String, Vec<String>)> {
        if self.protocol == Protocol::Ec2 {
            return self.form.filters();
        }
        let tree = self.tree();
        let texts = |value: &Value| -> Vec<String> {
            let items = value.as_array().cloned().unwrap_or_default();
            items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        tree.get("Filters")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .map(|filter| {
                let name = filter.get("Name").and_then(Value::as_str).unwrap_or_default();
                (name.to_owned(), filter.get("Values").map(texts).unwrap_or_default())
            })
            .collect()
    }

    /// Replaces the parameters of the query protocol, in the body too.
    pub(crate) fn set_form(&mut self, form: Form) {
        self.body = Bytes::from(form.encode());
        self.form = form;
    }
}

/// A header as text.
pub(crate) fn text_header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Query parameters without those of a presigned request; a name that comes again makes a list.
pub(crate) fn query_parameters(query: &Form) -> Map<String, Value> {
    let mut parameters = Map::new();
    for (key, value) in query.pairs() {
        if key.to_ascii_lowercase().starts_with("x-amz-") || key == "x-id" {
            continue;
        }
        let value = Value::String(value.clone());
        match parameters.get_mut(key) {
            None => {
                parameters.insert(key.clone(), value);
            }
            Some(Value::Array(items)) => items.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
        }
    }
    parameters
}

fn json_object(body: &Bytes) -> Map<String, Value> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => object,
        _ => Map::new(),
    }
}

/// The parameters in a body of XML: structures, and lists where a name comes again.
fn xml_object(body: &Bytes) -> Map<String, Value> {
    let text = std::str::from_utf8(body).unwrap_or_default();
    match Element::parse(text).map(|root| xml_value(&root)) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

fn xml_value(element: &Element) -> Value {
    let mut map = Map::new();
    for child in element.elements() {
        let value = xml_value(child);
        match map.get_mut(&child.name) {
            None => {
                map.insert(child.name.clone(), value);
            }
            Some(Value::Array(items)) => items.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
        }
    }
    if map.is_empty() { Value::String(element.text()) } else { Value::Object(map) }
}

fn is_number(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())
}

/// Puts a value at its place: a number is a place in a list.
fn insert(map: &mut Map<String, Value>, parts: &[&str], value: &str) {
    let Some((name, rest)) = parts.split_first() else { return };
    let list = rest.first().is_some_and(|part| is_number(part));
    let inner = map.entry(*name).or_insert_with(|| match rest {
        [] => Value::String(value.to_owned()),
        _ if list => Value::Array(Vec::new()),
        _ => Value::Object(Map::new()),
    });
    match inner {
        Value::Object(inner) => insert(inner, rest, value),
        // Numbers come in their order, from 1.
        Value::Array(items) => match rest.get(1..).unwrap_or_default() {
            [] => items.push(Value::String(value.to_owned())),
            below => {
                let at = rest[0].parse().unwrap_or(1_usize).saturating_sub(1);
                if items.len() <= at {
                    items.push(Value::Object(Map::new()));
                }
                if let Some(Value::Object(item)) = items.last_mut() {
                    insert(item, below, value);
                }
            }
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The form in the body or the query string, where the request is one of the query protocols.
fn form_of(headers: &HeaderMap, body: &Bytes, query: &Form) -> Option<Form> {
    let is_form = text_header(headers, CONTENT_TYPE.as_str())
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let mut form = if is_form {
        Form::parse(std::str::from_utf8(body).unwrap_or_default())
    } else {
        Form::default()
    };
    form.extend(query.clone());
    form.get("Action").is_some().then_some(form)
}

fn scope_of(headers: &HeaderMap, query: &Form) -> Option<Scope> {
    let credential = match text_header(headers, AUTHORIZATION.as_str()) {
        Some(header) => header.split("Credential=").nth(1)?.split(',').next()?.trim().to_owned(),
        None => query.get("X-Amz-Credential").map(decode)?,
    };
    let mut parts = credential.split('/');
    let access_key = parts.next()?.to_owned();
    let _date = parts.next()?;
    let region = parts.next()?.to_owned();
    let service = parts.next()?.to_owned();
    Some(Scope { access_key, region, service })
}

/// What an unsigned request is meant for: web identity is STS's, a path alone is S3's.
fn unsigned_service(headers: &HeaderMap, form: Option<&Form>) -> String {
    if let Some(target) = text_header(headers, "x-amz-target") {
        return target.split(['.', '_']).next().unwrap_or_default().to_ascii_lowercase();
    }
    match form.and_then(|form| form.get("Version")) {
        Some("2011-06-15") => "sts",
        Some("2016-11-15") => "ec2",
        Some("2010-05-08") => "iam",
        Some("2015-12-01") => "elasticloadbalancing",
        Some("2014-10-31") => "rds",
        Some("2015-02-02") => "elasticache",
        Some("2010-03-31") => "sns",
        _ => "s3",
    }
    .to_owned()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{Call, Protocol};
    use bytes::Bytes;
    use hyper::{HeaderMap, Method};
    use serde_json::json;

    /// A signed request of the query protocol.
    pub(crate) fn query_call(service: &str, body: &str) -> Call {
        call(
            Method::POST,
            "/",
            &[
                ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
                ("authorization", &signature(service)),
            ],
            body,
        )
    }

    pub(crate) fn signature(service: &str) -> String {
        format!(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-west-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
        )
    }

    pub(crate) fn call(method: Method, uri: &str, headers: &[(&str, &str)], body: &str) -> Call {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(
                hyper::header::HeaderName::from_bytes(name.as_bytes()).unwrap(),
                value.parse().unwrap(),
            );
        }
        Call::new(method, uri.parse().unwrap(), map, Bytes::from(body.to_owned()))
    }

    #[test]
    fn the_scope_says_service_and_region() {
        let call = query_call("ec2", "Action=CreateVpc&CidrBlock=10.0.0.0%2F16");
        assert_eq!(
            (call.service.as_str(), call.region.as_str(), call.access_key.as_str()),
            ("ec2", "eu-west-1", "AKIDEXAMPLE")
        );
        assert_eq!((call.protocol, call.operation.as_str()), (Protocol::Ec2, "CreateVpc"));
        assert_eq!(call.parameters()["CidrBlock"], "10.0.0.0/16");
        assert!(!call.parameters().contains_key("Action"));
    }

    #[test]
    fn a_presigned_request_is_read_from_its_query() {
        let uri = "/bucket/key?X-Amz-Credential=AKID%2F20260101%2Feu-west-1%2Fs3%2Faws4_request&X-Amz-Signature=00";
        let call = call(Method::GET, uri, &[], "");
        assert_eq!((call.service.as_str(), call.operation.as_str()), ("s3", "GetObject"));
        assert!(!call.parameters().contains_key("X-Amz-Signature"));
    }

    #[test]
    fn json_and_rest_operations_have_names() {
        let target =
            [("x-amz-target", "TrentService.CreateKey"), ("authorization", &*signature("kms"))];
        let kms = call(Method::POST, "/", &target, "{\"Description\":\"d\"}");
        assert_eq!((kms.protocol, kms.operation.as_str()), (Protocol::Json, "CreateKey"));
        assert_eq!(kms.parameter("Description"), Some("d"));

        let eks = call(
            Method::GET,
            "/clusters/c/node-groups/n",
            &[("authorization", &*signature("eks"))],
            "",
        );
        assert_eq!(
            (eks.protocol, eks.operation.as_str()),
            (Protocol::RestJson, "DescribeNodegroup")
        );
        assert_eq!(eks.parameter("nodegroupName"), Some("n"));
    }

    #[test]
    fn forms_have_lists_and_structures() {
        let body = "Action=A&Version=1&Tags.Tag.1.Key=k&Tags.Tag.1.Value=v&Tags.Tag.2.Key=l\
            &Config.Types.member.1=a&Config.Types.member.2=b&Name=n\
            &Actions.member.1.Forward.Groups.member.1.Arn=x&Filters.Filter.1.Name=f\
            &Filters.Filter.1.Values.Value.1=w";
        let call = query_call("rds", body);
        let tree = call.tree();
        assert_eq!(tree["Tags"], json!([{ "Key": "k", "Value": "v" }, { "Key": "l" }]));
        assert_eq!(tree["Config"], json!({ "Types": ["a", "b"] }));
        assert_eq!(tree["Actions"], json!([{ "Forward": { "Groups": [{ "Arn": "x" }] } }]));
        assert_eq!(call.filters(), [("f".to_owned(), vec!["w".to_owned()])]);
        let call = query_call("ec2", "Action=A&VpcId.1=a&VpcId.2=b&Spec.1.Tag.1.Key=k");
        assert_eq!(call.tree()["VpcId"], json!(["a", "b"]));
        assert_eq!(call.tree()["Spec"], json!([{ "Tag": [{ "Key": "k" }] }]));
    }

    #[test]
    fn cbor_and_xml_have_parameters() {
        let authorization = signature("monitoring");
        let headers =
            [("authorization", authorization.as_str()), ("smithy-protocol", "rpc-v2-cbor")];
        let uri = "/service/GraniteServiceVersion20100801/operation/PutDashboard";
        // {"DashboardName": "d"}
        let cbor = call(Method::POST, uri, &headers, "\u{0}");
        assert_eq!((cbor.operation.as_str(), cbor.uri.path()), ("PutDashboard", "/"));
        let authorization = signature("route53");
        let headers = [("authorization", authorization.as_str())];
        let body = "<R xmlns=\"x\"><Name>n</Name><Config><Private>true</Private></Config></R>";
        let call = call(Method::POST, "/2013-04-01/hostedzone", &headers, body);
        assert_eq!(call.parameter("Name"), Some("n"));
        assert_eq!(call.tree()["Config"]["Private"], "true");
    }

    #[test]
    fn unsigned_requests_find_their_service() {
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let body = "Action=AssumeRoleWithWebIdentity&Version=2011-06-15";
        assert_eq!(call(Method::POST, "/", &form, body).service, "sts");
        assert_eq!(call(Method::GET, "/bucket", &[], "").service, "s3");
    }
}
