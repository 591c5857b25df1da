//! Which emulator plays which service.

/// An emulator behind the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Emulator {
    /// moto: one account unless a role of another is assumed; closes every connection.
    Moto,
    /// ministack: the access key id is the account.
    Ministack,
}

/// The services that ministack plays better. Everything else is moto's: it has more of them, and
/// what it lacks is told from an AWS error.
const MINISTACK: &[&str] =
    &["backup", "dynamodb", "eks", "elasticache", "rds", "s3", "s3express", "sns", "sqs"];

/// The emulator that plays the service of that signing name.
pub(crate) fn emulator(service: &str) -> Emulator {
    if MINISTACK.contains(&service) { Emulator::Ministack } else { Emulator::Moto }
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
    use super::{Emulator, emulator};

    #[test]
    fn services_go_where_they_are_played_best() {
        for service in ["ec2", "iam", "kms", "sts", "ecs", "elasticloadbalancing", "wafv2", "logs"]
        {
            assert_eq!(emulator(service), Emulator::Moto, "{service}");
        }
        for service in ["eks", "rds", "elasticache", "backup", "s3", "dynamodb", "sqs", "sns"] {
            assert_eq!(emulator(service), Emulator::Ministack, "{service}");
        }
    }
}
