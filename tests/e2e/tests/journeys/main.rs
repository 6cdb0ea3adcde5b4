//! The journeys, one topic per file. They run in parallel; `e2e::Cluster` has the locks.

mod checkout;
mod chromium;
mod data_stores;
mod drift;
mod faults;
mod figures;
mod isolation;
mod lifecycle;
mod products;
mod proxies;
mod resilience;
mod shopper;
mod validation;
mod web;
