//! Accounts, their profiles and password hashes.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, query, query_as, query_scalar};
use uuid::Uuid;
use wire::{Email, Page};

use crate::domain::account::{Account, Profile, Role};
use crate::domain::ids::UserId;
use crate::domain::password::PasswordHash;
use crate::error::Error;

struct Row {
    id: Uuid,
    email: String,
    email_verified: bool,
    role: String,
    disabled: bool,
    created_at: Timestamp,
    updated_at: Timestamp,
    first_name: String,
    last_name: String,
    phone: String,
    avatar_url: String,
}

impl TryFrom<Row> for Account {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let Row { id, email, email_verified, role, disabled, created_at, updated_at, .. } = row;
        let Row { first_name, last_name, phone, avatar_url, .. } = row;
        Ok(Self {
            id: id.into(),
            email: Email::new(&email).ok_or(Error::UnknownValue("users.email"))?,
            email_verified,
            role: Role::parse(&role).ok_or(Error::UnknownValue("users.role"))?,
            disabled,
            profile: Profile { first_name, last_name, phone, avatar_url },
            created_at,
            updated_at,
        })
    }
}

macro_rules! select_accounts {
    ($rest:expr $(, $argument:expr)* $(,)?) => {
        query_as!(
            Row,
            "SELECT u.id, u.email, u.email_verified, u.role, u.disabled, u.created_at, u.updated_at,
                    p.first_name, p.last_name, p.phone, p.avatar_url
             FROM users u JOIN profiles p ON p.user_id = u.id " + $rest
            $(, $argument)*
        )
    };
}

/// Inserts an account with its profile.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    account: &Account,
    hash: &PasswordHash,
) -> Result<(), Error> {
    let Account { id, email, email_verified, role, disabled, profile, created_at, updated_at } =
        account;
    query!(
        "INSERT INTO users
             (id, email, email_key, password_hash, role, disabled, created_at, updated_at,
              email_verified)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        id.0,
        email.as_str(),
        email.key(),
        hash.as_str(),
        role.as_str(),
        *disabled,
        created_at.to_sqlx(),
        updated_at.to_sqlx(),
        *email_verified,
    )
    .execute(&mut *conn)
    .await
    .map_err(Error::from_user_insert)?;
    query!(
        "INSERT INTO profiles (user_id, first_name, last_name, phone, avatar_url)
         VALUES ($1, $2, $3, $4, $5)",
        id.0,
        profile.first_name,
        profile.last_name,
        profile.phone,
        profile.avatar_url,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Reads an account.
pub(crate) async fn find(conn: &mut PgConnection, id: UserId) -> Result<Option<Account>, Error> {
    let row = select_accounts!("WHERE u.id = $1", id.0).fetch_optional(conn).await?;
    row.map(Account::try_from).transpose()
}

/// Locks and reads an account, so that no other transaction changes the account, or the rows that
/// are counted per account, until this one ends. The row is read after the lock is held, not by the
/// same statement: a statement that waited for the lock would still return the old profile.
pub(crate) async fn lock(conn: &mut PgConnection, id: UserId) -> Result<Option<Account>, Error> {
    query!("SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE", id.0)
        .fetch_optional(&mut *conn)
        .await?;
    find(conn, id).await
}

/// Returns the account of an e-mail address and its password hash.
pub(crate) async fn find_by_email(
    conn: &mut PgConnection,
    email: &Email,
) -> Result<Option<(UserId, PasswordHash)>, Error> {
    let row = query!("SELECT id, password_hash FROM users WHERE email_key = $1", email.key())
        .fetch_optional(conn)
        .await?;
    Ok(row.map(|row| (row.id.into(), PasswordHash::new(row.password_hash))))
}

/// Returns the password hash of an account.
pub(crate) async fn password_hash(
    conn: &mut PgConnection,
    id: UserId,
) -> Result<Option<PasswordHash>, Error> {
    let hash = query_scalar!("SELECT password_hash FROM users WHERE id = $1", id.0)
        .fetch_optional(conn)
        .await?;
    Ok(hash.map(PasswordHash::new))
}

/// Sets the hash of a new password.
pub(crate) async fn set_password(
    conn: &mut PgConnection,
    id: UserId,
    hash: &PasswordHash,
    now: Timestamp,
) -> Result<(), Error> {
    query!(
        "UPDATE users SET password_hash = $2, updated_at = $3 WHERE id = $1",
        id.0,
        hash.as_str(),
        now.to_sqlx(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Replaces the hash of an unchanged password; does nothing if the hash is no longer `old`.
pub(crate) async fn replace_hash(
    conn: &mut PgConnection,
    id: UserId,
    old: &PasswordHash,
    new: &PasswordHash,
) -> Result<(), Error> {
    query!(
        "UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2",
        id.0,
        old.as_str(),
        new.as_str(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Marks the address of an account as verified.
pub(crate) async fn set_email_verified(conn: &mut PgConnection, id: UserId) -> Result<(), Error> {
    query!("UPDATE users SET email_verified = true WHERE id = $1", id.0).execute(conn).await?;
    Ok(())
}

/// Replaces the address of an account.
///
/// # Errors
/// Returns [`Error::EmailTaken`] if another account has the address.
pub(crate) async fn set_email(
    conn: &mut PgConnection,
    id: UserId,
    email: &Email,
    now: Timestamp,
) -> Result<(), Error> {
    query!(
        "UPDATE users SET email = $2, email_key = $3, updated_at = $4 WHERE id = $1",
        id.0,
        email.as_str(),
        email.key(),
        now.to_sqlx(),
    )
    .execute(conn)
    .await
    .map_err(Error::from_user_insert)?;
    Ok(())
}

/// Updates the role, status and profile of an account.
pub(crate) async fn update(conn: &mut PgConnection, account: &Account) -> Result<(), Error> {
    let Account { id, role, disabled, profile, updated_at, .. } = account;
    query!(
        "UPDATE users SET role = $2, disabled = $3, updated_at = $4 WHERE id = $1",
        id.0,
        role.as_str(),
        *disabled,
        updated_at.to_sqlx(),
    )
    .execute(&mut *conn)
    .await?;
    query!(
        "UPDATE profiles SET first_name = $2, last_name = $3, phone = $4, avatar_url = $5
         WHERE user_id = $1",
        id.0,
        profile.first_name,
        profile.last_name,
        profile.phone,
        profile.avatar_url,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Locks all administrators who can sign in, in the order of their IDs, and counts those other than
/// `id`. Of two concurrent changes, the second counts after the first has committed.
pub(crate) async fn lock_other_admins(conn: &mut PgConnection, id: UserId) -> Result<usize, Error> {
    let admins = query_scalar!(
        "SELECT id FROM users WHERE role = 'admin' AND NOT disabled
         ORDER BY id FOR NO KEY UPDATE",
    )
    .fetch_all(conn)
    .await?;
    Ok(admins.into_iter().filter(|admin| *admin != id.0).count())
}

/// Returns a page of accounts, newest first, and the number of all matches. `part` is a part of an
/// e-mail address or a name, compared without case; an empty one matches all accounts.
pub(crate) async fn list(
    conn: &mut PgConnection,
    part: &str,
    page: Page,
) -> Result<(Vec<Account>, i64), Error> {
    let part = part.to_lowercase();
    let total = query_scalar!(
        r#"SELECT count(*) AS "count!" FROM users u JOIN profiles p ON p.user_id = u.id
           WHERE $1 = '' OR strpos(u.email_key, $1) > 0
              OR strpos(lower(p.first_name || ' ' || p.last_name), $1) > 0"#,
        part,
    )
    .fetch_one(&mut *conn)
    .await?;
    let rows = select_accounts!(
        "WHERE $1 = '' OR strpos(u.email_key, $1) > 0
            OR strpos(lower(p.first_name || ' ' || p.last_name), $1) > 0
         ORDER BY u.created_at DESC, u.id DESC LIMIT $2 OFFSET $3",
        part,
        i64::from(page.size()),
        page.offset(),
    )
    .fetch_all(conn)
    .await?;
    let accounts = rows.into_iter().map(Account::try_from).collect::<Result<_, _>>()?;
    Ok((accounts, total))
}
