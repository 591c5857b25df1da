//! Operation names of S3, from method, path and sub-resource.

use hyper::{HeaderMap, Method};
use serde_json::{Map, Value};

use super::call::query_parameters;
use super::form::{Form, decode};

/// Sub-resources of a bucket with the part of the name that stands for them.
const BUCKET: &[(&str, &str)] = &[
    ("accelerate", "BucketAccelerateConfiguration"),
    ("acl", "BucketAcl"),
    ("analytics", "BucketAnalyticsConfiguration"),
    ("cors", "BucketCors"),
    ("encryption", "BucketEncryption"),
    ("intelligent-tiering", "BucketIntelligentTieringConfiguration"),
    ("inventory", "BucketInventoryConfiguration"),
    ("lifecycle", "BucketLifecycleConfiguration"),
    ("location", "BucketLocation"),
    ("logging", "BucketLogging"),
    ("metrics", "BucketMetricsConfiguration"),
    ("notification", "BucketNotificationConfiguration"),
    ("object-lock", "ObjectLockConfiguration"),
    ("ownershipControls", "BucketOwnershipControls"),
    ("policy", "BucketPolicy"),
    ("policyStatus", "BucketPolicyStatus"),
    ("publicAccessBlock", "PublicAccessBlock"),
    ("replication", "BucketReplication"),
    ("requestPayment", "BucketRequestPayment"),
    ("tagging", "BucketTagging"),
    ("versioning", "BucketVersioning"),
    ("website", "BucketWebsite"),
];

/// Sub-resources of an object.
const OBJECT: &[(&str, &str)] = &[
    ("acl", "ObjectAcl"),
    ("attributes", "ObjectAttributes"),
    ("legal-hold", "ObjectLegalHold"),
    ("retention", "ObjectRetention"),
    ("tagging", "ObjectTagging"),
];

/// The operation and its parameters. Addresses are path-style, as SDKs write them for an IP address.
pub(crate) fn operation(
    method: &Method,
    path: &str,
    query: &Form,
    headers: &HeaderMap,
) -> (String, Map<String, Value>) {
    let path = path.trim_start_matches('/');
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    let mut parameters = query_parameters(query);
    if !bucket.is_empty() {
        parameters.insert("Bucket".to_owned(), Value::String(decode(bucket)));
    }
    if !key.is_empty() {
        parameters.insert("Key".to_owned(), Value::String(decode(key)));
    }
    let name = match (bucket.is_empty(), key.is_empty()) {
        (true, _) => "ListBuckets".to_owned(),
        (false, true) => bucket_operation(method, query),
        (false, false) => object_operation(method, query, headers),
    };
    (name, parameters)
}

fn has(query: &Form, name: &str) -> bool {
    query.get(name).is_some()
}

fn sub_resource(method: &Method, query: &Form, table: &[(&str, &str)]) -> Option<String> {
    let (_, name) = table.iter().find(|(key, _)| has(query, key))?;
    let verb = match *method {
        Method::GET => "Get",
        Method::PUT => "Put",
        Method::DELETE => "Delete",
        _ => return None,
    };
    // The one whose DELETE has another name than its PUT.
    let name = if verb == "Delete" {
        name.replace("LifecycleConfiguration", "Lifecycle")
    } else {
        (*name).to_owned()
    };
    Some(format!("{verb}{name}"))
}

fn bucket_operation(method: &Method, query: &Form) -> String {
    if let Some(name) = sub_resource(method, query, BUCKET) {
        return name;
    }
    match *method {
        Method::PUT => "CreateBucket",
        Method::DELETE => "DeleteBucket",
        Method::HEAD => "HeadBucket",
        Method::POST if has(query, "delete") => "DeleteObjects",
        Method::GET if has(query, "uploads") => "ListMultipartUploads",
        Method::GET if has(query, "versions") => "ListObjectVersions",
        Method::GET if has(query, "list-type") => "ListObjectsV2",
        Method::GET => "ListObjects",
        _ => return format!("{method} bucket"),
    }
    .to_owned()
}

fn object_operation(method: &Method, query: &Form, headers: &HeaderMap) -> String {
    if let Some(name) = sub_resource(method, query, OBJECT) {
        return name;
    }
    let copies = headers.contains_key("x-amz-copy-source");
    let part = has(query, "partNumber") && has(query, "uploadId");
    match *method {
        Method::PUT if part && copies => "UploadPartCopy",
        Method::PUT if part => "UploadPart",
        Method::PUT if copies => "CopyObject",
        Method::PUT => "PutObject",
        Method::GET if has(query, "uploadId") => "ListParts",
        Method::GET => "GetObject",
        Method::HEAD => "HeadObject",
        Method::DELETE if has(query, "uploadId") => "AbortMultipartUpload",
        Method::DELETE => "DeleteObject",
        Method::POST if has(query, "uploads") => "CreateMultipartUpload",
        Method::POST if has(query, "uploadId") => "CompleteMultipartUpload",
        _ => return format!("{method} object"),
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::operation;
    use crate::gate::form::Form;
    use hyper::{HeaderMap, Method};

    #[test]
    fn buckets_objects_and_their_parts_have_names() {
        let check = |method: Method, path: &str, query: &str| {
            operation(&method, path, &Form::parse(query), &HeaderMap::new()).0
        };
        assert_eq!(check(Method::GET, "/", ""), "ListBuckets");
        assert_eq!(check(Method::PUT, "/b", ""), "CreateBucket");
        assert_eq!(check(Method::PUT, "/b/", "versioning"), "PutBucketVersioning");
        assert_eq!(check(Method::GET, "/b", "policy"), "GetBucketPolicy");
        assert_eq!(check(Method::DELETE, "/b", "lifecycle"), "DeleteBucketLifecycle");
        assert_eq!(check(Method::PUT, "/b", "publicAccessBlock"), "PutPublicAccessBlock");
        assert_eq!(check(Method::GET, "/b", "list-type=2&prefix=x"), "ListObjectsV2");
        assert_eq!(check(Method::PUT, "/b/k/l", "x-id=PutObject"), "PutObject");
        assert_eq!(check(Method::PUT, "/b/k", "partNumber=1&uploadId=u"), "UploadPart");
    }
}
