//! A project in a temporary folder, and the binary run in it with nothing of the caller's.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io::{BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use xtask::http::request_body;

/// The account that the server of the tests says it is.
pub(crate) const ACCOUNT: &str = "111122223333";

/// How long a command may take; none takes a tenth of it.
const PATIENCE: Duration = Duration::from_secs(60);

const PRELUDE: &str = include_str!("../fixtures/program.py");

/// A project with an environment `dev`, whose cloud is nobody unless a test says otherwise.
pub(crate) struct Project {
    folder: TempDir,
}

/// What a run left behind.
#[must_use]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Project {
    /// A project with one environment, settings of the stack `web`, and no program yet.
    pub(crate) fn new() -> Self {
        let project = Self { folder: tempfile::tempdir().expect("a folder") };
        // Nothing listens at port 1.
        project.environment("endpoint = \"http://127.0.0.1:1\"");
        project.write("stacks/settings/dev.toml", "[web]\n");
        project
    }

    /// A project whose AWS is a server that knows who the caller is and that there is no VPC, and
    /// refuses everything else.
    pub(crate) fn with_cloud() -> Self {
        Self::with_slow_cloud(Duration::ZERO)
    }

    /// The same, and what the server refuses it refuses only after this time.
    pub(crate) fn with_slow_cloud(delay: Duration) -> Self {
        let project = Self::new();
        let endpoint = serve_identity(ACCOUNT, delay, false);
        project.environment(&format!("endpoint = \"{endpoint}\"\naccount = \"{ACCOUNT}\""));
        project
    }

    /// The same, and a VPC is made when it is asked for but never shows.
    pub(crate) fn with_blind_cloud() -> Self {
        let project = Self::new();
        let endpoint = serve_identity(ACCOUNT, Duration::ZERO, true);
        project.environment(&format!("endpoint = \"{endpoint}\"\naccount = \"{ACCOUNT}\""));
        project
    }

    /// Writes `infra.toml` with these lines in the environment `dev`.
    pub(crate) fn environment(&self, lines: &str) {
        let text = format!("[environments.dev]\nregion = \"us-west-2\"\n{lines}\n");
        self.write("infra.toml", &text);
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, text).expect("written");
    }

    /// The stack program: Python that goes on after the prelude in `tests/fixtures/program.py`.
    pub(crate) fn program(&self, body: &str) {
        self.write("program", &format!("#!/usr/bin/env python3\n{PRELUDE}{body}\n"));
        let path = self.path().join("program");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("permitted");
    }

    /// A command in the project, with nothing of the caller's environment but the search path.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let home = self.path().join("home");
        std::fs::create_dir_all(&home).expect("a home");
        let mut command = Command::new(env!("CARGO_BIN_EXE_infra"));
        command
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", home)
            .env("COLUMNS", "80")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .stdin(Stdio::null());
        // Python may be one that is found by way of its own variables.
        for name in ["PYENV_ROOT", "PYENV_VERSION"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        if std::env::var_os("PYENV_ROOT").is_none()
            && let Some(home) = std::env::var_os("HOME")
        {
            command.env("PYENV_ROOT", Path::new(&home).join(".pyenv"));
        }
        command
    }

    /// Runs `infra` with these words.
    pub(crate) fn infra(&self, words: &str) -> Run {
        self.run(&mut self.command(&words.split_whitespace().collect::<Vec<_>>()))
    }

    /// Runs `infra` with these words, credentials, and the project's own stack program.
    pub(crate) fn stacks(&self, words: &str) -> Run {
        let mut command = self.command(&words.split_whitespace().collect::<Vec<_>>());
        command.args(["--program", "program"]);
        with_credentials(&mut command);
        self.run(&mut command)
    }

    /// Runs `infra` with these words and the stack program with typed settings.
    pub(crate) fn typed(&self, words: &str) -> Run {
        let mut command = self.command(&words.split_whitespace().collect::<Vec<_>>());
        command.arg("--program").arg(typed_program());
        with_credentials(&mut command);
        self.run(&mut command)
    }

    /// Runs `infra` on a terminal that waits for questions and types an answer to each. Python makes
    /// the terminal.
    pub(crate) fn on_terminal(&self, words: &[&str], answers: &[(&str, &str)]) -> Run {
        self.on_terminal_of(80, words, answers)
    }

    /// The same, on a terminal of so many columns, and 24 lines.
    pub(crate) fn on_terminal_of(
        &self,
        columns: usize,
        words: &[&str],
        answers: &[(&str, &str)],
    ) -> Run {
        let script = "import json, os, pty, sys\n\
            answers, *command = sys.argv[1:]\n\
            answers = json.loads(answers)\n\
            seen = b''\n\
            def read(fd):\n\
            \x20   global seen\n\
            \x20   data = os.read(fd, 1024)\n\
            \x20   seen += data\n\
            \x20   if answers and answers[0][0].encode() in seen:\n\
            \x20       os.write(fd, answers.pop(0)[1].encode() + b'\\n')\n\
            \x20       seen = b''\n\
            \x20   return data\n\
            status = pty.spawn(command, read)\n\
            sys.exit(os.waitstatus_to_exitcode(status))\n";
        let infra = self.command(words);
        let mut command = Command::new("python3");
        let answers = serde_json::to_string(answers).expect("texts");
        let sized = format!("stty rows 24 cols {columns}; exec \"$0\" \"$@\"");
        command.args(["-c", script, &answers, "sh", "-c", &sized]);
        command.arg(infra.get_program()).args(infra.get_args());
        command.current_dir(self.path()).env_clear().stdin(Stdio::null());
        for (name, value) in infra.get_envs() {
            command.env(name, value.unwrap_or_default());
        }
        command.env("TERM", "xterm");
        with_credentials(&mut command);
        self.run(&mut command)
    }

    /// Runs a command and replaces what differs from run to run.
    pub(crate) fn run(&self, command: &mut Command) -> Run {
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("infra starts");
        let stdout = collect(child.stdout.take().expect("piped"));
        let stderr = collect(child.stderr.take().expect("piped"));
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            match child.try_wait().expect("a status") {
                Some(status) => break status,
                None if Instant::now() > deadline => {
                    child.kill().expect("ended");
                    panic!("{command:?} hangs");
                }
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        };
        let [stdout, stderr] = [stdout, stderr].map(|reader| reader.join().expect("read"));
        let text = |bytes: Vec<u8>| {
            String::from_utf8(bytes)
                .expect("UTF-8")
                .replace(&self.path().display().to_string(), "$PROJECT")
        };
        Run { code: status.code(), stdout: text(stdout), stderr: text(stderr) }
    }

    /// Whether a state was made.
    pub(crate) fn has_state(&self) -> bool {
        self.path().join(".infra").exists()
    }
}

impl Run {
    /// Everything at once, for snapshots.
    pub(crate) fn shown(&self) -> String {
        let mut text = format!("exit: {}\n", self.code.map_or(-1, |code| code));
        for (name, stream) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !stream.is_empty() {
                let _ = write!(text, "--- {name}\n{stream}");
            }
        }
        text
    }
}

/// Credentials that nobody but the tests' own server takes.
pub(crate) fn with_credentials(command: &mut Command) {
    command.env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE").env("AWS_SECRET_ACCESS_KEY", "not-a-secret");
}

/// Reads a pipe to its end.
fn collect(mut pipe: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).expect("read");
        bytes
    })
}

/// The program of `tests/fixtures/stacks.rs`.
fn typed_program() -> PathBuf {
    let folder = Path::new(env!("CARGO_BIN_EXE_infra")).parent().expect("a folder");
    let program = folder.join("examples/fixture-stacks");
    assert!(program.exists(), "build it first: `cargo build --package infra --examples`");
    program
}

/// A server that answers GetCallerIdentity, DescribeVpcs as an account without one does, and
/// everything else with an error; and CreateVpc too if it is to make one. Source: the STS and EC2 API
/// references. It ends with the process of the tests.
pub(crate) fn serve_identity(account: &'static str, delay: Duration, makes: bool) -> String {
    serve(format!("arn:aws:iam::{account}:user/test"), account, (delay, makes))
}

/// The same, where the caller is somebody else of the account of the tests.
pub(crate) fn serve_caller(arn: &str) -> String {
    serve(arn.to_owned(), ACCOUNT, (Duration::ZERO, false))
}

fn serve(arn: String, account: &'static str, manner: (Duration, bool)) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let arn = arn.clone();
            std::thread::spawn(move || answer(stream, (&arn, account), manner));
        }
    });
    format!("http://{address}")
}

fn answer(stream: TcpStream, (arn, account): (&str, &str), (delay, makes): (Duration, bool)) {
    let mut reader = BufReader::new(stream);
    while let Some(body) = request_body(&mut reader) {
        let identity = format!(
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
             <GetCallerIdentityResult><Arn>{arn}</Arn>\
             <UserId>AIDAEXAMPLE</UserId><Account>{account}</Account></GetCallerIdentityResult>\
             <ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata>\
             </GetCallerIdentityResponse>"
        );
        let refusal = "<Response><Errors><Error><Code>UnauthorizedOperation</Code>\
             <Message>You are not authorized to perform this operation.</Message></Error>\
             </Errors><RequestID>r-2</RequestID></Response>";
        let none = "<DescribeVpcsResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\
             <requestId>r-3</requestId><vpcSet/></DescribeVpcsResponse>";
        // Nothing that the caller asks about is denied.
        let allowed = "<SimulatePrincipalPolicyResponse \
             xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><SimulatePrincipalPolicyResult>\
             <IsTruncated>false</IsTruncated><EvaluationResults/></SimulatePrincipalPolicyResult>\
             </SimulatePrincipalPolicyResponse>";
        let made = "<CreateVpcResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\
             <requestId>r-4</requestId><vpc><vpcId>vpc-0a1b2c3d4e5f60718</vpcId>\
             <state>pending</state></vpc></CreateVpcResponse>";
        let (status, text) = if body.contains("Action=SimulatePrincipalPolicy") {
            ("200 OK", allowed)
        } else if body.contains("Action=GetCallerIdentity") {
            ("200 OK", identity.as_str())
        } else if body.contains("Action=DescribeVpcs&") {
            ("200 OK", none)
        } else if makes && body.contains("Action=CreateVpc&") {
            ("200 OK", made)
        } else {
            std::thread::sleep(delay);
            ("403 Forbidden", refusal)
        };
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: text/xml\r\nx-amzn-requestid: r-2\r\n\
             content-length: {}\r\n\r\n",
            text.len()
        );
        if reader.get_mut().write_all(format!("{head}{text}").as_bytes()).is_err() {
            return;
        }
    }
}

/// Runs a command under `sh`, after a line that sets its limits.
pub(crate) fn under_shell(command: &Command, line: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("{line}; exec \"$0\" \"$@\"")).arg(command.get_program());
    shell.args(command.get_args()).env_clear();
    for (name, value) in command.get_envs() {
        shell.env(name, value.unwrap_or(OsStr::new("")));
    }
    if let Some(folder) = command.get_current_dir() {
        shell.current_dir(folder);
    }
    shell.stdin(Stdio::null());
    shell
}
