//! What several EC2 types are read from, asked once a read: route tables with their routes and
//! associations, network ACLs with their rules, and rules of security groups of both directions.

use std::collections::{BTreeSet, HashMap};
use std::future::Future;

use aws_sdk_ec2::types::{Filter, NetworkAcl, RouteTable, SecurityGroupRule};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use super::common::{filter, route_tables};
use crate::prelude::*;

/// Chunks that are in flight at once.
const AT_ONCE: usize = 8;
/// The most rules that a page may have. Source: EC2 API Reference, DescribeSecurityGroupRules.
const RULES_OF_A_PAGE: i32 = 1000;

/// Asks for ids in chunks of what a filter takes.
async fn in_chunks<'a, T, S>(
    name: &str,
    ids: impl IntoIterator<Item = &'a str>,
    ask: impl Fn(Filter) -> S,
) -> Result<Vec<T>>
where
    S: Future<Output = Result<Vec<T>>>,
{
    let ids: Vec<_> = ids.into_iter().collect();
    let asked: Vec<_> = ids
        .chunks(EC2_FILTER_VALUES)
        .map(|chunk| filter(name, chunk.iter().copied()))
        .map(ask)
        .collect();
    let answers: Vec<_> = stream::iter(asked).buffered(AT_ONCE).try_collect().await?;
    Ok(answers.into_iter().flatten().collect())
}

/// Route tables by their ids.
pub(super) struct RouteTables;

impl Question for RouteTables {
    type Answer = HashMap<String, RouteTable>;

    async fn ask(aws: &Aws, wanted: &BTreeSet<String>) -> Result<Self::Answer> {
        let ids = wanted.iter().map(String::as_str);
        let tables = in_chunks("route-table-id", ids, |by| route_tables(aws, vec![by])).await?;
        let tables = tables.into_iter();
        Ok(tables.filter_map(|table| Some((table.route_table_id.clone()?, table))).collect())
    }
}

/// Network ACLs by their ids.
pub(super) struct NetworkAcls;

impl Question for NetworkAcls {
    type Answer = HashMap<String, NetworkAcl>;

    async fn ask(aws: &Aws, wanted: &BTreeSet<String>) -> Result<Self::Answer> {
        let ids = wanted.iter().map(String::as_str);
        let acls = in_chunks("network-acl-id", ids, |by| network_acls(aws, vec![by])).await?;
        let acls = acls.into_iter();
        Ok(acls.filter_map(|acl| Some((acl.network_acl_id.clone()?, acl))).collect())
    }
}

/// The network ACLs that filters let through.
pub(super) async fn network_acls(aws: &Aws, filters: Vec<Filter>) -> Result<Vec<NetworkAcl>> {
    let pages = aws
        .pages(
            |token| {
                let call = aws.ec2().describe_network_acls().set_next_token(token);
                call.set_filters(Some(filters.clone())).send()
            },
            |page| page.next_token(),
        )
        .await?;
    Ok(pages.into_iter().flat_map(|page| page.network_acls.unwrap_or_default()).collect())
}

/// Rules of security groups by their ids. What is wanted is told by [`rule_key`].
pub(super) struct SecurityGroupRules;

/// A rule and its group, where that is known.
pub(super) fn rule_key(rule: &str, group: Option<&str>) -> String {
    format!("{rule} {}", group.unwrap_or_default())
}

impl Question for SecurityGroupRules {
    type Answer = HashMap<String, SecurityGroupRule>;

    async fn ask(aws: &Aws, wanted: &BTreeSet<String>) -> Result<Self::Answer> {
        let (name, ids) = cheapest(wanted);
        let ask = |by: Filter| async move {
            let pages = aws
                .pages(
                    |token| {
                        let call = aws.ec2().describe_security_group_rules().set_next_token(token);
                        call.max_results(RULES_OF_A_PAGE).filters(by.clone()).send()
                    },
                    |page| page.next_token(),
                )
                .await?;
            Ok(pages
                .into_iter()
                .flat_map(|page| page.security_group_rules.unwrap_or_default())
                .collect())
        };
        let rules = in_chunks(name, ids, ask).await?;
        let mine: BTreeSet<_> = wanted.iter().filter_map(|key| key.split(' ').next()).collect();
        let rules = rules.into_iter().filter_map(|rule: SecurityGroupRule| {
            let id = rule.security_group_rule_id.clone()?;
            // What others made in the same groups is nothing to us.
            mine.contains(id.as_str()).then_some((id, rule))
        });
        Ok(rules.collect())
    }
}

/// The filter that takes the fewest calls, and its values. Groups of many rules are asked for whole;
/// few rules are asked for by themselves, since who knows how many others their groups have.
fn cheapest(wanted: &BTreeSet<String>) -> (&'static str, BTreeSet<&str>) {
    let pairs = || wanted.iter().filter_map(|key| key.split_once(' '));
    let rules: BTreeSet<_> = pairs().map(|(rule, _)| rule).collect();
    let groups: BTreeSet<_> = pairs().map(|(_, group)| group).collect();
    let chunks = |values: &BTreeSet<&str>| values.len().div_ceil(EC2_FILTER_VALUES);
    if !groups.contains("") && chunks(&groups) < chunks(&rules) {
        ("group-id", groups)
    } else {
        ("security-group-rule-id", rules)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(rules: usize, groups: usize) -> BTreeSet<String> {
        let key = |rule| rule_key(&format!("sgr-{rule}"), Some(&format!("sg-{}", rule % groups)));
        (0..rules).map(key).collect()
    }

    #[test]
    fn many_rules_are_asked_for_by_their_groups_and_few_by_themselves() {
        let by = |wanted: &BTreeSet<String>| {
            let (name, values) = cheapest(wanted);
            (name, values.len())
        };
        assert_eq!(by(&wanted(1400, 300)), ("group-id", 300));
        assert_eq!(by(&wanted(200, 10)), ("security-group-rule-id", 200));
        assert_eq!(by(&wanted(250, 250)), ("security-group-rule-id", 250));
        let mut imported = wanted(1400, 300);
        imported.insert(rule_key("sgr-imported", None));
        assert_eq!(by(&imported), ("security-group-rule-id", 1401), "whose it is nobody knows");
    }
}
