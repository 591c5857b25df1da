//! WAFv2. From the pages of `CreateIPSet` (`WAFDuplicateItemException`), `DeleteIPSet` and
//! `DeleteRuleGroup` (`WAFAssociatedItemException`) of the API Reference. A web ACL's associations are
//! kept by the stand-in for them.

use super::{Hold, Look, Place, Step};

const ACLS: Look = Look {
    service: "wafv2",
    operation: "ListWebACLs",
    with: &[("Scope", "{Scope}")],
    list: "WebACLs",
    each: &[Step { operation: "GetWebACL", with: &[("Name", "Name"), ("Id", "Id")], list: "" }],
    place: Place::Within,
    ..Look::NEW
};

const GROUPS: Look = Look {
    operation: "ListRuleGroups",
    list: "RuleGroups",
    each: &[Step { operation: "GetRuleGroup", with: &[("Name", "Name"), ("Id", "Id")], list: "" }],
    ..ACLS
};

const IN_USE: Hold = Hold {
    service: "wafv2",
    subject: "Id",
    code: "WAFAssociatedItemException",
    message: "AWS WAF couldn't perform the operation because your resource is being used by another resource or it's associated with another resource.",
    ..Hold::NEW
};

pub(super) const HOLDS: &[Hold] = &[
    Hold { operation: "DeleteIPSet", looks: &[ACLS, GROUPS], ..IN_USE },
    Hold { operation: "DeleteRegexPatternSet", looks: &[ACLS, GROUPS], ..IN_USE },
    Hold { operation: "DeleteRuleGroup", looks: &[ACLS], ..IN_USE },
    Hold {
        service: "wafv2",
        operation: "CreateIPSet",
        subject: "Name",
        looks: &[Look {
            operation: "ListIPSets",
            list: "IPSets",
            each: &[],
            place: Place::Field("Name"),
            ..ACLS
        }],
        code: "WAFDuplicateItemException",
        message: "AWS WAF couldn't perform the operation because some resource in your request is a duplicate of an existing one.",
        ..Hold::NEW
    },
];
