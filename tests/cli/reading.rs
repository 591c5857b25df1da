//! Plans and applies as people read them: in order of risk, with reasons, in few words and in many, on
//! terminals and in logs. The resources are built in.

use crate::support::{Project, Run, with_credentials};

fn done(run: Run) -> Run {
    assert_eq!(run.code, Some(0), "{}", run.shown());
    run
}

/// An id, another that keeps to it, and a note that has the other's text, and more of these.
fn stack(length: u32, more: &str) -> String {
    format!(
        "desired(\n\
         \x20   resource('base', 'random_id', byte_length={length}),\n\
         \x20   resource('app.token', 'random_id', byte_length=4, keepers={{'of': {{'$ref': ['base', 'hex']}}}}),\n\
         \x20   resource('note', 'infra_data', input={{'$ref': ['app.token', 'hex']}}),\n\
         \x20   {more}\n\
         )"
    )
}

/// The plan of a replacement, what follows from it, something new, and something that goes.
fn changed(project: &Project) {
    project.program(&stack(4, "resource('old', 'infra_data', input='x')"));
    drop(done(project.stacks("apply --env dev --auto-approve")));
    let rules = (0..8).map(|n| format!("resource('rule-{n}', 'infra_data', input='{n}')"));
    project.program(&stack(8, &rules.collect::<Vec<_>>().join(", ")));
}

/// Without the ids of this run.
fn hidden(text: &str) -> String {
    let hide = |line: &str| match line.rsplit_once(" (") {
        Some((head, rest)) if head.contains(" be ") => {
            let after = rest.split_once(')').map_or("", |(_, after)| after);
            format!("{head} (ID){after}\n")
        }
        _ => format!("{line}\n"),
    };
    text.lines().map(hide).collect()
}

#[test]
fn what_goes_stands_first_with_the_way_that_leads_there() {
    let project = Project::with_cloud();
    changed(&project);
    let run = done(project.stacks("plan --env dev"));
    let at =
        |text: &str| run.stdout.find(text).unwrap_or_else(|| panic!("{text}: {}", run.shown()));
    assert!(at("  Destroyed or replaced (3)\n") < at("  Changed in place (1)\n"));
    assert!(at("  Changed in place (1)\n") < at("  Created (8)\n"));
    let way = "      # because of `base`:\n\
               \x20     #   `base` is replaced: `byte_length` cannot be changed in place\n\
               \x20     #   -> this is replaced: `keepers` refers to `base.hex`\n";
    assert!(run.stdout.contains(way), "{}", run.shown());
    let end = "Plan: 10 to add, 1 to change, 3 to destroy.\n\
               Not available while they are replaced: base, app.token.\n\
               Nothing that holds data is destroyed or replaced.\n";
    assert!(run.stdout.contains(end), "{}", run.shown());

    let run = done(project.stacks("plan --env dev --concise"));
    insta::assert_snapshot!(hidden(&run.stdout), @r"
    web in dev

      Destroyed or replaced (3)

    -/+ base (random_id) must be replaced (ID): byte_length
    -/+ app.token (random_id) must be replaced (ID): keepers
      - old (infra_data) will be destroyed (ID): it is no longer declared

      Changed in place (1)

      ~ note (infra_data) will be updated in place (ID): input

      Created (8)

      + 8 infra_data will be created: rule-0, rule-1 and 6 more

    Plan: 10 to add, 1 to change, 3 to destroy.
    Not available while they are replaced: base, app.token.
    Nothing that holds data is destroyed or replaced.
    ");
    let run = done(project.stacks("plan --env dev --verbose"));
    for kept in ["        byte_length = 4\n", "      + id    = (known after apply)\n"] {
        assert!(run.stdout.contains(kept), "{kept}{}", run.shown());
    }
    assert!(!run.stdout.contains("unchanged attribute"), "{}", run.shown());

    // The way back and the end of everything take the same flags.
    let run = done(project.stacks("apply --env dev --auto-approve --concise"));
    assert!(run.stdout.contains("+ 8 infra_data will be created: rule-0, rule-1 and 6 more\n"));
    let run = done(project.stacks("destroy --env dev --auto-approve --concise"));
    assert!(run.stdout.contains("- rule-7 (infra_data) will be destroyed"), "{}", run.shown());
}

#[test]
fn one_form_of_a_plan_is_neither_short_nor_long() {
    let project = Project::new();
    for command in ["plan", "apply", "destroy"] {
        let run = project.infra(&format!("{command} --env dev --concise --verbose"));
        assert_eq!(run.code, Some(64), "{}", run.shown());
        assert!(run.stderr.contains("cannot be used with"), "{}", run.shown());
        for (flag, more) in [("--concise", ""), ("--verbose", " --auto-approve")] {
            let more = if command == "plan" { "" } else { more };
            let run = project.infra(&format!("{command} --env dev --format json {flag}{more}"));
            assert_eq!((run.code, run.stdout.as_str()), (Some(64), ""), "{}", run.shown());
        }
    }
    let run = project.infra("plan --env dev --format html --verbose");
    assert_eq!(run.code, Some(64), "{}", run.shown());
    assert!(run.stderr.contains("error[cli::detail]"), "{}", run.shown());
    assert!(run.stderr.contains("`--verbose` is about text for people"), "{}", run.shown());
}

/// A stack with a line that is longer than terminals are.
const LONG: &str = "desired(resource('note', 'infra_data', input=' '.join(['word'] * 60)))";

#[test]
fn a_log_has_every_line_whole_and_a_terminal_as_it_fits() {
    let project = Project::with_cloud();
    project.program(LONG);
    let run = done(project.stacks("plan --env dev"));
    let whole = format!("      + input = \"{}\"\n", ["word"; 60].join(" "));
    assert!(run.stdout.contains(&whole), "{}", run.shown());
    let words = ["plan", "--env", "dev", "--program", "program"];
    for columns in [80, 120, 200] {
        let run = done(project.on_terminal_of(columns, &words, &[]));
        let lines: Vec<_> = run.stdout.lines().map(|line| strip(line.trim_end())).collect();
        assert!(lines.iter().all(|line| line.chars().count() <= columns), "{}", run.shown());
        let text = lines.join(" ");
        assert_eq!(
            text.split_whitespace().filter(|word| word.contains("word")).count(),
            60,
            "{text}"
        );
    }
}

#[test]
fn arrows_are_what_the_locale_can_show_and_colour_is_no_ones_only_sign() {
    let project = Project::with_cloud();
    project.program("desired(resource('note', 'infra_data', input='one'))");
    drop(done(project.stacks("apply --env dev --auto-approve")));
    project.program("desired(resource('note', 'infra_data', input='two'))");
    let shown = |variables: &[(&str, &str)]| {
        let mut command = project.command(&["plan", "--env", "dev", "--program", "program"]);
        with_credentials(&mut command);
        done(project.run(command.envs(variables.iter().copied()))).stdout
    };
    assert!(shown(&[("LANG", "de_DE.UTF-8")]).contains("~ input = \"one\" → \"two\""));
    let plain = shown(&[("LANG", "de_DE.UTF-8"), ("LC_ALL", "C")]);
    assert!(plain.contains("~ input = \"one\" -> \"two\"") && plain.is_ascii(), "{plain}");
    let painted = shown(&[("CLICOLOR_FORCE", "1")]);
    // Neither red nor green, and what is left without colour has every sign.
    assert!(painted.contains('\u{1b}'));
    assert!(!painted.contains("\u{1b}[31m") && !painted.contains("\u{1b}[32m"), "{painted:?}");
    assert_eq!(strip(&painted), plain);
    assert_eq!(shown(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]).find('\u{1b}'), None);
}

#[test]
fn a_terminal_shows_what_goes_on_and_is_left_clean() {
    let project = Project::with_slow_cloud(std::time::Duration::from_secs(2));
    project.program("desired(resource('vpc', cidr_block='10.0.0.0/16'))");
    let words = ["apply", "--env", "dev", "--program", "program", "--auto-approve"];
    let run = project.on_terminal_of(80, &words, &[]);
    assert_eq!(run.code, Some(1), "{}", run.shown());
    let text = strip(&run.stdout);
    assert!(text.contains("vpc creating"), "{}", run.shown());
    assert!(text.contains("0 of 1 done after 0s"), "{}", run.shown());
    assert!(text.contains("0 of 1 done after 1s"), "time goes on: {}", run.shown());
    // What comes last is the summary, with the way on, and nothing is drawn over it.
    let (_, end) = text.rsplit_once("Apply incomplete:").expect("the end");
    assert!(!end.contains("done after"), "{}", run.shown());
    assert!(text.contains("web: vpc failed: "), "{}", run.shown());
    assert!(
        end.contains("Nothing is lost: `infra apply --env dev --program program`"),
        "{}",
        run.shown()
    );
    // The same in a log: lines only, each whole.
    let run = project.stacks("apply --env dev --auto-approve");
    assert!(!run.shown().contains("of 1 done") && !run.shown().contains('\r'), "{}", run.shown());
    assert!(run.stderr.starts_with("vpc: creating\n"), "{}", run.shown());
}

#[test]
fn an_interrupt_leaves_no_live_lines() {
    let project = Project::with_slow_cloud(std::time::Duration::from_secs(600));
    project.program("desired(resource('vpc', cidr_block='10.0.0.0/16'))");
    let words = ["apply", "--env", "dev", "--program", "program", "--auto-approve"];
    let interrupt = "\u{3}";
    let twice = [("of 1 done", interrupt), ("Interrupt again", interrupt)];
    let run = project.on_terminal_of(80, &words, &twice);
    assert_eq!(run.code, Some(3), "{}", run.shown());
    assert!(run.stdout.contains("stays in the journal"), "{}", run.shown());
    // Both lines are taken away before the last words.
    let (_, end) = run.stdout.rsplit_once("\r\u{1b}[2A\u{1b}[J").expect("taken away");
    assert!(end.starts_with("web: vpc not finished"), "{}", run.shown());
    assert!(!end.contains("of 1 done"), "{}", run.shown());
}

#[test]
fn the_end_says_how_to_see_the_outputs_again() {
    let project = Project::with_cloud();
    project.program("desired(resource('note', 'infra_data', input='a'), outputs=[('said', 'a')])");
    let run = done(project.stacks("apply --env dev --auto-approve"));
    assert!(run.stdout.ends_with("said = \"a\"\n\n`infra output --env dev` shows them again.\n"));
    assert!(done(project.infra("output --env dev")).stdout.contains("said = \"a\""));
}

fn strip(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, sequence)) = rest.split_once('\u{1b}') {
        plain.push_str(before);
        let end =
            sequence.find(|c: char| c.is_ascii_alphabetic()).map_or(sequence.len(), |end| end + 1);
        rest = &sequence[end..];
    }
    plain + rest
}
