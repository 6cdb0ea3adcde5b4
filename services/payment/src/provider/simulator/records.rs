//! The simulated provider's records: SQL on tables that only it writes. They stand here, and not in
//! `store`, because they would be in somebody else's database.

use jiff_sqlx::ToSqlx;
use kit::Env;
use sqlx::{Error, PgConnection, PgPool, query, query_as, query_scalar};

use super::{
    super::{Command, Outcome},
    rules::{Behaviour, Parent, Takes},
};
use crate::domain::ids::{Token, TransactionId};

/// What was done for a key.
pub(super) struct Acted {
    pub(super) outcome: Outcome,
    /// Whether this request did it, not one before.
    pub(super) is_first: bool,
    /// How the card goes, where one was named.
    pub(super) behaviour: Option<Behaviour>,
}

/// Remembers a card, unless its key is known; gives the token of the first time.
pub(super) async fn keep_card(
    conn: &mut PgConnection,
    key: &str,
    token: &Token,
    behaviour: Behaviour,
) -> Result<Token, Error> {
    query!(
        "INSERT INTO simulator_cards (key, token, behaviour) VALUES ($1, $2, $3)
         ON CONFLICT (key) DO NOTHING",
        key,
        token.expose(),
        behaviour.as_str(),
    )
    .execute(&mut *conn)
    .await?;
    let token =
        query_scalar!("SELECT token FROM simulator_cards WHERE key = $1", key).fetch_one(conn);
    Ok(Token::new(token.await?))
}

/// Does what is commanded, unless the key is known: then the first answer is given again.
pub(super) async fn act(
    pool: &PgPool,
    env: &Env,
    key: TransactionId,
    command: &Command,
) -> Result<Acted, Error> {
    let reference = match command {
        Command::Authorise { token, .. } | Command::Charge { token, .. } => {
            let mut conn = pool.acquire().await?;
            let behaviour = behaviour(&mut conn, token).await?;
            let decline = behaviour.map_or(Some("no_such_card"), Behaviour::decline);
            return write(&mut conn, env, key, command, (behaviour, decline, None)).await;
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
    let acted = write(&mut tx, env, key, command, decided).await?;
    tx.commit().await?;
    Ok(acted)
}

/// Writes down how the card goes, why the answer is no if it is, and what is captured, voided or refunded.
/// Alone with the key: one of two at once writes, and only what it decided counts.
async fn write(
    conn: &mut PgConnection,
    env: &Env,
    key: TransactionId,
    command: &Command,
    (behaviour, decline, parent): (Option<Behaviour>, Option<&str>, Option<&str>),
) -> Result<Acted, Error> {
    let expires_at = match command {
        Command::Authorise { expires_at, .. } => Some(*expires_at),
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
    Ok(Acted { outcome, is_first, behaviour })
}

/// What was answered to a key.
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

/// What came of a key, if it is known.
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

/// How the card behind a token goes.
async fn behaviour(conn: &mut PgConnection, token: &Token) -> Result<Option<Behaviour>, Error> {
    if let Some(behaviour) = Behaviour::of_test_method(token.expose()) {
        return Ok(Some(behaviour));
    }
    let word =
        query_scalar!("SELECT behaviour FROM simulator_cards WHERE token = $1", token.expose());
    Ok(word.fetch_optional(conn).await?.and_then(|word| Behaviour::from_stored(&word)))
}

/// What was held or taken before, kept from others until the transaction ends.
async fn lock_parent(conn: &mut PgConnection, reference: &str) -> Result<Option<Parent>, Error> {
    let row = query!(
        "SELECT operation, amount_cents, decline_code, expires_at FROM simulator_movements
         WHERE reference = $1 FOR UPDATE",
        reference,
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    // A statement of its own: it sees what was committed before the lock was given.
    let since = query!(
        r#"SELECT coalesce(sum(amount_cents) FILTER (WHERE operation IN ('capture', 'refund')), 0)::bigint
                 AS "taken_cents!",
               coalesce(bool_or(operation = 'void'), false) AS "is_voided!"
           FROM simulator_movements WHERE parent_reference = $1 AND decline_code IS NULL"#,
        reference,
    )
    .fetch_one(conn)
    .await?;
    Ok(Some(Parent {
        takes: match row.operation.as_str() {
            "authorize" => Takes::Captures,
            "charge" | "capture" => Takes::Refunds,
            _ => Takes::Nothing,
        },
        succeeded: row.decline_code.is_none(),
        amount_cents: row.amount_cents,
        taken_cents: since.taken_cents,
        is_voided: since.is_voided,
        expires_at: row.expires_at.map(|at| at.to_jiff()),
    }))
}

fn operation(command: &Command) -> &'static str {
    match command {
        Command::Authorise { .. } => "authorize",
        Command::Charge { .. } => "charge",
        Command::Capture { .. } => "capture",
        Command::Void { .. } => "void",
        Command::Refund { .. } => "refund",
    }
}
