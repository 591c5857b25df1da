//! What a stack program can do wrong: each is one diagnostic, and nothing is touched.

use crate::support::{Project, with_credentials};

/// Runs `validate` with a program and returns the diagnostic's first line, after the checks that
/// hold for all of them.
fn refused(body: &str, expected: &str) -> String {
    let project = Project::new();
    project.program(body);
    let run = project.stacks("validate --env dev");
    assert_eq!(run.code, Some(1), "{}", run.shown());
    assert_eq!(run.stdout, "", "{}", run.shown());
    let errors: Vec<_> = run.stderr.lines().filter(|line| line.starts_with("error[")).collect();
    assert_eq!(errors, [expected], "{}", run.shown());
    assert!(run.stderr.contains("= hint: "), "{}", run.shown());
    assert!(!project.has_state());
    run.stderr
}

#[test]
fn an_exit_without_an_answer_shows_its_last_words() {
    let shown = refused(
        "print('half way', file=sys.stderr, flush=True)\nsys.exit(3)",
        "error[program::exit]: the stack program ended without an answer",
    );
    assert!(shown.contains("exit status: 3"), "{shown}");
    assert!(shown.contains("web | half way"), "{shown}");
}

#[test]
fn a_signal_is_named() {
    let shown = refused(
        "os.kill(os.getpid(), 9)",
        "error[program::exit]: the stack program ended without an answer",
    );
    assert!(shown.contains("signal: 9"), "{shown}");
}

#[test]
fn garbage_on_standard_output_is_log_and_no_answer() {
    let shown = refused(
        "print('{\"type\": \"desired\"}')\nprint('\\x1b[31mred')",
        "error[program::exit]: the stack program ended without an answer",
    );
    assert!(shown.contains("web | \\u{1b}[31mred"), "{shown}");
}

#[test]
fn a_malformed_message_is_refused() {
    let _ = refused(
        "print('@infra {nonsense')",
        "error[program::message]: a message of the stack program cannot be read",
    );
    let _ = refused(
        "desired(resource('Not An Address'))",
        "error[program::message]: a message of the stack program cannot be read",
    );
}

#[test]
fn another_version_of_the_protocol_is_named() {
    let shown = refused(
        "send({'type': 'wished', 'protocol': 7})",
        "error[program::protocol]: the stack program and `infra` speak different versions of the protocol",
    );
    assert!(shown.contains("infra speaks 2, the program 7"), "{shown}");
}

#[test]
fn a_program_that_hangs_is_ended() {
    let project = Project::new();
    project.write(
        "infra.toml",
        "[project]\nprogram_timeout = 1\n[environments.dev]\nregion = \"us-west-2\"\n",
    );
    project.program("import time\ntime.sleep(600)");
    let run = project.stacks("validate --env dev");
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("error[program::timeout]"), "{}", run.shown());
    assert!(run.stderr.contains("no message for 1 seconds"), "{}", run.shown());
}

#[test]
fn a_program_that_never_stops_printing_is_ended() {
    let _ = refused(
        "while True: sys.stdout.write('x' * 1048576)",
        "error[program::output]: the stack program says too much",
    );
}

#[test]
fn a_panic_points_at_its_line() {
    let project = Project::new();
    project.write("stacks/settings/dev.toml", "[broken]\nhow = \"panic\"\n");
    let run = project.typed("validate --env dev");
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("error[program::panic]: the stack function panicked"));
    assert!(run.stderr.contains("the stack gives up"), "{}", run.shown());
    assert!(run.stderr.contains("tests/fixtures/stacks.rs:"), "{}", run.shown());
}

#[test]
fn an_error_of_the_stack_points_at_its_question_mark() {
    let project = Project::new();
    project.write("stacks/settings/dev.toml", "[broken]\nhow = \"error\"\n");
    let run = project.typed("validate --env dev");
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("error[stack::failed]"), "{}", run.shown());
    assert!(run.stderr.contains("tests/fixtures/stacks.rs:"), "{}", run.shown());
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let project = Project::new();
    let run = project.stacks("validate --env dev");
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("error[program::start]"), "{}", run.shown());
    assert!(run.stderr.contains("$PROJECT/program"), "{}", run.shown());
}

#[test]
fn credentials_are_kept_from_the_program() {
    let project = Project::new();
    project.program(
        "seen = [n for n in os.environ if 'AWS' in n or 'TOKEN' in n or n == 'PLAIN']\n\
         print(sorted(seen), file=sys.stderr, flush=True)\ndesired()",
    );
    let mut command = project.command(&["validate", "--env", "dev", "--program", "program"]);
    with_credentials(&mut command);
    command.env("MY_TOKEN", "x").env("PLAIN", "y");
    let run = project.run(&mut command);
    assert_eq!(run.code, Some(0), "{}", run.shown());
    assert!(run.stderr.contains("web | ['PLAIN']"), "{}", run.shown());
}

#[test]
fn its_own_prints_never_break_the_conversation() {
    let project = Project::new();
    project.program(
        "sys.stdout.write('unfinished')\nprint('on stderr', file=sys.stderr, flush=True)\n\
         desired(resource('vpc', cidr_block='10.0.0.0/16'))\nprint('after the answer')",
    );
    let run = project.stacks("validate --env dev");
    insta::assert_snapshot!(run.stdout, @"web: valid, 1 resource");
    assert!(run.stderr.contains("web | unfinished"), "{}", run.shown());
    assert!(run.stderr.contains("web | on stderr"), "{}", run.shown());
}

#[test]
fn a_stack_that_does_not_compile_is_shown_as_the_compiler_says_it() {
    let project = Project::new();
    project.write("Cargo.toml", "[workspace]\nmembers = [\"stacks\"]\nresolver = \"3\"\n");
    project.write(
        "stacks/Cargo.toml",
        "[package]\nname = \"stacks\"\nversion = \"0.1.0\"\nedition = \"2024\"\n",
    );
    project.write("stacks/src/main.rs", "fn main() {\n    let x: u8 = \"text\";\n}\n");
    let mut command = project.command(&["validate", "--env", "dev"]);
    command.env("CARGO_TARGET_DIR", project.path().join("target"));
    for name in ["CARGO_HOME", "RUSTUP_HOME", "CARGO"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    let home = std::env::var_os("HOME").expect("a home");
    command.env("HOME", home);
    let run = project.run(&mut command);
    assert_eq!(run.code, Some(1), "{}", run.shown());
    let codes = run.stderr.lines().filter(|line| line.starts_with("error[")).count();
    assert_eq!(codes, 1, "{}", run.shown());
    assert!(run.stderr.contains("error[program::build]"), "{}", run.shown());
    assert!(run.stderr.contains("error[E0308]: mismatched types"), "{}", run.shown());
    assert!(run.stderr.contains("stacks/src/main.rs:2"), "{}", run.shown());
    assert!(!project.has_state());
}

#[test]
fn without_cargo_there_is_a_way_out() {
    let project = Project::new();
    let mut command = project.command(&["validate", "--env", "dev"]);
    command.env("PATH", project.path()).env_remove("CARGO");
    let run = project.run(&mut command);
    insta::assert_snapshot!(run.shown(), @r"
    exit: 1
    --- stderr
    error[program::cargo]: the stack program cannot be built without cargo
      = `cargo`: No such file or directory (os error 2)
      = hint: install Rust from https://rustup.rs, or name a built program with `--program FILE`
    ");
}

#[test]
fn a_program_that_declares_otherwise_the_second_time_is_told() {
    let project = Project::new();
    project.program(
        "me = str(os.getpid())\n\
         desired(\n\
         \x20   resource('same', 'infra_data', input='x'),\n\
         \x20   resource('other', 'infra_data', input=me),\n\
         \x20   resource('note-' + me, 'infra_data', input='x'),\n\
         \x20   outputs=[('me', me)],\n\
         )",
    );
    let run = project.stacks("validate --env dev");
    assert_eq!(run.code, Some(0), "{}", run.shown());
    assert!(run.stderr.contains("warning[program::differs]"), "{}", run.shown());
    for what in ["`other`: `input`", ": whether it is there", "the output `me`"] {
        assert!(run.stderr.contains(what), "{what}: {}", run.shown());
    }
    assert!(!run.stderr.contains("`same`"), "{}", run.shown());
    // Another order means nothing, and what it prints is shown once.
    project.program(
        "print('hello', flush=True)\n\
         both = [resource('one', 'infra_data', input='x'), resource('two', 'infra_data', input='x')]\n\
         desired(*(both if os.getpid() % 2 else reversed(both)))",
    );
    for _ in 0..3 {
        let run = project.stacks("validate --env dev");
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), "web | hello\n"), "{}", run.shown());
    }
}
