//! Tables of DynamoDB.

use infra_sdk::Value;
use infra_sdk::checks::{Rule, Severity};

use crate::dynamodb::Table;

/// Without it a table cannot be set back to before a mistake.
pub(super) fn recovery() -> Rule {
    Rule::new(
        "baseline::table-recovery",
        Severity::Medium,
        "tables can be set back to a point in time",
        |plan, report| {
            for table in plan.resources::<Table>() {
                let blocks = table.blocks(|t| t.point_in_time_recovery());
                let on = blocks.first().and_then(|block| block.get("enabled"));
                if !matches!(on, Some(Value::Bool(true) | Value::Unknown)) {
                    report
                        .finding(&table, "cannot be set back to a point in time")
                        .hint("enable `point_in_time_recovery`");
                }
            }
        },
    )
    .sources(&["AWS Security Hub DynamoDB.2"])
}

/// The last guard against a deletion by hand or by another tool.
pub(super) fn deletion_protection() -> Rule {
    Rule::new(
        "baseline::table-deletion",
        Severity::Medium,
        "tables of protected environments refuse to be deleted",
        |plan, report| {
            for table in plan.resources::<Table>() {
                let off = table.get(|t| t.deletion_protection_enabled()).is_off();
                if plan.env().is_protected() && off {
                    report
                        .finding(&table, "can be deleted")
                        .hint("set `deletion_protection_enabled` to `true`");
                }
            }
        },
    )
    .sources(&["AWS Security Hub DynamoDB.6"])
}

/// A key of one's own has a policy and an audit trail, and what it encrypted can be made unreadable.
pub(super) fn hipaa_keys() -> Rule {
    Rule::new(
        "hipaa::table-keys",
        Severity::High,
        "tables are encrypted with keys of their own",
        |plan, report| {
            for table in plan.resources::<Table>() {
                let blocks = table.blocks(|t| t.server_side_encryption());
                let named = |name: &str| {
                    blocks.first().and_then(|block| block.get(name)).is_some_and(|v| !v.is_null())
                };
                if !named("kms_key_arn") {
                    report
                        .finding(&table, "is encrypted with AWS's key")
                        .hint("name a key in `server_side_encryption`");
                }
            }
        },
    )
    .sources(&["HIPAA 164.312(a)(2)(iv)"])
}

#[cfg(test)]
mod tests {
    use infra_sdk::Stack;

    use super::*;
    use crate::checks::testing::{broken, broken_when_protected};
    use crate::dynamodb::{
        AttributeType, PointInTimeRecovery, ServerSideEncryption, TableArguments, TableAttribute,
        TableName,
    };
    use crate::kms::Key;

    fn table() -> TableArguments {
        let id = TableAttribute::new("id", AttributeType::String);
        Table::new(TableName::new("table"), [id], "id")
    }

    fn add(table: TableArguments) -> impl FnOnce(&mut Stack) {
        move |stack| drop(stack.add("table", table))
    }

    #[test]
    fn tables_can_be_set_back_and_are_kept() {
        let recovered = table().point_in_time_recovery(PointInTimeRecovery::new(true));
        assert_eq!(broken(&recovery(), add(recovered)), [""; 0]);
        assert_eq!(broken(&recovery(), add(table())), ["table"]);
        let rule = deletion_protection();
        let kept = table().deletion_protection_enabled(true);
        assert_eq!(broken_when_protected(&rule, add(kept)), [""; 0]);
        assert_eq!(broken_when_protected(&rule, add(table())), ["table"]);
        assert_eq!(broken(&rule, add(table())), [""; 0]);
    }

    #[test]
    fn tables_have_keys_of_their_own() {
        let with_key = |stack: &mut Stack| {
            let key = stack.add("key", Key::new());
            let encryption = ServerSideEncryption::new(true).kms_key_arn(key.arn());
            stack.add("table", table().server_side_encryption(encryption));
        };
        assert_eq!(broken(&hipaa_keys(), with_key), [""; 0]);
        assert_eq!(broken(&hipaa_keys(), add(table())), ["table"]);
    }
}
