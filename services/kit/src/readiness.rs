//! Readiness of the process for `/readyz`: from the time that everything has started until the
//! drain.
//!
//! Readiness covers only this process. An unavailable database is visible in metrics and responses,
//! but not here: otherwise one short outage would remove every pod from its Service at once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[derive(Clone, Debug, Default)]
pub(crate) struct Readiness(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// The name of each gate, and whether it is open.
    gates: Vec<(String, bool)>,
    draining: bool,
}

/// A condition for readiness. It is closed until [`ReadyGate::open`].
#[derive(Debug)]
pub struct ReadyGate {
    readiness: Readiness,
    index: usize,
}

impl ReadyGate {
    /// Opens the gate, once the part of the process that it stands for has started.
    pub fn open(&self) {
        if let Some(gate) = self.readiness.lock().gates.get_mut(self.index) {
            gate.1 = true;
        }
    }
}

impl Readiness {
    pub(crate) fn gate(&self, name: &str) -> ReadyGate {
        let mut state = self.lock();
        state.gates.push((name.to_owned(), false));
        ReadyGate { readiness: self.clone(), index: state.gates.len() - 1 }
    }

    /// Makes the process permanently not ready, regardless of its gates.
    pub(crate) fn drain(&self) {
        self.lock().draining = true;
    }

    /// Returns `Ok`, or why the process is not ready. Without any gate, nothing has started yet.
    pub(crate) fn check(&self) -> Result<(), String> {
        let state = self.lock();
        if state.draining {
            return Err("draining".to_owned());
        }
        let closed: Vec<&str> =
            state.gates.iter().filter(|(_, open)| !open).map(|(name, _)| name.as_str()).collect();
        match (state.gates.is_empty(), closed.is_empty()) {
            (false, true) => Ok(()),
            (true, _) => Err("starting".to_owned()),
            (false, false) => Err(format!("starting: {}", closed.join(", "))),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_when_every_gate_is_open_until_the_drain() {
        let readiness = Readiness::default();
        assert_eq!(readiness.check(), Err("starting".to_owned()));
        let [catalog, gateway] = [readiness.gate("catalog"), readiness.gate("gateway")];
        catalog.open();
        assert_eq!(readiness.check(), Err("starting: gateway".to_owned()));
        gateway.open();
        assert_eq!(readiness.check(), Ok(()));
        readiness.drain();
        assert_eq!(readiness.check(), Err("draining".to_owned()));
    }
}
