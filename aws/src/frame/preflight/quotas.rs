//! Quotas that the creates of a plan would go beyond, as far as the services tell them themselves:
//! no call of Service Quotas is needed, and what an account was granted counts.

use std::collections::BTreeMap;

use infra_sdk::Diagnostic;
use infra_sdk::preflight::{PlannedAction, PlannedOperation, Preflight};
use infra_sdk::provider::{BoxFuture, Place};

use super::blocking::text;
use super::run::unchecked;
use crate::frame::clients::Aws;
use crate::frame::error::Result;
use crate::frame::provider::AwsProvider;

/// How many there are and may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Room {
    used: i64,
    most: i64,
}

/// A quota of an account in a region.
struct Quota {
    /// Of what, for people.
    what: &'static str,
    /// Whether an object counts, by its type and attributes.
    counts: fn(&PlannedOperation) -> bool,
    /// Asks the service; nothing where it does not tell.
    ask: for<'a> fn(&'a Aws) -> BoxFuture<'a, Result<Option<Room>>>,
}

const QUOTAS: &[Quota] = &[
    Quota {
        what: "Elastic IP addresses",
        counts: |operation| operation.type_name == "aws_eip",
        ask: |aws| Box::pin(addresses(aws)),
    },
    Quota {
        what: "database instances",
        counts: |operation| {
            ["aws_db_instance", "aws_rds_cluster_instance"].contains(&operation.type_name.as_str())
        },
        ask: |aws| Box::pin(databases(aws, "DBInstances")),
    },
    Quota {
        what: "database clusters",
        counts: |operation| operation.type_name == "aws_rds_cluster",
        ask: |aws| Box::pin(databases(aws, "DBClusters")),
    },
    Quota {
        what: "application load balancers",
        counts: |operation| is_balancer(operation, "application"),
        ask: |aws| Box::pin(balancers(aws, "application")),
    },
    Quota {
        what: "network load balancers",
        counts: |operation| is_balancer(operation, "network"),
        ask: |aws| Box::pin(balancers(aws, "network")),
    },
];

fn is_balancer(operation: &PlannedOperation, kind: &str) -> bool {
    let attributes = if operation.makes() { &operation.after } else { &operation.before };
    operation.type_name == "aws_lb"
        && text(attributes, "load_balancer_type").unwrap_or("application") == kind
}

/// Quotas that the plan would go beyond.
pub(super) async fn find(provider: &AwsProvider, flight: &Preflight) -> Vec<Diagnostic> {
    let mut places: BTreeMap<&Place, Vec<&PlannedOperation>> = BTreeMap::new();
    for operation in &flight.operations {
        places.entry(&operation.place).or_default().push(operation);
    }
    let mut looks = Vec::new();
    for (place, operations) in &places {
        for quota in QUOTAS {
            let counted: Vec<_> =
                operations.iter().copied().filter(|o| (quota.counts)(o)).collect();
            if counted.iter().any(|operation| operation.makes()) {
                looks.push(look(provider, place, quota, counted));
            }
        }
    }
    futures_util::future::join_all(looks).await.into_iter().flatten().collect()
}

async fn look(
    provider: &AwsProvider,
    place: &Place,
    quota: &Quota,
    counted: Vec<&PlannedOperation>,
) -> Option<Diagnostic> {
    let told = async {
        let aws = provider.clients(place).await?;
        let room = (quota.ask)(&aws).await?;
        Ok(room.and_then(|room| judge(quota.what, aws.region(), room, &counted)))
    };
    told.await.unwrap_or_else(|failure| Some(unchecked("quotas", &failure)))
}

/// What is deleted in the same run makes room, perhaps too late.
fn judge(
    what: &str,
    region: &str,
    room: Room,
    counted: &[&PlannedOperation],
) -> Option<Diagnostic> {
    let adds = |operation: &PlannedOperation| {
        matches!(
            operation.action,
            PlannedAction::Create | PlannedAction::Replace { create_first: true }
        )
    };
    let new: Vec<_> = counted.iter().filter(|operation| adds(operation)).collect();
    let goes = counted.iter().filter(|operation| operation.action == PlannedAction::Delete);
    let (more, fewer) = (i64::try_from(new.len()).ok()?, i64::try_from(goes.count()).ok()?);
    if room.used + more <= room.most {
        return None;
    }
    let Room { used, most } = room;
    let detail = format!(
        "{region} may have {most} {what} and has {used}; the plan makes {more} and deletes {fewer}"
    );
    let hint = "ask for a higher quota in the Service Quotas console, or delete what is not used";
    let found = if used + more - fewer > most {
        let last = new.last()?;
        Diagnostic::error("preflight::quota", "a quota does not allow it")
            .address(&last.address)
            .location(last.location.clone())
    } else {
        Diagnostic::warning("preflight::quota", "a quota allows it only once others are deleted")
    };
    Some(found.detail(detail).hint(hint))
}

/// Source: EC2 API Reference, DescribeAccountAttributes.
async fn addresses(aws: &Aws) -> Result<Option<Room>> {
    let attributes = aws.call(|| aws.ec2().describe_account_attributes().send()).await?;
    let attribute = attributes
        .account_attributes()
        .iter()
        .find(|attribute| attribute.attribute_name() == Some("vpc-max-elastic-ips"));
    let value = attribute.and_then(|attribute| attribute.attribute_values().first());
    let most = value.and_then(|value| value.attribute_value()?.parse().ok());
    let Some(most) = most else { return Ok(None) };
    let addresses = aws.call(|| aws.ec2().describe_addresses().send()).await?;
    Ok(Some(Room { used: count(addresses.addresses().len()), most }))
}

/// Source: RDS API Reference, DescribeAccountAttributes, AccountQuota.
async fn databases(aws: &Aws, name: &str) -> Result<Option<Room>> {
    let told = aws.call(|| aws.rds().describe_account_attributes().send()).await?;
    let quota = told.account_quotas().iter().find(|q| q.account_quota_name() == Some(name));
    Ok(quota.and_then(|quota| Some(Room { used: quota.used?, most: quota.max? })))
}

/// Source: Elastic Load Balancing API Reference, DescribeAccountLimits.
async fn balancers(aws: &Aws, kind: &str) -> Result<Option<Room>> {
    let limits = aws.pages(
        |marker| aws.elbv2().describe_account_limits().set_marker(marker).send(),
        |page| page.next_marker(),
    );
    let balancers = aws.pages(
        |marker| aws.elbv2().describe_load_balancers().set_marker(marker).send(),
        |page| page.next_marker(),
    );
    let (limits, balancers) = futures_util::try_join!(limits, balancers)?;
    let name = format!("{kind}-load-balancers");
    let limit = limits
        .iter()
        .flat_map(|page| page.limits())
        .find(|limit| limit.name() == Some(name.as_str()));
    let Some(most) = limit.and_then(|limit| limit.max()?.parse().ok()) else { return Ok(None) };
    let of_kind = balancers
        .iter()
        .flat_map(|page| page.load_balancers())
        .filter(|balancer| balancer.r#type().is_some_and(|found| found.as_str() == kind));
    Ok(Some(Room { used: count(of_kind.count()), most }))
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use infra_sdk::provider::Owner;
    use infra_sdk::{Address, Object};

    use super::*;

    fn operation(number: usize, action: PlannedAction) -> PlannedOperation {
        let owner = Owner { stack: "a".to_owned(), environment: "b".to_owned() };
        PlannedOperation {
            address: Address::parse(&format!("ip-{number}")).expect("valid"),
            type_name: "aws_eip".to_owned(),
            place: Place::default(),
            action,
            id: None,
            before: Object::new(),
            after: Object::new(),
            sent: false,
            owner: Arc::new(owner),
            location: None,
        }
    }

    #[test]
    fn what_does_not_fit_is_an_error_and_what_fits_later_a_warning() {
        use PlannedAction::{Create, Delete, Replace, Update};
        let severity = |used: i64, actions: &[PlannedAction]| {
            let made: Vec<_> =
                actions.iter().enumerate().map(|(n, action)| operation(n, *action)).collect();
            let counted: Vec<_> = made.iter().collect();
            judge("addresses", "us-west-2", Room { used, most: 5 }, &counted)
                .map(|found| found.is_error())
        };
        assert_eq!(severity(3, &[Create, Create]), None);
        assert_eq!(severity(3, &[Create, Create, Create]), Some(true));
        assert_eq!(severity(5, &[Create, Delete]), Some(false));
        assert_eq!(severity(5, &[Replace { create_first: false }, Update]), None);
        assert_eq!(severity(5, &[Replace { create_first: true }]), Some(true));
    }
}
