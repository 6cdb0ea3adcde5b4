//! What is asked again, and what is not, whatever happens side by side.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use futures::future::join_all;
use kit::Runtime;
use proto::catalog::v1::GetProductRequest;
use proto::catalog::v1::get_product_request::Identifier;
use tokio::sync::Notify;
use tokio::task::yield_now;
use tokio::time::sleep;
use uuid::Uuid;

use super::{CatalogCache, Change, Found, OVERHEAD_BYTES, Question, Read, SHARES, Shows};
use crate::answer::Answer;
use crate::problem::{Code, Problem};

const BYTES: u64 = 1024 * 1024;
/// Longer than any test.
const LIFE: Duration = Duration::from_secs(3600);
const LAMP: Uuid = Uuid::from_u128(1);
const DESK: Uuid = Uuid::from_u128(2);

/// A cache, and a catalog of one number that it asks.
struct Shop {
    cache: CatalogCache,
    stock: AtomicUsize,
    asked: AtomicUsize,
    /// Lets one read go on, when reads are held.
    go: Notify,
}

impl Shop {
    fn new() -> Self {
        Self::living(LIFE)
    }

    /// One whose answers live that long.
    fn living(life: Duration) -> Self {
        let cache = CatalogCache::new(BYTES, life, &Runtime::for_tests()).expect("a cache");
        let (stock, asked) = (AtomicUsize::new(7), AtomicUsize::new(0));
        Self { cache, stock, asked, go: Notify::new() }
    }

    /// One that hears of changes.
    fn seeing() -> Self {
        let shop = Self::new();
        shop.hear(Change::All);
        shop
    }

    fn hear(&self, change: Change) {
        self.cache.hear([change]);
    }

    /// Sells one, of which the cache may learn later.
    fn sell(&self) {
        self.stock.fetch_sub(1, SeqCst);
    }

    fn read(&self, shows: Shows) -> Result<Found, Problem> {
        self.asked.fetch_add(1, SeqCst);
        let answer = Answer::of(&self.stock.load(SeqCst))?;
        Ok(Found { answer, shows })
    }

    async fn ask(&self, shows: Shows) -> usize {
        let read = async { self.read(shows) };
        number(self.cache.answer(&question(shows), read).await.expect("an answer"))
    }

    /// As [`Shop::ask`], but between the read and its answer something else happens.
    async fn ask_slowly(&self, shows: Shows) -> usize {
        let read = async {
            let found = self.read(shows);
            self.go.notified().await;
            found
        };
        number(self.cache.answer(&question(shows), read).await.expect("an answer"))
    }

    fn asked(&self) -> usize {
        self.asked.load(SeqCst)
    }
}

fn question(shows: Shows) -> Question {
    let (read, name) = match shows {
        Shows::Product(id) => (Read::Product, id.to_string()),
        Shows::Products => (Read::List, String::new()),
        Shows::Categories => (Read::Categories, String::new()),
    };
    Question::new(read, &GetProductRequest { identifier: Some(Identifier::Slug(name)) })
}

fn number(answer: Answer) -> usize {
    serde_json::from_slice(&answer.body()).expect("a number")
}

#[tokio::test]
async fn an_answer_is_read_once_until_what_it_shows_changes() {
    let shop = Shop::seeing();
    for (change, stale) in [
        (Change::Product(LAMP), &[true, false, true, false][..]),
        (Change::Categories, &[false, false, true, true]),
        (Change::All, &[true, true, true, true]),
    ] {
        let all = [Shows::Product(LAMP), Shows::Product(DESK), Shows::Products, Shows::Categories];
        for shows in all {
            shop.ask(shows).await;
            let asked = shop.asked();
            assert_eq!(shop.ask(shows).await, shop.stock.load(SeqCst));
            assert_eq!(shop.asked(), asked, "{shows:?} was kept");
        }
        shop.hear(change);
        for (shows, stale) in all.into_iter().zip(stale) {
            let asked = shop.asked();
            shop.ask(shows).await;
            assert_eq!(shop.asked() > asked, *stale, "{shows:?} after {change:?}");
        }
    }
}

#[tokio::test]
async fn an_answer_from_before_a_change_is_not_kept_after_it() {
    for shows in [Shows::Product(LAMP), Shows::Products] {
        let shop = Shop::seeing();
        let changes = async {
            yield_now().await;
            shop.sell();
            shop.hear(Change::Product(LAMP));
            shop.go.notify_one();
        };
        let (old, ()) = tokio::join!(shop.ask_slowly(shows), changes);
        assert_eq!((old, shop.asked()), (7, 1), "it was read before the change");
        assert_eq!((shop.ask(shows).await, shop.asked()), (6, 2));
        assert_eq!((shop.ask(shows).await, shop.asked()), (6, 2));
    }
}

#[tokio::test]
async fn an_answer_from_before_the_stream_broke_is_not_kept_after_it() {
    let shop = Shop::seeing();
    let breaks = async {
        yield_now().await;
        shop.cache.lose_sight();
        shop.sell();
        shop.hear(Change::All);
        shop.go.notify_one();
    };
    let (old, ()) = tokio::join!(shop.ask_slowly(Shows::Products), breaks);
    assert_eq!((old, shop.ask(Shows::Products).await), (7, 6));
}

#[tokio::test]
async fn those_who_come_after_a_change_do_not_take_a_read_from_before_it() {
    let shop = Shop::seeing();
    let late = async {
        yield_now().await;
        shop.sell();
        shop.hear(Change::Product(LAMP));
        let asked = join_all((0..5).map(|_| shop.ask(Shows::Products)));
        let lets_go = async {
            yield_now().await;
            shop.go.notify_one();
        };
        tokio::join!(asked, lets_go).0
    };
    let (old, new) = tokio::join!(shop.ask_slowly(Shows::Products), late);
    assert_eq!((old, new), (7, vec![6; 5]));
    assert_eq!(shop.asked(), 2, "the five of them read once");
}

#[tokio::test]
async fn where_changes_come_faster_than_reads_end_nobody_waits_for_more_than_two() {
    let shop = Shop::seeing();
    let changes = async {
        for _ in 0..2 {
            yield_now().await;
            shop.hear(Change::Product(LAMP));
            shop.go.notify_one();
            yield_now().await;
        }
    };
    let all = join_all((0..100).map(|_| shop.ask_slowly(Shows::Products)));
    let (all, ()) = tokio::join!(all, changes);
    assert_eq!((all, shop.asked()), (vec![7; 100], 2));
    shop.ask(Shows::Products).await;
    assert_eq!(shop.asked(), 3, "who comes after the second change reads what is");
}

#[tokio::test]
async fn many_who_miss_the_same_answer_read_it_once() {
    let shop = Shop::seeing();
    let lets_go = async {
        yield_now().await;
        shop.go.notify_one();
    };
    let all = join_all((0..100).map(|_| shop.ask_slowly(Shows::Products)));
    let (all, ()) = tokio::join!(all, lets_go);
    assert_eq!((all, shop.asked()), (vec![7; 100], 1));
}

#[tokio::test]
async fn a_read_that_fails_or_is_given_up_is_taken_over_by_one_who_waits() {
    let shop = Shop::seeing();
    let question = question(Shows::Products);
    let fails = shop.cache.answer(&question, async {
        shop.go.notified().await;
        Err(Code::Unavailable.problem())
    });
    let lets_go = async {
        yield_now().await;
        shop.go.notify_one();
    };
    let (failed, answer, ()) = tokio::join!(fails, shop.ask(Shows::Products), lets_go);
    assert!(failed.is_err(), "an error is told, and not kept");
    assert_eq!((answer, shop.asked()), (7, 1));

    shop.hear(Change::All);
    let given_up = async {
        tokio::select! {
            _ = shop.ask_slowly(Shows::Products) => panic!("nobody let it go on"),
            () = async { for _ in 0..10 { yield_now().await } } => {}
        }
    };
    let ((), answer) = tokio::join!(given_up, shop.ask(Shows::Products));
    assert_eq!((answer, shop.asked()), (7, 3));
}

#[tokio::test]
async fn a_read_that_hangs_holds_nobody_up_for_ever() {
    let shop = Shop::seeing();
    let others = async {
        yield_now().await;
        let answers = join_all((0..100).map(|_| shop.ask(Shows::Products))).await;
        assert_eq!(answers, [7; 100]);
        // Only now, when all others have theirs.
        shop.go.notify_one();
    };
    assert_eq!(tokio::join!(shop.ask_slowly(Shows::Products), others).0, 7);
}

#[tokio::test]
async fn an_answer_has_a_short_life_also_when_nothing_is_heard() {
    let shop = Shop::living(Duration::from_millis(10));
    shop.hear(Change::All);
    assert_eq!(shop.ask(Shows::Categories).await, 7);
    shop.sell();
    sleep(Duration::from_millis(11)).await;
    assert_eq!(shop.ask(Shows::Categories).await, 6);
}

#[tokio::test]
async fn without_a_stream_of_changes_every_read_asks_and_nothing_is_kept() {
    let shop = Shop::new();
    let reads_twice = async |shop: &Shop| {
        let asked = shop.asked();
        assert_eq!(shop.ask(Shows::Products).await, shop.stock.load(SeqCst));
        shop.sell();
        assert_eq!(shop.ask(Shows::Products).await, shop.stock.load(SeqCst));
        assert_eq!((shop.asked() - asked, shop.cache.0.kept.len()), (2, 0));
    };
    reads_twice(&shop).await;
    shop.hear(Change::All);
    shop.ask(Shows::Products).await;
    assert_eq!(shop.cache.0.kept.len(), 1);
    shop.cache.lose_sight();
    assert_eq!(shop.cache.0.kept.len(), 0, "it is emptied at once");
    reads_twice(&shop).await;
}

#[tokio::test]
async fn it_holds_no_more_than_its_bytes_and_no_answer_that_is_too_large() {
    let shop = Shop::seeing();
    let keep = async |name: usize, length: usize| {
        let request = GetProductRequest { identifier: Some(Identifier::Slug(name.to_string())) };
        let answer = Answer::of(&"x".repeat(length)).expect("JSON");
        let read = async { Ok(Found { answer, shows: Shows::Products }) };
        let question = Question::new(Read::List, &request);
        shop.cache.answer(&question, read).await.expect("an answer");
    };
    let kept = &shop.cache.0.kept;
    for n in 0..5000 {
        keep(n, n % 1000).await;
        assert!(kept.weight() <= BYTES);
        assert!(kept.len() as u64 <= BYTES / OVERHEAD_BYTES);
    }
    assert!(kept.weight() > BYTES / 2, "{} bytes are used", kept.weight());

    shop.cache.lose_sight();
    shop.hear(Change::All);
    let too_large = usize::try_from(BYTES / SHARES / 2).expect("a size");
    keep(0, too_large).await;
    assert!(kept.weight() < 2 * OVERHEAD_BYTES, "only that it is too large");
    keep(1, too_large - 512).await;
    assert!(kept.weight() > BYTES / SHARES / 2);
}

#[tokio::test]
async fn nobody_waits_for_an_answer_that_is_too_large() {
    let shop = Shop::seeing();
    let question = question(Shows::Products);
    let side_by_side = AtomicUsize::new(0);
    let all = (0..10).map(|_| {
        shop.cache.answer(&question, async {
            side_by_side.fetch_add(1, SeqCst);
            if side_by_side.load(SeqCst) > 1 {
                // All but the first are on their way before one ends.
                while side_by_side.load(SeqCst) < 10 {
                    yield_now().await;
                }
            }
            let answer = Answer::of(&"x".repeat(100_000))?;
            Ok(Found { answer, shows: Shows::Products })
        })
    });
    let answers = join_all(all).await;
    assert!(answers.iter().all(|answer| answer.as_ref().is_ok_and(|a| a.body().len() > 100_000)));
}

#[test]
fn no_bytes_and_no_life_are_no_cache() {
    let runtime = Runtime::for_tests();
    assert!(CatalogCache::new(0, LIFE, &runtime).is_none());
    assert!(CatalogCache::new(BYTES, Duration::ZERO, &runtime).is_none());
}
