//! The quotas of an account for databases, which ministack does not tell.
//!
//! From the pages of `DescribeAccountAttributes` and `AccountQuota` of the API Reference; the numbers are
//! those of a new account, from the page "Quotas" of the user guide.
//!
//! API: DescribeAccountAttributes.

use serde_json::json;

use super::Desk;
use super::desk::Reply;
use crate::gate::document::Document;
use crate::gate::xml::Element;

/// Quotas: name, how many there may be, and the list of what there is.
const QUOTAS: &[(&str, &str, &str, &str)] = &[
    ("DBInstances", "40", "DescribeDBInstances", "DBInstances"),
    ("DBClusters", "40", "DescribeDBClusters", "DBClusters"),
];

/// Plays the call.
pub(super) async fn serve(desk: &Desk<'_>) -> Reply {
    if desk.call.operation != "DescribeAccountAttributes" {
        return Ok(None);
    }
    let mut quotas = Element::new("AccountQuotas");
    for (name, most, operation, list) in QUOTAS {
        let there = desk.ask("rds", operation, json!({})).await?;
        let there = there
            .as_ref()
            .map_or(0, |there: &Document| there.list(&format!("{operation}Result/{list}")).len());
        let quota = Element::new("AccountQuota")
            .with(Element::with_text("AccountQuotaName", name))
            .with(Element::with_text("Used", &there.to_string()))
            .with(Element::with_text("Max", most));
        quotas.push(quota);
    }
    Ok(Some(Ok(desk.result(quotas))))
}
