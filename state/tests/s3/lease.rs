//! Who holds the lock: crowds, dead holders, holders that wake up again, and locks freed by hand.

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use infra_sdk::store::{Edit, StoreError};
use infra_state::{Config, Location, S3Location};
use infra_testkit::store_suite::{StorePlace as _, intent, record, run};
use rustix::process::{Pid, Signal, kill_process};

use crate::place::{LEASE, Objects, S3Place, config, figure, lease, owner, rounds};

const CHILD: &str = "INFRA_TEST_S3_CHILD";

/// Not a test of its own: a holder that writes until it cannot. Without its variable it does nothing.
#[test]
fn the_holder_that_is_killed_or_stopped() {
    let Ok(told) = std::env::var(CHILD) else { return };
    let [stack, key, endpoint, seconds] = told.split('|').collect::<Vec<_>>()[..] else {
        panic!("{told}");
    };
    let mut config = config(stack, key.into(), endpoint);
    lease(&mut config, Duration::from_secs(seconds.parse().expect("a number")));
    run(async move {
        let store = infra_state::open(&config, &owner()).await.expect("opens");
        for step in 0_u64.. {
            let name = format!("child.s{step}");
            match store.commit(None, &[Edit::Put(Box::new(record(&name)))]).await {
                Ok(()) => say(&format!("committed {name}")),
                Err(error) => {
                    say(&format!("refused {error:?}"));
                    let again = store.begin(&intent("child.late")).await.expect_err("lost");
                    say(&format!("refused {again:?}"));
                    return;
                }
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
}

fn say(what: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\nack {what}").expect("written");
    out.flush().expect("flushed");
}

/// A child that holds the lock and has written a few times.
struct Holder {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    committed: Vec<String>,
}

impl Holder {
    fn start(config: &Config) -> Self {
        let Location::S3(location) = &config.location else { panic!("not in a bucket") };
        let endpoint = location.endpoint_url.clone().expect("an endpoint");
        let (key, seconds) = (location.key.display(), location.lease.as_secs());
        let told = format!("{}|{key}|{endpoint}|{seconds}", config.stack);
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "lease::the_holder_that_is_killed_or_stopped", "--nocapture"])
            .env(CHILD, told)
            .stdout(Stdio::piped())
            .spawn()
            .expect("started");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let mut holder = Self { child, lines, committed: Vec::new() };
        while holder.committed.len() < 5 {
            let line = holder.next().expect("it writes");
            assert!(line.starts_with("committed "), "{line}");
        }
        holder
    }

    /// The next that it says; `None` when it has ended.
    fn next(&mut self) -> Option<String> {
        for line in self.lines.by_ref() {
            let line = line.expect("read");
            if let Some(said) = line.strip_prefix("ack ") {
                if let Some(name) = said.strip_prefix("committed ") {
                    self.committed.push(name.to_owned());
                }
                return Some(said.to_owned());
            }
        }
        None
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).expect("signalled");
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[test]
fn of_twenty_that_come_at_once_one_works_and_the_others_are_told_who() {
    run(async {
        let place = Arc::new(S3Place::new());
        let opened = join_all((0..20).map(|_| {
            let place = Arc::clone(&place);
            // A store is kept until all have got their answer.
            async move { place.open().await }
        }))
        .await;
        let (held, refused): (Vec<_>, Vec<_>) = opened.into_iter().partition(Result::is_ok);
        figure("15", &format!("S3, 20 opens at once: {} winners", held.len()));
        assert_eq!((held.len(), refused.len()), (1, 19));
        for refused in refused {
            let Err(StoreError::Locked { holder, .. }) = refused else { panic!("not the lock") };
            let said = "ann runs `infra apply --env staging` on build-3 (process ";
            assert!(holder.starts_with(said), "{holder}");
            assert!(
                holder.contains("; lock ") && holder.contains(", last heartbeat 20"),
                "{holder}"
            );
            assert!(holder.ends_with("frees itself 3 s after that"), "{holder}");
        }
        for held in held {
            held.expect("it opened").begin(&intent("a.b")).await.expect("it works");
        }
    });
}

#[test]
fn who_waits_gets_the_lock_when_it_is_given_back() {
    run(async {
        let place = S3Place::new();
        let first = place.open().await.expect("opens");
        let config = place.config().await;
        let second = tokio::spawn(async move {
            infra_state::open_within(&config, &owner(), Duration::from_secs(60)).await
        });
        // Several renewals: a living holder alone is no reason to give up.
        tokio::time::sleep(LEASE * 2).await;
        assert!(!second.is_finished());
        first.commit(None, &[Edit::Put(Box::new(record("a.b")))]).await.expect("still held");
        drop(first);
        let began = Instant::now();
        let second = second.await.expect("ran").expect("opens");
        assert!(began.elapsed() < LEASE, "it waited for {:?}", began.elapsed());
        assert_eq!(second.load().await.expect("loads").records.len(), 1);
    });
}

#[test]
fn a_killed_holders_lock_is_free_after_its_lease() {
    run(async {
        let place = S3Place::new();
        let mut config = place.config().await;
        let usual = Duration::from_secs(rounds(LEASE.as_secs(), S3Location::LEASE.as_secs()));
        lease(&mut config, usual);
        let mut holder = Holder::start(&config);
        holder.signal(Signal::KILL);
        let began = Instant::now();
        while holder.next().is_some() {}
        let store = infra_state::open(&config, &owner()).await.expect("opens");
        let waited = began.elapsed();
        let seconds = waited.as_secs_f64();
        let text = format!("S3, {seconds:.1} s until a killed holder's lock of {usual:?} is free");
        figure("18", &text);
        // Scoreboard 18: 45 s with the usual lease of 30 s.
        assert!(waited < usual + usual / 2, "{waited:?}");
        let state = store.load().await.expect("loads");
        for name in &holder.committed {
            assert!(state.records.keys().any(|a| a.as_str() == name), "{name} was acknowledged");
        }
    });
}

#[test]
fn a_holder_that_wakes_up_after_its_lease_writes_nothing_more() {
    run(async {
        let place = S3Place::new();
        let mut holder = Holder::start(&place.config().await);
        holder.signal(Signal::STOP);
        let store = place.open().await.expect("opens");
        let before = store.load().await.expect("loads");
        store.commit(None, &[Edit::Put(Box::new(record("new.one")))]).await.expect("committed");
        holder.signal(Signal::CONT);
        let mut refused = Vec::new();
        while let Some(said) = holder.next() {
            // What it had written before it was stopped, it may say only now.
            match said.strip_prefix("refused ") {
                Some(error) => refused.push(error.to_owned()),
                None => assert!(refused.is_empty(), "it wrote after it was refused: {said}"),
            }
        }
        assert_eq!(refused.len(), 2, "{refused:?}");
        assert_eq!(refused[0], refused[1]);
        let told = refused[0].starts_with("Lost") || refused[0].starts_with("Unavailable");
        assert!(told, "{refused:?}");
        store.commit(None, &[Edit::Put(Box::new(record("new.two")))]).await.expect("committed");
        drop(store);
        let after = place.open().await.expect("opens").load().await.expect("loads");
        assert_eq!(after.records.len(), before.records.len() + 2);
        for name in &holder.committed {
            assert!(after.records.keys().any(|a| a.as_str() == name), "{name} was acknowledged");
        }
    });
}

/// The lease is long, so the one who lost the lock does not know by its clock.
#[test]
fn a_holder_whose_lock_was_freed_by_hand_is_stopped_by_the_journal() {
    run(async {
        let place = S3Place::new();
        let config = place.calm().await;
        let old = infra_state::open(&config, &owner()).await.expect("opens");
        old.commit(None, &[Edit::Put(Box::new(record("a.b")))]).await.expect("committed");
        let wrong = infra_state::unlock(&config, "0123").await.expect_err("another id");
        let id = wrong.to_string();
        let id = id.split("; lock ").nth(1).and_then(|rest| rest.split(',').next());
        let id = id.expect("it names the id").to_owned();
        infra_state::unlock(&config, &id).await.expect("freed");
        infra_state::unlock(&config, &id).await.expect_err("it is free already");
        let new = infra_state::open(&config, &owner()).await.expect("opens at once");
        // So much that the journal is compacted more than once: the number that the old one would
        // write next must not become free by that.
        for round in 0..3 {
            let edits: Vec<_> = (0..200)
                .map(|n| Edit::Put(Box::new(record(&format!("round{round}.n{n}")))))
                .collect();
            for edits in edits.chunks(20) {
                new.commit(None, edits).await.expect("committed");
            }
        }
        assert!(!Objects::of(&config).names("snapshot/").await.contains(&number("snapshot", 0)));
        let error = old.begin(&intent("a.late")).await.expect_err("dispossessed");
        assert!(matches!(&error, StoreError::Lost { holder } if holder.contains("ann")), "{error}");
        let again = old.commit(None, &[Edit::Put(Box::new(record("a.late")))]).await;
        assert_eq!(again.expect_err("for good"), error);
        drop(old);
        new.commit(None, &[Edit::Put(Box::new(record("z.z")))]).await.expect("undisturbed");
        drop(new);
        let store = infra_state::open(&config, &owner()).await.expect("opens");
        let state = store.load().await.expect("loads");
        assert_eq!((state.records.len(), state.open.len()), (602, 0));
    });
}

#[test]
fn many_who_free_and_take_a_lock_never_hold_it_together() {
    run(async {
        let place = Arc::new(S3Place::new());
        let config = place.calm().await;
        drop(infra_state::open(&config, &owner()).await.expect("opens"));
        // Everybody frees whatever lock he sees and takes it: only the journal is left to decide.
        let tasks = (0..6).map(|task| {
            let config = config.clone();
            tokio::spawn(async move {
                let mut acknowledged = Vec::new();
                for step in 0..5 {
                    let seen = infra_state::unlock(&config, "none").await;
                    let text = seen.expect_err("no such id").to_string();
                    if let Some(rest) = text.split("; lock ").nth(1) {
                        let id = rest.split(',').next().expect("an id");
                        // Somebody else may be quicker.
                        infra_state::unlock(&config, id).await.ok();
                    }
                    let owner = owner();
                    let opened = infra_state::open(&config, &owner);
                    let opened = tokio::time::timeout(Duration::from_secs(2), opened);
                    let Ok(Ok(store)) = opened.await else { continue };
                    for write in 0..5 {
                        let name = format!("t{task}.s{step}w{write}");
                        let edit = Edit::Put(Box::new(record(&name)));
                        match store.commit(None, &[edit]).await {
                            Ok(()) => acknowledged.push(name),
                            Err(StoreError::Lost { .. }) => break,
                            Err(other) => panic!("{other}"),
                        }
                    }
                }
                acknowledged
            })
        });
        let done = join_all(tasks.collect::<Vec<_>>()).await;
        let acknowledged: Vec<String> =
            done.into_iter().flat_map(|done| done.expect("a task failed")).collect();
        assert!(acknowledged.len() > 10, "only {acknowledged:?}");
        let waited = infra_state::open_within(&config, &owner(), Duration::from_secs(60)).await;
        let state = waited.expect("opens").load().await.expect("loads");
        for name in &acknowledged {
            assert!(state.records.keys().any(|a| a.as_str() == name), "{name} was acknowledged");
        }
        assert_eq!(state.records.len(), acknowledged.len());
    });
}

fn number(kind: &str, number: u64) -> String {
    format!("{kind}/{number:020}")
}
