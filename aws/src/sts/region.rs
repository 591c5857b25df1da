//! The region that the program declares into. A lookup without a call.

use std::collections::BTreeMap;

use infra_sdk::{Lookup, LookupAnswer, Value};

/// Asks for the region: the environment's, or that of the part of the stack that asks.
#[derive(Debug, Clone, Copy)]
pub struct Region;

impl Lookup for Region {
    type Answer = RegionFound;

    const NAME: &'static str = "aws_region";

    fn arguments(&self) -> BTreeMap<String, Value> {
        BTreeMap::new()
    }
}

/// The region.
#[derive(Debug, Clone, PartialEq, Eq, LookupAnswer)]
pub struct RegionFound {
    /// Its name: `us-west-2`.
    pub region: String,
}

#[cfg(feature = "provider")]
pub(crate) mod handler {
    use infra_sdk::{FieldType, LookupSchema};

    use super::*;
    use crate::frame::lookup::{Arguments, LookupHandler};
    use crate::prelude::*;

    pub(crate) static HANDLER: LookupHandler = LookupHandler {
        schema: &LookupSchema {
            name: Region::NAME,
            doc: "The region that is declared into.",
            answer: RegionFound::KIND,
            placeholder: |region| RegionFound { region: region.to_owned() }.to_value(),
        },
        operations: &[],
        actions: &[],
        answer: |aws, arguments| Box::pin(answer(aws, arguments)),
    };

    async fn answer(aws: &Aws, _: &Arguments) -> Result<Value> {
        Ok(RegionFound { region: aws.region().to_owned() }.to_value())
    }
}
