//! A review for the tests of the views.

use infra_sdk::checks::{Finding, Severity};
use infra_sdk::protocol::checks::WireRule;
use infra_sdk::{Address, Location};

use crate::config::Thresholds;
use crate::session::{Found, Review, StackReview};

fn rule(code: &str, severity: Severity, title: &str) -> WireRule {
    let sources = vec!["AWS Security Hub EC2.18".to_owned()];
    WireRule { code: code.to_owned(), severity, title: title.to_owned(), sources }
}

fn found(code: &str, severity: Severity, address: Option<&str>, waived: Option<&str>) -> Found {
    Found {
        finding: Finding {
            code: code.to_owned(),
            severity,
            message: "is open to <the world> & more".to_owned(),
            address: address.map(|text| Address::parse(text).expect("an address")),
            hints: vec!["close it".to_owned()],
        },
        type_name: address.map(|_| "aws_security_group".to_owned()),
        location: address.map(|_| Location {
            file: "stacks/src/my shop.rs".to_owned(),
            line: 7,
            column: 11,
        }),
        waived: waived.map(str::to_owned),
    }
}

/// One stack with a finding, a finding about the stack as a whole, a waived one and a kept rule.
pub(in crate::view) fn review() -> Review {
    let stack = StackReview {
        stack: "web".to_owned(),
        rules: vec![
            rule("team::open", Severity::Critical, "nothing is open"),
            rule("team::trail", Severity::Medium, "there is a trail"),
            rule("team::waived", Severity::High, "nobody needs it"),
            rule("team::kept", Severity::Low, "is kept"),
        ],
        findings: vec![
            found("team::open", Severity::Critical, Some("network.group"), None),
            found("team::waived", Severity::High, Some("network.group"), Some("it is a test")),
            found("team::trail", Severity::Medium, None, None),
        ],
    };
    Review {
        environment: "staging".to_owned(),
        place: Location { file: "infra.toml".to_owned(), line: 3, column: 1 },
        limits: Thresholds::default(),
        stacks: vec![stack],
    }
}
