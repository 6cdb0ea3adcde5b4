//! Leader election with a Lease: of all replicas only the holder of the lease writes.
//!
//! The decision is pure (`decide`). The two writes, acquire and renew, are compare-and-swap
//! operations on `resourceVersion`. A lease has expired when this process has observed it unchanged
//! for its duration. The times in the lease are never compared with the local clock, because clocks
//! differ. Standbys watch the lease, so one of them acquires it as soon as it is released.

mod decide;

use std::future::Future;
use std::pin::pin;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::api::PostParams;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::watch_object;
use kube::{Api, Client};
use storefront_api::names::MANAGER;

use crate::apply::with_timeout;
use crate::clock;
use crate::error::Error;
use crate::fault::{Fault, FaultKind};
use decide::{Step, acquired_lease, decide, is_held_by, time_left};

/// How long the lease is valid without renewal: the time without a leader after a crash.
const LEASE_DURATION: Duration = Duration::from_secs(15);

/// The interval between renewals. The lease survives two failed renewals.
const RENEW_INTERVAL: Duration = Duration::from_secs(5);

/// The delay after a renewal or acquisition that failed.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// A replica that competes for the lease.
#[derive(Clone)]
pub struct Elector {
    api: Api<Lease>,
    identity: String,
}

/// The leadership of this replica: the lease that it holds.
pub struct Leadership {
    elector: Elector,
    lease: Lease,
    /// When the request was sent that last acquired or renewed the lease. Other replicas measure
    /// from when they observe the write, which is later.
    renewed: Instant,
}

impl Elector {
    /// Creates an elector. `identity` must differ between replicas: it is the pod's name.
    #[must_use]
    pub fn new(client: Client, namespace: &str, identity: &str) -> Self {
        Self { api: Api::namespaced(client, namespace), identity: identity.to_owned() }
    }

    /// Waits until this replica holds the lease.
    ///
    /// # Errors
    ///
    /// When the watch on the lease ends, which it does only with the process.
    pub async fn acquire(self) -> Result<Leadership, Error> {
        let mut changes = pin!(watch_object(self.api.clone(), MANAGER).default_backoff());
        let mut known: Option<Lease> = None;
        let mut since = Instant::now();
        let mut synced = false;
        loop {
            let renewed = Instant::now();
            let wait = match decide(known.as_ref(), &self.identity, since, renewed) {
                Step::Acquire if synced => match self.try_acquire(known.as_ref()).await {
                    Ok(lease) => return Ok(Leadership { elector: self, lease, renewed }),
                    Err(fault) => {
                        let error = fault.message;
                        tracing::info!(error, "lease not acquired; retrying");
                        RETRY_DELAY
                    }
                },
                Step::Acquire => LEASE_DURATION,
                Step::Wait(wait) => wait,
            };
            tokio::select! {
                change = changes.next() => match change {
                    Some(Ok(lease)) => {
                        known = lease;
                        since = Instant::now();
                        synced = true;
                    }
                    Some(Err(error)) => tracing::warn!(%error, "watch on the lease restarted"),
                    None => {
                        return Err(Error::LeaseLost("the watch on the lease ended".to_owned()));
                    }
                },
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    async fn try_acquire(&self, known: Option<&Lease>) -> Result<Lease, Fault> {
        let lease = acquired_lease(known, &self.identity, LEASE_DURATION, clock::now());
        let params = PostParams::default();
        match known {
            None => with_timeout(self.api.create(&params, &lease)).await,
            Some(_) => with_timeout(self.api.replace(MANAGER, &params, &lease)).await,
        }
    }
}

impl Leadership {
    /// Renews the lease until `stop` resolves, and returns it for [`Leadership::release`].
    ///
    /// # Errors
    ///
    /// When the lease is lost: the caller must stop writing, and the process must end.
    pub async fn keep(mut self, stop: impl Future<Output = ()>) -> Result<Self, Error> {
        let mut stop = pin!(stop);
        let mut pause = RENEW_INTERVAL;
        loop {
            tokio::select! {
                () = &mut stop => return Ok(self),
                () = tokio::time::sleep(pause) => {}
            }
            // A renewal that hangs must not outlive the lease.
            let left = time_left(self.renewed, Instant::now()).min(RENEW_INTERVAL);
            let renewal = tokio::time::timeout(left, self.renew()).await;
            pause = match renewal.unwrap_or_else(|_| Err(Fault::timeout())) {
                Ok(()) => RENEW_INTERVAL,
                Err(fault) if fault.kind == FaultKind::Conflict => {
                    return Err(Error::LeaseLost("another replica holds it".to_owned()));
                }
                Err(fault) if time_left(self.renewed, Instant::now()) <= RETRY_DELAY => {
                    return Err(Error::LeaseLost(fault.message));
                }
                Err(fault) => {
                    tracing::warn!(error = fault.message, "lease renewal failed; retrying");
                    RETRY_DELAY
                }
            };
        }
    }

    /// Releases the lease, so that the next replica acquires it at once. If that fails, the lease
    /// expires.
    pub async fn release(mut self) {
        let spec = self.lease.spec.take().map(|spec| LeaseSpec {
            holder_identity: None,
            lease_duration_seconds: Some(1),
            renew_time: Some(MicroTime(clock::now())),
            ..spec
        });
        let mut released = self.write(spec.clone()).await;
        if released.as_ref().is_err_and(|fault| fault.kind == FaultKind::Unavailable) {
            released = self.write(spec).await;
        }
        if let Err(fault) = released {
            tracing::warn!(error = fault.message, "lease not released; it expires");
        }
    }

    async fn renew(&mut self) -> Result<(), Fault> {
        let mut spec = self.lease.spec.clone();
        if let Some(spec) = &mut spec {
            spec.renew_time = Some(MicroTime(clock::now()));
        }
        self.write(spec).await
    }

    /// Replaces the spec of the lease as last observed. A conflict does not always mean that the
    /// lease is lost: an earlier write may have succeeded without a response, or another client
    /// has annotated the lease. So a conflict is followed by a get. While this replica holds the
    /// lease, the fault is retryable, and the next write uses the new `resourceVersion`.
    async fn write(&mut self, spec: Option<LeaseSpec>) -> Result<(), Fault> {
        let Elector { api, identity } = &self.elector;
        let lease = Lease { metadata: self.lease.metadata.clone(), spec };
        let sent = Instant::now();
        let fault = match with_timeout(api.replace(MANAGER, &PostParams::default(), &lease)).await {
            Ok(lease) => {
                (self.lease, self.renewed) = (lease, sent);
                return Ok(());
            }
            Err(fault) => fault,
        };
        if fault.kind != FaultKind::Conflict {
            return Err(fault);
        }
        let current = with_timeout(api.get(MANAGER)).await?;
        if !is_held_by(&current, identity) {
            return Err(fault);
        }
        self.lease = current;
        Err(Fault { kind: FaultKind::Unavailable, ..fault })
    }
}
