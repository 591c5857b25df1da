//! Terraform on the same graph, with its `terraform_data`, which is in its own process as ours is and
//! calls nothing.
//!
//! The main function is [`compare`].

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::child::peak;
use crate::figures::Figures;
use crate::graph;
use crate::verbs::Verb;

/// How often its memory is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// A command that takes longer is stopped: its apply of 4,000 of these had not ended after fifty
/// minutes here. What was measured until then is the least that it takes.
const AT_MOST: Duration = Duration::from_secs(10 * 60);

/// What a command took.
struct Took {
    seconds: f64,
    megabytes: f64,
    ended: bool,
}

/// Runs every verb with Terraform, and tells how it compares with what was measured before. After a
/// command that was stopped there is nothing for the next one to begin with.
pub(crate) fn compare(size: usize, folder: &Path, figures: &mut Figures) {
    let Some((program, version)) = program() else {
        println!("{size:>9}  no terraform and no tofu on the path: nothing to compare with");
        return;
    };
    println!("{size:>9}  {version}");
    let folder = folder.join(format!("terraform-{size}"));
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("main.tf"), graph::terraform(size)).expect("a file");
    run(program, &["init", "-input=false"], &folder);
    for verb in Verb::ALL {
        let arguments: &[&str] = match verb {
            Verb::Plan | Verb::Unchanged => &["plan", "-input=false"],
            Verb::Apply => &["apply", "-input=false", "-auto-approve"],
            Verb::Destroy => &["destroy", "-input=false", "-auto-approve"],
        };
        let Took { seconds, megabytes, ended } = run(program, arguments, &folder);
        let name = verb.name();
        // What was measured until a command was stopped bounds what it takes, and so the ratios.
        let [until, at_least, at_most] = match ended {
            true => ["", "", ""],
            false => [", stopped before its end", ", at least", ", at most"],
        };
        figures.add(size, &format!("{name}, {program}{until}"), seconds, "s");
        figures.add(size, &format!("{name}, {program}, peak memory{until}"), megabytes, "MB");
        if let Some(ours) = figures.at(size, &format!("{name}, whole process")) {
            let measure = format!("{name}, times faster than {program}{at_least}");
            figures.add(size, &measure, seconds / ours, "x");
        }
        if let Some(ours) = figures.at(size, &format!("{name}, peak memory")) {
            let measure = format!("{name}, memory as a part of that of {program}{at_most}");
            figures.add(size, &measure, ours / megabytes, "x");
        }
        if !ended {
            return;
        }
    }
}

/// Which of both there is, and its version.
fn program() -> Option<(&'static str, String)> {
    ["terraform", "tofu"].into_iter().find_map(|program| {
        let output = Command::new(program)
            .arg("version")
            .env("CHECKPOINT_DISABLE", "1")
            .output()
            .ok()
            .filter(|output| output.status.success())?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        Some((program, text.lines().next().unwrap_or(program).to_owned()))
    })
}

/// Runs a command to its end, or for as long as is waited.
fn run(program: &str, arguments: &[&str], folder: &Path) -> Took {
    let begun = Instant::now();
    let mut child = Command::new(program)
        .args(arguments)
        .arg("-no-color")
        .current_dir(folder)
        .env("CHECKPOINT_DISABLE", "1")
        .env("TF_IN_AUTOMATION", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("it was there before");
    let process = child.id().to_string();
    let mut most = 0.0_f64;
    loop {
        let seconds = begun.elapsed().as_secs_f64();
        if let Some(status) = child.try_wait().expect("it can be waited for") {
            assert!(status.success(), "{program} {arguments:?}: {status}");
            return Took { seconds, megabytes: most, ended: true };
        }
        if begun.elapsed() > AT_MOST {
            child.kill().expect("stopped");
            child.wait().expect("it ends");
            return Took { seconds, megabytes: most, ended: false };
        }
        // The system's own high-water mark: only what came after the last look is missing.
        most = most.max(peak(&process).unwrap_or_default());
        std::thread::sleep(LOOK);
    }
}
