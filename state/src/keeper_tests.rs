//! The keeper over a table that fails when it is told to.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use super::*;
use crate::config::Paths;
use crate::marker::Mark;
use crate::site::LocalFiles;

/// A table in memory: what is applied is durable after a sync and lost before.
#[derive(Clone, Default)]
struct Disk {
    entries: Arc<Mutex<BTreeMap<Vec<u8>, Vec<u8>>>>,
    syncs: Arc<AtomicU64>,
    /// How many transactions there were.
    applied: Arc<AtomicU64>,
    /// The transaction with this number fails.
    refuses_at: Arc<AtomicU64>,
    /// The sync with this number fails.
    fails_at: Arc<AtomicU64>,
}

impl Table for Disk {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.entries.lock().expect("lock").get(key).cloned())
    }

    fn each(&self, prefix: &[u8], visit: Visit<'_>) -> Result<(), StoreError> {
        self.entries.lock().expect("lock").each(prefix, visit)
    }

    fn apply(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        let number = self.applied.fetch_add(1, Ordering::SeqCst) + 1;
        if number == self.refuses_at.load(Ordering::SeqCst) {
            let action = "apply".to_owned();
            return Err(StoreError::Unavailable { action, reason: "no space left".to_owned() });
        }
        let mut entries = self.entries.lock().expect("lock");
        for (key, bytes) in changes {
            match bytes {
                Some(bytes) => entries.insert(key.clone(), bytes.clone()),
                None => entries.remove(key),
            };
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        let number = self.syncs.fetch_add(1, Ordering::SeqCst) + 1;
        if number == self.fails_at.load(Ordering::SeqCst) {
            let action = "sync".to_owned();
            return Err(StoreError::Unavailable { action, reason: "no space left".to_owned() });
        }
        Ok(())
    }
}

/// A founded disk with a folder for its mark.
fn disk() -> (Disk, tempfile::TempDir, Paths) {
    let folder = tempfile::tempdir().expect("a folder");
    let paths = Paths::new(folder.path(), &folder.path().join("key"));
    Mark::create(&paths.mark(), 0).expect("made");
    let mut disk = Disk::default();
    let source = crate::envelope::KeySource::File(folder.path().join("key"));
    let (key, wrapped) = source.make(paths.key_context("l")).expect("made");
    let (lineage, key) = ("l".to_owned(), key.id().to_owned());
    let meta = MetaWire { lineage, serial: 0, key, wrapped: Some(wrapped) };
    found(&mut disk, &meta, 0, Vec::new()).expect("founded");
    (disk, folder, paths)
}

fn open(disk: &Disk, paths: &Paths) -> Result<Keeper<Disk, LocalFiles>, StoreError> {
    let (beside, marked) = LocalFiles::open(paths)?;
    Keeper::open(disk.clone(), beside, marked)
}

fn begin(requests: &mpsc::Sender<Request>) -> oneshot::Receiver<Result<u64, StoreError>> {
    let (answer, receiver) = oneshot::channel();
    requests.send(Request::Begin { body: b"{}".to_vec(), answer }).expect("sent");
    receiver
}

#[test]
fn all_that_waits_shares_one_sync() {
    let (disk, _folder, paths) = disk();
    let keeper = open(&disk, &paths).expect("opens");
    let (requests, inbox) = mpsc::channel();
    let mut answers: Vec<_> = (0..100).map(|_| begin(&requests)).collect();
    drop(requests);
    let count = || [&disk.syncs, &disk.applied].map(|count| count.load(Ordering::SeqCst));
    let before = count();
    keeper.run(&inbox);
    assert_eq!(count(), before.map(|before| before + 1), "syncs, and transactions");
    for (index, answer) in answers.iter_mut().enumerate() {
        let number = answer.try_recv().expect("answered").expect("begun");
        assert_eq!(number, index as u64 + 1);
    }
    assert_eq!(open(&disk, &paths).expect("opens").open.len(), 100);
}

fn commit(
    requests: &mpsc::Sender<Request>,
    intent: Option<u64>,
    edits: Vec<BodyEdit>,
) -> oneshot::Receiver<Result<(), StoreError>> {
    let (answer, receiver) = oneshot::channel();
    requests.send(Request::Commit { intent, edits, answer }).expect("sent");
    receiver
}

/// A group of a hundred, whose transaction or whose sync fails.
fn a_group_that_fails(fail: impl FnOnce(&Disk), reason: &str) {
    let (disk, _folder, paths) = disk();
    let keeper = open(&disk, &paths).expect("opens");
    fail(&disk);
    let (requests, inbox) = mpsc::channel();
    let mut begun: Vec<_> = (0..50).map(|_| begin(&requests)).collect();
    let edit = |index: usize| BodyEdit::Put(entries::record(&format!("a.n{index}")), b"1".to_vec());
    let mut ended: Vec<_> = (0..50).map(|i| commit(&requests, None, vec![edit(i)])).collect();
    drop(requests);
    let syncs = disk.syncs.load(Ordering::SeqCst);
    keeper.run(&inbox);
    let begun = begun.iter_mut().map(|answer| answer.try_recv().expect("answered").map(drop));
    let ended = ended.iter_mut().map(|answer| answer.try_recv().expect("answered"));
    for told in begun.chain(ended) {
        assert_eq!(told.expect_err("a member was told that it is durable").to_string(), reason);
    }
    assert!(disk.syncs.load(Ordering::SeqCst) <= syncs + 1, "it was tried again");
}

#[test]
fn a_group_whose_transaction_fails_fails_for_all_of_its_members() {
    let fail = |disk: &Disk| {
        let next = disk.applied.load(Ordering::SeqCst) + 1;
        disk.refuses_at.store(next, Ordering::SeqCst);
    };
    a_group_that_fails(fail, "apply: no space left");
}

#[test]
fn a_group_whose_sync_fails_fails_for_all_of_its_members() {
    let fail = |disk: &Disk| {
        disk.fails_at.store(disk.syncs.load(Ordering::SeqCst) + 1, Ordering::SeqCst);
    };
    a_group_that_fails(fail, "sync: no space left");
}

#[test]
fn the_members_of_a_group_see_what_those_before_them_changed() {
    let (disk, _folder, paths) = disk();
    let keeper = open(&disk, &paths).expect("opens");
    let (requests, inbox) = mpsc::channel();
    let key = |name: &str| [entries::OUTPUTS, name.as_bytes()].concat();
    let put = |name: &str, body: &str| BodyEdit::Put(key(name), body.as_bytes().to_vec());
    let mut answers = vec![
        commit(&requests, None, vec![put("a", "1"), put("b", "1")]),
        commit(&requests, None, vec![BodyEdit::Clear(entries::OUTPUTS), put("c", "1")]),
        commit(&requests, None, vec![put("c", "2"), put("d", "1")]),
        commit(&requests, None, vec![BodyEdit::Remove(key("d"))]),
    ];
    let mut begun = begin(&requests);
    let mut closed = commit(&requests, Some(1), Vec::new());
    let mut again = commit(&requests, Some(1), Vec::new());
    let (answer, mut seen) = oneshot::channel();
    let read: Read = Box::new(move |there| {
        let keys = there.and_then(|(table, ..)| table.scan(entries::OUTPUTS));
        answer.send(keys).ok();
    });
    requests.send(Request::Read(read)).expect("sent");
    answers.push(commit(&requests, None, vec![put("e", "1")]));
    drop(requests);
    keeper.run(&inbox);
    for answer in &mut answers {
        answer.try_recv().expect("answered").expect("committed");
    }
    assert_eq!(begun.try_recv().expect("answered"), Ok(1));
    closed.try_recv().expect("answered").expect("it was begun in this group");
    again.try_recv().expect("answered").expect_err("it was closed in this group");
    let seen = seen.try_recv().expect("answered").expect("read");
    assert_eq!(seen.into_iter().map(|(key, _)| key).collect::<Vec<_>>(), [key("c")]);
    // The digest over all entries is the one of what is there.
    let keeper = open(&disk, &paths).expect("opens");
    let keys = keeper.table().scan(entries::OUTPUTS).expect("read").into_iter();
    assert_eq!(keys.map(|(key, _)| key).collect::<Vec<_>>(), [key("c"), key("e")]);
    assert!(keeper.open.is_empty());
}

#[test]
fn after_a_sync_that_failed_nothing_is_acknowledged_ever_again() {
    let (disk, _folder, paths) = disk();
    let keeper = open(&disk, &paths).expect("opens");
    disk.fails_at.store(disk.syncs.load(Ordering::SeqCst) + 2, Ordering::SeqCst);
    let (requests, inbox) = mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(move || keeper.run(&inbox));
        assert_eq!(begin(&requests).blocking_recv().expect("answered").expect("begun"), 1);
        for _ in 0..3 {
            let error = begin(&requests).blocking_recv().expect("answered").expect_err("refused");
            assert_eq!(error.to_string(), "sync: no space left");
        }
        let (answer, receiver) = oneshot::channel();
        let read: Read = Box::new(move |table| {
            answer.send(table.map(|_| ())).ok();
        });
        requests.send(Request::Read(read)).expect("sent");
        receiver.blocking_recv().expect("answered").expect_err("a doubtful table was read");
        drop(requests);
    });
    // One sync for the first, one that failed, and none after it.
    assert_eq!(disk.syncs.load(Ordering::SeqCst), disk.fails_at.load(Ordering::SeqCst));
}

#[test]
fn an_entry_that_is_lost_swapped_or_added_is_noticed_at_open() {
    let (disk, _folder, paths) = disk();
    let mut keeper = open(&disk, &paths).expect("opens");
    let edit = |name: &str, body: &[u8]| BodyEdit::Put(entries::record(name), body.to_vec());
    keeper.commit(None, vec![edit("a", b"1"), edit("b", b"2")]).expect("committed");
    keeper.sync().expect("synced");
    let older = disk.get(&entries::record("a")).expect("read").expect("there");
    keeper.commit(None, vec![edit("a", b"3")]).expect("committed");
    keeper.sync().expect("synced");
    assert!(open(&disk, &paths).is_ok());
    let good = disk.entries.lock().expect("lock").clone();
    let refused = |change: Change, what: &str| {
        disk.clone().apply(&[change]).expect("applied");
        let error = open(&disk, &paths).err().unwrap_or_else(|| panic!("{what} was accepted"));
        assert!(error.to_string().contains("are not the ones that were written"), "{error}");
        disk.entries.lock().expect("lock").clone_from(&good);
    };
    refused((entries::record("b"), None), "a lost entry");
    refused((entries::record("a"), Some(older)), "an older entry");
    let key = entries::record("c");
    let framed = frame(&key, b"4");
    refused((key, Some(framed)), "an entry from nowhere");
}

#[test]
fn a_single_entry_of_a_later_format_is_refused_with_both_versions() {
    let (disk, _folder, paths) = disk();
    let framed = crate::record::frame_as(FORMAT + 1, entries::META, b"{}");
    disk.clone().apply(&[(entries::META.to_vec(), Some(framed))]).expect("applied");
    let error = open(&disk, &paths).err().expect("accepted");
    let (found, supported) = (FORMAT + 1, FORMAT);
    let text = format!("the state is of format {found}, and this release reads up to {supported}");
    assert_eq!(error.to_string(), text);
}
