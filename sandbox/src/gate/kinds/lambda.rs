//! Lambda functions, from "Lambda function states" of the developer guide: a new one is `Pending`, and
//! one that is changed has its `LastUpdateStatus` in progress.

use serde_json::json;

use super::{Busy, Echo, Kind, Life, Phase};
use crate::gate::document::Fields;

pub(super) const KINDS: &[Kind] = &[Kind {
    name: "lambda_function",
    service: "lambda",
    id: &["FunctionName"],
    named_by: &[&["FunctionName"]],
    mark: "CodeSha256",
    create: &["CreateFunction"],
    modify: &["UpdateFunctionCode", "UpdateFunctionConfiguration"],
    delete: &["DeleteFunction"],
    describe: &["GetFunction", "GetFunctionConfiguration"],
    life: Some(Life {
        state: "State",
        creating: Some("Pending"),
        modifying: Some("Active"),
        busy: Some(Busy {
            code: "ResourceConflictException",
            status: 409,
            operations: &["UpdateFunctionCode", "UpdateFunctionConfiguration", "PublishVersion"],
        }),
        dress: Some(update),
        ..Life::NEW
    }),
    // moto knows these only from the call that makes a function, or not at all.
    echoes: &[
        Echo::wrong("Architectures", "Architectures"),
        Echo::wrong("DeadLetterConfig", "DeadLetterConfig"),
        Echo::wrong("EphemeralStorage", "EphemeralStorage"),
        Echo::wrong("FileSystemConfigs", "FileSystemConfigs"),
        Echo::wrong("KMSKeyArn", "KMSKeyArn"),
        Echo::wrong("LoggingConfig", "LoggingConfig"),
        Echo::wrong("SnapStart", "SnapStart"),
        Echo::wrong("TracingConfig", "TracingConfig"),
    ],
    ..Kind::NEW
}];

fn update(function: &mut dyn Fields, phase: Phase) {
    let status = match phase {
        Phase::Creating | Phase::Modifying => "InProgress",
        Phase::Ready | Phase::Deleting => "Successful",
    };
    function.put("LastUpdateStatus", &json!(status), "");
    if phase == Phase::Ready && !function.has_content("State") {
        function.put("State", &json!("Active"), "");
    }
}
