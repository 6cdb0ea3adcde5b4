//! Who writes: of all replicas the one that holds a Lease.
//!
//! The decision is pure and stands in `decide`; around it are two calls, take and renew, each a
//! compare-and-swap by `resourceVersion`. Whether a lease has expired is judged by how long this
//! process has seen it unchanged, never by comparing its times with a clock here: clocks differ.
//! Standbys watch the one object and so take over at once when it is released.

mod decide;

use std::future::Future;
use std::pin::pin;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::api::PostParams;
use kube::runtime::{WatchStreamExt as _, watcher::watch_object};
use kube::{Api, Client};
use storefront_api::names::MANAGER;

use crate::apply::within;
use crate::clock;
use crate::error::Error;
use crate::fault::{Fault, FaultKind};
use decide::{Step, decide, is_held_by, time_left};

/// How long a lease is good for without renewal: how long nobody writes after a crash.
const DURATION: Duration = Duration::from_secs(15);

/// The pause between renewals: two may fail before the third is too late.
const RENEW: Duration = Duration::from_secs(5);

/// The pause after a renewal that failed.
const RETRY: Duration = Duration::from_secs(1);

/// Where the lease is and who asks for it.
#[derive(Clone)]
pub struct Candidate {
    api: Api<Lease>,
    identity: String,
}

/// The lease, held.
pub struct Held {
    candidate: Candidate,
    lease: Lease,
    /// When the request was sent by which it was taken or renewed last. Others count from when they
    /// see the outcome, which is later.
    renewed: Instant,
}

impl Candidate {
    /// `identity` must be another one for each replica: the pod's name.
    #[must_use]
    pub fn new(client: Client, namespace: &str, identity: &str) -> Self {
        Self { api: Api::namespaced(client, namespace), identity: identity.to_owned() }
    }

    /// Waits until the lease is ours.
    ///
    /// # Errors
    ///
    /// When the watch on the lease ends, which it does only with the process.
    pub async fn acquire(self) -> Result<Held, Error> {
        let mut changes = pin!(watch_object(self.api.clone(), MANAGER).default_backoff());
        let mut known: Option<Lease> = None;
        let mut since = Instant::now();
        let mut seen = false;
        loop {
            let renewed = Instant::now();
            let wait = match decide(known.as_ref(), &self.identity, since, renewed) {
                Step::Take if seen => match self.take(known.as_ref()).await {
                    Ok(lease) => return Ok(Held { candidate: self, lease, renewed }),
                    Err(fault) => {
                        let error = fault.message;
                        tracing::info!(error, "the lease was not to be had; trying again");
                        RETRY
                    }
                },
                Step::Take => DURATION,
                Step::Wait(wait) => wait,
            };
            tokio::select! {
                change = changes.next() => match change {
                    Some(Ok(lease)) => {
                        known = lease;
                        since = Instant::now();
                        seen = true;
                    }
                    Some(Err(error)) => tracing::warn!(%error, "the watch on the lease broke"),
                    None => return Err(Error::LeaseLost("its watch ended".to_owned())),
                },
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    async fn take(&self, known: Option<&Lease>) -> Result<Lease, Fault> {
        let lease = decide::taken(known, &self.identity, DURATION, clock::now());
        let params = PostParams::default();
        match known {
            None => within(self.api.create(&params, &lease)).await,
            Some(_) => within(self.api.replace(MANAGER, &params, &lease)).await,
        }
    }
}

impl Held {
    /// Keeps the lease until `stop`, then gives it back for the next one to take at once.
    ///
    /// # Errors
    ///
    /// When it is lost: the caller must stop writing, and the process end.
    pub async fn keep(mut self, stop: impl Future<Output = ()>) -> Result<Self, Error> {
        let mut stop = pin!(stop);
        let mut pause = RENEW;
        loop {
            tokio::select! {
                () = &mut stop => return Ok(self),
                () = tokio::time::sleep(pause) => {}
            }
            // A renewal that hangs must not outlive the lease.
            let left = time_left(self.renewed, Instant::now()).min(RENEW);
            let renewal = tokio::time::timeout(left, self.renew()).await;
            pause = match renewal.unwrap_or_else(|_| Err(Fault::timeout())) {
                Ok(()) => RENEW,
                Err(fault) if fault.kind == FaultKind::Conflict => {
                    return Err(Error::LeaseLost("another replica has it".to_owned()));
                }
                Err(fault) if time_left(self.renewed, Instant::now()) <= RETRY => {
                    return Err(Error::LeaseLost(fault.message));
                }
                Err(fault) => {
                    tracing::warn!(error = fault.message, "the lease was not renewed");
                    RETRY
                }
            };
        }
    }

    /// Gives the lease back; if that fails it runs out by itself.
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
            tracing::warn!(error = fault.message, "the lease was not given back");
        }
    }

    async fn renew(&mut self) -> Result<(), Fault> {
        let mut spec = self.lease.spec.clone();
        if let Some(spec) = &mut spec {
            spec.renew_time = Some(MicroTime(clock::now()));
        }
        self.write(spec).await
    }

    /// Writes this over the lease as it was known. A conflict is not always its loss: an earlier
    /// write may have gone through without its answer, or somebody has annotated the lease. Who
    /// holds it is asked then, and while that is this replica, the next write knows the lease as it
    /// is now.
    async fn write(&mut self, spec: Option<LeaseSpec>) -> Result<(), Fault> {
        let Candidate { api, identity } = &self.candidate;
        let lease = Lease { metadata: self.lease.metadata.clone(), spec };
        let sent = Instant::now();
        let fault = match within(api.replace(MANAGER, &PostParams::default(), &lease)).await {
            Ok(lease) => {
                (self.lease, self.renewed) = (lease, sent);
                return Ok(());
            }
            Err(fault) => fault,
        };
        if fault.kind != FaultKind::Conflict {
            return Err(fault);
        }
        let there = within(api.get(MANAGER)).await?;
        if !is_held_by(&there, identity) {
            return Err(fault);
        }
        self.lease = there;
        Err(Fault { kind: FaultKind::Unavailable, ..fault })
    }
}
