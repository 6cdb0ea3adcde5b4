//! Storage of carts in Redis.
//!
//! A cart is one hash, which one script changes, so that changes are atomic. The keys of an owner
//! have the same hash tag, the part in braces. The script that merges two carts has keys of both
//! owners, which is possible because all carts are on one server: [`kit::redis`] has no client of a
//! Redis Cluster.

#[cfg(test)]
mod tests_with_servers;

use std::time::Duration;

use jiff::Timestamp;
use kit::redis::Redis;
use redis::{Script, ScriptInvocation};
use uuid::Uuid;
use wire::UserId;

use crate::domain::cart::{
    Cart, Change, Line, MAX_LINES, MAX_UNITS, OrderRef, Quantity, Refusal, is_guest,
};
use crate::error::Error;

/// Time for which the last order is remembered whose units were removed from a cart, at least: the
/// order service stops retrying after 7 days, and a request takes seconds.
const ORDER_MEMORY: Duration = Duration::from_secs(8 * 24 * 60 * 60);

/// TTL of the marker that remembers one order of the previous release by its id. That release
/// retries longer, but it is replaced within minutes.
const ORDER_MARKER_TTL: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Longest time for which the cart of a customer is kept who has bought nothing as far as is
/// remembered. Accounts cost nothing, so their carts must not fill Redis for longer.
const MAX_TTL_BEFORE_ORDER: Duration = Duration::from_secs(3 * 24 * 60 * 60);

const SCRIPT: &str = include_str!("script.lua");

/// First line of the script for changes that only remove units. Redis executes them when its memory
/// is full: they free memory, except for the small value that remembers the last order.
const REMOVAL_FLAGS: &str = "#!lua flags=allow-oom\n";

/// Store of all carts.
#[derive(Clone)]
pub(crate) struct Store {
    redis: Redis,
    script: Script,
    removal_script: Script,
    ttls: CartTtls,
    max_lines: usize,
}

/// Times after their last change at which carts expire.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CartTtls {
    pub(crate) customer: Duration,
    pub(crate) guest: Duration,
}

/// Cart after a change, and whether the change had an effect.
#[derive(Debug)]
pub(crate) struct ChangeResult {
    pub(crate) cart: Cart,
    pub(crate) changed: bool,
    /// Lines that a merge did not move, because the cart is full.
    pub(crate) not_merged: Vec<Line>,
}

/// Reply of the script: outcome, version, updated (µs), expires (ms), the lines with product, units
/// and the version of the cart when the product was added, and the lines that were not merged.
type ScriptReply = (String, i64, i64, i64, Vec<(String, i32, i64)>, Vec<(String, i32)>);

impl Store {
    pub(crate) fn new(redis: Redis, ttls: CartTtls) -> Self {
        let removal_script = Script::new(&format!("{REMOVAL_FLAGS}{SCRIPT}"));
        Self { redis, script: Script::new(SCRIPT), removal_script, ttls, max_lines: MAX_LINES }
    }

    /// Returns the cart of an owner.
    pub(crate) async fn read(&self, owner: UserId) -> Result<Cart, Error> {
        let invocation = self.invocation(&self.script, owner, None, "read");
        let reply: ScriptReply = self.redis.invoke("read_cart", &invocation).await?;
        Ok(parse_reply(reply)?.cart)
    }

    /// Changes the cart of an owner. A refused change leaves the cart unchanged.
    pub(crate) async fn change(
        &self,
        owner: UserId,
        change: &Change,
    ) -> Result<ChangeResult, Error> {
        let script = if change.is_removal() { &self.removal_script } else { &self.script };
        let mut invocation = self.invocation(script, owner, change.order(), change.name());
        match change {
            Change::Add(product, quantity) => {
                invocation.arg(product.to_string()).arg(quantity.units());
            }
            Change::Set(product, quantity) => {
                invocation.arg(product.to_string()).arg(quantity.map_or(0, Quantity::units));
            }
            Change::Remove(product) => {
                invocation.arg(product.to_string());
            }
            Change::RemoveOrdered(_, ordered) => {
                for units in ordered {
                    invocation.arg(units.product.to_string()).arg(units.quantity.units());
                }
            }
            Change::Merge(guest) => {
                invocation.key(format!("cart:{{{guest}}}"));
                invocation.key(format!("cart:{{{guest}}}:not_merged"));
                invocation.arg(millis(self.ttls.guest));
            }
            Change::Clear(_) => {}
        }
        parse_reply(self.redis.invoke("change_cart", &invocation).await?)
    }

    fn invocation<'a>(
        &self,
        script: &'a Script,
        owner: UserId,
        order: Option<OrderRef>,
        change: &str,
    ) -> ScriptInvocation<'a> {
        let mut invocation = script.key(format!("cart:{{{owner}}}"));
        invocation.key(format!("cart:{{{owner}}}:last_order"));
        if let Some(OrderRef { id, .. }) = order {
            invocation.key(format!("cart:{{{owner}}}:order:{id}"));
        }
        let CartTtls { customer, guest } = self.ttls;
        let (ttl, ttl_before_order) = match is_guest(owner) {
            true => (guest, guest),
            false => (customer, customer.min(MAX_TTL_BEFORE_ORDER)),
        };
        let cart_version = order.and_then(|order| order.cart_version).unwrap_or_default();
        invocation
            .arg(change)
            .arg(MAX_UNITS)
            .arg(self.max_lines)
            .arg(millis(ttl))
            .arg(millis(ttl_before_order))
            .arg(millis(ttl.max(ORDER_MEMORY)))
            .arg(millis(ORDER_MARKER_TTL))
            .arg(cart_version);
        invocation
    }
}

fn millis(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}

fn parse_reply(mut reply: ScriptReply) -> Result<ChangeResult, Error> {
    let changed = match reply.0.as_str() {
        "changed" => true,
        "unchanged" => false,
        "too_many_units" => return Err(Refusal::TooManyUnits.into()),
        "full" => return Err(Refusal::CartFull.into()),
        "no_such_line" => return Err(Refusal::LineNotFound.into()),
        _ => return Err(Error::UnknownStoredValue("outcome")),
    };
    let not_merged = std::mem::take(&mut reply.5);
    let not_merged = not_merged.iter().map(|(product, units)| parse_line(product, *units));
    let not_merged = not_merged.collect::<Result<_, Error>>()?;
    Ok(ChangeResult { cart: parse_cart(reply)?, changed, not_merged })
}

fn parse_cart(
    (_, version, updated_us, expires_ms, mut lines, _): ScriptReply,
) -> Result<Cart, Error> {
    if version == 0 {
        return Ok(Cart::default());
    }
    lines.sort_unstable_by_key(|(_, _, added_version)| *added_version);
    let lines = lines.iter().map(|(product, units, _)| parse_line(product, *units));
    let time =
        |read: Result<Timestamp, jiff::Error>| read.map_err(|_| Error::UnknownStoredValue("time"));
    Ok(Cart {
        lines: lines.collect::<Result<_, Error>>()?,
        version,
        updated_at: Some(time(Timestamp::from_microsecond(updated_us))?),
        expires_at: Some(time(Timestamp::from_millisecond(expires_ms))?),
    })
}

fn parse_line(product: &str, units: i32) -> Result<Line, Error> {
    let product = Uuid::try_parse(product).map_err(|_| Error::UnknownStoredValue("product"))?;
    let quantity = Quantity::new(units).ok_or(Error::UnknownStoredValue("quantity"))?;
    Ok(Line { product: product.into(), quantity })
}
