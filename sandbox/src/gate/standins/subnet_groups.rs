//! Subnet groups of RDS and ElastiCache: ministack looks for the subnets in an EC2 of its own, where
//! they are not.
//!
//! API: CreateDBSubnetGroup, ModifyDBSubnetGroup, DescribeDBSubnetGroups, DeleteDBSubnetGroup;
//! CreateCacheSubnetGroup, ModifyCacheSubnetGroup, DescribeCacheSubnetGroups,
//! DeleteCacheSubnetGroup; and AddTagsToResource, RemoveTagsFromResource, ListTagsForResource for
//! their ARNs; `DBSubnetGroup`, `CacheSubnetGroup`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Desk;
use super::desk::Reply;
use super::tags;
use crate::gate::answer::{Answer, ServiceError};
use crate::gate::document::{Document, Fields};
use crate::gate::xml::Element;

/// How a service names its subnet groups.
struct Words {
    service: &'static str,
    /// Begins the names of parameters, elements and operations.
    stem: &'static str,
    arn_field: &'static str,
    arn_type: &'static str,
    not_found: (&'static str, u16),
    exists: &'static str,
    /// Calls that name a group that has to be there.
    users: &'static [&'static str],
    /// How many zones a group needs, and what is said where it has fewer.
    zones: (usize, &'static str),
}

const WORDS: &[Words] = &[
    Words {
        service: "rds",
        stem: "DBSubnetGroup",
        arn_field: "DBSubnetGroupArn",
        arn_type: "subgrp",
        not_found: ("DBSubnetGroupNotFoundFault", 404),
        exists: "DBSubnetGroupAlreadyExists",
        users: &[
            "CreateDBCluster",
            "CreateDBInstance",
            "CreateDBInstanceReadReplica",
            "ModifyDBInstance",
            "RestoreDBClusterFromSnapshot",
            "RestoreDBInstanceFromDBSnapshot",
            "RestoreDBInstanceToPointInTime",
        ],
        zones: (2, "DBSubnetGroupDoesNotCoverEnoughAZs"),
    },
    Words {
        service: "elasticache",
        stem: "CacheSubnetGroup",
        arn_field: "ARN",
        arn_type: "subnetgroup",
        not_found: ("CacheSubnetGroupNotFoundFault", 400),
        exists: "CacheSubnetGroupAlreadyExists",
        users: &["CreateCacheCluster", "CreateReplicationGroup"],
        zones: (1, ""),
    },
];

const GROUPS: &str = "subnet groups";

/// Plays a call.
pub(super) async fn serve(desk: &Desk<'_>) -> Reply {
    let Some(words) = WORDS.iter().find(|words| words.service == desk.call.service) else {
        return Ok(None);
    };
    let name = desk.text(&format!("{}Name", words.stem)).to_lowercase();
    let key = format!("{} {name}", words.service);
    let operation = desk.call.operation.as_str();
    if words.users.contains(&operation) {
        // What is not said is the default group, which nobody made.
        let known = matches!(name.as_str(), "" | "default") || desk.get(GROUPS, &key).is_some();
        return Ok((!known).then(|| Err(words.missing(&name))));
    }
    let Some(verb) = operation.strip_suffix(words.stem) else {
        if operation == format!("Describe{}s", words.stem) {
            return Ok(Some(words.describe(desk, &name)));
        }
        let shown = |group: &Value| group[words.arn_field] == desk.text("ResourceName");
        return Ok(tags::serve(desk, GROUPS, &format!(":{}:", words.arn_type), shown));
    };
    match verb {
        "Create" if desk.get(GROUPS, &key).is_some() => {
            let message = format!("The subnet group '{name}' already exists.");
            Ok(Some(Err(ServiceError::invalid(words.exists, message))))
        }
        "Create" => words.put(desk, &name, json!({})).await,
        "Modify" => match desk.get(GROUPS, &key) {
            Some(before) => words.put(desk, &name, before).await,
            None => Ok(Some(Err(words.missing(&name)))),
        },
        "Delete" => Ok(Some(match desk.take(GROUPS, &key) {
            Some(_) => Ok(Document::Xml(Element::new(&format!("{operation}Response")))),
            None => Err(words.missing(&name)),
        })),
        _ => Ok(None),
    }
}

impl Words {
    fn missing(&self, name: &str) -> ServiceError {
        let (code, status) = self.not_found;
        ServiceError::new(status, code, format!("Subnet group '{name}' not found."))
    }

    fn describe(&self, desk: &Desk<'_>, name: &str) -> Result<Document, ServiceError> {
        let prefix = format!("{} {name}", self.service);
        let mut groups: Vec<Value> = desk
            .list(GROUPS, &prefix)
            .into_iter()
            .filter(|(key, _)| name.is_empty() || *key == prefix)
            .map(|(_, group)| group)
            .collect();
        if groups.is_empty() && !name.is_empty() {
            return Err(self.missing(name));
        }
        groups.iter_mut().for_each(plain);
        let mut list = Element::new(&format!("{}s", self.stem));
        for group in &groups {
            list.push(self.element(group));
        }
        Ok(desk.result(list))
    }

    /// Makes or changes a group: its subnets have to be there, in one VPC.
    async fn put(&self, desk: &Desk<'_>, name: &str, mut group: Value) -> Reply {
        let subnets = desk.value("SubnetIds").cloned().unwrap_or_else(|| json!([]));
        let which = json!({ "SubnetId": subnets });
        let found = match desk.ask("ec2", "DescribeSubnets", which).await? {
            Ok(Document::Xml(found)) => found.items("subnetSet").into_iter().cloned().collect(),
            _ => Vec::new(),
        };
        let texts = |field: &str| -> BTreeSet<String> {
            found.iter().map(|subnet| subnet.child_text(field)).collect()
        };
        let (zones, vpcs) = (texts("availabilityZone"), texts("vpcId"));
        if vpcs.len() != 1 || subnets.as_array().is_none_or(Vec::is_empty) {
            let message = "The requested subnet is invalid, or multiple subnets were requested that are not all in a common VPC.";
            return Ok(Some(Err(ServiceError::invalid("InvalidSubnet", message))));
        }
        if zones.len() < self.zones.0 {
            let message = "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. Current AZ coverage is too small.";
            return Ok(Some(Err(ServiceError::invalid(self.zones.1, message))));
        }
        let shown: Vec<Value> = found
            .iter()
            .map(|subnet| {
                json!({
                    "SubnetIdentifier": subnet.child_text("subnetId"),
                    "SubnetAvailabilityZone": { "Name": subnet.child_text("availabilityZone") },
                    "SubnetStatus": "Active",
                })
            })
            .collect();
        let description = format!("{}Description", self.stem);
        group[format!("{}Name", self.stem)] = name.into();
        if let Some(text) = desk.value(&description) {
            group[description] = text.clone();
        }
        group["VpcId"] = vpcs.into_iter().next().into();
        group["SubnetGroupStatus"] = "Complete".into();
        group["Subnets"] = shown.into();
        group[self.arn_field] = desk.arn(self.service, &format!("{}:{name}", self.arn_type)).into();
        if let Some(tags) = desk.value("Tags") {
            group["Tags"] = tags.clone();
        }
        desk.put(GROUPS, &format!("{} {name}", self.service), group.clone());
        plain(&mut group);
        Ok(Some(Ok(desk.result(self.element(&group)))))
    }

    fn element(&self, group: &Value) -> Element {
        let mut element = Element::new(self.stem);
        element.put("", group, "Subnet");
        element.put("SupportedNetworkTypes", &json!(["IPV4"]), "member");
        element
    }
}

/// A group without what only the tag calls show.
fn plain(group: &mut Value) {
    if let Some(group) = group.as_object_mut() {
        group.remove("Tags");
    }
}

/// Shows the subnet group of databases, of which ministack knows the name alone.
pub(super) fn fill(desk: &Desk<'_>, answer: &mut Answer) {
    if desk.call.service != "rds" {
        return;
    }
    let Some(mut document) = Document::of(desk.call, answer) else { return };
    let mut filled = false;
    document.visit(&mut |object| {
        if let Some(name) = object.text("DBSubnetGroup/DBSubnetGroupName")
            && let Some(mut group) = desk.get(GROUPS, &format!("rds {}", name.to_lowercase()))
        {
            plain(&mut group);
            object.put("DBSubnetGroup", &group, "Subnet");
            filled = true;
        }
    });
    if filled {
        document.store(answer);
    }
}
