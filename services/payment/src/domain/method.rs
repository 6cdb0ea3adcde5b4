//! Saved payment methods.

use jiff::Timestamp;

use super::{
    card::{Brand, Expiry},
    ids::{MethodId, Token, UserId},
};

/// The most methods that one customer can have saved: more is nobody's wallet.
pub const MAX_METHODS: i64 = 20;

/// A card that a customer saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Method {
    /// Its id.
    pub id: MethodId,
    /// Whose it is.
    pub user: UserId,
    /// What the provider calls it.
    pub token: Token,
    /// Who issued it.
    pub brand: Brand,
    /// The digits that people know it by.
    pub last_four: String,
    /// When it ends.
    pub expiry: Expiry,
    /// Whether it is the one that is used when none is named.
    pub is_default: bool,
    /// When it was saved.
    pub created_at: Timestamp,
}
