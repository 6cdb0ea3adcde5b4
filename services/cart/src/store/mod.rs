//! Carts in Redis: everything that is sent to it.
//!
//! A cart is one hash, changed by one script, so that no two changes of it meet. The keys of a user
//! carry the same hash tag, the part in braces: in a Redis Cluster they lie on one node, as a script
//! needs it.

#[cfg(test)]
mod model;

use std::time::Duration;

use jiff::Timestamp;
use kit::redis::Redis;
use redis::{Script, ScriptInvocation};
use uuid::Uuid;
use wire::{OrderId, UserId};

use crate::{
    domain::cart::{Cart, Change, Line, MAX_LINES, MAX_UNITS, Quantity, Refusal},
    error::Error,
};

/// How long it is remembered that an order has had its units, so that a repeat does nothing. Whoever
/// clears the cart of an order repeats that for minutes, for days if a service is away for as long; after
/// a month there is nobody left who would.
const REMEMBER_ORDER: Duration = Duration::from_secs(30 * 24 * 60 * 60);

const SCRIPT: &str = include_str!("script.lua");

/// The carts of all users.
#[derive(Clone)]
pub(crate) struct Store {
    redis: Redis,
    script: Script,
    /// How long a cart is kept after its last change.
    keep: Duration,
    max_lines: usize,
}

/// A cart after a change, and whether that made a difference.
#[derive(Debug)]
pub(crate) struct Changed {
    pub(crate) cart: Cart,
    pub(crate) changed: bool,
}

/// What the script answers.
type Answer = (String, i64, i64, i64, Vec<(String, i32, i64)>);

impl Store {
    pub(crate) fn new(redis: Redis, keep: Duration) -> Self {
        Self { redis, script: Script::new(SCRIPT), keep, max_lines: MAX_LINES }
    }

    /// The cart of a user.
    pub(crate) async fn read(&self, user: UserId) -> Result<Cart, Error> {
        let answer: Answer = self.redis.invoke("read_cart", &self.call(user, None, "read")).await?;
        Ok(outcome(answer)?.cart)
    }

    /// Changes the cart of a user, or refuses to and leaves it alone.
    pub(crate) async fn change(&self, user: UserId, change: &Change) -> Result<Changed, Error> {
        let mut call = self.call(user, change.order(), change.name());
        match change {
            Change::Add(product, quantity) => {
                call.arg(product.to_string()).arg(quantity.units());
            }
            Change::Set(product, quantity) => {
                call.arg(product.to_string()).arg(quantity.map_or(0, Quantity::units));
            }
            Change::Remove(product) => {
                call.arg(product.to_string());
            }
            Change::Take(_, ordered) => {
                call.arg(millis(REMEMBER_ORDER));
                for units in ordered {
                    call.arg(units.product.to_string()).arg(units.quantity.units());
                }
            }
            Change::Empty(_) => {
                call.arg(millis(REMEMBER_ORDER));
            }
        }
        outcome(self.redis.invoke("change_cart", &call).await?)
    }

    fn call(&self, user: UserId, order: Option<OrderId>, what: &str) -> ScriptInvocation<'_> {
        let mut call = self.script.key(format!("cart:{{{user}}}"));
        if let Some(order) = order {
            call.key(format!("cart:{{{user}}}:order:{order}"));
        }
        call.arg(what).arg(millis(self.keep)).arg(MAX_UNITS).arg(self.max_lines);
        call
    }
}

fn millis(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}

fn outcome(answer: Answer) -> Result<Changed, Error> {
    let changed = match answer.0.as_str() {
        "changed" => true,
        "unchanged" => false,
        "too_many_units" => return Err(Refusal::TooManyUnits.into()),
        "full" => return Err(Refusal::Full.into()),
        "no_such_line" => return Err(Refusal::NoSuchLine.into()),
        _ => return Err(Error::Stored("an outcome")),
    };
    Ok(Changed { cart: cart(answer)?, changed })
}

fn cart((_, version, updated_us, expires_ms, mut lines): Answer) -> Result<Cart, Error> {
    if version == 0 {
        return Ok(Cart::default());
    }
    lines.sort_unstable_by_key(|(_, _, since)| *since);
    let lines = lines
        .iter()
        .map(|(product, units, _)| {
            let product = Uuid::try_parse(product).map_err(|_| Error::Stored("a product"))?;
            let quantity = Quantity::new(*units).ok_or(Error::Stored("a quantity"))?;
            Ok(Line { product: product.into(), quantity })
        })
        .collect::<Result<_, Error>>()?;
    let time = |read: Result<Timestamp, jiff::Error>| read.map_err(|_| Error::Stored("a time"));
    Ok(Cart {
        lines,
        version,
        updated_at: Some(time(Timestamp::from_microsecond(updated_us))?),
        expires_at: Some(time(Timestamp::from_millisecond(expires_ms))?),
    })
}
