//! Asks whether anything depends on what a call deletes.

use serde_json::{Map, Value};

use super::{
    Hold, Look, Place, autoscaling, backup, cloudtrail, ec2, ecs, eks, elasticache,
    elasticloadbalancing, rds, route53, wafv2,
};
use crate::gate::answer::ServiceError;
use crate::gate::call::Call;
use crate::gate::document::{Document, pointer};
use crate::gate::kinds::normal;
use crate::gate::overlays::settings::OverlaySettings;
use crate::gate::serve::Core;
use crate::gate::services::Question;
use crate::gate::upstream::UpstreamError;

const HOLDS: &[&[Hold]] = &[
    autoscaling::HOLDS,
    backup::HOLDS,
    cloudtrail::HOLDS,
    ecs::HOLDS,
    eks::HOLDS,
    elasticache::HOLDS,
    elasticloadbalancing::HOLDS,
    rds::HOLDS,
    route53::HOLDS,
    wafv2::HOLDS,
];

/// Asks the services, as whoever made the call, and sees what the gate shows.
pub(crate) struct Asker<'a> {
    pub(crate) core: &'a Core,
    pub(crate) settings: &'a OverlaySettings,
    pub(crate) call: &'a Call,
}

/// A refusal, or none.
pub(super) type Check = Result<Option<ServiceError>, UpstreamError>;

impl Asker<'_> {
    /// The answer to a question; an empty document where it is an error.
    pub(super) async fn ask(
        &self,
        service: &'static str,
        operation: &'static str,
        parameters: Value,
    ) -> Result<Document, UpstreamError> {
        let question = Question::new(service, operation, parameters);
        let found = self.core.ask(self.settings, self.call, &question).await?;
        Ok(found.unwrap_or(Document::Json(Value::Null)))
    }
}

/// Says whether AWS would refuse this call.
///
/// # Errors
///
/// An emulator does not answer the gate's questions.
pub(crate) async fn check(ask: &Asker<'_>) -> Check {
    if ask.call.service == "ec2"
        && let Some(refusal) = ec2::check(ask).await?
    {
        return Ok(Some(refusal));
    }
    let holds = HOLDS.iter().flat_map(|holds| holds.iter());
    for hold in holds
        .filter(|hold| hold.service == ask.call.service && hold.operation == ask.call.operation)
    {
        let tree = ask.call.tree();
        let Some(subject) = pointer(&tree, hold.subject).and_then(Value::as_str) else { continue };
        let pardoned = hold.pardon.is_some_and(|(parameter, value)| {
            let said = pointer(&tree, parameter).map(Value::to_string).unwrap_or_default();
            said.trim_matches('"').eq_ignore_ascii_case(value)
        });
        if pardoned {
            continue;
        }
        for look in hold.looks {
            if is_held(ask, look, subject, &tree).await? {
                let message = hold.message.replace("{}", subject);
                return Ok(Some(ServiceError::new(hold.status, hold.code, message)));
            }
        }
    }
    Ok(None)
}

async fn is_held(
    ask: &Asker<'_>,
    look: &Look,
    subject: &str,
    tree: &Value,
) -> Result<bool, UpstreamError> {
    let mut parameters = Map::new();
    for (name, value) in look.with {
        let listed = value.starts_with('[');
        let value = fill(value.trim_matches(['[', ']']), subject, tree);
        parameters
            .insert((*name).to_owned(), if listed { Value::from(vec![value]) } else { value });
    }
    let known = Value::Object(parameters.clone());
    let document = ask.ask(look.service, look.operation, known).await?;
    let mut found: Vec<(Map<String, Value>, Document)> =
        document.list(look.list).into_iter().map(|found| (parameters.clone(), found)).collect();
    for step in look.each {
        let mut further = Vec::new();
        for (mut parameters, listed) in found {
            for (parameter, field) in step.with {
                let text = Value::from(listed.text(field.trim_matches(['[', ']'])));
                let value = if *field == "[]" { Value::from(vec![text]) } else { text };
                parameters.insert((*parameter).to_owned(), value);
            }
            let known = Value::Object(parameters.clone());
            let shown = ask.ask(look.service, step.operation, known).await?;
            let shown = if step.list.is_empty() { vec![shown] } else { shown.list(step.list) };
            further.extend(shown.into_iter().map(|shown| (parameters.clone(), shown)));
        }
        found = further;
    }
    Ok(found.iter().any(|(_, found)| counts(look, found, subject)))
}

/// A value of a row: `{}`, `{path}` or a text.
fn fill(value: &str, subject: &str, tree: &Value) -> Value {
    match value.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        Some("") => subject.into(),
        Some(path) => pointer(tree, path).cloned().unwrap_or(Value::Null),
        None => value.into(),
    }
}

fn counts(look: &Look, found: &Document, subject: &str) -> bool {
    if let Some((field, value)) = look.unless
        && found.text(field).is_some_and(|text| text.eq_ignore_ascii_case(value))
    {
        return false;
    }
    match look.place {
        Place::Listed => true,
        Place::Field(field) => found
            .text(field)
            .is_some_and(|text| normal(look.service, &text) == normal(look.service, subject)),
        Place::Anywhere => found.mentions(&|text| text == subject),
        Place::Within => found.mentions(&|text| text.contains(subject)),
        Place::Where(fields) => {
            fields.iter().all(|(field, value)| found.text(field).as_deref() == Some(*value))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{HOLDS, Look, Place, counts, fill};
    use crate::gate::document::Document;
    use serde_json::json;

    #[test]
    fn rows_are_whole() {
        for hold in HOLDS.iter().flat_map(|holds| holds.iter()) {
            assert!(!hold.subject.is_empty() && !hold.code.is_empty(), "{}", hold.operation);
            assert!(!hold.looks.is_empty(), "{}", hold.operation);
        }
    }

    #[test]
    fn values_are_filled_in() {
        let tree = json!({ "cluster": "c" });
        assert_eq!(fill("{}", "s", &tree), "s");
        assert_eq!(fill("{cluster}", "s", &tree), "c");
        assert_eq!(fill("x", "s", &tree), "x");
    }

    #[test]
    fn what_counts_names_the_object() {
        let look = Look { service: "ecs", place: Place::Field("a/b"), ..Look::NEW };
        let found = |name: &str| Document::Json(json!({ "a": { "b": name }, "status": "GONE" }));
        let arn = "arn:aws:ecs:eu-west-1:123456789012:cluster/c";
        assert!(counts(&look, &found(arn), "c"));
        assert!(!counts(&look, &found("d"), "c"));
        let look = Look { unless: Some(("status", "gone")), ..look };
        assert!(!counts(&look, &found("c"), "c"));
    }
}
