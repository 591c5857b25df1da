//! What the handlers of one read ask together: an answer that several types are read from is asked
//! for once, for all objects that are to be read of any of them.
//!
//! The main types are `Question`, a list of an API, and [`Readings`], which lives for one read of one
//! account and region. Before anything is sent each type says with `Readings::want` what it will
//! ask about; the first that asks sends the question for all of them, and the others wait for its
//! answer. Nothing is kept beyond the read: the next one sees what AWS has then.

use std::any::{Any, TypeId};
use std::collections::{BTreeSet, HashMap};
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OnceCell;

use super::clients::Aws;
use super::error::Result;

/// What an API answers for many objects at once.
pub(crate) trait Question: Send + Sync + 'static {
    /// What comes back.
    type Answer: Send + Sync + 'static;

    /// Asks about all that is wanted, in as few calls as there can be: here it is chosen whether a
    /// list, a filter or one call each costs least.
    fn ask(
        aws: &Aws,
        wanted: &BTreeSet<String>,
    ) -> impl Future<Output = Result<Self::Answer>> + Send;
}

/// The questions of one read.
#[derive(Debug, Default)]
pub struct Readings(Mutex<HashMap<TypeId, Entry>>);

/// A question: what is wanted of it, by how many objects, and the cell of its answer, an [`Answered`] of
/// the question.
#[derive(Debug)]
struct Entry {
    wanted: BTreeSet<String>,
    objects: usize,
    answer: Arc<dyn Any + Send + Sync>,
}

/// What was asked, and what came of it. A failure is everybody's, and is not asked for again.
type Answered<Q> = OnceCell<(BTreeSet<String>, Result<Arc<<Q as Question>::Answer>>)>;

impl Readings {
    /// Says that these will be asked about.
    pub(crate) fn want<Q: Question>(&self, keys: impl IntoIterator<Item = String>) {
        let mut entries = self.entries();
        let entry = entries.entry(TypeId::of::<Q>()).or_insert_with(Entry::of::<Q>);
        for key in keys {
            entry.wanted.insert(key);
            entry.objects += 1;
        }
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<TypeId, Entry>> {
        // Sets only grow: whoever panicked has left nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count<Q: Question>(&self) -> usize {
        self.entries().get(&TypeId::of::<Q>()).map_or(0, |entry| entry.objects)
    }

    /// The cell of a question, and all that is wanted of it by now.
    fn entry<Q: Question>(&self) -> Option<(BTreeSet<String>, Arc<Answered<Q>>)> {
        let mut entries = self.entries();
        let entry = entries.entry(TypeId::of::<Q>()).or_insert_with(Entry::of::<Q>);
        // The key is the question's own type, so the cell is always of its kind.
        let answer = Arc::clone(&entry.answer).downcast::<Answered<Q>>().ok()?;
        Some((entry.wanted.clone(), answer))
    }
}

impl Entry {
    fn of<Q: Question>() -> Self {
        Self { wanted: BTreeSet::new(), objects: 0, answer: Arc::new(Answered::<Q>::new()) }
    }
}

impl Aws {
    /// The answer to a question about these, shared with all that ask it during one read. Outside of a
    /// read, or about what nobody announced, it is asked for these alone.
    ///
    /// # Errors
    /// With the failure of the call.
    pub(crate) async fn shared<Q: Question>(
        &self,
        keys: BTreeSet<String>,
    ) -> Result<Arc<Q::Answer>> {
        let entry = self.readings().and_then(Readings::entry::<Q>);
        if let Some((wanted, cell)) = entry {
            let ask = || async {
                let answer = Box::pin(Q::ask(self, &wanted)).await.map(Arc::new);
                (wanted.clone(), answer)
            };
            let (asked, answer) = cell.get_or_init(ask).await;
            if keys.is_subset(asked) {
                return answer.clone();
            }
        }
        Q::ask(self, &keys).await.map(Arc::new)
    }

    /// How many objects will be read from the answer to a question during this read; none outside of
    /// one.
    pub(crate) fn wanted<Q: Question>(&self) -> usize {
        self.readings().map_or(0, Readings::count::<Q>)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use infra_sdk::provider::{Failure, FailureClass};

    use super::*;
    use crate::Connection;
    use crate::frame::clients::configure;

    static ASKED: AtomicUsize = AtomicUsize::new(0);
    static REFUSED: AtomicUsize = AtomicUsize::new(0);

    /// Says back what it is asked about.
    struct Echo;

    impl Question for Echo {
        type Answer = BTreeSet<String>;

        async fn ask(_: &Aws, wanted: &BTreeSet<String>) -> Result<Self::Answer> {
            ASKED.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
            Ok(wanted.clone())
        }
    }

    /// Says no.
    struct No;

    impl Question for No {
        type Answer = ();

        async fn ask(_: &Aws, _: &BTreeSet<String>) -> Result<()> {
            REFUSED.fetch_add(1, Ordering::Relaxed);
            Err(Failure::new(FailureClass::Denied, "no"))
        }
    }

    fn keys(keys: &[&str]) -> BTreeSet<String> {
        keys.iter().map(|key| (*key).to_owned()).collect()
    }

    async fn aws() -> Aws {
        let connection = Connection { region: "us-west-2".to_owned(), ..Connection::default() };
        Aws::new(configure(&connection).await)
    }

    #[tokio::test]
    async fn what_several_ask_is_asked_once_for_all_of_them() {
        let aws = aws().await.reading(|readings| {
            readings.want::<Echo>(keys(&["a", "b"]));
            readings.want::<Echo>(keys(&["b", "c"]));
        });
        assert_eq!(aws.wanted::<Echo>(), 4, "two objects are read from `b`");
        let (one, other) =
            tokio::join!(aws.shared::<Echo>(keys(&["a"])), aws.shared::<Echo>(keys(&["c"])));
        assert_eq!(*one.expect("answered"), keys(&["a", "b", "c"]));
        assert_eq!(*other.expect("answered"), keys(&["a", "b", "c"]));
        assert_eq!(ASKED.load(Ordering::Relaxed), 1);
        let more = aws.shared::<Echo>(keys(&["a", "d"])).await.expect("answered");
        assert_eq!(*more, keys(&["a", "d"]), "nobody announced `d`");
    }

    #[tokio::test]
    async fn a_refusal_is_everybodys_and_the_next_read_asks_again() {
        let aws = aws().await;
        for reads in 1..=2 {
            let reading = aws.reading(|readings| readings.want::<No>(keys(&["a", "b"])));
            for key in ["a", "b"] {
                let failure = reading.shared::<No>(keys(&[key])).await.expect_err("it is refused");
                assert_eq!(failure.class, FailureClass::Denied);
            }
            assert_eq!(REFUSED.load(Ordering::Relaxed), reads);
        }
        assert_eq!(aws.wanted::<No>(), 0, "outside of a read nothing is announced");
    }
}
