//! IAM. From the pages of `DeletePolicy`, `DeleteUser` and `DeleteGroup` of the API Reference
//! (`DeleteConflict`). Roles are refused by moto itself.

use super::{Hold, Look, Place};

/// Whatever a list of IAM's shows stands against the delete.
const LISTED: Look = Look { service: "iam", place: Place::Listed, ..Look::NEW };

const CONFLICT: Hold = Hold { service: "iam", code: "DeleteConflict", status: 409, ..Hold::NEW };

const POLICY: &[(&str, &str)] = &[("PolicyArn", "{}")];
const USER: &[(&str, &str)] = &[("UserName", "{}")];
const GROUP: &[(&str, &str)] = &[("GroupName", "{}")];

const ENTITIES: Look = Look { operation: "ListEntitiesForPolicy", with: POLICY, ..LISTED };

pub(super) const HOLDS: &[Hold] = &[
    Hold {
        operation: "DeletePolicy",
        subject: "PolicyArn",
        looks: &[
            Look { list: "ListEntitiesForPolicyResult/PolicyRoles", ..ENTITIES },
            Look { list: "ListEntitiesForPolicyResult/PolicyUsers", ..ENTITIES },
            Look { list: "ListEntitiesForPolicyResult/PolicyGroups", ..ENTITIES },
        ],
        message: "Cannot delete a policy attached to entities.",
        ..CONFLICT
    },
    Hold {
        operation: "DeletePolicy",
        subject: "PolicyArn",
        looks: &[Look {
            operation: "ListPolicyVersions",
            with: POLICY,
            list: "ListPolicyVersionsResult/Versions",
            place: Place::Where(&[("IsDefaultVersion", "false")]),
            ..LISTED
        }],
        message: "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
        ..CONFLICT
    },
    Hold {
        operation: "DeleteUser",
        subject: "UserName",
        looks: &[
            Look {
                operation: "ListAccessKeys",
                with: USER,
                list: "ListAccessKeysResult/AccessKeyMetadata",
                ..LISTED
            },
            Look {
                operation: "ListAttachedUserPolicies",
                with: USER,
                list: "ListAttachedUserPoliciesResult/AttachedPolicies",
                ..LISTED
            },
            Look {
                operation: "ListUserPolicies",
                with: USER,
                list: "ListUserPoliciesResult/PolicyNames",
                ..LISTED
            },
            Look {
                operation: "ListGroupsForUser",
                with: USER,
                list: "ListGroupsForUserResult/Groups",
                ..LISTED
            },
        ],
        message: "Cannot delete entity, must delete or detach what belongs to user {} first.",
        ..CONFLICT
    },
    Hold {
        operation: "DeleteGroup",
        subject: "GroupName",
        looks: &[
            Look { operation: "GetGroup", with: GROUP, list: "GetGroupResult/Users", ..LISTED },
            Look {
                operation: "ListAttachedGroupPolicies",
                with: GROUP,
                list: "ListAttachedGroupPoliciesResult/AttachedPolicies",
                ..LISTED
            },
            Look {
                operation: "ListGroupPolicies",
                with: GROUP,
                list: "ListGroupPoliciesResult/PolicyNames",
                ..LISTED
            },
        ],
        message: "Cannot delete entity, must remove users and policies from group {} first.",
        ..CONFLICT
    },
];
