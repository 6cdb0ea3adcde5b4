//! The memory use of Redis: as metrics, which the operator reads to report when Redis is nearly
//! full, and as the condition of creating carts of guests, who could fill it.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use kit::redis::Redis;
use kit::{Runtime, run_periodically};
use prometheus_client::metrics::gauge::Gauge;

/// The time between two measurements. Carts fill Redis over hours.
const PERIOD: Duration = Duration::from_secs(15);

/// The memory use of a Redis server, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct MemoryUse {
    used: u64,
    /// `maxmemory`; 0 without a limit.
    limit: u64,
}

impl MemoryUse {
    /// Whether Redis uses so much of its memory that the rest is reserved for existing carts and
    /// those of customers. The operator reports the same threshold as `CacheMemoryPressure`.
    fn is_nearly_full(self) -> bool {
        const PERCENT: u64 = 80;
        self.limit > 0 && self.used / PERCENT >= self.limit / 100
    }
}

/// Whether Redis is nearly full at present. A Redis that is unavailable or does not report its
/// memory is not: the write that follows decides.
pub(crate) async fn is_nearly_full(redis: &Redis) -> bool {
    measure(redis).await.is_some_and(MemoryUse::is_nearly_full)
}

type BytesGauge = Gauge<u64, AtomicU64>;

/// Measures the memory use of Redis periodically until the process stops. While Redis is
/// unavailable, the metrics keep their last values; before the first measurement they are 0.
pub(crate) fn observe(redis: Redis, runtime: &Runtime) {
    let register = |name, help| runtime.metrics().register(name, help, BytesGauge::default());
    let used = register("redis_memory_used_bytes", "Memory that Redis uses");
    let limit = register(
        "redis_memory_limit_bytes",
        "Memory above which Redis refuses writes (maxmemory); 0 without a limit",
    );
    runtime.spawn("measure the memory of Redis", async move {
        run_periodically(PERIOD, || async {
            if let Some(memory) = measure(&redis).await {
                used.set(memory.used);
                limit.set(memory.limit);
            }
        })
        .await;
    });
}

/// Returns the memory use; `None` if Redis is unavailable or does not report it.
async fn measure(redis: &Redis) -> Option<MemoryUse> {
    let mut command = redis::cmd("INFO");
    command.arg("memory");
    match redis.query::<String>("info", &command).await {
        Ok(info) => parse(&info),
        Err(error) => {
            tracing::debug!(%error, "memory of Redis not measured");
            None
        }
    }
}

/// Parses the section `memory` of `INFO`: lines of the form `name:value`.
fn parse(info: &str) -> Option<MemoryUse> {
    let value = |name: &str| {
        info.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':')?.trim().parse().ok())
    };
    Some(MemoryUse { used: value("used_memory")?, limit: value("maxmemory")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redis_is_nearly_full_from_80_percent() {
        for (used, limit, expected) in [
            (0, 0, false),
            (1 << 40, 0, false),
            (79_999_999, 100_000_000, false),
            (80_000_000, 100_000_000, true),
            (u64::MAX, 100_000_000, true),
        ] {
            assert_eq!(MemoryUse { used, limit }.is_nearly_full(), expected, "{used} of {limit}");
        }
    }

    #[test]
    fn memory_use_is_parsed_from_info() {
        let info = "# Memory\r\nused_memory:1048576\r\nused_memory_human:1.00M\r\n\
                    maxmemory:33554432\r\nmaxmemory_policy:noeviction\r\n";
        let expected = MemoryUse { used: 1_048_576, limit: 33_554_432 };
        assert_eq!(parse(info), Some(expected));
        for incomplete in ["", "used_memory:1\r\n", "used_memory:many\r\nmaxmemory:1\r\n"] {
            assert_eq!(parse(incomplete), None, "{incomplete}");
        }
    }
}

#[cfg(test)]
mod tests_with_servers {
    use super::*;

    #[tokio::test]
    async fn memory_of_a_server_is_measured() {
        let runtime = Runtime::for_tests().component("cart");
        let args: crate::Args = testing::settings(&["--redis-url", testing::redis()]);
        observe(kit::redis::connect(&args.redis, &runtime).expect("settings"), &runtime);
        let measured = async {
            loop {
                let text = runtime.metrics().text();
                let used = text.lines().find_map(|line| {
                    line.strip_prefix("cart_redis_memory_used_bytes ")?.parse::<u64>().ok()
                });
                if used.is_some_and(|used| used > 0) {
                    return text;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let text = tokio::time::timeout(Duration::from_secs(30), measured).await;
        assert!(text.expect("a measurement").contains("cart_redis_memory_limit_bytes "));
        runtime.stop().await;
    }
}
