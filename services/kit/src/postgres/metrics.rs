//! Metrics of the connection pools.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use sqlx::postgres::PgPool;
use std::sync::{Arc, Mutex, PoisonError};

/// All pools with their components; read at each scrape.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pools(Arc<Mutex<Vec<(&'static str, PgPool)>>>);

impl Pools {
    pub(crate) fn add(&self, component: &'static str, pool: PgPool) {
        let mut pools = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pools.retain(|(_, pool)| !pool.is_closed());
        pools.push((component, pool));
    }

    /// Returns component, state and number of connections.
    fn read(&self) -> Vec<(&'static str, &'static str, i64)> {
        let pools = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = pools.iter().flat_map(|(component, pool)| {
            let size = i64::from(pool.size());
            let idle = i64::try_from(pool.num_idle()).unwrap_or(0).min(size);
            let max = i64::from(pool.options().get_max_connections());
            [
                (*component, "idle", idle),
                (*component, "used", size - idle),
                (*component, "max", max),
            ]
        });
        counts.collect()
    }
}

impl Collector for Pools {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), std::fmt::Error> {
        let counts = self.read();
        if counts.is_empty() {
            return Ok(());
        }
        let mut family = encoder.encode_descriptor(
            "postgres_pool_connections",
            "Connections of the pool by state, and their maximum",
            None,
            MetricType::Gauge,
        )?;
        for (component, state, count) in counts {
            let labels = [("component", component), ("state", state)];
            ConstGauge::new(count).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}
