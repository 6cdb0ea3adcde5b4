//! The stream of ended sessions, with which the gateway refuses their access tokens.
//!
//! Each stream polls the database, so that it needs no state in the process and any replica can
//! serve it. A stream that cannot read the database ends with an error: its receiver then knows
//! that it may miss sessions, opens another stream, and receives all of them again.

use std::time::Duration;

use futures::{Stream, stream};
use kit::postgres::traced;
use proto::user::v1 as pb;
use sqlx::PgPool;
use tokio::time::{sleep, timeout};
use tonic::Status;

use crate::error::Error;
use crate::store::ended_sessions::{self, Position};

/// Time between two reads. A token is refused about this long after its session ended.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// The maximum time of one read. Receivers expect a message every few seconds.
const READ_TIMEOUT: Duration = Duration::from_secs(2);

/// The maximum number of sessions in a message: about 40 kB, far below the limit of a message.
const PAGE_ROWS: i64 = 1_000;

/// How long an ended session is kept in addition to the lifetime of access tokens: the tolerance
/// of the gateway for clocks, and the time between the end of a session and its commit.
const MARGIN: Duration = Duration::from_secs(60);

/// Returns how long an ended session is kept when access tokens live for `access_token_ttl`.
pub(crate) fn retention(access_token_ttl: Duration) -> Duration {
    access_token_ttl + MARGIN
}

/// A reader of ended sessions.
struct Reader {
    pool: PgPool,
    keep_secs: i64,
    after: Position,
    progress: Progress,
}

/// Progress of a reader. A round reads all pages up to the newest ended session.
#[derive(Clone, Copy)]
enum Progress {
    /// Nothing has been read.
    Start,
    /// A round began when this was the oldest running transaction, and has further pages.
    InRound { oldest_transaction: i64 },
    /// The last round is complete.
    BetweenRounds,
}

/// Streams all ended sessions, then new ones, which are kept for `retention`.
pub(crate) fn watch(
    pool: PgPool,
    retention: Duration,
) -> impl Stream<Item = Result<pb::EndedSessions, Status>> + Send + 'static {
    let keep_secs = i64::try_from(retention.as_secs()).unwrap_or(i64::MAX);
    let after = Position::before_transaction(0);
    let reader = Reader { pool, keep_secs, after, progress: Progress::Start };
    stream::try_unfold(reader, |mut reader| async {
        let message = reader.next_message().await?;
        Ok(Some((message, reader)))
    })
}

impl Reader {
    async fn next_message(&mut self) -> Result<pb::EndedSessions, Error> {
        if matches!(self.progress, Progress::BetweenRounds) {
            sleep(POLL_INTERVAL).await;
        }
        let read = traced("user.ended_sessions", self.read_page());
        timeout(READ_TIMEOUT, read).await.unwrap_or(Err(Error::TimedOut("read ended sessions")))
    }

    /// Reads a page. The next round begins at the transaction that was the oldest one before this
    /// round began: what was not yet visible cannot be older.
    async fn read_page(&mut self) -> Result<pb::EndedSessions, Error> {
        let mut conn = self.pool.acquire().await?;
        let oldest_transaction = match self.progress {
            Progress::InRound { oldest_transaction } => oldest_transaction,
            _ => ended_sessions::oldest_transaction(&mut conn).await?,
        };
        let page = ended_sessions::list_after(&mut conn, self.after, PAGE_ROWS).await?;
        let is_full = i64::try_from(page.len()).is_ok_and(|rows| rows >= PAGE_ROWS);
        (self.after, self.progress) = match page.last() {
            Some((_, last)) if is_full => (*last, Progress::InRound { oldest_transaction }),
            _ => (Position::before_transaction(oldest_transaction), Progress::BetweenRounds),
        };
        let session_ids = page.into_iter().map(|(session, _)| session.to_string()).collect();
        Ok(pb::EndedSessions { session_ids, keep_secs: self.keep_secs, current: !is_full })
    }
}
