//! All kinds.

use super::kind::Kind;
use super::{
    acm, autoscaling, dynamodb, ec2, ecs, eks, elasticache, elasticloadbalancing, lambda, logs,
    monitoring, rds, route53, wafv2,
};

const KINDS: &[&[Kind]] = &[
    acm::KINDS,
    autoscaling::KINDS,
    dynamodb::KINDS,
    ec2::KINDS,
    ecs::KINDS,
    eks::KINDS,
    elasticache::KINDS,
    elasticloadbalancing::KINDS,
    lambda::KINDS,
    logs::KINDS,
    monitoring::KINDS,
    rds::KINDS,
    route53::KINDS,
    wafv2::KINDS,
];

/// The kinds that an operation does something to.
pub(crate) fn concerned<'a>(
    service: &'a str,
    operation: &'a str,
) -> impl Iterator<Item = &'static Kind> + use<'a> {
    KINDS
        .iter()
        .flat_map(|kinds| kinds.iter())
        .filter(move |kind| kind.service == service && kind.knows(operation))
}

/// A name as it is compared: of an ARN its last part, and in small letters where the service does not
/// tell letters apart.
pub(crate) fn normal(service: &str, name: &str) -> String {
    let short = if name.starts_with("arn:") || service == "route53" {
        name.rsplit(['/', ':']).next().unwrap_or(name)
    } else {
        name
    };
    if matches!(service, "rds" | "elasticache") { short.to_lowercase() } else { short.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::{KINDS, concerned, normal};
    use crate::gate::call::tests::query_call;
    use crate::gate::document::Fields;
    use crate::gate::xml::Element;

    #[test]
    fn names_are_compared_in_one_form() {
        assert_eq!(normal("ecs", "arn:aws:ecs:eu-west-1:123456789012:service/c/s"), "s");
        assert_eq!(normal("lambda", "arn:aws:lambda:eu-west-1:123456789012:function:f"), "f");
        assert_eq!(
            (normal("rds", "My-DB"), normal("eks", "My-C")),
            ("my-db".into(), "My-C".into())
        );
    }

    #[test]
    fn rows_are_whole() {
        for kind in KINDS.iter().flat_map(|kinds| kinds.iter()) {
            assert!(!kind.describe.is_empty() && !kind.create.is_empty(), "{}", kind.name);
            assert_eq!(kind.id.len(), kind.named_by.len(), "{}", kind.name);
            assert!(kind.life.is_some() || !kind.mark.is_empty(), "{}", kind.name);
            let changed = [kind.create, kind.modify].concat();
            assert!(kind.replace.iter().all(|name| changed.contains(name)), "{}", kind.name);
        }
    }

    #[test]
    fn requests_and_answers_name_the_same_object() {
        let body = "Action=ModifyDBInstance&Version=2014-10-31&DBInstanceIdentifier=My-DB";
        let kind = concerned("rds", "ModifyDBInstance").next().unwrap();
        let object = Element::new("DBInstance")
            .with(Element::with_text("DBInstanceIdentifier", "my-db"))
            .with(Element::with_text("DBInstanceStatus", "available"));
        let object: &dyn Fields = &object;
        assert_eq!(kind.named(&query_call("rds", body)), [kind.id_of(object).unwrap()]);
    }
}
