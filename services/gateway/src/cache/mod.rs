//! Answers of the public catalog, encoded and kept, so that a shop window is read once and shown often.
//!
//! What may be believed: an answer is kept with the time at which its read began, and shown as long as
//! nothing that it depends on has changed since ([`freshness`]). Changes come by the catalog's
//! `WatchChanges`, whichever replica serves it: each hears PostgreSQL's notifications, which PostgreSQL
//! sends once the change can be read everywhere. So a gateway shows an old answer for as long as a
//! notification is on its way, and any number of gateways and catalogs are right together. While there is
//! no stream nothing is shown and nothing is kept ([`watch`]). A short life is the backstop for what nobody
//! can notice, such as a connection between catalog and PostgreSQL that lost its other end in silence.
//!
//! What a change makes stale:
//!
//! - a product, also its stock: the product itself, and all lists. A list in which it is not may be
//!   another now: price, name, stock and visibility decide what is in it, in which order, and the count.
//!   A notification does not tell which of them it was, so an order drops all lists. That is meant: they
//!   come back with one read each, whatever the number of those who ask, while the pages of all other
//!   products, of which a shop serves the most, stay;
//! - categories: them, and all lists, which may hold what lies below one, or be found by its name;
//! - everything, when changes may have been missed.
//!
//! Nothing is removed for being stale: it is replaced when it is asked for, and pushed out by others
//! otherwise. Those who miss the same answer wait for one read ([`PATIENCE`]). They may take what it finds
//! if it still holds, or if it began later than they came, for then they would have found no more by
//! themselves. So also where changes come faster than reads end, nobody waits for more than two.
//!
//! Only the public reads are here, and only for shoppers: administrators see what is hidden and want to
//! see what they did. Carts and orders ask the catalog itself.

mod freshness;
mod metrics;
#[cfg(test)]
mod tests;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use kit::Runtime;
use kit::grpc::client::Channel;
use prost::Message;
use quick_cache::sync::{Cache, DefaultLifecycle, EntryAction, EntryResult, PlaceholderGuard};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};
use tokio::time::{Instant, timeout};

use crate::answer::Answer;
use crate::problem::Problem;
pub(crate) use freshness::Shows;
use freshness::{Change, Freshness, Note};
use metrics::Metrics;

/// How long those who miss the same answer wait for the first of them, and then ask for themselves. A
/// read takes a few milliseconds; one that takes this long may hang, and must not hold up the others.
const PATIENCE: Duration = Duration::from_millis(250);

/// Memory of an entry beside its texts, in bytes, rounded up: it bounds their number.
const OVERHEAD_BYTES: u64 = 512;

/// One answer takes at most this part of the whole, or a few large ones would push out all others.
const SHARES: u64 = 16;

/// Parts with a lock each, few enough that each can hold the largest answer.
const SHARDS: usize = 4;

/// The part for answers that were asked for again. In the rest newcomers have to prove themselves, so that
/// whoever asks for a thousand pages once does not push out what all others look at.
const ESTABLISHED: f64 = 0.9;

/// What a usual answer weighs, in bytes: a page of products. A guess serves.
const USUAL_BYTES: u64 = 16 * 1024;

/// What is asked: which read, and its request, encoded. Requests that mean the same are the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Question {
    read: Read,
    request: Box<[u8]>,
}

/// The reads of the public catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Read {
    List,
    Search,
    Product,
    Categories,
}

impl Question {
    pub(crate) fn new(read: Read, request: &impl Message) -> Self {
        Self { read, request: request.encode_to_vec().into() }
    }
}

/// What a read found.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) answer: Answer,
    pub(crate) shows: Shows,
}

#[derive(Debug, Clone)]
struct Kept {
    /// None: it is too large to be kept, so that whoever asks shall read, and not wait for others.
    answer: Option<Answer>,
    shows: Shows,
    note: Note,
    until: Instant,
}

/// The cache. Cheap to clone.
#[derive(Clone)]
pub(crate) struct CatalogCache(Arc<Shared>);

struct Shared {
    kept: Cache<Question, Kept, Bytes>,
    freshness: Freshness,
    life: Duration,
    largest: u64,
    metrics: Metrics,
}

/// Weighs an entry by its memory.
#[derive(Debug, Clone, Copy)]
struct Bytes;

impl Weighter<Question, Kept> for Bytes {
    /// The text counts twice: its gzip form may come later, and is smaller.
    fn weight(&self, question: &Question, kept: &Kept) -> u64 {
        let answer = kept.answer.as_ref().map_or(0, |answer| 2 * answer.body().len());
        OVERHEAD_BYTES + (question.request.len() + answer) as u64
    }
}

type Place<'a> = PlaceholderGuard<
    'a,
    Question,
    Kept,
    Bytes,
    DefaultHashBuilder,
    DefaultLifecycle<Question, Kept>,
>;

impl CatalogCache {
    /// One of at most so many bytes, blind until [`CatalogCache::watch`] hears of changes; none when
    /// there is nothing that it could hold.
    pub(crate) fn new(bytes: u64, life: Duration, runtime: &Runtime) -> Option<Self> {
        if bytes == 0 || life.is_zero() {
            return None;
        }
        let options = OptionsBuilder::new()
            .shards(SHARDS)
            .hot_allocation(ESTABLISHED)
            .estimated_items_capacity(usize::try_from(bytes / USUAL_BYTES).ok()?)
            .weight_capacity(bytes)
            .build();
        Some(Self(Arc::new(Shared {
            kept: Cache::with_options(
                options.ok()?,
                Bytes,
                DefaultHashBuilder::default(),
                DefaultLifecycle::default(),
            ),
            freshness: Freshness::new(),
            life,
            largest: bytes / SHARES,
            metrics: Metrics::register(runtime.metrics()),
        })))
    }

    /// Follows the changes of the catalog behind `channel`, for as long as the process runs.
    pub(crate) fn watch(&self, channel: Channel, runtime: &Runtime) {
        runtime.spawn("catalog changes", watch::follow(channel, self.clone()));
    }

    /// The answer to `question`: as it was kept, or from `read`, which is begun only if need be.
    pub(crate) async fn answer(
        &self,
        question: &Question,
        read: impl Future<Output = Result<Found, Problem>>,
    ) -> Result<Answer, Problem> {
        let shared = &*self.0;
        let Some(came) = shared.freshness.note() else { return shared.ask_past(read).await };
        if let Some(kept) = shared.kept.get(question).filter(|kept| shared.serves(kept, came)) {
            return shared.give(kept, read).await;
        }
        let judge = |_: &Question, kept: &mut Kept| match shared.serves(kept, came) {
            true => EntryAction::Retain(kept.clone()),
            false => EntryAction::ReplaceWithGuard,
        };
        match timeout(PATIENCE, shared.kept.entry_async(question, judge)).await {
            Ok(EntryResult::Retained(kept)) => shared.give(kept, read).await,
            Ok(EntryResult::Vacant(place) | EntryResult::Replaced(place, _)) => {
                shared.fill(question, place, read).await
            }
            // Nothing is removed by `judge`, and it sets no time itself.
            Ok(EntryResult::Removed(..) | EntryResult::Timeout) | Err(_) => {
                shared.ask_past(read).await
            }
        }
    }

    /// Takes in what the catalog says.
    fn hear(&self, changes: impl IntoIterator<Item = Change>) {
        for change in changes {
            self.0.freshness.hear(change);
            self.0.metrics.changes.inc();
        }
    }

    /// Nothing is heard any more.
    fn lose_sight(&self) {
        self.0.freshness.lose_sight();
        self.0.kept.clear();
        self.0.tell_size();
    }
}

impl Shared {
    /// Whether what was kept is the answer to one who `came` then.
    fn serves(&self, kept: &Kept, came: Note) -> bool {
        let holds = || self.freshness.holds(kept.note, kept.shows) && Instant::now() < kept.until;
        kept.note > came || holds()
    }

    async fn give(
        &self,
        kept: Kept,
        read: impl Future<Output = Result<Found, Problem>>,
    ) -> Result<Answer, Problem> {
        let Some(answer) = kept.answer else { return self.ask_past(read).await };
        self.metrics.hits.inc();
        Ok(answer)
    }

    /// Reads, and keeps what is found. When it fails, whoever waits reads next.
    async fn fill(
        &self,
        question: &Question,
        place: Place<'_>,
        read: impl Future<Output = Result<Found, Problem>>,
    ) -> Result<Answer, Problem> {
        self.metrics.misses.inc();
        let (note, until) = (self.freshness.note(), Instant::now() + self.life);
        let Found { answer, shows } = read.await?;
        // Also what changed under the read, for those who wait; but nothing once sight is lost.
        let sees = self.freshness.note().is_some();
        if let Some(note) = note.filter(|_| sees) {
            let mut kept = Kept { answer: Some(answer.clone()), shows, note, until };
            if Bytes.weight(question, &kept) > self.largest {
                kept.answer = None;
            }
            // Refused when it was emptied meanwhile.
            place.insert(kept).ok();
            self.tell_size();
        }
        Ok(answer)
    }

    /// Reads beside the cache.
    async fn ask_past(
        &self,
        read: impl Future<Output = Result<Found, Problem>>,
    ) -> Result<Answer, Problem> {
        self.metrics.passed.inc();
        read.await.map(|found| found.answer)
    }

    fn tell_size(&self) {
        self.metrics.tell_size(self.kept.len(), self.kept.weight());
    }
}
