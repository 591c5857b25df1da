//! What to do about the errors of AWS that people meet most.
//!
//! The main function is [`hint_for`]; the table is `hints.txt`, beside this file. A hint is made of
//! the table and the name of the operation. Of what a service answers nothing gets into it but the
//! name of the IAM action that is not allowed.

use std::sync::LazyLock;

/// The table: service, code, part of the message, and the next step.
const TABLE: &str = include_str!("hints.txt");

static HINTS: LazyLock<Vec<Known>> = LazyLock::new(|| TABLE.lines().filter_map(row).collect());

/// What to do about one error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Known {
    /// Prefix of the service's IAM actions; empty for every service.
    service: &'static str,
    /// The code; it may end or begin with `*`.
    code: &'static str,
    /// A part of the message; empty for any.
    message: &'static str,
    /// The next step.
    hint: &'static str,
}

/// A line of the table; `None` for a comment and an empty line.
fn row(line: &'static str) -> Option<Known> {
    let mut cells = line.splitn(4, '|').map(str::trim);
    if line.starts_with('#') {
        return None;
    }
    let (service, code, message) = (cells.next()?, cells.next()?, cells.next()?);
    Some(Known { service, code, message, hint: cells.next()? })
}

impl Known {
    /// How special this row is, where it is about the error: by its message first, then by its
    /// service, then by how much of the code it names.
    fn rank(&self, service: &str, code: &str, message: &str) -> Option<(usize, bool, usize)> {
        let is_of = self.service.is_empty() || self.service == service;
        // Messages that wrap a line are wrapped by whoever sent them.
        let says = self.message.is_empty()
            || message.to_lowercase().contains(&self.message.to_lowercase());
        let named = if let Some(start) = self.code.strip_suffix('*') {
            code.starts_with(start).then_some(start.len())
        } else if let Some(end) = self.code.strip_prefix('*') {
            code.ends_with(end).then_some(end.len())
        } else {
            (self.code == code).then_some(usize::MAX)
        };
        let named = named.filter(|_| is_of && says)?;
        Some((self.message.len(), !self.service.is_empty(), named))
    }
}

/// The next step after an error of an operation such as `ec2:CreateVpc`, where the table knows it.
pub(super) fn hint_for(operation: &str, code: &str, message: &str) -> Option<String> {
    let service = operation.split(':').next().unwrap_or_default();
    let ranked = HINTS.iter().filter_map(|row| Some((row.rank(service, code, message)?, row)));
    let (_, row) = ranked.max_by_key(|(rank, _)| *rank)?;
    Some(row.hint.replace("{action}", &action(operation, message)))
}

/// What is to be allowed. The action of an operation may have another name: that of
/// `s3:PutBucketEncryption` is `s3:PutEncryptionConfiguration`.
fn action(operation: &str, message: &str) -> String {
    match refused(message) {
        Some(action) => format!("`{action}`"),
        None => format!("the action behind `{operation}`"),
    }
}

/// The action of `… is not authorized to perform: ec2:CreateVpc on resource: …`. Source: IAM user
/// guide, troubleshoot access denied error messages.
fn refused(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("not authorized to perform:")?;
    let action = rest.split_whitespace().next()?.trim_end_matches(['.', ',']);
    let (service, name) = action.split_once(':')?;
    let prefix = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let is_action = (1..=40).contains(&service.len())
        && service.bytes().all(prefix)
        && (1..=80).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.bytes().all(|b| b.is_ascii_alphanumeric());
    is_action.then_some(action)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// What a next step has in it: a command, an option of ours, or a verb that begins it.
    const VERBS: [&str; 32] = [
        "activate", "allow", "ask", "attach", "check", "choose", "correct", "create", "declare",
        "delete", "detach", "empty", "enable", "find", "keep", "leave", "let", "make", "open",
        "put", "release", "restore", "run", "see", "set", "sign", "split", "take", "use", "wait",
        "get", "add",
    ];

    #[test]
    fn every_row_is_whole_unique_and_says_what_to_do() {
        let lines = TABLE.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
        assert_eq!(lines.count(), HINTS.len(), "a line has less than four columns");
        assert!(HINTS.len() >= 50);
        let mut seen = BTreeSet::new();
        for row in HINTS.iter() {
            assert!(seen.insert((row.service, row.code, row.message)), "twice: {row:?}");
            assert!(!row.code.is_empty() && !row.code.trim_matches('*').is_empty(), "{row:?}");
            let first = row.hint.split(' ').next().unwrap_or_default();
            assert!(VERBS.contains(&first), "begins with no step: {row:?}");
            assert!(!row.hint.ends_with('.') && row.hint.len() > 20, "{row:?}");
            assert_eq!(row.hint.matches('`').count() % 2, 0, "{row:?}");
            let rest = row.hint.replace("{action}", "");
            assert!(!rest.contains(['{', '}', '|']), "{row:?}");
            let service = row.service.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
            assert!(service, "{row:?}");
        }
    }

    #[test]
    fn every_row_is_found_by_an_error_of_its_own() {
        for row in HINTS.iter() {
            let service = if row.service.is_empty() { "xray" } else { row.service };
            let operation = format!("{service}:PutThing");
            let code = row.code.replace('*', "X");
            let message = format!("It says: {}, and more.", row.message.to_uppercase());
            let action = format!("the action behind `{operation}`");
            let expected = row.hint.replace("{action}", &action);
            assert_eq!(hint_for(&operation, &code, &message), Some(expected), "{row:?}");
        }
    }

    #[test]
    fn the_most_special_row_counts() {
        let of = |operation, code, message| hint_for(operation, code, message).unwrap_or_default();
        let plain = of("ec2:CreateVpc", "UnauthorizedOperation", "You are not authorized.");
        assert!(plain.starts_with("allow the action behind `ec2:CreateVpc`"), "{plain}");
        let encoded = "You are not authorized. Encoded authorization failure message: 4GIOH";
        let encoded = of("ec2:CreateVpc", "UnauthorizedOperation", encoded);
        assert!(encoded.contains("decode-authorization-message"), "{encoded}");
        let any = of("sns:CreateTopic", "AccessDeniedException", "no");
        assert!(any.starts_with("allow the action behind `sns:CreateTopic`"), "{any}");
        let keys = of("kms:CreateGrant", "AccessDeniedException", "no");
        assert!(keys.contains("the policy of the key"), "{keys}");
        let quota = of("ec2:CreateVpc", "VpcLimitExceeded", "");
        assert!(quota.contains("L-F678F1CE"), "{quota}");
        assert!(of("ec2:X", "TransitGatewayLimitExceeded", "").contains("Service Quotas"));
        assert_eq!(hint_for("ec2:X", "Incomprehensible", "no"), None);
    }

    #[test]
    fn the_action_is_the_one_that_the_answer_names() {
        let of = |message| hint_for("s3:PutBucketEncryption", "AccessDenied", message);
        let named = "User: arn:aws:iam::123456789012:user/shop is not authorized to perform:\n\
                     s3:PutEncryptionConfiguration on resource: \"arn:aws:s3:::shop\" because no \
                     identity-based policy allows the s3:PutEncryptionConfiguration action";
        let hint = of(named).unwrap_or_default();
        assert!(hint.starts_with("allow `s3:PutEncryptionConfiguration` to whoever"), "{hint}");
        assert_eq!(refused("not authorized to perform: sts:AssumeRole."), Some("sts:AssumeRole"));
        for other in [
            "Access Denied",
            "You are not authorized to perform this operation.",
            "not authorized to perform:",
            "not authorized to perform: hunter2",
            "not authorized to perform: s3:hunter-2",
            "not authorized to perform: s3:`Get`",
            "not authorized to perform: S3:Get",
            "not authorized to perform: arn:aws:iam::123456789012:user/shop",
        ] {
            let hint = of(other).unwrap_or_default();
            assert!(hint.starts_with("allow the action behind `s3:PutBucketEncryption`"), "{hint}");
        }
    }

    #[test]
    fn nothing_else_that_a_service_answers_gets_into_a_hint() {
        let secret = "not authorized to perform: hunter2-{action}-hunter2";
        for row in HINTS.iter() {
            let service = if row.service.is_empty() { "xray" } else { row.service };
            let code = row.code.replace('*', "Hunter2");
            let message = format!("{} {secret}", row.message);
            let hint = hint_for(&format!("{service}:PutThing"), &code, &message);
            let hint = hint.unwrap_or_default().to_lowercase();
            assert!(!hint.is_empty() && !hint.contains("hunter2"), "{row:?}");
        }
    }
}
