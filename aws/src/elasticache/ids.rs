//! Names of ElastiCache objects, each a type of its own. ElastiCache keeps them in lower case, so
//! names that differ only in case are the same.

use infra_sdk::kind::Text;
use infra_sdk::{DecodeError, Expr, FieldType, IntoInput, IntoText, Kind, Output, Scope, Value};

use crate::iam::names::text_types;
use crate::rules::wrong_length;

text_types! {
    /// Names a subnet group of caches.
    CacheSubnetGroupName(SUBNET_GROUP = name("cache subnet group name"));
    /// Names a parameter group of caches.
    CacheParameterGroupName(PARAMETER_GROUP = name("cache parameter group name"));
    /// Names a replication group.
    ReplicationGroupId(REPLICATION_GROUP = name("replication group id"));
    /// Identifies a user of caches.
    CacheUserId(USER = name("cache user id"));
    /// Identifies a group of users of caches.
    CacheUserGroupId(USER_GROUP = name("cache user group id"));
}

/// What ElastiCache has names for. Groups that AWS makes have names that one cannot give, with a
/// dot.
const fn name(of: &'static str) -> Text {
    Text {
        name: of,
        check: |text| wrong_length(text, 1, 255).map_or(Ok(()), Err),
        canonical: str::to_ascii_lowercase,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_whatever_their_case() {
        let same =
            |a: &str, b: &str| ReplicationGroupId::KIND.same(&Value::from(a), &Value::from(b));
        assert!(same("Main", "main"));
        assert!(!same("main", "mail"));
    }
}
