//! Web ACLs, from the pages of `WebACL` and `UpdateWebACL` of the API Reference. An update sets
//! everything anew. moto loses what logs and samples do not show, and what was taken away by an
//! update stays.

use super::{Echo, Kind};

pub(super) const KINDS: &[Kind] = &[Kind {
    name: "web_acl",
    service: "wafv2",
    id: &["Name"],
    named_by: &[&["Name"]],
    mark: "DefaultAction",
    create: &["CreateWebACL"],
    modify: &["UpdateWebACL"],
    replace: &["UpdateWebACL"],
    delete: &["DeleteWebACL"],
    describe: &["GetWebACL"],
    echoes: &[
        Echo::exact("AssociationConfig", "AssociationConfig"),
        Echo::exact("CaptchaConfig", "CaptchaConfig"),
        Echo::exact("ChallengeConfig", "ChallengeConfig"),
        Echo::exact("CustomResponseBodies", "CustomResponseBodies"),
        Echo::exact("DataProtectionConfig", "DataProtectionConfig"),
        Echo::exact("Description", "Description"),
        Echo::exact("TokenDomains", "TokenDomains"),
    ],
    ..Kind::NEW
}];
