//! Names and ids of AWS Backup, each a type of its own.

use infra_sdk::kind::{Text, as_written};
use infra_sdk::{DecodeError, Expr, FieldType, IntoInput, IntoText, Kind, Output, Scope, Value};

use crate::iam::names::text_types;
use crate::rules::NameRule;

/// Source: AWS Backup API Reference, CreateBackupVault.
const VAULTS: NameRule = NameRule {
    shortest: 2,
    longest: 50,
    allows: |c| c.is_ascii_alphanumeric() || "-_".contains(c),
    characters: "letters, digits, `-` and `_`",
};

/// Names of plans, rules and selections. Source: AWS Backup API Reference, BackupPlanInput,
/// BackupRuleInput, BackupSelection.
pub(super) const NAMES: NameRule = NameRule {
    shortest: 1,
    longest: 50,
    allows: |c| c.is_ascii_alphanumeric() || "-_.".contains(c),
    characters: "letters, digits, `-`, `_` and `.`",
};

text_types! {
    /// Names a vault.
    BackupVaultName(VAULT = Text {
        name: "backup vault name",
        check: |text| VAULTS.check(text),
        canonical: as_written,
    });
}

infra_sdk::id_types! {
    /// Identifies a plan.
    BackupPlanId("backup plan id", "");
    /// Identifies a selection: the plan's id and the selection's, with a `|` between.
    BackupSelectionId("backup selection id", "");
}
