//! What is done to a state as a whole: bootstrap, names, snapshots, restore, and moves.

use std::collections::BTreeSet;
use std::path::PathBuf;

use infra_sandbox::Control;
use infra_sdk::store::{Edit, State, StoreError};
use infra_state::{Config, KeySource, Location, RestoreChecks, S3Location, Snapshot};
use infra_testkit::store_suite::{StorePlace as _, intent, record, run, run_record};

use crate::place::{Objects, S3Place, client, config, endpoint, lease, location, own_gate, owner};
use crate::replies::{error, rule};

async fn load(config: &Config) -> State {
    let store = infra_state::open(config, &owner()).await.expect("opens");
    store.load().await.expect("loads")
}

/// A run with one of everything.
async fn a_run(config: &Config, run: &str, record_name: &str) {
    let store = infra_state::open(config, &owner()).await.expect("opens");
    store.start(&run_record(run)).await.expect("started");
    let edits = [
        Edit::Put(Box::new(record(record_name))),
        Edit::Outputs([("name".to_owned(), "value".into())].into()),
        Edit::Lookup("zones".to_owned(), "a,b".into()),
    ];
    store.commit(None, &edits).await.expect("committed");
    store.finish(&run_record(run)).await.expect("finished");
}

#[test]
fn the_bucket_is_made_once_and_mended_where_it_was_changed() {
    run(async {
        let (_alone, endpoint) = own_gate().await;
        let folder = tempfile::tempdir().expect("a folder");
        let mut wanted = location(folder.path().join("key"), &endpoint);
        wanted.bucket = format!("states-{}", std::process::id());
        wanted.lock_table = Some(format!("locks-{}", std::process::id()));
        let first = infra_state::bootstrap(&wanted).await.expect("made");
        // S3 encrypts with its own key unasked. Source: S3 user guide, default encryption.
        assert_eq!(first.kept, ["encrypted with S3's own key"]);
        assert_eq!(first.changed.len(), 6, "{first:?}");
        let second = infra_state::bootstrap(&wanted).await.expect("checked");
        assert_eq!((second.changed.len(), second.kept.len()), (0, 7), "{second:?}");
        let client = client(&wanted);
        let foreign = serde_json::json!({
            "Sid": "Audit", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::1:root"},
            "Action": "s3:GetObject", "Resource": format!("arn:aws:s3:::{}/*", wanted.bucket),
        });
        let policy = serde_json::json!({"Version": "2012-10-17", "Statement": [foreign]});
        let request = client.put_bucket_policy().bucket(&wanted.bucket);
        request.policy(policy.to_string()).send().await.expect("changed");
        client.delete_public_access_block().bucket(&wanted.bucket).send().await.expect("changed");
        let mended = infra_state::bootstrap(&wanted).await.expect("mended");
        assert_eq!(mended.changed, ["all public access is blocked", "requests need TLS"]);
        let found = client.get_bucket_policy().bucket(&wanted.bucket).send().await.expect("read");
        let found: serde_json::Value =
            serde_json::from_str(found.policy().expect("there")).expect("JSON");
        assert_eq!(found["Statement"][0], foreign);
        assert_eq!(found["Statement"][1]["Condition"]["Bool"]["aws:SecureTransport"], "false");
        wanted.lock_table = None;
        wanted.kms_key_id = Some("alias/states".to_owned());
        let third = infra_state::bootstrap(&wanted).await.expect("mended");
        let changed = ["encrypted with the KMS key alias/states", "requests need TLS, and"];
        assert_eq!(third.changed.len(), changed.len(), "{third:?}");
        for (found, expected) in third.changed.iter().zip(changed) {
            assert!(found.starts_with(expected), "{third:?}");
        }
    });
}

#[test]
fn the_last_export_is_read_while_another_run_holds_the_state() {
    run(async {
        let place = S3Place::new();
        let config = place.calm().await;
        assert_eq!(Snapshot::read(&config).await.expect("readable"), None);
        a_run(&config, "run-1", "a.b").await;
        let held = infra_state::open(&config, &owner()).await.expect("opens");
        held.commit(None, &[Edit::Remove(record("a.b").address)]).await.expect("committed");
        let seen = Snapshot::read(&config).await.expect("readable").expect("there").state;
        assert_eq!(seen.records[&record("a.b").address], record("a.b"));
        assert_eq!(seen.serial, 1);
    });
}

#[test]
fn a_look_sees_what_is_recorded_by_now_and_takes_no_lock() {
    run(async {
        let place = S3Place::new();
        let config = place.calm().await;
        assert!(infra_state::look(&config).await.expect("readable").is_none());
        a_run(&config, "run-1", "a.one").await;
        let free = infra_state::look(&config).await.expect("readable").expect("there");
        assert_eq!(free.holder(), None);
        let held = infra_state::open(&config, &owner()).await.expect("opens");
        held.start(&run_record("run-2")).await.expect("started");
        let open = held.begin(&intent("a.three")).await.expect("begun");
        let lock = Objects::of(&config).get("lock").await;
        let seen = infra_state::look(&config).await.expect("readable").expect("there");
        let holder = seen.holder().expect("somebody holds it");
        assert!(holder.starts_with("ann runs `infra apply --env staging`"), "{holder}");
        assert_eq!(seen.state().expect("loads"), held.load().await.expect("loads"));
        assert_eq!(seen.state().expect("loads").open, [(open, intent("a.three"))]);
        assert_eq!(seen.history().expect("history"), held.history().await.expect("history"));
        let changes = held.changes("run-1").await.expect("changes");
        assert_eq!(seen.changes("run-1").expect("changes"), changes);
        assert_eq!(Objects::of(&config).get("lock").await, lock, "the look wrote the lock");
        held.commit(Some(open), &[]).await.expect("its holder goes on");
    });
}

/// A holder that compacts all the time deletes what a reader has just listed.
#[test]
fn a_look_in_the_middle_of_compactions_sees_one_moment() {
    run(async {
        let place = S3Place::new();
        let config = place.calm().await;
        a_run(&config, "run-1", "a.one").await;
        let held = infra_state::open(&config, &owner()).await.expect("opens");
        let write = async {
            for index in 0..300_usize {
                let edits =
                    [0, 1].map(|half| Edit::Put(Box::new(record(&format!("b{half}.n{index}")))));
                held.commit(None, &edits).await.expect("committed");
            }
        };
        let look = async {
            let mut seen = BTreeSet::new();
            while seen.last().is_none_or(|count| *count < 601) {
                let view = infra_state::look(&config).await.expect("readable").expect("there");
                let records = view.state().expect("loads").records.len();
                assert_eq!(records % 2, 1, "a commit was seen by half");
                seen.insert(records);
            }
            seen.len()
        };
        let ((), moments) = futures_util::future::join(write, look).await;
        assert!(moments > 3, "it was read at {moments} moments only");
    });
}

#[test]
fn an_export_that_was_not_written_is_written_by_the_next_opening() {
    run(async {
        let place = S3Place::new();
        let config = place.calm().await;
        a_run(&config, "run-1", "a.one").await;
        let killed = infra_state::open(&config, &owner()).await.expect("opens");
        killed.start(&run_record("run-2")).await.expect("started");
        let edit = Edit::Put(Box::new(record("a.two")));
        killed.commit(None, &[edit]).await.expect("committed");
        let refused = infra_state::open(&config, &owner()).await.err();
        let Some(StoreError::Locked { id: Some(id), .. }) = refused else { panic!("not locked") };
        infra_state::unlock(&config, &id).await.expect("freed");
        // It changes nothing, and it writes what the one before it could not.
        drop(infra_state::open(&config, &owner()).await.expect("opens"));
        let seen = Snapshot::read(&config).await.expect("readable").expect("there").state;
        assert_eq!((seen.records.len(), seen.serial), (2, 2));
        drop(killed);
        let seen = Snapshot::read(&config).await.expect("readable").expect("there").state;
        assert_eq!(seen.records.len(), 2);
    });
}

#[test]
fn stacks_with_a_state_are_listed_in_both_kinds_of_place() {
    run(async {
        let endpoint = endpoint().await;
        let folder = tempfile::tempdir().expect("a folder");
        let local = Location::Local { root: folder.path().join(".infra") };
        let mut shared = location(folder.path().join("key"), &endpoint);
        shared.prefix = format!("names-{}", std::process::id());
        for location in [local, Location::S3(shared)] {
            let names = async || infra_state::names(&location, "staging").await.expect("listed");
            assert_eq!(names().await, BTreeSet::new());
            for stack in ["shop", "audit"] {
                load(&Config::new(location.clone(), "staging", stack)).await;
            }
            assert_eq!(names().await, BTreeSet::from(["audit".to_owned(), "shop".to_owned()]));
            let other = infra_state::names(&location, "production").await.expect("listed");
            assert_eq!(other, BTreeSet::new());
        }
    });
}

#[test]
fn a_damaged_state_is_restored_from_its_export_and_what_was_there_is_kept() {
    run(async {
        let place = S3Place::new();
        let config = place.calm().await;
        a_run(&config, "run-1", "a.b").await;
        let objects = Objects::of(&config);
        let export = place.folder().join("export.json");
        std::fs::write(&export, objects.get("export.json").await).expect("saved");
        let store = infra_state::open(&config, &owner()).await.expect("opens");
        let number = store.begin(&intent("a.c")).await.expect("begun");
        drop(store);
        let before = objects.names("").await;
        objects.put("journal/00000000000000000002", b"damaged".to_vec()).await;
        infra_state::open(&config, &owner()).await.err().expect("damaged");
        let store = infra_state::restore(&config, &owner(), &export, RestoreChecks::default())
            .await
            .expect("restored");
        let state = store.load().await.expect("loads");
        assert_eq!(state.records.len(), 1);
        // Whoever used the number before must not be taken for this one.
        let next = store.begin(&intent("a.d")).await.expect("begun");
        assert!(next > number, "{next} was given out before");
        drop(store);
        assert_eq!(load(&config).await.open, [(next, intent("a.d"))]);
        let aside = objects.names("replaced/").await;
        for name in before.iter().filter(|name| *name != "lock") {
            assert!(aside.iter().any(|kept| kept.ends_with(name.as_str())), "{name}: {aside:?}");
        }
    });
}

#[test]
fn a_state_moves_to_a_bucket_and_back_with_everything() {
    run(async {
        let place = S3Place::new();
        let shared = place.calm().await;
        let root = place.folder().join(".infra");
        let local = Location::Local { root: root.clone() };
        let local = Config::new(local, "staging", &shared.stack);
        let shared = config(&shared.stack, root.join("state.key"), &endpoint().await);
        a_run(&local, "run-1", "a.b").await;
        let store = infra_state::open(&local, &owner()).await.expect("opens");
        store.begin(&intent("a.c")).await.expect("begun");
        drop(store);
        let before = load(&local).await;
        assert_eq!((before.open.len(), before.lookups.len(), before.serial), (1, 1, 1));

        infra_state::move_state(&local, &shared, &owner()).await.expect("moved");
        assert_eq!(load(&shared).await, before);
        let error = infra_state::open(&local, &owner()).await.err().expect("it is gone");
        let there = format!("it was moved to s3://states/team/staging/{}", shared.stack);
        assert!(error.to_string().contains(&there), "{error}");
        // It is still listed: whoever asks for it is told where it went.
        let gone = infra_state::names(&local.location, "staging").await.expect("listed");
        assert_eq!(gone, BTreeSet::from([shared.stack.clone()]));
        let again = infra_state::move_state(&local, &shared, &owner()).await;
        again.expect_err("it does not live there");

        a_run(&shared, "run-2", "a.d").await;
        let later = load(&shared).await;
        infra_state::move_state(&shared, &local, &owner()).await.expect("moved back");
        assert_eq!(load(&local).await, later);
        let store = infra_state::open(&local, &owner()).await.expect("opens");
        assert_eq!(store.history().await.expect("history").len(), 2);
        drop(store);
        let error = infra_state::open(&shared, &owner()).await.err().expect("it is gone");
        assert!(error.to_string().contains("it was moved to "), "{error}");
        let names = infra_state::names(&shared.location, "staging").await.expect("listed");
        assert!(names.contains(&shared.stack), "{names:?}");
        let seen = infra_state::look(&shared).await.err().expect("it is gone");
        assert!(matches!(seen, StoreError::Moved { .. }), "{seen}");
        let snapshot = Snapshot::read(&local).await.expect("readable").expect("there");
        assert_eq!(snapshot.state.records, later.records);

        infra_state::move_state(&local, &shared, &owner()).await.expect("and there again");
        assert_eq!(load(&shared).await, later);
    });
}

/// A move that fails at any of its writes: the state never lives in two places, and moving again
/// finishes it.
#[test]
fn a_move_that_was_cut_off_is_finished_by_moving_again() {
    run(async {
        let (_alone, endpoint) = own_gate().await;
        let control = Control::new(&endpoint);
        for nth in 1..=7 {
            let place = S3Place::new();
            let root = place.folder().join(".infra");
            let stack = format!("cut-{nth}");
            let mut shared = config(&stack, root.join("state.key"), &endpoint);
            lease(&mut shared, S3Location::LEASE);
            let local = Location::Local { root: root.clone() };
            let local = Config { location: local, ..shared.clone() };
            a_run(&local, "run-1", "a.b").await;
            let mut expected = load(&local).await;
            for (from, to) in [(&local, &shared), (&shared, &local)] {
                let denied = rule("PutObject", vec![nth], error(403, "AccessDenied"));
                control.set_faults(&[denied]).await.expect("set");
                let moved = infra_state::move_state(from, to, &owner()).await;
                let hit = control.faults().await.expect("asked")[0].hits == 1;
                control.set_faults(&[]).await.expect("cleared");
                let mut homes = 0;
                for place in [from, to] {
                    // A place that is only looked at must not become a state by that.
                    let known = infra_state::names(&place.location, "staging").await;
                    if known.expect("listed").contains(&stack)
                        && let Ok(store) = infra_state::open(place, &owner()).await
                    {
                        assert_eq!(store.load().await.expect("loads"), expected);
                        homes += 1;
                    }
                }
                assert!(homes <= 1, "it lives in {homes} places after write {nth} failed");
                assert!(hit || moved.is_ok(), "{moved:?}");
                if moved.is_err() {
                    infra_state::move_state(from, to, &owner()).await.expect("moved at last");
                }
                assert_eq!(load(to).await, expected);
                infra_state::open(from, &owner()).await.err().expect("it has gone");
                expected = load(to).await;
            }
        }
    });
}

/// Whoever calls may be on any thread of his runtime.
#[test]
fn every_call_can_be_spawned() {
    fn sendable(_: impl Send) {}
    let config = config("shop", "state.key".into(), "http://127.0.0.1:1");
    let Location::S3(location) = &config.location else { panic!("not in a bucket") };
    let owner = owner();
    sendable(infra_state::open(&config, &owner));
    let checks = RestoreChecks::default();
    sendable(infra_state::restore(&config, &owner, "export.json".as_ref(), checks));
    let key = KeySource::passphrase("x".to_owned());
    sendable(infra_state::rekey(&config, &owner, &key, true));
    sendable(infra_state::move_state(&config, &config, &owner));
    sendable(infra_state::look(&config));
    sendable(infra_state::names(&config.location, "staging"));
    sendable(infra_state::unlock(&config, "0"));
    sendable(infra_state::bootstrap(location));
    sendable(Snapshot::read(&config));
}

#[test]
fn a_state_does_not_move_onto_another() {
    run(async {
        let (one, two) = (S3Place::new(), S3Place::new());
        let (one, two) = (one.config().await, two.config().await);
        a_run(&one, "run-1", "a.b").await;
        a_run(&two, "run-1", "a.c").await;
        let error = infra_state::move_state(&one, &two, &owner()).await.expect_err("taken");
        assert!(error.to_string().contains("a state lives there already"), "{error}");
        assert_eq!((load(&one).await.records.len(), load(&two).await.records.len()), (1, 1));
    });
}

#[test]
fn a_place_that_was_left_takes_another_state() {
    run(async {
        let place = S3Place::new();
        let mut shared = place.calm().await;
        let local = |name: &str| Config {
            location: Location::Local { root: place.folder().join(name) },
            ..shared.clone()
        };
        let (one, two) = (local("one"), local("two"));
        if let Location::S3(location) = &mut shared.location {
            location.key = place.folder().join("one/state.key");
        }
        for round in 0..5 {
            a_run(&one, &format!("run-{round}"), "a.b").await;
        }
        std::fs::create_dir(place.folder().join("two")).expect("made");
        let key = |name: &str| place.folder().join(name).join("state.key");
        std::fs::copy(key("one"), key("two")).expect("copied");
        a_run(&two, "run-1", "a.c").await;
        let expected = load(&two).await;
        infra_state::move_state(&one, &shared, &owner()).await.expect("moved in");
        infra_state::move_state(&shared, &one, &owner()).await.expect("moved out");
        infra_state::move_state(&two, &shared, &owner()).await.expect("moved in");
        assert_eq!(load(&shared).await, expected);
        assert_eq!(load(&one).await.serial, 5);
    });
}

/// The lock in a table, under the rules of the lock in the bucket.
#[test]
fn a_lock_in_a_table_keeps_the_second_away_and_frees_itself() {
    run(async {
        let place = S3Place::new();
        let mut config = place.config().await;
        if let Location::S3(location) = &mut config.location {
            location.bucket = format!("tabled-{}", std::process::id());
            location.lock_table = Some(format!("tabled-{}", std::process::id()));
            infra_state::bootstrap(location).await.expect("made");
        }
        let first = infra_state::open(&config, &owner()).await.expect("opens");
        first.commit(None, &[Edit::Put(Box::new(record("a.b")))]).await.expect("committed");
        let refused = infra_state::open(&config, &owner()).await.err().expect("held");
        assert!(matches!(refused, StoreError::Locked { .. }), "{refused}");
        let id = refused.to_string();
        let id = id.split("; lock ").nth(1).and_then(|rest| rest.split(',').next());
        infra_state::unlock(&config, id.expect("it names the id")).await.expect("freed");
        let second = infra_state::open(&config, &owner()).await.expect("opens");
        second.commit(None, &[Edit::Put(Box::new(record("a.c")))]).await.expect("committed");
        let lost = first.commit(None, &[]).await.expect_err("dispossessed");
        assert!(matches!(lost, StoreError::Lost { .. }), "{lost}");
        drop((first, second));
        assert_eq!(load(&config).await.records.len(), 2);
    });
}

#[test]
fn without_its_key_a_state_is_not_opened_and_not_made_anew() {
    run(async {
        let place = S3Place::new();
        let config = place.calm().await;
        a_run(&config, "run-1", "a.b").await;
        let elsewhere = Config {
            location: Location::S3(location(PathBuf::from("nowhere/state.key"), &endpoint().await)),
            ..config.clone()
        };
        let error = infra_state::open(&elsewhere, &owner()).await.err().expect("no key");
        assert!(error.to_string().contains("nowhere/state.key is missing"), "{error}");
        assert_eq!(place.open().await.expect("opens").load().await.expect("loads").serial, 1);
    });
}
