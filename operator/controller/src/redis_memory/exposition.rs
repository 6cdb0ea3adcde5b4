//! The memory use of Redis in the metrics of `cart`.

/// The metric of `cart` with the memory that Redis uses.
const USED: &str = "cart_redis_memory_used_bytes";
/// The metric of `cart` with the memory above which Redis refuses writes.
const LIMIT: &str = "cart_redis_memory_limit_bytes";

/// The memory use of a Redis server.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MemoryUse {
    /// The memory in use, in bytes.
    pub used: f64,
    /// The memory above which Redis refuses writes, in bytes; above zero.
    pub limit: f64,
}

impl MemoryUse {
    /// Returns the used part of the limit: 1.0 when Redis is full.
    #[must_use]
    pub fn ratio(self) -> f64 {
        self.used / self.limit
    }
}

/// Parses the text format of Prometheus or OpenMetrics. Returns `None` if `cart` has not measured
/// Redis yet, or if Redis has no limit.
pub(super) fn parse(text: &str) -> Option<MemoryUse> {
    let value = |name: &str| {
        text.lines().find_map(|line| {
            let value = line.strip_prefix(name)?.strip_prefix(' ')?;
            value.split(' ').next()?.parse::<f64>().ok()
        })
    };
    let (used, limit) = (value(USED)?, value(LIMIT)?);
    (used > 0.0 && limit > 0.0).then_some(MemoryUse { used, limit })
}
