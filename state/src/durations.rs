//! How long operations took, as the store keeps it.
//!
//! The main type is [`DurationsWire`].

use std::time::Duration;

use infra_sdk::durations::Sort;
use infra_sdk::provider::Place;
use serde::{Deserialize, Serialize};

use crate::record::OperationWire;

/// How long operations of one sort took. Only estimates come of it: a release that does not know
/// this sort of entry passes it by, so that it raised no format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DurationsWire {
    #[serde(rename = "type")]
    type_name: String,
    operation: OperationWire,
    region: Option<String>,
    provider: Option<String>,
    milliseconds: Vec<u64>,
}

impl DurationsWire {
    pub(crate) fn write(sort: &Sort, samples: &[Duration]) -> Self {
        // Longer than the age of the earth is no duration.
        let milliseconds = |time: &Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self {
            type_name: sort.type_name.clone(),
            operation: sort.operation.into(),
            region: sort.place.region.clone(),
            provider: sort.place.provider.clone(),
            milliseconds: samples.iter().map(milliseconds).collect(),
        }
    }

    pub(crate) fn read(self) -> (Sort, Vec<Duration>) {
        let sort = Sort {
            type_name: self.type_name,
            operation: self.operation.into(),
            place: Place { region: self.region, provider: self.provider },
        };
        (sort, self.milliseconds.into_iter().map(Duration::from_millis).collect())
    }
}

#[cfg(test)]
mod tests {
    use infra_sdk::store::Operation;

    use super::*;
    use crate::record::{from_body, to_body};

    #[test]
    fn how_long_operations_took_is_read_as_it_was_written() {
        let body = br#"{"type":"aws_eks_cluster","operation":"create","region":"eu-west-1","provider":null,"milliseconds":[540000,561250]}"#;
        let wire: DurationsWire = from_body(body).expect("decodes");
        let (sort, samples) = wire.clone().read();
        assert_eq!(
            (sort.type_name.as_str(), sort.operation),
            ("aws_eks_cluster", Operation::Create)
        );
        assert_eq!(samples, [540_000, 561_250].map(Duration::from_millis));
        assert_eq!(DurationsWire::write(&sort, &samples), wire);
        assert_eq!(to_body(&wire).expect("encodes"), body);
    }
}
