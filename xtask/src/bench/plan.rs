//! A plan without changes of a small stack of built-in types, and where its time goes: cargo, the
//! stack program, the command itself.
//!
//! Start reading at [`measure`]. AWS is a server of this process that knows who the caller is: a call
//! takes no time to speak of. The stack's crate is made for the measurement.

use std::fs::{self, Permissions};
use std::io::{BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use super::Figure;
use super::process::{median, peak, timed};
use super::program::{cargo, figure};
use crate::http::request_body;

/// Plans that are timed; the median is reported.
const PLANS: usize = 20;
/// Edits that are timed.
const EDITS: usize = 5;

const PROGRAM: &str = "
use infra_sdk::builtin::Data;
use infra_sdk::{Program, Result, Stack};

fn small(stack: &mut Stack, (): &()) -> Result<()> {
    for index in 0..10 {
        stack.add(format!(\"data-{index}\"), Data::new().input(format!(\"{index}\")));
    }
    Ok(())
}

fn main() -> std::process::ExitCode {
    Program::new().stack(\"small\", small).run()
}
";

/// A project in a folder of its own.
struct Project<'a> {
    folder: PathBuf,
    infra: &'a Path,
}

/// Measures with this build of the command; the SDK is that of the repository at `root`.
pub(super) fn measure(
    root: &Path,
    infra: &Path,
    profile: &str,
    quick: bool,
) -> Result<Vec<Figure>, String> {
    let folder = std::env::temp_dir().join(format!("infra-bench-plan-{}", std::process::id()));
    let project = Project { folder, infra };
    let measured = project.make(root).and_then(|()| project.measure(profile, quick));
    let removed = fs::remove_dir_all(&project.folder).map_err(|error| error.to_string());
    let figures = measured?;
    removed?;
    Ok(figures)
}

impl Project<'_> {
    fn make(&self, root: &Path) -> Result<(), String> {
        let sdk = root.join("sdk");
        let sdk = sdk.display();
        let package = "[package]\nname = \"stacks\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n";
        let package =
            format!("{package}[dependencies]\ninfra-sdk = {{ path = {:?} }}\n", sdk.to_string());
        let endpoint = serve().map_err(|error| format!("no server for AWS: {error}"))?;
        let environment = format!("region = \"us-west-2\"\nendpoint = \"{endpoint}\"\n");
        self.write("Cargo.toml", "[workspace]\nmembers = [\"stacks\"]\nresolver = \"3\"\n")?;
        // The versions that the repository builds with, as far as they are used.
        let lock =
            fs::read_to_string(root.join("Cargo.lock")).map_err(|error| error.to_string())?;
        self.write("Cargo.lock", &lock)?;
        self.write("stacks/Cargo.toml", &package)?;
        self.write("stacks/src/main.rs", PROGRAM)?;
        self.write("stacks/settings/dev.toml", "[small]\n")?;
        self.write("infra.toml", &format!("[environments.dev]\n{environment}"))
    }

    fn write(&self, name: &str, text: &str) -> Result<(), String> {
        let path = self.folder.join(name);
        let told = |error| format!("{}: {error}", path.display());
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(told)?;
        }
        fs::write(&path, text).map_err(told)
    }

    /// A command in the project, with nothing of AWS that is the caller's.
    fn command(&self, program: impl AsRef<std::ffi::OsStr>, words: &[&str]) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("AWS_") {
                command.env_remove(name);
            }
        }
        command
            .args(words)
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", self.folder.join("target"))
            // The cargo that runs this task is not asked for, but the one that people have.
            .env_remove("CARGO")
            .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "not-a-secret")
            .env("AWS_CONFIG_FILE", self.folder.join("no-config"))
            .env("AWS_SHARED_CREDENTIALS_FILE", self.folder.join("no-credentials"))
            .env("AWS_EC2_METADATA_DISABLED", "true");
        command
    }

    fn infra(&self, words: &[&str]) -> Command {
        self.command(self.infra, words)
    }

    fn measure(&self, profile: &str, quick: bool) -> Result<Vec<Figure>, String> {
        let (plans, edits) = if quick { (1, 1) } else { (PLANS, EDITS) };
        let size = format!("small stack, infra {profile}");
        let of = |measure: &str, value| figure(&size, measure, value, "ms");
        let plan = || timed(&mut self.infra(&["plan", "--env", "dev"]));
        timed(&mut self.infra(&["apply", "--env", "dev", "--auto-approve"]))?;
        // The second build shows that the first one missed no edit.
        plan()?;
        let whole = median(plans, plan)?;
        let most = peak(&mut self.infra(&["plan", "--env", "dev"]))?;
        let check = ["build", "--package", "stacks", "--message-format=json"];
        let check = median(plans, || timed(&mut self.command(bare_cargo(), &check)))?;
        let asked = median(plans, || {
            self.forget()?;
            plan()
        })?;
        let (own, program) = self.shares(plans)?;
        let states = median(plans, || timed(&mut self.infra(&["state", "list", "--env", "dev"])))?;
        let edited = median(edits, || {
            self.write("stacks/src/main.rs", &format!("{PROGRAM}// {}\n", now()))?;
            plan()
        })?;
        Ok(vec![
            of("plan, no changes, whole", whole),
            figure(&size, "plan, no changes, peak memory", most, "MB"),
            of("plan, no changes, where cargo is asked", asked),
            of("cargo, asked by hand, nothing to build", check),
            of("of a plan: the stack program, started twice", program),
            of("of a plan: infra itself", own),
            of("infra state list", states),
            of("from an edit of main.rs to the plan", edited),
        ])
    }

    /// Forgets what was built, so that cargo is asked.
    fn forget(&self) -> Result<(), String> {
        let path = self.folder.join(".infra/build/stacks.json");
        fs::remove_file(&path).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Milliseconds of a plan that the command takes and that the stack program takes, which a script
    /// around it tells.
    fn shares(&self, plans: usize) -> Result<(f64, f64), String> {
        let (script, log) = (self.folder.join("timed"), self.folder.join("timed.log"));
        let text = format!(
            "#!/bin/bash\nbegun=$(date +%s%N)\n'{}'\ncode=$?\n\
             echo $(($(date +%s%N) - begun)) >> '{}'\nexit $code\n",
            self.folder.join("target/debug/stacks").display(),
            log.display()
        );
        self.write("timed", &text)?;
        let told = |error| format!("{}: {error}", script.display());
        fs::set_permissions(&script, Permissions::from_mode(0o755)).map_err(told)?;
        let (mut own, mut program) = (Vec::new(), Vec::new());
        for _ in 0..plans {
            let took = timed(&mut self.infra(&["plan", "--env", "dev", "--program", "timed"]))?;
            let lines = fs::read_to_string(&log).map_err(|error| error.to_string())?;
            fs::remove_file(&log).map_err(|error| error.to_string())?;
            let nanoseconds =
                lines.lines().map(|line| line.parse::<f64>().map_err(|e| e.to_string()));
            let here = nanoseconds.sum::<Result<f64, _>>()? / 1e6;
            program.push(here);
            own.push(took.as_secs_f64() * 1e3 - here);
        }
        own.sort_by(f64::total_cmp);
        program.sort_by(f64::total_cmp);
        Ok((own[plans / 2], program[plans / 2]))
    }
}

/// Cargo as people call it.
fn bare_cargo() -> std::ffi::OsString {
    if Command::new("cargo").arg("--version").output().is_ok() { "cargo".into() } else { cargo() }
}

fn now() -> u128 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map(|since| since.as_nanos()).unwrap_or_default()
}

/// A server that says who the caller is, and that nothing is there. It ends with this process.
fn serve() -> std::io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || answer(stream));
        }
    });
    Ok(format!("http://{address}"))
}

/// Answers requests of a connection until there are none. Source: the API references of STS and of
/// the tagging of resource groups.
fn answer(stream: TcpStream) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let body = request_body(&mut reader)?;
        let text = if body.contains("Action=GetCallerIdentity") {
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
             <GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:user/bench</Arn>\
             <UserId>AIDAEXAMPLE</UserId><Account>111122223333</Account>\
             </GetCallerIdentityResult><ResponseMetadata><RequestId>r-1</RequestId>\
             </ResponseMetadata></GetCallerIdentityResponse>"
        } else {
            "{\"PaginationToken\":\"\",\"ResourceTagMappingList\":[]}"
        };
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", text.len());
        reader.get_mut().write_all(format!("{head}{text}").as_bytes()).ok()?;
    }
}
