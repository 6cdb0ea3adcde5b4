//! Limit of the carts that guests create.

use std::sync::Arc;
use std::time::Duration;

use kit::http::Client;

use super::{Quota, RateLimiter};
use crate::problem::{Code, Problem};

/// Limit of the guests' carts that one client creates. Each one costs memory of Redis until it
/// expires, and a guest needs only one.
#[derive(Clone)]
pub(crate) struct GuestCartLimit {
    pub(crate) limiter: Arc<RateLimiter>,
    /// None: no limit.
    pub(crate) quota: Option<Quota>,
}

impl GuestCartLimit {
    /// Counts a cart that the client creates.
    ///
    /// # Errors
    /// `rate_limited`, with the headers of this limit.
    pub(crate) async fn take(&self, client: Client) -> Result<(), Problem> {
        let Some(quota) = self.quota else { return Ok(()) };
        let decision = self.limiter.take("guest-cart", &client.to_string(), quota).await;
        if decision.allowed {
            return Ok(());
        }
        let after = Duration::from_secs(decision.retry_after_secs);
        let problem = Code::RateLimited.problem().retry_after(after);
        Err(decision
            .headers()
            .into_iter()
            .fold(problem, |problem, (name, value)| problem.header(name, value)))
    }
}
