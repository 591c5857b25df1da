//! Why something is replaced: the way from what was changed at first to it.
//!
//! Start reading at [`lines`].

use infra_engine::{Action, Change, Reason};
use infra_sdk::{Address, Reference};

use super::change::why;
use super::look::Look;
use crate::view::text::plain;

/// As many steps of one way are shown, the first and the last ones.
const MOST_STEPS: usize = 8;

/// The ways from what was changed at first to a change: a line each, what comes first above. `all` is
/// what the plan changes.
pub(super) fn lines(change: &Change, all: &[Change], look: Look) -> Vec<String> {
    change.reasons.iter().flat_map(|reason| way(change, reason, all, look)).collect()
}

/// What a reason is about in another resource: the input that brings it here, and where it comes from.
fn behind(reason: &Reason) -> Option<(&str, &Reference)> {
    match reason {
        Reason::DependencyReplaced { attribute, reference } => Some((attribute, reference)),
        Reason::Triggered(reference) => Some(("replace_triggered_by", reference)),
        _ => None,
    }
}

/// Why something comes first, of several reasons: its own, before another's.
fn cause(change: &Change) -> Option<&Reason> {
    let own = change.reasons.iter().find(|reason| behind(reason).is_none());
    own.or_else(|| change.reasons.first())
}

fn way(change: &Change, reason: &Reason, all: &[Change], look: Look) -> Vec<String> {
    let find = |address: &Address| all.iter().find(|c| c.address == *address && !c.deposed);
    let Some((attribute, reference)) = behind(reason) else { return Vec::new() };
    let mut steps = vec![refers("this", change.action, attribute, reference)];
    let mut at = reference;
    // A way is never longer than there are resources: they are in no circle.
    while steps.len() <= all.len() {
        let Some(source) = find(&at.address) else { break };
        let name = format!("`{}`", source.address);
        match cause(source).map(|reason| (reason, behind(reason))) {
            Some((_, Some((attribute, reference)))) => {
                steps.push(refers(&name, source.action, attribute, reference));
                at = reference;
            }
            Some((reason, None)) => {
                let why = first_cause(reason).map(|why| format!(": {why}")).unwrap_or_default();
                steps.push(format!("{name} {}{why}", happens(source.action)));
                break;
            }
            None => break,
        }
    }
    steps.reverse();
    let head = format!("because of `{}`:", at.address);
    let between = steps.len().saturating_sub(MOST_STEPS);
    if between > 0 {
        let half = MOST_STEPS / 2;
        steps.splice(half..half + between, [format!("({between} more on the way)")]);
    }
    let step = |(number, step): (usize, String)| match number {
        0 => format!("  {}", plain(&step)),
        _ => format!("  {} {}", look.arrow(), plain(&step)),
    };
    std::iter::once(head).chain(steps.into_iter().enumerate().map(step)).collect()
}

fn refers(name: &str, action: Action, attribute: &str, reference: &Reference) -> String {
    let Reference { address, attribute: of } = reference;
    let verb = if attribute == "replace_triggered_by" { "names" } else { "refers to" };
    format!("{name} {}: `{attribute}` {verb} `{address}.{of}`", happens(action))
}

/// Why a way begins.
fn first_cause(reason: &Reason) -> Option<String> {
    match reason {
        Reason::Changed(names) => {
            let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
            let verb = if names.len() == 1 { "changes" } else { "change" };
            Some(format!("{} {verb}", names.join(", ")))
        }
        Reason::NotThereYet => Some("it is new".to_owned()),
        other => why(other),
    }
}

fn happens(action: Action) -> &'static str {
    match action {
        Action::Create => "is created",
        Action::Replace { .. } => "is replaced",
        Action::Delete => "is destroyed",
        Action::Update => "is updated",
        Action::NoOp | Action::Import | Action::Await | Action::Forget => "is known anew",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::sample::change;

    fn replaced(address: &str, reasons: Vec<Reason>) -> Change {
        let action = Action::Replace { create_first: false };
        Change { reasons, ..change(address, "aws_vpc", action) }
    }

    fn from(attribute: &str, address: &str, of: &str) -> Reason {
        let reference = Reference {
            address: Address::parse(address).expect("valid"),
            attribute: of.to_owned(),
        };
        Reason::DependencyReplaced { attribute: attribute.to_owned(), reference }
    }

    #[test]
    fn a_way_leads_from_what_was_changed_to_what_is_replaced() {
        let mut all = vec![
            replaced("vpc", vec![Reason::CannotUpdate(vec!["cidr_block".to_owned()])]),
            replaced("network.private", vec![from("vpc_id", "vpc", "id")]),
            replaced("web", vec![from("subnet_id", "network.private", "id")]),
        ];
        let look = Look { unicode: true, ..Look::default() };
        insta::assert_snapshot!(lines(&all[2], &all, look).join("\n"), @r"
        because of `vpc`:
          `vpc` is replaced: `cidr_block` cannot be changed in place
          → `network.private` is replaced: `vpc_id` refers to `vpc.id`
          → this is replaced: `subnet_id` refers to `network.private.id`
        ");
        // What was changed at first has no way behind it.
        assert!(lines(&all[0], &all, look).is_empty());
        let reference = Reference {
            address: Address::parse("vpc").expect("valid"),
            attribute: "tags".to_owned(),
        };
        all[0].action = Action::Update;
        all[0].reasons = vec![Reason::Changed(vec!["tags".to_owned()])];
        all[1].reasons = vec![Reason::Triggered(reference)];
        insta::assert_snapshot!(lines(&all[2], &all, Look::default()).join("\n"), @r"
        because of `vpc`:
          `vpc` is updated: `tags` changes
          -> `network.private` is replaced: `replace_triggered_by` names `vpc.tags`
          -> this is replaced: `subnet_id` refers to `network.private.id`
        ");
    }

    #[test]
    fn a_long_way_shows_its_ends() {
        let mut all =
            vec![replaced("n0", vec![Reason::CannotUpdate(vec!["cidr_block".to_owned()])])];
        all.extend(
            (1..40).map(|n| {
                replaced(&format!("n{n}"), vec![from("up", &format!("n{}", n - 1), "id")])
            }),
        );
        let shown = lines(&all[39], &all, Look::default());
        assert_eq!(shown.len(), 1 + MOST_STEPS + 1, "{shown:?}");
        assert_eq!(shown[0], "because of `n0`:");
        assert!(shown.contains(&"  -> (32 more on the way)".to_owned()), "{shown:?}");
        assert!(
            shown
                .last()
                .is_some_and(|last| last.contains("this is replaced: `up` refers to `n38.id`")),
            "{shown:?}"
        );
        // A circle, which no plan has, ends.
        all[0].reasons = vec![from("up", "n39", "id")];
        assert!(!lines(&all[39], &all, Look::default()).is_empty());
    }
}
