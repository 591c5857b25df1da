//! What the checks found, as JUnit XML: a test suite a stack, a test case a rule.
//!
//! Start reading at [`render`]. A rule that is broken fails; one that is broken only where it is waived
//! is skipped, with the reasons.

use std::fmt::Write as _;
use std::io;

use infra_sdk::protocol::checks::WireRule;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use crate::session::{Found, Review, StackReview};
use crate::view::text::plain;

/// The document about all stacks.
///
/// # Errors
/// Never: it is written into memory.
pub(crate) fn render(review: &Review) -> io::Result<String> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let tests: usize = review.stacks.iter().map(|stack| stack.rules.len()).sum();
    let failures: usize = review.stacks.iter().map(failures).sum();
    writer
        .create_element("testsuites")
        .with_attribute(("name", format!("infra check {}", review.environment).as_str()))
        .with_attribute(("tests", tests.to_string().as_str()))
        .with_attribute(("failures", failures.to_string().as_str()))
        .write_inner_content(|writer| {
            review.stacks.iter().try_for_each(|stack| suite(writer, stack))
        })?;
    let mut text = String::from_utf8_lossy(&writer.into_inner()).into_owned();
    text.push('\n');
    Ok(text)
}

fn of<'r>(stack: &'r StackReview, rule: &WireRule, waived: bool) -> Vec<&'r Found> {
    let findings = stack.findings.iter();
    findings
        .filter(|found| found.finding.code == rule.code && found.waived.is_some() == waived)
        .collect()
}

fn failures(stack: &StackReview) -> usize {
    stack.rules.iter().filter(|rule| !of(stack, rule, false).is_empty()).count()
}

fn suite(writer: &mut Writer<Vec<u8>>, stack: &StackReview) -> io::Result<()> {
    let skipped =
        |rule: &&WireRule| of(stack, rule, false).is_empty() && !of(stack, rule, true).is_empty();
    let skipped = stack.rules.iter().filter(skipped).count();
    writer
        .create_element("testsuite")
        .with_attribute(("name", plain(&stack.stack).as_str()))
        .with_attribute(("tests", stack.rules.len().to_string().as_str()))
        .with_attribute(("failures", failures(stack).to_string().as_str()))
        .with_attribute(("errors", "0"))
        .with_attribute(("skipped", skipped.to_string().as_str()))
        .write_inner_content(|writer| {
            stack.rules.iter().try_for_each(|rule| case(writer, stack, rule))
        })?;
    Ok(())
}

fn case(writer: &mut Writer<Vec<u8>>, stack: &StackReview, rule: &WireRule) -> io::Result<()> {
    let (broken, waived) = (of(stack, rule, false), of(stack, rule, true));
    let element = writer
        .create_element("testcase")
        .with_attribute(("classname", plain(&stack.stack).as_str()))
        .with_attribute(("name", plain(&format!("{}: {}", rule.code, rule.title)).as_str()));
    if broken.is_empty() && waived.is_empty() {
        element.write_empty()?;
        return Ok(());
    }
    element.write_inner_content(|writer| {
        if broken.is_empty() {
            let reasons: Vec<_> = waived.iter().filter_map(|f| f.waived.as_deref()).collect();
            let reasons = format!("waived: {}", plain(&reasons.join("; ")));
            writer
                .create_element("skipped")
                .with_attribute(("message", reasons.as_str()))
                .write_empty()?;
            return Ok(());
        }
        let places =
            if broken.len() == 1 { "1 place" } else { &format!("{} places", broken.len()) };
        writer
            .create_element("failure")
            .with_attribute(("type", rule.severity.name()))
            .with_attribute(("message", format!("broken in {places}").as_str()))
            .write_text_content(BytesText::new(&lines(&broken)))?;
        Ok(())
    })?;
    Ok(())
}

/// A line a finding: where, what, and what to do.
fn lines(broken: &[&Found]) -> String {
    let mut text = String::new();
    for found in broken {
        let finding = &found.finding;
        let about =
            finding.address.as_ref().map_or_else(|| "the stack".to_owned(), ToString::to_string);
        let place = found.location.as_ref().map(|at| format!(" ({at})")).unwrap_or_default();
        // Writing into a text cannot fail.
        let _ = writeln!(text, "{about} {}{}", plain(&finding.message), plain(&place));
        for hint in &finding.hints {
            let _ = writeln!(text, "  hint: {}", plain(hint));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::checks::sample::review;

    #[test]
    fn a_rule_passes_fails_or_is_waived() {
        let text = render(&review()).expect("written");
        insta::assert_snapshot!(text, @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="infra check staging" tests="4" failures="2">
          <testsuite name="web" tests="4" failures="2" errors="0" skipped="1">
            <testcase classname="web" name="team::open: nothing is open">
              <failure type="critical" message="broken in 1 place">network.group is open to &lt;the world&gt; &amp; more (stacks/src/my shop.rs:7)
          hint: close it
        </failure>
            </testcase>
            <testcase classname="web" name="team::trail: there is a trail">
              <failure type="medium" message="broken in 1 place">the stack is open to &lt;the world&gt; &amp; more
          hint: close it
        </failure>
            </testcase>
            <testcase classname="web" name="team::waived: nobody needs it">
              <skipped message="waived: it is a test"/>
            </testcase>
            <testcase classname="web" name="team::kept: is kept"/>
          </testsuite>
        </testsuites>
        "#);
    }
}
