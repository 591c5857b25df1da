//! Fifty secrets, and where they must not be: on the disk, in what is printed, in any common form.
//!
//! They are tags, descriptions, parts of policies, values that are only written, and outputs of a
//! stack; all but the outputs reach the cloud, and then everything that a run wrote is searched.

use std::path::Path;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use infra_sandbox::gate::{FaultKind, FaultRule, HoldAt};
use rustix::process::{Pid, Signal, kill_process};

use crate::chance::Chance;
use crate::figures;
use crate::ledger::Tally;
use crate::world::{Ended, Running, World, program};

/// How many.
const SECRETS: usize = 50;

/// Secrets with what encodings change: `/`, `+`, `=`.
fn secrets(chance: &mut Chance) -> Vec<String> {
    let word = |chance: &mut Chance| format!("{:012x}", chance.below(1 << 48));
    (0..SECRETS).map(|n| format!("Kn{n}/{}+{}=q", word(chance), word(chance))).collect()
}

/// What to look for: the secret as it is, in base64 at any place, in hex, in a URL, in JSON.
fn forms(secret: &str) -> Vec<String> {
    let bytes = secret.as_bytes();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let url: String =
        secret
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() { c.to_string() } else { format!("%{:02X}", c as u32) }
            })
            .collect();
    let mut forms = vec![secret.to_owned(), hex.to_uppercase(), hex, url.to_lowercase(), url];
    forms.push(secret.replace('/', "\\/"));
    // Wherever it stands in what is encoded, the middle of it is the same three texts.
    for before in 0..3 {
        let encoded = STANDARD.encode([&vec![0; before][..], bytes].concat());
        let whole = encoded.trim_end_matches('=');
        let middle = &whole[4..whole.len() - 4];
        forms.push(middle.to_owned());
        forms.push(middle.replace('+', "-").replace('/', "_"));
    }
    forms
}

/// Where a secret stands in some bytes, in any form.
fn search(tally: &mut Tally, place: &str, bytes: &[u8], secrets: &[String]) {
    // All forms are ASCII: what is no text does not hide one.
    let text = String::from_utf8_lossy(bytes);
    for secret in secrets {
        for form in forms(secret) {
            if text.contains(&form) {
                let number = &secret[..secret.find('/').unwrap_or(0)];
                tally.lost += 1;
                tally.details.push(format!("{place}: {number} as {} bytes", form.len()));
            }
        }
    }
}

fn search_folder(tally: &mut Tally, folder: &Path, secrets: &[String]) -> usize {
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files += search_folder(tally, &path, secrets);
        } else {
            files += 1;
            search(tally, &path.display().to_string(), &std::fs::read(&path).unwrap(), secrets);
        }
    }
    files
}

fn write_settings(world: &World, secrets: &[String]) {
    let list: Vec<String> = secrets.iter().map(|secret| format!("  {secret:?},\n")).collect();
    let text = format!("[vault]\nsecrets = [\n{}]\n", list.concat());
    std::fs::write(world.folder().join("stacks/settings/dev.toml"), text).unwrap();
}

/// Runs a command that must end so, and searches what it prints.
async fn said(
    world: &World,
    tally: &mut Tally,
    words: &[&str],
    code: i32,
    secrets: &[String],
) -> Ended {
    let program = matches!(words[0], "plan" | "apply" | "destroy");
    let ended = if program { world.infra(words).await } else { world.recorded(words).await };
    assert_eq!(ended.code, Some(code), "{words:?}: {}", ended.stderr);
    search(tally, &format!("stdout of {words:?}"), ended.stdout.as_bytes(), secrets);
    search(tally, &format!("stderr of {words:?}"), ended.stderr.as_bytes(), secrets);
    ended
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_nowhere_but_in_the_cloud() {
    let world = World::new().await;
    let mut chance = Chance::new(figures::seed());
    let (first, second) = (secrets(&mut chance), secrets(&mut chance));
    let all = [first.clone(), second.clone()].concat();
    let mut tally = Tally { blows: all.len(), ..Tally::default() };
    for (number, secrets) in [first, second].iter().enumerate() {
        write_settings(&world, secrets);
        said(&world, &mut tally, &["plan"], 0, &all).await;
        said(&world, &mut tally, &["plan", "--format", "json"], 0, &all).await;
        // AWS may repeat what it was told.
        let operation = ["CreateKey", "UpdateKeyDescription"][number].to_owned();
        let told = &secrets[2];
        world
            .faults(&[FaultRule {
                service: Some("kms".to_owned()),
                operation: Some(operation),
                mutating: true,
                nth: vec![1],
                probability: None,
                seed: 0,
                times: None,
                kind: FaultKind::Error {
                    code: "ValidationException".to_owned(),
                    status: 400,
                    message: format!("value '{told}' at 'description' is not taken"),
                },
            }])
            .await;
        let failed = said(&world, &mut tally, &["apply", "--auto-approve"], 3, &all).await;
        assert!(failed.stderr.contains("ValidationException"), "{}", failed.stderr);
        let json = ["apply", "--auto-approve", "--format", "json"];
        said(&world, &mut tally, &json, 0, &all).await;
        said(&world, &mut tally, &["plan", "--detailed-exitcode"], 0, &all).await;
    }
    for words in
        [&["state", "list"][..], &["state", "export"], &["output"], &["output", "--format", "json"]]
    {
        said(&world, &mut tally, words, 0, &all).await;
    }
    for number in (0..SECRETS).filter(|number| number % 6 != 5) {
        let address = format!("secret-{number}");
        said(&world, &mut tally, &["state", "show", &address], 0, &all).await;
    }
    let files = search_folder(&mut tally, &world.folder().join(".infra"), &all);
    assert!(files > 3, "{files} files");
    // The cloud was told: what the search looks for has been through every part of `infra`.
    let log = serde_json::to_string(&world.control.log(0).await.unwrap()).unwrap();
    let told = all.iter().filter(|secret| log.contains(secret.as_str())).count();
    assert!(told >= SECRETS, "only {told} secrets reached the cloud");
    said(&world, &mut tally, &["destroy", "--auto-approve"], 0, &all).await;
    search_folder(&mut tally, &world.folder().join(".infra"), &all);
    world.stop().await;
    figures::record(
        "20: secrets, in clear or encoded, on the disk or printed count as lost",
        &tally,
    );
    tally.assert_clean();
}

/// The system would write what a run has in memory to a file when it crashes.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_crashes_leaves_no_core() {
    let world = World::new().await;
    let secrets = secrets(&mut Chance::new(figures::seed()));
    write_settings(&world, &secrets);
    let mut tally = Tally { blows: 2, ..Tally::default() };
    for signal in [Signal::ABORT, Signal::QUIT] {
        world.hold(Some("kms"), 1, HoldAt::Before).await;
        // Whoever starts it asks for cores.
        let words = ["apply", "--auto-approve", "--env", "dev", "--program"];
        let mut infra = world.command(&words);
        infra.arg(program());
        let asks = "ulimit -c unlimited && exec \"$0\" \"$@\"";
        let mut command = Command::new("sh");
        command.args(["-c", asks]).arg(infra.get_program()).args(infra.get_args());
        let environment = infra.get_envs().filter_map(|(name, value)| Some((name, value?)));
        command.env_clear().envs(environment).current_dir(world.folder());
        let running = Running::start(command);
        world.held().await;
        kill_process(Pid::from_raw(running.pid()).unwrap(), signal).unwrap();
        let ended = running.ended().await;
        world.control.drop_held().await.unwrap();
        assert_eq!(ended.code, None, "it did not crash: {}", ended.stderr);
        if ended.core {
            tally.stick(format!("{signal:?} left a core"));
        }
        search_folder(&mut tally, world.folder().join(".infra").as_path(), &secrets);
        search(&mut tally, "stderr", ended.stderr.as_bytes(), &secrets);
    }
    world.stop().await;
    figures::record("20: crashes of a run with secrets, cores do not converge", &tally);
    tally.assert_clean();
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::{Tally, search};

    #[test]
    fn a_secret_is_found_in_every_form() {
        let secret = "Kn1/0123456789ab+0123456789ab=q";
        let found = |text: &str| {
            let mut tally = Tally::default();
            search(&mut tally, "here", text.as_bytes(), &[secret.to_owned()]);
            tally.lost > 0
        };
        let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        let inside = |before: &str| STANDARD.encode(format!("{before}{secret} and more"));
        for text in [secret, &hex, "a=Kn1%2F0123456789ab%2B0123456789ab%3Dq"] {
            assert!(found(text), "{text}");
        }
        for before in ["", "x", "xy", "xyz"] {
            assert!(found(&inside(before)), "{before}");
        }
        assert!(!found("Kn1/0123456789ab+0123456789ac=q"));
    }
}
