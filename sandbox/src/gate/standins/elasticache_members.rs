//! The cache clusters of a replication group: ministack does not make or drop them when the number of
//! replicas changes, and takes no last snapshot.
//!
//! It also writes times of snapshots as numbers, where the Query protocol has them in ISO 8601.
//!
//! API: IncreaseReplicaCount, DecreaseReplicaCount, DescribeReplicationGroups
//! (`MemberClusters`), DescribeCacheClusters, DeleteReplicationGroup (`FinalSnapshotIdentifier`).

use jiff::Timestamp;
use serde_json::json;

use super::Desk;
use super::desk::Reply;
use crate::gate::answer::Answer;
use crate::gate::document::Document;
use crate::gate::upstream::UpstreamError;
use crate::gate::xml::Element;

/// Takes the last snapshot.
pub(super) async fn serve(desk: &Desk<'_>) -> Reply {
    let snapshot = desk.text("FinalSnapshotIdentifier");
    if desk.call.operation != "DeleteReplicationGroup" || snapshot.is_empty() {
        return Ok(None);
    }
    let group = desk.text("ReplicationGroupId");
    let request = json!({ "ReplicationGroupId": group, "SnapshotName": snapshot });
    Ok(desk.ask("elasticache", "CreateSnapshot", request).await?.err().map(Err))
}

/// Shows the members that the node groups have.
pub(super) async fn fill(desk: &Desk<'_>, answer: &mut Answer) -> Result<(), UpstreamError> {
    if desk.call.service != "elasticache" {
        return Ok(());
    }
    let Some(mut document) = answer.document() else { return Ok(()) };
    document.visit_mut(&mut |group| {
        if let (Some(nodes), true) =
            (group.child("NodeGroups"), group.child("MemberClusters").is_some())
        {
            let ids = members(nodes);
            let list = group.child_or_new("MemberClusters");
            list.take_elements();
            ids.iter().for_each(|id| list.push(Element::with_text("ClusterId", id)));
        }
        if group.name == "SnapshotCreateTime"
            && let Some(time) = time(&group.text())
        {
            group.set_text(&time);
        }
    });
    if desk.call.operation == "DescribeCacheClusters"
        && let Ok(Document::Xml(groups)) =
            desk.ask("elasticache", "DescribeReplicationGroups", json!({})).await?
    {
        let groups = groups.find("ReplicationGroups").cloned();
        let groups: Vec<(String, Vec<String>)> = groups
            .iter()
            .flat_map(Element::elements)
            .map(|group| (group.child_text("ReplicationGroupId"), members(group)))
            .collect();
        let all = desk.text("CacheClusterId").is_empty();
        document.visit_mut(&mut |list| {
            if list.name == "CacheClusters" {
                match_members(list, &groups, all);
            }
        });
    }
    answer.set_document(&document);
    Ok(())
}

/// Seconds since 1970 as AWS writes them; nothing where it is written so already.
fn time(seconds: &str) -> Option<String> {
    let whole = seconds.split('.').next()?.parse().ok()?;
    Some(Timestamp::from_second(whole).ok()?.to_string())
}

/// The ids of the members of node groups.
fn members(element: &Element) -> Vec<String> {
    let mut ids = Vec::new();
    element.clone().visit_mut(&mut |element| {
        if element.name == "NodeGroupMember" {
            ids.push(element.child_text("CacheClusterId"));
        }
    });
    ids
}

/// Leaves out clusters that are members no more, and adds those that have become members.
fn match_members(list: &mut Element, groups: &[(String, Vec<String>)], all: bool) {
    let of = |cluster: &Element| cluster.child_text("ReplicationGroupId");
    list.retain(|cluster| {
        let group = of(cluster);
        let known = groups.iter().find(|(name, _)| *name == group);
        known.is_none_or(|(_, ids)| ids.contains(&cluster.child_text("CacheClusterId")))
    });
    if !all {
        return;
    }
    for (group, ids) in groups {
        let there: Vec<Element> =
            list.elements().filter(|cluster| of(cluster) == *group).cloned().collect();
        let Some(model) = there.first() else { continue };
        for id in ids {
            if !there.iter().any(|cluster| cluster.child_text("CacheClusterId") == *id) {
                let mut cluster = model.clone();
                let arn = cluster.child_text("ARN");
                let before = cluster.child_text("CacheClusterId");
                cluster.child_or_new("CacheClusterId").set_text(id);
                cluster.child_or_new("ARN").set_text(&arn.replace(&before, id));
                list.push(cluster);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{match_members, time};
    use crate::gate::xml::Element;

    #[test]
    fn times_are_written_as_aws_does() {
        assert_eq!(time("1763834000.25").as_deref(), Some("2025-11-22T17:53:20Z"));
        assert_eq!(time("2025-11-22T17:53:20Z"), None);
    }

    #[test]
    fn clusters_follow_the_members_of_their_group() {
        let cluster = |id: &str, group: &str| {
            format!(
                "<C><CacheClusterId>{id}</CacheClusterId><ReplicationGroupId>{group}</ReplicationGroupId><ARN>a:{id}</ARN></C>"
            )
        };
        let text =
            format!("<L>{}{}{}</L>", cluster("g-1", "g"), cluster("g-2", "g"), cluster("x", ""));
        let mut list = Element::parse(&text).unwrap();
        let groups = [("g".to_owned(), vec!["g-1".to_owned(), "g-3".to_owned()])];
        match_members(&mut list, &groups, true);
        let ids: Vec<String> = list.elements().map(|c| c.child_text("CacheClusterId")).collect();
        assert_eq!(ids, ["g-1", "x", "g-3"]);
        assert_eq!(list.elements().last().unwrap().child_text("ARN"), "a:g-3");
    }
}
