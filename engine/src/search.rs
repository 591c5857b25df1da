//! Searching for what lost creates may have made.
//!
//! The main function is [`search`]. What a cloud made may take a while to show up, so that nothing
//! counts as not made before its create is as old as the provider says, and never after one look.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use infra_sdk::provider::{BoxFuture, Create, Failure, Observed, Owner, Place, Provider, Target};
use infra_sdk::store::{Intent, Record};
use infra_sdk::{Diagnostic, Object};

use crate::refresh::{self, revealed};
use crate::run::{Clock, Wait};

/// How many searches may be in flight.
pub(crate) const SEARCHES: usize = 16;

/// The first pause between two looks; each is twice as long as the one before it.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// The longest pause between two looks.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// A create that is older than this has had its effect, if it has one: longer than any provider
/// tries again, waits for a network, or is held back.
const SENT_WITHIN: Duration = Duration::from_secs(24 * 60 * 60);

/// What to do when several objects may be the one that is meant.
pub(crate) const OTHERS: &str = "keep one: delete the others, or take the tag `infra:address` off \
    them,\nand run the command again";

/// A create of which nobody knows what became.
#[derive(Debug, Clone)]
pub(crate) struct Lost {
    pub(crate) request: Create,
    /// Ids that are known already, see [`recorded_ids`].
    pub(crate) known: Arc<BTreeSet<String>>,
    /// How long after the create what it made may take to show up.
    pub(crate) within: Duration,
    /// Whether it need not be waited for, because it can be sent again.
    pub(crate) may_stay_open: bool,
}

impl Lost {
    pub(crate) fn new(
        provider: &dyn Provider,
        intent: &Intent,
        owner: &Arc<Owner>,
        known: Arc<BTreeSet<String>>,
    ) -> Self {
        let within = provider.settling(&intent.type_name).within();
        let request = Create {
            address: intent.address.clone(),
            type_name: intent.type_name.clone(),
            place: intent.place.clone(),
            inputs: revealed(&intent.inputs),
            token: intent.token.clone(),
            owner: Arc::clone(owner),
            started: intent.started.clone(),
            replaces: intent.id.clone(),
        };
        Self { request, known, within, may_stay_open: false }
    }

    pub(crate) fn target(&self, id: String) -> Target {
        Target {
            address: self.request.address.clone(),
            type_name: self.request.type_name.clone(),
            place: self.request.place.clone(),
            id,
            recorded: self.request.inputs.clone(),
            outputs: Object::new(),
            owner: Arc::clone(&self.request.owner),
        }
    }
}

/// The ids of a type's recorded objects in a place. A search may find these too: what is replaced
/// carries the tags of what replaces it, and what was moved those of what is declared there now.
pub(crate) fn recorded_ids<'a>(
    records: impl IntoIterator<Item = &'a Record>,
    type_name: &str,
    place: &Place,
) -> BTreeSet<String> {
    let same = |record: &&Record| record.type_name == type_name && record.place == *place;
    let ids = |record: &'a Record| {
        std::iter::once(&record.id).chain(record.deposed.iter().map(|deposed| &deposed.id))
    };
    records.into_iter().filter(same).flat_map(ids).cloned().collect()
}

/// What became of a lost create.
#[derive(Debug)]
pub(crate) enum Fate {
    /// It made this.
    Made(String, Observed),
    /// It made nothing.
    NotMade,
    /// Nothing shows up and it is young: it may be sent again with its token.
    Open,
}

/// What became of some creates. All are looked for together, so that the wait is never longer than
/// the longest of theirs.
pub(crate) async fn search(
    provider: &dyn Provider,
    clock: &dyn Clock,
    waits: &(dyn Fn(&Wait) + Send + Sync),
    lost: &[Lost],
) -> Vec<Result<Fate, Diagnostic>> {
    let begun = clock.monotonic();
    let mut fates: Vec<Option<Result<Fate, Diagnostic>>> = lost.iter().map(|_| None).collect();
    let mut pause = FIRST_PAUSE;
    for looks in 1_u32.. {
        let unknown: Vec<usize> = (0..lost.len()).filter(|i| fates[*i].is_none()).collect();
        // What was begun before it was old enough proves nothing.
        let searched = clock.monotonic() - begun;
        let left: Vec<_> = unknown.iter().map(|i| left(clock, &lost[*i], searched)).collect();
        let asked: Vec<_> = unknown.iter().map(|i| &lost[*i]).collect();
        let answers = look(provider, &asked).await;
        for ((&index, left), answer) in unknown.iter().zip(&left).zip(answers) {
            let at_once = lost[index].within.is_zero();
            fates[index] = match answer {
                Err(diagnostic) => Some(Err(diagnostic)),
                Ok(Some((id, observed))) => Some(Ok(Fate::Made(id, observed))),
                Ok(None) if left.is_zero() && (at_once || looks > 1) => Some(Ok(Fate::NotMade)),
                Ok(None)
                    if is_young(clock, &lost[index], searched) && lost[index].may_stay_open =>
                {
                    Some(Ok(Fate::Open))
                }
                Ok(None) => None,
            };
        }
        let open: Vec<_> =
            unknown.iter().zip(left).filter(|(index, _)| fates[**index].is_none()).collect();
        let Some(at_most) = open.iter().map(|(_, left)| *left).max() else { break };
        if looks == 1 && !at_most.is_zero() {
            let addresses = open.iter().map(|(i, _)| lost[**i].request.address.clone()).collect();
            waits(&Wait { addresses, at_most });
        }
        let next = if at_most.is_zero() { FIRST_PAUSE } else { pause.min(at_most) };
        tokio::time::sleep(next).await;
        pause = LONGEST_PAUSE.min(pause * 2);
    }
    fates.into_iter().flatten().collect()
}

/// How long until a look that finds nothing counts. What a create makes shows up some time after the
/// call that made it, which may have been its last try, long after it was begun; but the one who
/// sent it was gone when the search began.
fn left(clock: &dyn Clock, lost: &Lost, searched: Duration) -> Duration {
    match clock.since(&lost.request.started) {
        Some(age) if age >= SENT_WITHIN + lost.within => Duration::ZERO,
        _ => lost.within.saturating_sub(searched),
    }
}

/// Whether the service knows the token of a create still. An instant of another machine may be yet
/// to come on this one: then the time since the search began counts.
fn is_young(clock: &dyn Clock, lost: &Lost, searched: Duration) -> bool {
    clock.since(&lost.request.started).unwrap_or_default().max(searched) < lost.within
}

/// One look at what creates may have made: what can be found and read.
async fn look(
    provider: &dyn Provider,
    lost: &[&Lost],
) -> Vec<Result<Option<(String, Observed)>, Diagnostic>> {
    let requests: Vec<_> = lost.iter().map(|lost| &lost.request).collect();
    let found = find_all(provider, &requests).await;
    let found: Vec<_> = lost.iter().zip(found).map(|(lost, ids)| single(lost, ids)).collect();
    let targets: Vec<_> = lost
        .iter()
        .zip(&found)
        .filter_map(|(lost, found)| Some(lost.target(found.as_ref().ok()?.clone()?)))
        .collect();
    let mut answers = refresh::read(provider, &targets).await.into_iter();
    let read = |found: Result<Option<String>, Diagnostic>| match found? {
        Some(id) => match answers.next() {
            Some(seen) => Ok(seen?.map(|observed| (id, observed))),
            None => Ok(None),
        },
        None => Ok(None),
    };
    found.into_iter().map(read).collect()
}

/// The ids of what each of many creates may have made, in their order.
pub(crate) async fn find_all(
    provider: &dyn Provider,
    requests: &[&Create],
) -> Vec<Result<Vec<String>, Failure>> {
    // Not yet polled: only so many of them are in flight at once.
    let calls: Vec<BoxFuture<'_, _>> =
        requests.iter().map(|request| provider.find(request)).collect();
    stream::iter(calls).buffered(SEARCHES).collect().await
}

/// The one object that a create made, if it made any.
fn single(lost: &Lost, found: Result<Vec<String>, Failure>) -> Result<Option<String>, Diagnostic> {
    let request = &lost.request;
    let found = found.map_err(|failure| {
        refresh::explain(&failure, "recover::find", "an unfinished create cannot be looked up")
            .hint("nothing was changed; run the command again once the cause is gone")
    })?;
    let is_new =
        |id: &String| !lost.known.contains(id) && lost.request.replaces.as_ref() != Some(id);
    let mut new: Vec<_> = found.into_iter().filter(is_new).collect();
    new.sort_unstable();
    new.dedup();
    if new.len() <= 1 {
        return Ok(new.pop());
    }
    let detail = format!(
        "each of these may be the {} that was begun at {}: {}",
        request.type_name,
        request.started,
        new.join(", ")
    );
    Err(Diagnostic::error("recover::ambiguous", "an unfinished create has several results")
        .detail(detail)
        .hint(OTHERS))
}
