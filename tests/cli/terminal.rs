//! Streams, colour and questions.

use std::process::Stdio;

use crate::support::{Project, with_credentials};

const VPC: &str = "desired(resource('vpc', cidr_block='10.0.0.0/16'))";

#[test]
fn without_a_terminal_nothing_waits_for_an_answer() {
    let project = Project::with_cloud();
    project.program(VPC);
    let run = project.stacks("apply --env dev");
    assert_eq!(run.code, Some(64), "{}", run.shown());
    assert!(run.stdout.contains("Plan: 1 to add"), "{}", run.shown());
    assert!(run.stderr.contains("--auto-approve"), "{}", run.shown());
    let run = project.stacks("apply --env dev --format json");
    assert_eq!((run.code, run.stdout.as_str()), (Some(64), ""), "{}", run.shown());
}

/// Runs `apply` on a terminal that types an answer.
fn answered(project: &Project, answer: &str) -> (Option<i32>, String) {
    let words = ["apply", "--env", "dev", "--program", "program"];
    let run = project.on_terminal(&words, &[("Type ", answer)]);
    (run.code, run.stdout)
}

#[test]
fn yes_is_the_only_yes() {
    let project = Project::with_cloud();
    project.program(VPC);
    let (code, shown) = answered(&project, "y");
    assert_eq!(code, Some(1), "{shown}");
    assert!(shown.contains("Not approved"), "{shown}");
    // This cloud refuses every change, which shows that the answer was taken.
    let (code, shown) = answered(&project, "yes");
    assert_eq!(code, Some(1), "{shown}");
    assert!(shown.contains("UnauthorizedOperation"), "{shown}");
    // On a terminal there is colour.
    assert!(shown.contains("\u{1b}["), "{shown}");
}

#[test]
fn a_protected_environment_wants_its_name() {
    let project = Project::with_cloud();
    let text = std::fs::read_to_string(project.path().join("infra.toml")).expect("there");
    project.write("infra.toml", &format!("{text}protected = true\n"));
    project.program(VPC);
    let (code, shown) = answered(&project, "yes");
    assert_eq!(code, Some(1), "{shown}");
    assert!(shown.contains("Not approved"), "{shown}");
    let (_, shown) = answered(&project, "dev");
    assert!(shown.contains("UnauthorizedOperation"), "{shown}");
}

#[test]
fn there_is_no_colour_without_a_terminal() {
    let project = Project::with_cloud();
    project.program(VPC);
    let run = project.stacks("plan --env dev");
    assert!(!run.shown().contains('\u{1b}'), "{}", run.shown());
    let mut command = project.command(&["plan", "--env", "dev", "--program", "program"]);
    with_credentials(&mut command);
    command.env("CLICOLOR_FORCE", "1");
    assert!(project.run(&mut command).stdout.contains('\u{1b}'));
    command.arg("--no-color");
    assert!(!project.run(&mut command).stdout.contains('\u{1b}'));
}

#[test]
fn a_reader_that_goes_away_is_no_panic() {
    let project = Project::with_cloud();
    project.program(VPC);
    let mut command = project.command(&["plan", "--env", "dev", "--program", "program"]);
    with_credentials(&mut command);
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("infra starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("infra ends");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn an_answer_that_cannot_be_written_is_an_error() {
    let project = Project::with_cloud();
    project.program(VPC);
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("there");
    let mut command = project.command(&["plan", "--env", "dev", "--program", "program"]);
    with_credentials(&mut command);
    let output = command.stdout(full).stderr(Stdio::piped()).output().expect("infra ends");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("error[output::unwritable]"));
}

#[test]
fn what_others_wrote_commands_no_ci_system() {
    let project = Project::with_cloud();
    let text = "first\\n::set-output name=a::b\\n  ##vso[task.setvariable variable=a]b";
    project.program(&format!(
        "print('::add-mask::x')\n\
         print('##[error]x', flush=True)\n\
         desired(resource('note', 'infra_data', input='{text}'), outputs=[('said', '{text}')])"
    ));
    let commands = |text: &str| {
        let line = |line: &str| {
            let begins = line.trim_start().strip_prefix("::");
            let named = begins.is_some_and(|rest| rest.starts_with(char::is_alphabetic));
            named || line.contains("##vso[") || line.contains("##[")
        };
        text.lines().filter(|text| line(text)).map(str::to_owned).collect::<Vec<_>>()
    };
    for words in
        ["plan --env dev", "plan --env dev --format json", "apply --env dev --auto-approve"]
    {
        let run = project.stacks(words);
        assert_eq!(run.code, Some(0), "{}", run.shown());
        for stream in [&run.stdout, &run.stderr] {
            assert_eq!(commands(stream), Vec::<String>::new(), "{words}");
        }
        assert!(run.stdout.contains("23"), "it is not shown at all: {}", run.shown());
    }
    // As data it is what it was.
    let run = project.infra("output --env dev --format json");
    assert_eq!(commands(&run.stdout), Vec::<String>::new());
    let outputs: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    let expected = "first\n::set-output name=a::b\n  ##vso[task.setvariable variable=a]b";
    assert_eq!(outputs["said"]["value"], expected);
}
