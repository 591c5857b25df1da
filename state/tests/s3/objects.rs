//! The objects themselves: damage to each, what is kept of them, and a search for secrets.

use infra_sdk::store::{Edit, Store, StoreError};
use infra_state::Config;
use infra_testkit::store_suite::{intent, record, run, run_record};

use crate::place::{Objects, S3Place, owner};

/// A state with a few writes, closed.
async fn filled(config: &Config) {
    let store = infra_state::open(config, &owner()).await.expect("opens");
    write(&*store, 6).await;
}

async fn write(store: &dyn Store, count: usize) {
    for index in 0..count {
        let edit = Edit::Put(Box::new(record(&format!("a.n{index}"))));
        store.commit(None, &[edit]).await.expect("committed");
    }
}

async fn refusal(config: &Config) -> StoreError {
    infra_state::open(config, &owner()).await.err().expect("it opened")
}

#[test]
fn an_object_that_is_cut_or_flipped_is_damage_and_named() {
    run(async {
        let place = S3Place::new();
        let config = place.calm().await;
        filled(&config).await;
        let objects = Objects::of(&config);
        let mut accepted = 0;
        let names = ["snapshot/00000000000000000000", "journal/00000000000000000003", "lock"];
        for name in names {
            let good = objects.get(name).await;
            let step = good.len() / 40 + 1;
            for at in (0..good.len()).step_by(step) {
                let mut flipped = good.clone();
                flipped[at] ^= 1 << (at % 8);
                for bad in [flipped, good[..at].to_vec()] {
                    objects.put(name, bad).await;
                    let error = refusal(&config).await;
                    let named = if name == "lock" { "the lock of s3://states/" } else { name };
                    let told = matches!(&error, StoreError::Damaged { .. })
                        && error.to_string().contains(named);
                    accepted += usize::from(!told);
                }
            }
            objects.put(name, good).await;
        }
        assert_eq!(accepted, 0);
        infra_state::open(&config, &owner()).await.expect("it is whole again");
    });
}

#[test]
fn an_object_that_is_gone_is_damage_and_never_an_empty_state() {
    run(async {
        let place = S3Place::new();
        let config = place.calm().await;
        filled(&config).await;
        let objects = Objects::of(&config);
        let mut kept = Vec::new();
        for name in objects.names("").await {
            kept.push((name.clone(), objects.get(&name).await));
        }
        // The last is missed because the lock says how far the journal went.
        for (name, bytes) in kept.iter().filter(|(name, _)| name != "lock") {
            objects.delete(name).await;
            let error = refusal(&config).await;
            assert!(matches!(error, StoreError::Damaged { .. }), "without {name}: {error}");
            if name == "journal/00000000000000000006" {
                assert!(
                    error.to_string().contains("its journal ends with 5, and 6 was"),
                    "{error}"
                );
            }
            objects.put(name, bytes.clone()).await;
        }
        for (name, _) in kept.iter().filter(|(name, _)| name != "lock") {
            objects.delete(name).await;
        }
        let error = refusal(&config).await.to_string();
        assert!(
            error.contains("it was there") && error.contains("its objects are gone"),
            "{error}"
        );
        for (name, bytes) in &kept {
            if name != "lock" {
                objects.put(name, bytes.clone()).await;
            }
        }
        let opened = infra_state::open(&config, &owner()).await.expect("it is whole again");
        assert_eq!(opened.load().await.expect("loads").records.len(), 6);
    });
}

#[test]
fn an_object_under_another_name_is_noticed() {
    run(async {
        let place = S3Place::new();
        let config = place.calm().await;
        filled(&config).await;
        let objects = Objects::of(&config);
        let third = objects.get("journal/00000000000000000003").await;
        objects.put("journal/00000000000000000004", third).await;
        let error = refusal(&config).await;
        assert!(error.to_string().contains("00004 is damaged: its checksum"), "{error}");
    });
}

#[test]
fn an_object_of_a_later_format_is_refused_with_its_version() {
    run(async {
        let place = S3Place::new();
        let config = place.calm().await;
        filled(&config).await;
        let objects = Objects::of(&config);
        let name = "journal/00000000000000000003";
        let body = objects.get(name).await[18..].to_vec();
        let key = format!("team/staging/{}/{name}", config.stack);
        let format = (infra_state::FORMAT + 1).to_be_bytes();
        let mut hasher = blake3::Hasher::new();
        hasher.update(&(key.len() as u64).to_be_bytes()).update(key.as_bytes());
        hasher.update(&format).update(&body);
        let sum = hasher.finalize();
        objects.put(name, [&format, &sum.as_bytes()[..16], &body[..]].concat()).await;
        let (found, supported) = (infra_state::FORMAT + 1, infra_state::FORMAT);
        let newer = StoreError::Newer { found: found.into(), supported: supported.into() };
        assert_eq!(refusal(&config).await, newer);
    });
}

#[test]
fn the_journal_is_compacted_and_the_snapshot_before_the_last_is_kept() {
    run(async {
        let place = S3Place::new();
        let config = place.calm().await;
        let objects = Objects::of(&config);
        let store = infra_state::open(&config, &owner()).await.expect("opens");
        for round in 0..8 {
            let edits: Vec<_> = (0..60)
                .map(|n| Edit::Put(Box::new(record(&format!("round{round}.n{n}")))))
                .collect();
            for edits in edits.chunks(6) {
                store.commit(None, edits).await.expect("committed");
            }
        }
        let expected = store.load().await.expect("loads");
        drop(store);
        let snapshots = objects.names("snapshot/").await;
        let journal = objects.names("journal/").await;
        assert_eq!(snapshots.len(), 2, "{snapshots:?}");
        assert!(journal.len() < 80, "{} of 80 are left", journal.len());
        let loaded = async || {
            let store = infra_state::open(&config, &owner()).await.expect("opens");
            store.load().await.expect("loads")
        };
        assert_eq!(loaded().await, expected);
        // What the error for a damaged snapshot says can be done.
        let last = &snapshots[1];
        objects.put(last, b"damaged".to_vec()).await;
        let error = refusal(&config).await.to_string();
        assert!(error.contains("if you delete it"), "{error}");
        objects.delete(last).await;
        assert_eq!(loaded().await, expected);
    });
}

#[test]
fn a_run_that_ends_leaves_little_to_read_for_the_next() {
    run(async {
        let place = S3Place::new();
        let config = place.calm().await;
        let objects = Objects::of(&config);
        let store = infra_state::open(&config, &owner()).await.expect("opens");
        // So many that a snapshot is not yet worth its bytes when the run ends.
        let edits: Vec<_> =
            (0..600).map(|n| Edit::Put(Box::new(record(&format!("many.n{n}"))))).collect();
        store.commit(None, &edits).await.expect("committed");
        store.start(&run_record("run-1")).await.expect("started");
        write(&*store, 70).await;
        let last = |names: Vec<String>| names.last().map(|name| name[name.len() - 20..].to_owned());
        let snapshot = last(objects.names("snapshot/").await).expect("one");
        assert!(last(objects.names("journal/").await) > Some(snapshot));
        store.finish(&run_record("run-1")).await.expect("finished");
        let snapshot = last(objects.names("snapshot/").await);
        assert_eq!(last(objects.names("journal/").await), snapshot);
    });
}

#[test]
fn a_secret_is_in_no_object() {
    run(async {
        let place = S3Place::new();
        let config = place.calm().await;
        let objects = Objects::of(&config);
        let store = infra_state::open(&config, &owner()).await.expect("opens");
        store.start(&run_record("run-1")).await.expect("started");
        let number = store.begin(&intent("a.b")).await.expect("begun");
        let put = Edit::Put(Box::new(record("a.b")));
        store.commit(Some(number), &[put]).await.expect("committed");
        store.finish(&run_record("run-1")).await.expect("finished");
        let mut searched = 0;
        for name in objects.names("").await {
            let bytes = objects.get(&name).await;
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let words = text.split(|c: char| !c.is_ascii_alphanumeric() && !"+/=".contains(c));
            // Entries stand in the objects as base64.
            let inner = words.filter_map(base64).flatten();
            let all: Vec<u8> = bytes.iter().copied().chain(inner).collect();
            assert!(!holds(&all, b"hunter2"), "{name}");
            searched += usize::from(holds(&all, b"\"password\""));
        }
        assert!(searched >= 3, "the search does not see what is in the objects");
    });
}

fn base64(word: &str) -> Option<Vec<u8>> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(word).ok()
}

fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}
