//! Which emulator plays which operation, and why.
//!
//! The table is read from above; the first row that fits counts. A row is for a whole service, for
//! some of its operations, or for those whose parameter holds a text: tags are read and set by ARN, so
//! they have to follow the object. What no row names is moto's: it has more services, and what it
//! lacks is told from an AWS error.

use serde_json::Value;

use super::call::Call;
use super::document::pointer;

/// An emulator behind the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Emulator {
    /// moto: one account unless a role of another is assumed; closes every connection.
    Moto,
    /// ministack: the access key id is the account.
    Ministack,
}

/// Where some calls go.
struct Row {
    /// The signing name.
    service: &'static str,
    /// The operations, by what their names begin or end with (`*` stands for the rest); all where
    /// there are none.
    operations: &'static [&'static str],
    /// A parameter that has to hold a text.
    holding: Option<(&'static str, &'static str)>,
    emulator: Emulator,
    /// Why; said where the emulator lacks the operation.
    why: &'static str,
}

const fn service(service: &'static str, emulator: Emulator, why: &'static str) -> Row {
    Row { service, operations: &[], holding: None, emulator, why }
}

const TABLE: &[Row] = &[
    service("backup", Emulator::Ministack, "moto has no selections and no update of plans"),
    service("dynamodb", Emulator::Ministack, "both work; it is faster"),
    service("eks", Emulator::Ministack, "moto has no add-ons, access entries, pod identities"),
    service("elasticache", Emulator::Ministack, "moto's groups stay deleting for ever"),
    service("events", Emulator::Ministack, "moto has no UpdateEventBus"),
    service("monitoring", Emulator::Ministack, "moto has no composite alarms"),
    Row {
        operations: &["*OptionGroup", "DescribeOptionGroup*", "*EventSubscription*"],
        ..service(
            "rds",
            Emulator::Moto,
            "ministack has neither ModifyOptionGroup nor subscriptions",
        )
    },
    Row {
        holding: Some(("ResourceName", ":og:")),
        ..service("rds", Emulator::Moto, "tags of option groups")
    },
    service("rds", Emulator::Ministack, "moto's ModifyDBSubnetGroup deletes; Aurora loses much"),
    service("s3", Emulator::Ministack, "moto lacks the defaults of 2023"),
    service("s3express", Emulator::Ministack, "as S3"),
    service("sns", Emulator::Ministack, "both work; it is faster"),
    service("sqs", Emulator::Ministack, "both work; it is faster"),
];

/// The emulator that plays a call.
pub(crate) fn emulator(call: &Call) -> Emulator {
    TABLE.iter().find(|row| row.fits(call)).map_or(Emulator::Moto, |row| row.emulator)
}

/// Why that emulator plays it.
pub(crate) fn why(call: &Call) -> &'static str {
    let row = TABLE.iter().find(|row| row.fits(call));
    row.map_or("no row names it", |row| row.why)
}

impl Row {
    fn fits(&self, call: &Call) -> bool {
        self.service == call.service
            && (self.operations.is_empty()
                || self.operations.iter().any(|pattern| matches(pattern, &call.operation)))
            && self.holding.is_none_or(|(parameter, text)| {
                let tree = call.tree();
                let found = pointer(&tree, parameter).and_then(Value::as_str);
                found.is_some_and(|found| found.contains(text))
            })
    }
}

/// `*` at either end stands for anything.
fn matches(pattern: &str, name: &str) -> bool {
    let middle = pattern.trim_matches('*');
    match (pattern.starts_with('*'), pattern.ends_with('*')) {
        (true, true) => name.contains(middle),
        (true, false) => name.ends_with(middle),
        (false, true) => name.starts_with(middle),
        (false, false) => name == middle,
    }
}

impl Emulator {
    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Moto => "moto",
            Self::Ministack => "ministack",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Emulator, TABLE, emulator};
    use crate::gate::call::tests::query_call;

    fn played(service: &str, parameters: &str) -> Emulator {
        emulator(&query_call(service, &format!("Version=1&{parameters}")))
    }

    #[test]
    fn services_go_where_they_are_played_best() {
        for service in ["ec2", "iam", "kms", "sts", "ecs", "elasticloadbalancing", "wafv2", "logs"]
        {
            assert_eq!(played(service, "Action=List"), Emulator::Moto, "{service}");
        }
        for service in ["eks", "rds", "elasticache", "backup", "s3", "dynamodb", "sqs", "sns"] {
            assert_eq!(played(service, "Action=List"), Emulator::Ministack, "{service}");
        }
    }

    #[test]
    fn operations_and_their_tags_go_together() {
        for operation in ["ModifyOptionGroup", "DescribeOptionGroups"] {
            let action = format!("Action={operation}");
            assert_eq!(played("rds", &action), Emulator::Moto, "{operation}");
        }
        let tags = "Action=AddTagsToResource&ResourceName=arn:aws:rds:eu-west-1:1:";
        assert_eq!(played("rds", &format!("{tags}og:x")), Emulator::Moto);
        assert_eq!(played("rds", &format!("{tags}db:x")), Emulator::Ministack);
    }

    #[test]
    fn every_row_has_a_reason() {
        assert!(TABLE.iter().all(|row| !row.why.is_empty()));
    }
}
