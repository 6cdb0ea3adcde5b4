//! The journeys, a topic a file. They run one after another: see `e2e::Cluster`.

mod checkout;
mod drift;
mod faults;
mod figures;
mod lifecycle;
mod neighbours;
mod products;
mod refused;
mod resilience;
mod shopper;
mod stores;
