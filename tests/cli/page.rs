//! Plans and graphs as pages and pictures, and the digest that ties a page to an apply.

use crate::support::Project;

const DATA: &str = "desired(resource('note', 'infra_data', input='one'),\n\
                    \x20   resource('after', 'infra_data', input={'$ref': ['note', 'input']}))";

/// The digest that a page says it is of.
fn digest(page: &str) -> String {
    let rest = page.split_once("This is the plan <code>").map(|(_, rest)| rest);
    let digest = rest.and_then(|rest| rest.split('<').next());
    digest.unwrap_or_else(|| panic!("no digest: {page}")).to_owned()
}

#[test]
fn the_plan_of_a_page_is_applied_and_no_other() {
    let project = Project::with_cloud();
    project.program(DATA);
    let run = project.stacks("plan --env dev --format html");
    assert_eq!(run.code, Some(0), "{}", run.shown());
    let shown = digest(&run.stdout);
    let again = project.stacks("plan --env dev --format html");
    assert_eq!(digest(&again.stdout), shown, "the same plan is the same page");

    project.program(&DATA.replace("'one'", "'two'"));
    let run = project.stacks(&format!("apply --env dev --auto-approve --digest {shown}"));
    assert_eq!(run.code, Some(1), "{}", run.shown());
    assert!(run.stderr.contains("apply::digest"), "{}", run.shown());
    assert!(run.stderr.contains(&shown), "{}", run.shown());
    let state = project.infra("state list --env dev");
    assert_eq!(state.stdout, "", "{}", state.shown());

    project.program(DATA);
    let run = project.stacks(&format!("apply --env dev --auto-approve --digest {shown}"));
    assert_eq!(run.code, Some(0), "{}", run.shown());
    let run = project.stacks("plan --env dev --format html");
    assert!(run.stdout.contains("Everything is as declared."), "{}", run.shown());
    let run = project.stacks(&format!("apply --env dev plan.bin --digest {shown}"));
    assert_eq!(run.code, Some(64), "a saved plan has its own: {}", run.shown());
}

#[test]
fn a_graph_is_drawn_in_four_ways() {
    let project = Project::new();
    project.program(DATA);
    for (format, part) in [
        ("dot", r#""web/after" -> "web/note""#),
        ("mermaid", "n1 --> n0"),
        ("svg", "<svg xmlns="),
        ("html", "<a href=\"#n0\" aria-label=\"web/note (infra_data) stays as it is\""),
    ] {
        let run = project.stacks(&format!("graph --env dev --format {format}"));
        assert_eq!(run.code, Some(0), "{}", run.shown());
        assert!(run.stdout.contains(part), "{format}: {}", run.shown());
    }
    let run = project.stacks("graph --env dev --format png");
    assert_eq!(run.code, Some(64), "{}", run.shown());
}
