//! AWS Backup. From the page of `DeleteBackupPlan` of the developer guide: "A backup plan can only be
//! deleted after all associated selections of resources have been deleted".

use super::{Hold, Look, Place};

pub(super) const HOLDS: &[Hold] = &[Hold {
    service: "backup",
    operation: "DeleteBackupPlan",
    subject: "backupPlanId",
    looks: &[Look {
        service: "backup",
        operation: "ListBackupSelections",
        with: &[("backupPlanId", "{}")],
        list: "BackupSelectionsList",
        place: Place::Listed,
        ..Look::NEW
    }],
    code: "InvalidRequestException",
    message: "Related backup plan selections must be deleted prior to backup plan deletion",
    ..Hold::NEW
}];
