//! Tests against a real PostgreSQL server.

#![cfg(test)]

mod collations;
mod failover;
mod fixture;
mod outage;
mod ownership;
mod pool;
mod pooler;
mod provisioning;
