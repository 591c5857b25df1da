//! The partition of the region: `aws` almost everywhere. A lookup without a call.

use std::collections::BTreeMap;

use infra_sdk::{Lookup, LookupAnswer, Value};

/// Asks for the partition, for ARNs that are written by hand and names of services.
#[derive(Debug, Clone, Copy)]
pub struct Partition;

impl Lookup for Partition {
    type Answer = PartitionFound;

    const NAME: &'static str = "aws_partition";

    fn arguments(&self) -> BTreeMap<String, Value> {
        BTreeMap::new()
    }
}

/// The partition.
#[derive(Debug, Clone, PartialEq, Eq, LookupAnswer)]
pub struct PartitionFound {
    /// As it stands in ARNs: `aws`.
    pub partition: String,
    /// The end of host names of services: `amazonaws.com`.
    pub dns_suffix: String,
    /// The same from back to front: `com.amazonaws`.
    pub reverse_dns_prefix: String,
}

impl AsRef<str> for PartitionFound {
    fn as_ref(&self) -> &str {
        &self.partition
    }
}

#[cfg(feature = "provider")]
pub(crate) mod handler {
    use infra_sdk::{FieldType, LookupSchema};

    use super::*;
    use crate::frame::lookup::{Arguments, LookupHandler};
    use crate::prelude::*;
    use infra_sdk::types::partition_of;

    pub(crate) static HANDLER: LookupHandler = LookupHandler {
        schema: &LookupSchema {
            name: Partition::NAME,
            doc: "The partition of the region and the host names of its services.",
            answer: PartitionFound::KIND,
            placeholder: |region| found(region).to_value(),
        },
        operations: &[],
        actions: &[],
        answer: |aws, arguments| Box::pin(answer(aws, arguments)),
    };

    async fn answer(aws: &Aws, _: &Arguments) -> Result<Value> {
        Ok(found(aws.region()).to_value())
    }

    fn found(region: &str) -> PartitionFound {
        let partition = partition_of(region);
        let dns_suffix = dns_suffix(partition);
        let parts: Vec<_> = dns_suffix.rsplit('.').collect();
        PartitionFound {
            partition: partition.to_owned(),
            dns_suffix: dns_suffix.to_owned(),
            reverse_dns_prefix: parts.join("."),
        }
    }

    /// Source: the partitions file that all AWS SDKs share.
    fn dns_suffix(partition: &str) -> &'static str {
        match partition {
            "aws-cn" => "amazonaws.com.cn",
            "aws-eusc" => "amazonaws.eu",
            "aws-iso" => "c2s.ic.gov",
            "aws-iso-b" => "sc2s.sgov.gov",
            "aws-iso-e" => "cloud.adc-e.uk",
            "aws-iso-f" => "csp.hci.ic.gov",
            _ => "amazonaws.com",
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn regions_know_their_partition() {
            let cases = [
                ("us-west-2", "aws", "com.amazonaws"),
                ("us-gov-east-1", "aws-us-gov", "com.amazonaws"),
                ("cn-north-1", "aws-cn", "cn.com.amazonaws"),
                ("us-iso-east-1", "aws-iso", "gov.ic.c2s"),
                ("us-isob-east-1", "aws-iso-b", "gov.sgov.sc2s"),
                ("eusc-de-east-1", "aws-eusc", "eu.amazonaws"),
            ];
            for (region, partition, reverse) in cases {
                let found = found(region);
                assert_eq!(
                    (found.as_ref(), found.reverse_dns_prefix.as_str()),
                    (partition, reverse)
                );
            }
        }
    }
}
