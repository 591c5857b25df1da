//! Web ACLs and IP sets that another stack made. Lookups: answered while the program runs.
//!
//! API: ListWebACLs, ListIPSets, GetIPSet.

use std::collections::BTreeMap;

use infra_sdk::{Lookup, LookupAnswer, Value};

use super::WafScope;

/// Asks for a web ACL by its name.
#[derive(Debug, Clone)]
pub struct FindWebAcl {
    scope: WafScope,
    name: String,
}

impl FindWebAcl {
    /// The web ACL of that scope and name.
    #[must_use]
    pub fn named(scope: WafScope, name: impl Into<String>) -> Self {
        Self { scope, name: name.into() }
    }
}

impl Lookup for FindWebAcl {
    type Answer = WebAclFound;

    const NAME: &'static str = "aws_wafv2_web_acl";

    fn arguments(&self) -> BTreeMap<String, Value> {
        arguments(self.scope, &self.name)
    }
}

/// The web ACL found.
#[derive(Debug, Clone, PartialEq, Eq, LookupAnswer)]
pub struct WebAclFound {
    /// What AWS numbers it by.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// What it is for.
    pub description: Option<String>,
}

/// Asks for an IP set by its name.
#[derive(Debug, Clone)]
pub struct FindIpSet {
    scope: WafScope,
    name: String,
}

impl FindIpSet {
    /// The IP set of that scope and name.
    #[must_use]
    pub fn named(scope: WafScope, name: impl Into<String>) -> Self {
        Self { scope, name: name.into() }
    }
}

impl Lookup for FindIpSet {
    type Answer = IpSetFound;

    const NAME: &'static str = "aws_wafv2_ip_set";

    fn arguments(&self) -> BTreeMap<String, Value> {
        arguments(self.scope, &self.name)
    }
}

/// The IP set found.
#[derive(Debug, Clone, PartialEq, Eq, LookupAnswer)]
pub struct IpSetFound {
    /// What AWS numbers it by.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// What it is for.
    pub description: Option<String>,
    /// `IPV4` or `IPV6`.
    pub ip_address_version: String,
    /// Its addresses, as networks.
    pub addresses: Vec<String>,
}

fn arguments(scope: WafScope, name: &str) -> BTreeMap<String, Value> {
    let scope = ("scope".to_owned(), Value::from(scope.as_str()));
    BTreeMap::from([scope, ("name".to_owned(), Value::from(name))])
}

#[cfg(feature = "provider")]
pub(crate) mod handler {
    use infra_sdk::provider::{Failure, FailureClass};
    use infra_sdk::{FieldType, LookupSchema};

    use super::*;
    use crate::frame::lookup::{Arguments, LookupHandler, text};
    use crate::prelude::*;
    use crate::wafv2::common::{Summary, described, in_region, summaries, wire_scope};
    use crate::wafv2::ip_set::handler::{get, list};

    pub(crate) static WEB_ACL: LookupHandler = LookupHandler {
        schema: &LookupSchema {
            name: FindWebAcl::NAME,
            doc: "A web ACL of WAF, by its scope and name.",
            answer: WebAclFound::KIND,
            placeholder: web_acl_placeholder,
        },
        operations: &["wafv2:ListWebACLs"],
        actions: &["wafv2:ListWebACLs"],
        answer: |aws, arguments| Box::pin(web_acl(aws, arguments)),
    };

    pub(crate) static IP_SET: LookupHandler = LookupHandler {
        schema: &LookupSchema {
            name: FindIpSet::NAME,
            doc: "An IP set of WAF, by its scope and name.",
            answer: IpSetFound::KIND,
            placeholder: ip_set_placeholder,
        },
        operations: &["wafv2:GetIPSet", "wafv2:ListIPSets"],
        actions: &["wafv2:GetIPSet", "wafv2:ListIPSets"],
        answer: |aws, arguments| Box::pin(ip_set(aws, arguments)),
    };

    const ID: &str = "00000000-0000-0000-0000-000000000000";

    fn placeholder_arn(region: &str, kind: &str) -> String {
        format!("arn:aws:wafv2:{region}:123456789012:regional/{kind}/name/{ID}")
    }

    fn web_acl_placeholder(region: &str) -> Value {
        WebAclFound { id: ID.to_owned(), arn: placeholder_arn(region, "webacl"), description: None }
            .to_value()
    }

    fn ip_set_placeholder(region: &str) -> Value {
        IpSetFound {
            id: ID.to_owned(),
            arn: placeholder_arn(region, "ipset"),
            description: None,
            ip_address_version: "IPV4".to_owned(),
            addresses: Vec::new(),
        }
        .to_value()
    }

    fn scope(aws: &Aws, arguments: &Arguments) -> Result<WafScope> {
        let scope = parsed(text(arguments, "scope"), "scope")?;
        in_region(aws, scope)?;
        Ok(scope)
    }

    /// The one of that name.
    fn named(all: Vec<Summary>, arguments: &Arguments, what: &str) -> Result<Summary> {
        let name = text(arguments, "name").unwrap_or_default();
        all.into_iter().find(|item| item.name == name).ok_or_else(|| {
            let message = format!("no {what} of that scope has the name `{name}`");
            Failure::new(FailureClass::Gone, message)
        })
    }

    async fn web_acl(aws: &Aws, arguments: &Arguments) -> Result<Value> {
        let scope = scope(aws, arguments)?;
        let all = summaries!(aws, scope, list_web_acls, web_acls);
        let found = named(all, arguments, "web ACL")?;
        let description = described(found.description);
        Ok(WebAclFound { id: found.id, arn: found.arn, description }.to_value())
    }

    async fn ip_set(aws: &Aws, arguments: &Arguments) -> Result<Value> {
        let scope = scope(aws, arguments)?;
        let found = named(list(aws, scope).await?, arguments, "IP set")?;
        let set = get(aws, &found.key(scope)).await?.ip_set.ok_or_else(|| missing("IPSet"))?;
        Ok(IpSetFound {
            id: set.id,
            arn: set.arn,
            description: described(set.description),
            ip_address_version: set.ip_address_version.as_str().to_owned(),
            addresses: set.addresses,
        }
        .to_value())
    }

    #[cfg(test)]
    mod tests {
        use aws_sdk_wafv2::types::{IpAddressVersion, Scope};

        use super::*;
        use crate::Connection;
        use crate::frame::clients::configure;

        async fn aws() -> Aws {
            let connection = Connection {
                region: "us-west-2".to_owned(),
                endpoint_url: Some(crate::test_endpoint::endpoint().await),
                credentials: Some(("lookups".to_owned(), "test".to_owned())),
                ..Connection::default()
            };
            Aws::new(configure(&connection).await)
        }

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn aws_wafv2_ip_set_is_found_by_its_scope_and_name() {
            let (aws, name) = (aws().await, format!("lookup-{}", std::process::id()));
            let made = aws
                .wafv2()
                .create_ip_set()
                .name(&name)
                .scope(Scope::Regional)
                .ip_address_version(IpAddressVersion::Ipv4)
                .addresses("192.0.2.0/24");
            let made = aws.call(|| made.clone().send()).await.expect("it is made").summary;
            let ask = |scope, name: &str| FindIpSet::named(scope, name).arguments();
            let asked = ask(WafScope::Regional, &name);
            let found = (IP_SET.answer)(&aws, &asked).await.expect("it is found");
            let found = IpSetFound::from_value(&found).expect("an answer");
            assert_eq!(Some(found.arn.as_str()), made.as_ref().and_then(|made| made.arn()));
            assert_eq!(found.addresses, ["192.0.2.0/24"]);
            let asked = ask(WafScope::Regional, "another");
            let refused = (IP_SET.answer)(&aws, &asked).await.expect_err("there is none");
            assert_eq!(refused.class, FailureClass::Gone);
            let asked = ask(WafScope::Cloudfront, &name);
            let refused = (IP_SET.answer)(&aws, &asked).await.expect_err("not in this region");
            assert_eq!(refused.class, FailureClass::Invalid);
            let asked = FindWebAcl::named(WafScope::Regional, name).arguments();
            let refused = (WEB_ACL.answer)(&aws, &asked).await.expect_err("no web ACL");
            assert!(refused.message.starts_with("no web ACL of that scope"), "{}", refused.message);
        }
    }
}
