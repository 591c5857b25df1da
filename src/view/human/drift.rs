//! What was changed outside of infra, as text: each attribute in three views, or by what differs
//! between them where they do not fit on a line each.

use std::fmt::Write;

use infra_engine::{DriftReport, Drifted, DriftedAttribute, Unrecorded, Writer};
use infra_sdk::{Kind, Value};

use super::look::Look;
use super::plan::Schemas;
use super::semantic::difference;
use super::values::inline;
use crate::view::text::{ADD, CHANGE, FAINT, REMOVE, STRONG, count, paint, plain};

/// A view of at most so many characters stands on its line.
const ONE_LINE: usize = 100;

/// The text of the reports of some stacks of one environment.
pub(crate) fn render(
    environment: &str,
    reports: &[(String, DriftReport)],
    schemas: Schemas<'_>,
    look: Look,
) -> String {
    let mut text = String::new();
    for (stack, report) in reports {
        let title = paint(STRONG, &format!("{} in {}", plain(stack), plain(environment)));
        let looked = count(report.checked, "resource");
        if report.objects.is_empty() && report.unrecorded.is_empty() {
            let _ = writeln!(text, "{title}: {looked}, as the last run left them\n");
            continue;
        }
        let _ = writeln!(text, "{title}: {looked}\n");
        for object in &report.objects {
            drifted(&mut text, object, schemas, look);
        }
        for object in &report.unrecorded {
            unrecorded(&mut text, object);
        }
    }
    text.push_str(&summary(environment, reports));
    text
}

fn summary(environment: &str, reports: &[(String, DriftReport)]) -> String {
    let objects = || reports.iter().flat_map(|(_, report)| &report.objects);
    let gone = objects().filter(|object| object.gone).count();
    let changed = objects().filter(|object| !object.gone && object.is_drift()).count();
    let unrecorded: usize = reports.iter().map(|(_, report)| report.unrecorded.len()).sum();
    let outside = objects().flat_map(|object| &object.attributes);
    let outside = outside.filter(|attribute| attribute.writer == Writer::Outside).count();
    let found = [(changed, "changed"), (gone, "deleted"), (unrecorded, "not recorded")];
    let found = found.into_iter().filter(|(count, _)| *count > 0);
    let found: Vec<_> = found.map(|(count, what)| format!("{count} {what}")).collect();
    let mut text = if found.is_empty() {
        "No drift.".to_owned()
    } else {
        format!("{} {}.", paint(STRONG, "Drift:"), found.join(", "))
    };
    match outside {
        0 => {}
        1 => text.push_str(" 1 attribute is left to its outside writer."),
        _ => {
            let _ = write!(text, " {outside} attributes are left to their outside writers.");
        }
    }
    text.push('\n');
    let env = plain(environment);
    if gone + changed > 0 {
        let _ = writeln!(text, "`infra apply --env {env}` puts it back as it is declared.");
        let _ = writeln!(text, "`infra apply --refresh-only --env {env}` records it as it is now.");
    }
    if unrecorded > 0 {
        let _ = writeln!(text, "`infra plan --adopt --env {env}` records what is not recorded.");
    }
    text
}

fn head(style: anstyle::Style, sign: &str, object: (&str, &str, &str), what: &str) -> String {
    let (address, type_name, id) = object;
    format!(
        "{} {} ({}) {what} ({})\n",
        paint(style, sign),
        paint(STRONG, address),
        plain(type_name),
        plain(id)
    )
}

fn drifted(text: &mut String, object: &Drifted, schemas: Schemas<'_>, look: Look) {
    let (style, sign, what) = if object.gone {
        (REMOVE, "  -", "was deleted outside of infra")
    } else if object.is_drift() {
        (CHANGE, "  !", "was changed outside of infra")
    } else {
        (FAINT, "  .", "is written from outside, as declared")
    };
    let named = (object.address.as_str(), object.type_name.as_str(), object.id.as_str());
    text.push_str(&head(style, sign, named, what));
    let schema = schemas(&object.type_name);
    for attribute in &object.attributes {
        let kind = schema.and_then(|schema| schema.attribute(&attribute.name));
        views(text, attribute, kind.map(|field| &field.kind), look);
    }
    text.push('\n');
}

fn views(text: &mut String, attribute: &DriftedAttribute, kind: Option<&Kind>, look: Look) {
    let name = plain(&attribute.name);
    let note = match (attribute.writer, &attribute.code) {
        (Writer::Outside, _) => Some("owned outside: `ignore_changes` names it"),
        (Writer::Infra, None) => Some("the resource is no longer declared"),
        (Writer::Infra, Some(code)) if *code == attribute.real => {
            Some("it is as the code says by now: an apply only records it")
        }
        (Writer::Infra, Some(_)) => None,
    };
    let note = note.map(|note| format!("  {}", paint(FAINT, &format!("# {note}"))));
    let _ = writeln!(text, "      {name}{}", note.unwrap_or_default());
    let DriftedAttribute { code, applied, real, .. } = attribute;
    let views = [("code", code.as_ref()), ("last applied", Some(applied)), ("real", Some(real))];
    let views: Vec<_> = views.into_iter().filter_map(|(view, of)| Some((view, of?))).collect();
    let short = |value| inline(value).filter(|text| text.chars().count() <= ONE_LINE);
    if let Some(texts) = views.iter().map(|(_, value)| short(value)).collect::<Option<Vec<_>>>() {
        for ((view, _), value) in views.iter().zip(texts) {
            let _ = writeln!(text, "          {view:<12} = {value}");
        }
        return;
    }
    // What the code says is told on its own only where it is neither of the other two.
    let as_code = |value| code.as_ref() == Some(value);
    let from = if as_code(applied) { "code and last applied" } else { "last applied" };
    differing(text, (from, applied), ("real", real), kind, look);
    if let Some(code) = code.as_ref().filter(|_| !as_code(applied) && !as_code(real)) {
        differing(text, ("code", code), ("real", real), kind, look);
    }
}

/// What differs between two views.
fn differing(
    text: &mut String,
    (from, before): (&str, &Value),
    (to, after): (&str, &Value),
    kind: Option<&Kind>,
    look: Look,
) {
    let _ = writeln!(text, "          {from} {} {to}:", paint(FAINT, look.arrow()));
    for line in difference(before, after, kind, look) {
        let _ = writeln!(text, "            {line}");
    }
}

fn unrecorded(text: &mut String, object: &Unrecorded) {
    let named = (object.address.as_str(), object.type_name.as_str(), object.id.as_str());
    text.push_str(&head(ADD, "  +", named, "is there by its tags, and not recorded"));
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use infra_sdk::Address;

    use super::*;

    fn object(address: &str, gone: bool, attributes: Vec<DriftedAttribute>) -> Drifted {
        Drifted {
            address: Address::parse(address).expect("valid"),
            type_name: "aws_ecs_service".to_owned(),
            id: format!("id-{address}"),
            location: None,
            gone,
            attributes,
        }
    }

    fn attribute(name: &str, writer: Writer, views: [Value; 3]) -> DriftedAttribute {
        let [code, applied, real] = views;
        DriftedAttribute { name: name.to_owned(), code: Some(code), applied, real, writer }
    }

    fn shown(objects: Vec<Drifted>, checked: usize) -> String {
        let report = DriftReport { objects, checked, ..DriftReport::default() };
        let text = render("dev", &[("web".to_owned(), report)], &|_| None, Look::default());
        anstream::adapter::strip_str(&text).to_string()
    }

    #[test]
    fn every_attribute_has_three_views_and_an_owner() {
        let secret = |text: &str| Value::from(text).sensitive();
        let attributes = vec![
            attribute("size", Writer::Infra, ["s", "s", "l"].map(Value::from)),
            attribute("image", Writer::Outside, ["1", "1", "7"].map(Value::from)),
            attribute("key", Writer::Infra, ["k", "o", "k"].map(secret)),
        ];
        let objects = vec![object("a", false, attributes), object("b", true, Vec::new())];
        insta::assert_snapshot!(shown(objects, 3), @r#"
        web in dev: 3 resources

          ! a (aws_ecs_service) was changed outside of infra (id-a)
              size
                  code         = "s"
                  last applied = "s"
                  real         = "l"
              image  # owned outside: `ignore_changes` names it
                  code         = "1"
                  last applied = "1"
                  real         = "7"
              key  # it is as the code says by now: an apply only records it
                  code         = (sensitive value)
                  last applied = (sensitive value)
                  real         = (sensitive value)

          - b (aws_ecs_service) was deleted outside of infra (id-b)

        Drift: 1 changed, 1 deleted. 1 attribute is left to its outside writer.
        `infra apply --env dev` puts it back as it is declared.
        `infra apply --refresh-only --env dev` records it as it is now.
        "#);
    }

    #[test]
    fn a_document_is_told_by_what_differs() {
        let policy = |actions: &[&str]| {
            let statement = serde_json::json!({
                "Sid": "Read", "Effect": "Allow", "Action": actions,
                "Resource": "arn:aws:s3:::a-bucket-with-a-rather-long-name/*",
            });
            Value::from(serde_json::json!({ "Statement": [statement] }).to_string())
        };
        let [one, two, three] = [&["s3:Get"][..], &["s3:Get", "s3:Put"], &["s3:*"]].map(policy);
        let same = attribute("same", Writer::Infra, [one.clone(), one.clone(), two.clone()]);
        let recorded =
            attribute("recorded", Writer::Infra, [two.clone(), one.clone(), two.clone()]);
        let all = attribute("all", Writer::Infra, [three, one, two]);
        let objects = vec![object("a", false, vec![same, recorded, all])];
        insta::assert_snapshot!(shown(objects, 1), @r#"
        web in dev: 1 resource

          ! a (aws_ecs_service) was changed outside of infra (id-a)
              same
                  code and last applied -> real:
                    ~ Statement
                        ~ Sid "Read"
                            ~ Action
                                + "s3:Put"
                                  # (1 unchanged)
                              # (2 unchanged)
              recorded  # it is as the code says by now: an apply only records it
                  last applied -> real:
                    ~ Statement
                        ~ Sid "Read"
                            ~ Action
                                + "s3:Put"
                                  # (1 unchanged)
                              # (2 unchanged)
              all
                  last applied -> real:
                    ~ Statement
                        ~ Sid "Read"
                            ~ Action
                                + "s3:Put"
                                  # (1 unchanged)
                              # (2 unchanged)
                  code -> real:
                    ~ Statement
                        ~ Sid "Read"
                            ~ Action
                                - "s3:*"
                                + "s3:Get"
                                + "s3:Put"
                              # (2 unchanged)

        Drift: 1 changed.
        `infra apply --env dev` puts it back as it is declared.
        `infra apply --refresh-only --env dev` records it as it is now.
        "#);
    }
}
