//! The simulated provider's records: SQL on tables that only it writes. They stand here, and not in
//! `store`, because they would be in somebody else's database.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use kit::Env;
use sqlx::{Error, PgConnection, PgPool, query, query_scalar};

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
    let mut tx = pool.begin().await?;
    let (behaviour, decline, parent_ref) = decide(&mut tx, command, env.now()).await?;
    let expires_at = match command {
        Command::Authorise { expires_at, .. } => Some(*expires_at),
        _ => None,
    };
    // Under the parent's lock, and alone with the key: one of two at once writes, and only what it
    // decided counts.
    let is_first = query!(
        "INSERT INTO simulator_movements (key, reference, operation, parent_reference, amount_cents,
             currency, decline_code, expires_at, created_at)
         VALUES ($1, $2, $3, (SELECT reference FROM simulator_movements WHERE reference = $4),
             $5, $6, $7, $8, $9)
         ON CONFLICT (key) DO NOTHING",
        key.to_string(),
        format!("sim_{}", env.uuid()),
        operation(command),
        parent_ref,
        command.amount().cents(),
        command.amount().currency().code(),
        decline,
        expires_at.map(ToSqlx::to_sqlx) as Option<jiff_sqlx::Timestamp>,
        env.now().to_sqlx(),
    )
    .execute(&mut *tx)
    .await?
    .rows_affected()
        == 1;
    let outcome = find(&mut tx, key).await?.ok_or(Error::RowNotFound)?;
    tx.commit().await?;
    Ok(Acted { outcome, is_first, behaviour })
}

/// What came of a key, if it is known.
pub(super) async fn find(
    conn: &mut PgConnection,
    key: TransactionId,
) -> Result<Option<Outcome>, Error> {
    let row = query!(
        "SELECT reference, decline_code FROM simulator_movements WHERE key = $1",
        key.to_string(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| match row.decline_code {
        None => Outcome::Done { reference: row.reference },
        Some(code) => Outcome::Declined { code },
    }))
}

/// How the card goes, why the answer is no if it is, and what is captured, voided or refunded.
async fn decide<'a>(
    conn: &mut PgConnection,
    command: &'a Command,
    now: Timestamp,
) -> Result<(Option<Behaviour>, Option<&'static str>, Option<&'a str>), Error> {
    let (reference, cents) = match command {
        Command::Authorise { token, .. } | Command::Charge { token, .. } => {
            let behaviour = behaviour(conn, token).await?;
            let decline = behaviour.map_or(Some("no_such_card"), Behaviour::decline);
            return Ok((behaviour, decline, None));
        }
        Command::Capture { authorization_ref: reference, amount }
        | Command::Void { authorization_ref: reference, amount }
        | Command::Refund { capture_ref: reference, amount } => (reference, amount.cents()),
    };
    let Some(parent) = lock_parent(conn, reference).await? else {
        return Ok((None, Some("no_such_transaction"), None));
    };
    let decline = match command {
        Command::Capture { .. } => parent.capture(cents, now),
        Command::Void { .. } => parent.void(),
        Command::Refund { .. } => parent.refund(cents),
        Command::Authorise { .. } | Command::Charge { .. } => None,
    };
    Ok((None, decline, Some(reference)))
}

async fn behaviour(conn: &mut PgConnection, token: &Token) -> Result<Option<Behaviour>, Error> {
    if let Some(behaviour) = Behaviour::of_test_method(token.expose()) {
        return Ok(Some(behaviour));
    }
    let word =
        query_scalar!("SELECT behaviour FROM simulator_cards WHERE token = $1", token.expose());
    Ok(word.fetch_optional(conn).await?.and_then(|word| Behaviour::from_stored(&word)))
}

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
