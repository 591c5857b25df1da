//! Keys wrapped by each source, and opened by no other.

use std::sync::atomic::{AtomicU64, Ordering};

use super::*;

fn context() -> KeyContext {
    KeyContext { lineage: "l".to_owned(), stack: "shop".to_owned() }
}

fn meta(key: &SealingKey, wrapped: WrappedKey) -> MetaWire {
    let (lineage, key) = ("l".to_owned(), key.id().to_owned());
    MetaWire { lineage, serial: 0, key, wrapped: Some(wrapped) }
}

/// A service that keeps what it wraps and hands out tickets for it.
#[derive(Default)]
struct Tickets {
    kept: std::sync::Mutex<Vec<(KeyContext, [u8; 32])>>,
    calls: AtomicU64,
}

impl KeyWrapper for Tickets {
    fn kind(&self) -> &'static str {
        "tickets"
    }

    fn wrap(&self, key: &[u8; 32], context: &KeyContext) -> Result<String, StoreError> {
        let mut kept = self.kept.lock().expect("lock");
        kept.push((context.clone(), *key));
        Ok((kept.len() - 1).to_string())
    }

    fn unwrap(
        &self,
        wrapped: &str,
        context: &KeyContext,
    ) -> Result<Zeroizing<[u8; 32]>, StoreError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let kept = self.kept.lock().expect("lock");
        let (bound, key) = &kept[wrapped.parse::<usize>().expect("a ticket")];
        assert_eq!(bound, context, "the context was not handed over");
        Ok(Zeroizing::new(*key))
    }
}

#[test]
fn each_source_opens_what_it_wrapped_and_nothing_else_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| KeySource::File(folder.path().join(name));
    SealingKey::read_or_create(&folder.path().join("b")).expect("made");
    let sources = [
        file("a"),
        file("b"),
        KeySource::passphrase("correct horse".to_owned()),
        KeySource::passphrase("correct horsf".to_owned()),
        KeySource::Service(Arc::new(Tickets::default())),
    ];
    for (index, source) in sources.iter().enumerate() {
        let (key, wrapped) = source.make(context()).expect("made");
        let text = serde_json::to_string(&wrapped).expect("JSON");
        let meta = meta(&key, serde_json::from_str(&text).expect("reads"));
        assert!(!text.contains(&STANDARD.encode(key.expose())), "the key is in clear");
        for (other, opener) in sources.iter().enumerate() {
            let opened = opener.open(&meta);
            if index == other {
                assert_eq!(opened.expect("opens").expose(), key.expose());
            } else {
                let shown = opened.expect_err("another source opened it").to_string();
                assert!(shown.contains("open the state, which"), "{shown}");
                assert!(!shown.contains("correct"), "{shown}");
            }
        }
        assert!(!format!("{source:?}").contains("correct"), "{source:?}");
    }
}

#[test]
fn a_wrapped_key_does_not_open_in_another_state() {
    let folder = tempfile::tempdir().expect("a folder");
    let source = KeySource::File(folder.path().join("key"));
    let (key, wrapped) = source.make(context()).expect("made");
    let good = meta(&key, wrapped.clone());
    source.open(&good).expect("opens");
    let mut other = good.clone();
    other.lineage = "m".to_owned();
    assert!(matches!(source.open(&other), Err(StoreError::Damaged { .. })));
    // Not even when it says that it is of the other state.
    let context = KeyContext { lineage: "m".to_owned(), ..context() };
    other.wrapped = Some(WrappedKey { context, ..wrapped });
    assert!(matches!(source.open(&other), Err(StoreError::Damaged { .. })));
    let mut swapped = good;
    swapped.key = "0123456789abcdef".to_owned();
    assert!(matches!(source.open(&swapped), Err(StoreError::Damaged { .. })));
}

#[test]
fn a_state_cannot_make_its_reader_run_out_of_memory() {
    let source = KeySource::passphrase("correct horse".to_owned());
    let (key, mut wrapped) = source.make(context()).expect("made");
    if let By::Passphrase { memory_kib, .. } = &mut wrapped.by {
        *memory_kib = u32::MAX;
    }
    let shown = source.open(&meta(&key, wrapped)).expect_err("accepted").to_string();
    assert!(shown.contains("asks for more memory"), "{shown}");
}

#[test]
fn an_empty_passphrase_makes_no_key() {
    let made = KeySource::passphrase(String::new()).make(context());
    assert!(made.expect_err("accepted").to_string().ends_with("it is empty"));
}
