//! DynamoDB tables, from the page of `TableDescription` of the API Reference.

use super::{Busy, Ghost, Kind, Life, Shown};

pub(super) const KINDS: &[Kind] = &[Kind {
    name: "dynamodb_table",
    service: "dynamodb",
    id: &["TableName"],
    named_by: &[&["TableName"]],
    create: &["CreateTable"],
    modify: &["UpdateTable"],
    delete: &["DeleteTable"],
    describe: &["DescribeTable"],
    life: Some(Life {
        state: "TableStatus",
        creating: Some("CREATING"),
        modifying: Some("UPDATING"),
        deleting: Some("DELETING"),
        busy: Some(Busy {
            code: "ResourceInUseException",
            status: 400,
            operations: &["DeleteTable", "UpdateTable"],
        }),
        ..Life::NEW
    }),
    ghost: Some(Ghost {
        shown: Shown::One("Table"),
        names: &[("ListTables", "TableNames")],
        filter: None,
        exists: ("ResourceInUseException", 400),
    }),
    ..Kind::NEW
}];
