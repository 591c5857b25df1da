//! Who the caller is. A lookup: answered while the program runs.
//!
//! API: GetCallerIdentity.

use std::collections::BTreeMap;

use infra_sdk::{Lookup, LookupAnswer, Value};

/// Asks who the caller is.
#[derive(Debug, Clone, Copy)]
pub struct CallerIdentity;

impl Lookup for CallerIdentity {
    type Answer = CallerIdentityFound;

    const NAME: &'static str = "aws_caller_identity";

    fn arguments(&self) -> BTreeMap<String, Value> {
        BTreeMap::new()
    }
}

/// Who the caller is.
#[derive(Debug, Clone, PartialEq, Eq, LookupAnswer)]
pub struct CallerIdentityFound {
    /// The account: twelve digits.
    pub account_id: String,
    /// ARN of the user or role.
    pub arn: String,
}

#[cfg(feature = "provider")]
pub(crate) mod handler {
    use infra_sdk::{FieldType, LookupSchema};

    use super::*;
    use crate::frame::lookup::{Arguments, LookupHandler};
    use crate::prelude::*;

    pub(crate) static HANDLER: LookupHandler = LookupHandler {
        schema: &LookupSchema {
            name: CallerIdentity::NAME,
            doc: "The caller's account and ARN.",
            answer: CallerIdentityFound::KIND,
            placeholder: |_| {
                let arn = "arn:aws:iam::000000000000:user/placeholder".to_owned();
                CallerIdentityFound { account_id: "000000000000".to_owned(), arn }.to_value()
            },
        },
        operations: &["sts:GetCallerIdentity"],
        actions: &["sts:GetCallerIdentity"],
        answer: |aws, arguments| Box::pin(answer(aws, arguments)),
    };

    async fn answer(aws: &Aws, _: &Arguments) -> Result<Value> {
        let account = aws.account().await?;
        let found =
            CallerIdentityFound { account_id: account.id.clone(), arn: account.arn.clone() };
        Ok(found.to_value())
    }
}
