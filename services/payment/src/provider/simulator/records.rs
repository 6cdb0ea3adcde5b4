//! Records of the simulated provider: SQL on tables that only it writes. It is not part of `store`,
//! because the records of a remote provider would be in another database.

use jiff_sqlx::ToSqlx;
use kit::Env;
use sqlx::{Error, PgConnection, PgPool, query, query_as, query_scalar};

use super::super::{Command, Outcome};
use super::rules::{CardBehavior, FollowUp, Parent};
use crate::domain::ids::{Token, TransactionId};

/// Result of executing a command.
pub(super) struct Execution {
    pub(super) outcome: Outcome,
    /// Whether this request executed the command, not an earlier one.
    pub(super) is_first: bool,
    /// Behavior of the card, if the command names one.
    pub(super) behavior: Option<CardBehavior>,
}

/// Stores a card, unless its key is known; returns the token of the first request.
pub(super) async fn store_card(
    conn: &mut PgConnection,
    key: &str,
    token: &Token,
    behavior: CardBehavior,
) -> Result<Token, Error> {
    query!(
        "INSERT INTO simulator_cards (key, token, behaviour) VALUES ($1, $2, $3)
         ON CONFLICT (key) DO NOTHING",
        key,
        token.expose(),
        behavior.as_str(),
    )
    .execute(&mut *conn)
    .await?;
    let token =
        query_scalar!("SELECT token FROM simulator_cards WHERE key = $1", key).fetch_one(conn);
    Ok(Token::new(token.await?))
}

/// Executes a command, unless its key is known; then the first outcome is returned.
pub(super) async fn execute(
    pool: &PgPool,
    env: &Env,
    key: TransactionId,
    command: &Command,
) -> Result<Execution, Error> {
    let reference = match command {
        Command::Authorize { token, .. } | Command::Charge { token, .. } => {
            let mut conn = pool.acquire().await?;
            let behavior = behavior(&mut conn, token).await?;
            let decline = behavior.map_or(Some("no_such_card"), CardBehavior::decline);
            return write(&mut conn, env, key, command, (behavior, decline, None)).await;
        }
        Command::Capture { authorization_ref: reference, .. }
        | Command::Void { authorization_ref: reference, .. }
        | Command::Refund { capture_ref: reference, .. } => reference,
    };
    let mut tx = pool.begin().await?;
    let decided = match lock_parent(&mut tx, reference).await? {
        None => (None, Some("no_such_transaction"), None),
        Some(parent) => (None, parent.decline(command, env.now()), Some(&**reference)),
    };
    let execution = write(&mut tx, env, key, command, decided).await?;
    tx.commit().await?;
    Ok(execution)
}

/// Inserts the movement with its decline code and its parent. The key is unique: of two concurrent
/// requests one inserts, and only its decision counts.
async fn write(
    conn: &mut PgConnection,
    env: &Env,
    key: TransactionId,
    command: &Command,
    (behavior, decline, parent): (Option<CardBehavior>, Option<&str>, Option<&str>),
) -> Result<Execution, Error> {
    let expires_at = match command {
        Command::Authorize { expires_at, .. } => Some(*expires_at),
        _ => None,
    };
    let row = query_as!(
        Row,
        "INSERT INTO simulator_movements (key, reference, operation, parent_reference, amount_cents,
             currency, decline_code, expires_at, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (key) DO NOTHING RETURNING reference, decline_code",
        key.to_string(),
        format!("sim_{}", env.uuid()),
        operation(command),
        parent,
        command.amount().cents(),
        command.amount().currency().code(),
        decline,
        expires_at.map(ToSqlx::to_sqlx) as Option<jiff_sqlx::Timestamp>,
        env.now().to_sqlx(),
    )
    .fetch_optional(&mut *conn)
    .await?;
    let is_first = row.is_some();
    let outcome = match row {
        Some(row) => row.into(),
        None => find(conn, key).await?.ok_or(Error::RowNotFound)?,
    };
    Ok(Execution { outcome, is_first, behavior })
}

/// Stored outcome of a key.
struct Row {
    reference: String,
    decline_code: Option<String>,
}

impl From<Row> for Outcome {
    fn from(row: Row) -> Self {
        match row.decline_code {
            None => Self::Done { reference: row.reference },
            Some(code) => Self::Declined { code },
        }
    }
}

/// Returns the outcome of a key, if it is known.
pub(super) async fn find(
    conn: &mut PgConnection,
    key: TransactionId,
) -> Result<Option<Outcome>, Error> {
    let row = query_as!(
        Row,
        "SELECT reference, decline_code FROM simulator_movements WHERE key = $1",
        key.to_string(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(Outcome::from))
}

/// Returns the behavior of the card with a token.
async fn behavior(conn: &mut PgConnection, token: &Token) -> Result<Option<CardBehavior>, Error> {
    if let Some(behavior) = CardBehavior::for_test_method(token.expose()) {
        return Ok(Some(behavior));
    }
    let stored =
        query_scalar!("SELECT behaviour FROM simulator_cards WHERE token = $1", token.expose());
    Ok(stored.fetch_optional(conn).await?.and_then(|stored| CardBehavior::from_stored(&stored)))
}

/// Reads an earlier movement and locks it until the transaction ends.
async fn lock_parent(conn: &mut PgConnection, reference: &str) -> Result<Option<Parent>, Error> {
    let row = query!(
        "SELECT operation, amount_cents, decline_code, expires_at FROM simulator_movements
         WHERE reference = $1 FOR UPDATE",
        reference,
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    // A separate statement, which sees what was committed before the lock was acquired.
    let follow_ups = query!(
        r#"SELECT coalesce(sum(amount_cents)
                   FILTER (WHERE operation IN ('capture', 'refund')), 0)::bigint AS "taken_cents!",
               coalesce(bool_or(operation = 'void'), false) AS "is_voided!"
           FROM simulator_movements WHERE parent_reference = $1 AND decline_code IS NULL"#,
        reference,
    )
    .fetch_one(conn)
    .await?;
    Ok(Some(Parent {
        follow_up: match row.operation.as_str() {
            "authorize" => FollowUp::CaptureOrVoid,
            "charge" | "capture" => FollowUp::Refund,
            _ => FollowUp::None,
        },
        succeeded: row.decline_code.is_none(),
        amount_cents: row.amount_cents,
        taken_cents: follow_ups.taken_cents,
        is_voided: follow_ups.is_voided,
        expires_at: row.expires_at.map(|at| at.to_jiff()),
    }))
}

fn operation(command: &Command) -> &'static str {
    match command {
        Command::Authorize { .. } => "authorize",
        Command::Charge { .. } => "charge",
        Command::Capture { .. } => "capture",
        Command::Void { .. } => "void",
        Command::Refund { .. } => "refund",
    }
}
