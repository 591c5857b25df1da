//! Built-in types through the whole command, with no cloud but one that says who the caller is: what
//! is made, what is kept, and that no file and no terminal ever has a secret in clear.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::path::Path;

use crate::support::{Project, Run};

fn stack(length: u32) -> String {
    format!(
        "desired(\n\
         \x20   resource('password', 'random_password', 4, length={length}, special=False),\n\
         \x20   resource('suffix', 'random_id', 5, byte_length=4, prefix='p-'),\n\
         \x20   resource('url', 'infra_data', 6, input={{'$call': ['concat', ['app:', {{'$ref': ['password', 'result']}}, '@db']]}}),\n\
         \x20   outputs=[('url', {{'$ref': ['url', 'input']}}), ('suffix', {{'$ref': ['suffix', 'hex']}})],\n\
         )"
    )
}

fn done(run: Run) -> String {
    assert_eq!(run.code, Some(0), "{}", run.shown());
    run.shown()
}

/// Every byte of every file of a folder, and below.
fn bytes(folder: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            all.extend(bytes(&path));
        } else {
            all.extend(std::fs::read(&path).expect("readable"));
        }
    }
    all
}

fn has(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn a_password_is_made_kept_and_nowhere_in_clear() {
    let project = Project::with_cloud();
    project.program(&stack(24));
    let mut shown = done(project.stacks("apply --env dev --auto-approve"));
    let reveal = || {
        let run = project.infra("output --env dev url --reveal");
        assert_eq!(run.code, Some(0), "{}", run.shown());
        run.stdout.trim().trim_matches('"').to_owned()
    };
    let url = reveal();
    let secret = url.strip_prefix("app:").and_then(|rest| rest.strip_suffix("@db"));
    let secret = secret.expect("what the program asks for");
    assert_eq!(secret.chars().filter(char::is_ascii_alphanumeric).count(), 24, "{secret}");
    shown.push_str(&done(project.stacks("apply --env dev --auto-approve")));
    shown.push_str(&done(project.stacks("plan --env dev --format json")));
    assert_eq!(reveal(), url, "a second apply makes no new one");
    project.program(&stack(30));
    shown.push_str(&done(project.stacks("plan --env dev")));
    shown.push_str(&done(project.infra("state show password --env dev")));
    shown.push_str(&done(project.infra("output --env dev")));
    shown.push_str(&done(project.stacks("plan --env dev --destroy")));
    assert!(shown.contains("(sensitive value)"), "{shown}");
    assert!(!shown.contains(secret), "{}", shown.replace(secret, "<<<SECRET>>>"));
    let stored = bytes(&project.path().join(".infra"));
    assert!(has(&stored, "random_password"), "nothing was looked at");
    assert!(!has(&stored, secret), "a file has the password in clear");
    shown = done(project.stacks("destroy --env dev --auto-approve"));
    assert!(!shown.contains(secret));
}

#[test]
fn a_token_is_another_each_time_and_no_run_records_it() {
    let project = Project::with_cloud();
    // The program says what it was answered where nobody but the test looks.
    project.program(
        "answer = lookup('aws_eks_cluster_auth', name='main')\n\
         open('answer.json', 'w').write(json.dumps(answer))\n\
         desired(resource('note', 'infra_data', 6, input='main'))",
    );
    let mut tokens = Vec::new();
    for expected in ["1 added", "No changes"] {
        let shown = done(project.stacks("apply --env dev --auto-approve"));
        assert!(shown.contains(expected) && !shown.contains("k8s-aws-v1."), "{shown}");
        let answer = project.path().join("answer.json");
        tokens.push(std::fs::read_to_string(&answer).expect("an answer"));
        // Times of signatures are in seconds.
        std::thread::sleep(std::time::Duration::from_millis(1100));
    }
    assert!(tokens[0].contains("k8s-aws-v1.") && tokens[0] != tokens[1], "{tokens:?}");
    let stored = bytes(&project.path().join(".infra"));
    assert!(has(&stored, "infra_data") && !has(&stored, "k8s-aws-v1."));
    assert!(!has(&stored, "aws_eks_cluster_auth"), "an answer was recorded");
    let validated = done(project.stacks("validate --env dev"));
    assert!(validated.contains("placeholders"), "{validated}");
}

#[test]
fn what_cannot_be_made_is_refused_at_its_line() {
    let project = Project::with_cloud();
    project.program("desired(resource('p', 'random_password', 4, length=3, min_lower=4))");
    let run = project.stacks("validate --env dev");
    assert_eq!(run.code, Some(1), "{}", run.shown());
    assert!(run.stderr.contains("`length` must be at least 4"), "{}", run.shown());
    assert!(run.stderr.contains("stacks/src/main.rs:4"), "{}", run.shown());
}
