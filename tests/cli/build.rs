//! When cargo is asked to build the stack program, and when it is certain that it need not be: a
//! cargo that is first on the path notes each question.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::fs::{File, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::support::{Project, Run};

/// A stack program without dependencies, which says what it was built from.
const MAIN: &str = r##"
fn main() {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    if line.contains("\"stack\":null") {
        println!("\n@infra {{\"type\":\"stacks\",\"protocol\":2,\"stacks\":[\"web\"]}}");
        return;
    }
    let flag = if cfg!(flag) { "flag" } else { "no flag" };
    let (included, generated) = (include_str!("../../included.txt"), env!("GENERATED"));
    eprintln!("built from: {WORD}, {included}, {generated}, {flag}");
    println!("\n@infra {{\"type\":\"desired\",\"protocol\":2,\"resources\":[],\"forgotten\":[],\
        \"outputs\":[],\"reads\":[],\"diagnostics\":[],\"has_checks\":false}}");
}
const WORD: &str = "one";
"##;

/// What only the build script reads.
const SCRIPT: &str = r#"
fn main() {
    println!("cargo::rerun-if-changed=../generated.txt");
    println!("cargo::rustc-check-cfg=cfg(flag)");
    let text = std::fs::read_to_string("../generated.txt").unwrap();
    println!("cargo::rustc-env=GENERATED={text}");
}
"#;

struct Built {
    project: Project,
    variables: Vec<(&'static str, &'static str)>,
}

impl Built {
    fn new() -> Self {
        let project = Project::new();
        project.write("Cargo.toml", "[workspace]\nmembers = [\"stacks\"]\nresolver = \"3\"\n");
        project.write(
            "stacks/Cargo.toml",
            "[package]\nname = \"stacks\"\nversion = \"0.1.0\"\nedition = \"2024\"\n",
        );
        project.write("stacks/src/main.rs", MAIN);
        project.write("stacks/build.rs", SCRIPT);
        project.write("included.txt", "two");
        project.write("generated.txt", "three");
        let program = Path::new(env!("CARGO_BIN_EXE_infra")).parent().expect("a folder");
        let program = program.join("examples/fixture-cargo");
        assert!(program.exists(), "build it first: `cargo build --workspace --examples`");
        std::fs::create_dir(project.path().join("bin")).expect("a folder");
        std::os::unix::fs::symlink(program, project.path().join("bin/cargo")).expect("a link");
        Self { project, variables: Vec::new() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.project.path().join(name)
    }

    /// Validates the stacks: what came of it, and how often cargo was asked to build.
    fn validate(&self) -> (Run, usize) {
        let log = self.path("asked.log");
        let mut command = self.project.command(&["validate", "--env", "dev"]);
        for name in ["CARGO_HOME", "RUSTUP_HOME", "HOME"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        let path = std::env::var_os("PATH").expect("a path");
        let folders = [self.path("bin")].into_iter().chain(std::env::split_paths(&path));
        command
            .env("PATH", std::env::join_paths(folders).expect("a path"))
            .env("CARGO_TARGET_DIR", self.path("target"))
            .env("INFRA_TEST_CARGO", std::env::var_os("CARGO").expect("cargo runs the tests"))
            .env("INFRA_TEST_CARGO_LOG", &log)
            .envs(self.variables.iter().copied());
        let run = self.project.run(&mut command);
        let asked = std::fs::read_to_string(&log).unwrap_or_default();
        if log.exists() {
            std::fs::remove_file(&log).expect("removed");
        }
        (run, asked.lines().filter(|asked| *asked == "build").count())
    }

    /// Cargo is asked now, and sees to it that the program says this.
    fn asks(&self, why: &str, says: &str) {
        let (run, asked) = self.validate();
        assert_eq!((run.code, asked), (Some(0), 1), "{why}: {}", run.shown());
        assert!(run.stderr.contains(&format!("built from: {says}\n")), "{why}: {}", run.shown());
    }

    /// Cargo is not asked, and the program says this.
    fn does_not_ask(&self, why: &str, says: &str) {
        let (run, asked) = self.validate();
        assert_eq!((run.code, asked), (Some(0), 0), "{why}: {}", run.shown());
        assert!(run.stderr.contains(&format!("built from: {says}\n")), "{why}: {}", run.shown());
    }

    /// Where the files that a program is made of are others, cargo is asked once more.
    fn settles(&self, why: &str, says: &str) {
        self.asks(why, says);
        self.asks(why, says);
        self.does_not_ask(why, says);
    }
}

fn may_be_started(path: &Path) {
    std::fs::set_permissions(path, Permissions::from_mode(0o755)).expect("permitted");
}

#[test]
fn cargo_is_asked_where_a_source_changed_and_not_otherwise() {
    let built = Built::new();
    let write = |name: &str, text: &str| built.project.write(name, text);
    built.settles("nothing was built yet", "one, two, three, no flag");
    write("stacks/src/main.rs", &MAIN.replace("\"one\"", "\"eins\""));
    built.asks("an edit", "eins, two, three, no flag");
    built.does_not_ask("after an edit", "eins, two, three, no flag");
    let with_module = MAIN.replace("const WORD: &str = \"one\";", "mod word;\nuse word::WORD;");
    write("stacks/src/main.rs", &with_module);
    write("stacks/src/word.rs", "pub const WORD: &str = \"uno\";\n");
    built.settles("a new module", "uno, two, three, no flag");
    write("stacks/src/word.rs", "pub const WORD: &str = \"un\";\n");
    built.asks("an edit of the module", "un, two, three, no flag");
    write("included.txt", "deux");
    built.asks("an edit of an included file", "un, deux, three, no flag");
    write("generated.txt", "trois");
    built.asks("an edit of what the build script reads", "un, deux, trois, no flag");
    built.does_not_ask("after all", "un, deux, trois, no flag");
    let main = File::options().append(true).open(built.path("stacks/src/main.rs"));
    main.and_then(|file| file.set_modified(SystemTime::now())).expect("touched");
    built.asks("a touched file", "un, deux, trois, no flag");
    write("stacks/src/word.rs", "pub const WORD: u8 = 1;\npub const OTHER: &str = WORD;\n");
    let (run, asked) = built.validate();
    assert_eq!((run.code, asked), (Some(1), 1), "{}", run.shown());
    assert!(run.stderr.contains("error[program::build]"), "{}", run.shown());
    let (again, asked) = built.validate();
    assert_eq!((again.code, asked), (Some(1), 1), "what does not build is built again");
}

#[test]
fn cargo_is_asked_where_what_it_builds_with_changed() {
    let mut built = Built::new();
    let says = "one, two, three, no flag";
    built.settles("nothing was built yet", says);
    let manifest = "[workspace]\nmembers = [\"stacks\"]\nresolver = \"3\"\n\n[profile.dev]\n";
    built.project.write("Cargo.toml", &format!("{manifest}opt-level = 1\n"));
    built.asks("another profile", says);
    built.does_not_ask("after another profile", says);
    built.project.write("rust-toolchain.toml", "[toolchain]\ncomponents = [\"rustc\"]\n");
    built.asks("another toolchain", says);
    built.project.write(".cargo/config.toml", "[build]\nrustflags = [\"--cfg\", \"flag\"]\n");
    built.asks("other settings of cargo", "one, two, three, flag");
    std::fs::remove_file(built.path(".cargo/config.toml")).expect("removed");
    built.asks("no settings of cargo", says);
    built.variables.push(("RUSTFLAGS", "--cfg flag"));
    built.asks("a variable", "one, two, three, flag");
    built.does_not_ask("after a variable", "one, two, three, flag");
    built.variables.clear();
    built.asks("no variable", says);
    built.does_not_ask("after no variable", says);
    std::fs::remove_file(built.path("target/debug/stacks")).expect("removed");
    built.asks("no program", says);
    built.does_not_ask("after no program", says);
    std::fs::write(built.path(".infra/build/stacks.json"), "{\"settled\": true}").expect("written");
    built.settles("a note that cannot be read", says);
}

#[test]
fn the_cloud_is_asked_meanwhile_and_keeps_nobody_from_seeing_what_is_wrong() {
    let project = Project::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let mark = project.path().join("asked");
    std::thread::spawn(move || {
        // Who asks is never answered.
        let mut open = Vec::new();
        for stream in listener.incoming().flatten() {
            std::fs::write(&mark, "").expect("noted");
            open.push(stream);
        }
    });
    project.environment(&format!("endpoint = \"http://{address}\""));
    let waits = "#!/usr/bin/env python3\n\
        import os, sys, time\n\
        deadline = time.time() + 20\n\
        while not os.path.exists('asked'):\n\
        \x20   if time.time() > deadline:\n\
        \x20       sys.exit(8)\n\
        \x20   time.sleep(0.02)\n\
        sys.exit(7)\n";
    project.write("program", waits);
    may_be_started(&project.path().join("program"));
    let run = project.stacks("plan --env dev");
    assert_eq!(run.code, Some(1), "{}", run.shown());
    assert!(run.stderr.contains("error[program::exit]"), "{}", run.shown());
    assert!(run.stderr.contains("exit status: 7"), "{}", run.shown());
}

#[test]
fn cargo_is_always_asked_where_it_is_in_doubt_what_it_would_do() {
    let mut built = Built::new();
    let says = "one, two, three, no flag";
    built.settles("nothing was built yet", says);
    built.project.write(".cargo/config.toml", "# rustc-wrapper = \"elsewhere\"\n");
    for _ in 0..3 {
        built.asks("another compiler may be meant", says);
    }
    std::fs::remove_file(built.path(".cargo/config.toml")).expect("removed");
    let fixture = std::fs::read_link(built.path("bin/cargo")).expect("a link");
    std::fs::remove_file(built.path("bin/cargo")).expect("removed");
    let script = format!("#!/bin/sh\nexec {} \"$@\"\n", fixture.display());
    built.project.write("bin/cargo", &script);
    may_be_started(&built.path("bin/cargo"));
    for _ in 0..3 {
        built.asks("a script may choose anything", says);
    }
    built.variables.push(("CARGO", "cargo"));
    built.asks("the same script by name", says);
}
