//! STS: who a caller is whose keys belong to no user. moto makes up `arn:aws:sts::ACCOUNT:user/moto`,
//! in a form that AWS has not; with every permission, as the root user has. Source: IAM user guide,
//! ARNs of principals.

use crate::gate::answer::Answer;
use crate::gate::call::Call;

/// Shows the root user.
pub(super) fn caller(call: &Call, answer: &mut Answer) {
    if call.service != "sts" || call.operation != "GetCallerIdentity" {
        return;
    }
    let Some(mut document) = answer.document() else { return };
    document.visit_mut(&mut |element| {
        let text = element.text();
        let parts: Vec<_> = text.split(':').collect();
        if element.name == "Arn"
            && let ["arn", partition, "sts", "", account, "user/moto"] = parts[..]
        {
            element.set_text(&format!("arn:{partition}:iam::{account}:root"));
        }
    });
    answer.set_document(&document);
}
