//! The state machine of a reservation: a table of transitions, without I/O.
//!
//! ```text
//!            reserve                      commit                restock
//! (none) ────▶ held ───────────────────────▶ committed ─────────▶ restocked
//!  │  └▶ refused  ├─ release, restock ─▶ released
//!  │ (insufficient) └─ expiry ──────────▶ expired
//!  └─ release, restock ─▶ released (a tombstone: a late reserve is refused)
//! ```
//!
//! Every request has the order's id as idempotency key and can be repeated, in any order and after
//! any crash:
//! - a repeated request returns the first result and moves no stock;
//! - a compensation of a reserve that never happened leaves a tombstone, and the late reserve is
//!   refused;
//! - a refused commit stays refused: expiry is persisted when it is detected, so that replicas with
//!   different clocks make the same decision.

use jiff::Timestamp;

use super::ids::{OrderId, ProductId, ReservationId};
use super::stock::{Lines, MovementKind};

/// State of a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Units are reserved until `expires_at`.
    Held,
    /// Stock was insufficient; nothing was reserved.
    Refused,
    /// The units are sold.
    Committed,
    /// Released, or never reserved (tombstone).
    Released,
    /// Released because the reservation expired.
    Expired,
    /// Sold, then returned to stock.
    Restocked,
}

/// A reservation with the requested lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// Order whose units are reserved.
    pub order: OrderId,
    /// Id for people and logs.
    pub id: ReservationId,
    /// Current state.
    pub state: State,
    /// Requested lines; empty for a tombstone.
    pub lines: Lines,
    /// Unavailable products; empty unless refused.
    pub unavailable: Vec<ProductId>,
    /// Time of expiry.
    pub expires_at: Timestamp,
}

/// A request that ends a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The units are sold.
    Commit,
    /// The units are not needed.
    Release,
    /// The units return to stock, sold or not.
    Restock,
    /// The sweeper found the reservation expired.
    Expire,
}

/// Reason why a request is refused. A refusal is permanent: a repeated request is refused too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The order has no reservation.
    NeverReserved,
    /// The same order reserved other lines.
    OtherLines,
    /// Stock was insufficient.
    Refused,
    /// The units are sold; they can be restocked, not released.
    Committed,
    /// The units were released.
    Released,
    /// The reservation expired.
    Expired,
    /// The units were sold and returned to stock.
    Restocked,
}

/// The effect of a request on the reservation and the stock, and its result. The change is applied
/// even if the result is a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The new state and the movement of the lines' stock; `None` changes nothing.
    pub change: Option<(State, Option<MovementKind>)>,
    /// The result for the caller.
    pub result: Result<(), Refusal>,
}

impl State {
    /// The stored value.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Refused => "refused",
            Self::Committed => "committed",
            Self::Released => "released",
            Self::Expired => "expired",
            Self::Restocked => "restocked",
        }
    }

    /// The inverse of [`State::as_str`].
    #[must_use]
    pub fn from_stored(value: &str) -> Option<Self> {
        use State::{Committed, Expired, Held, Refused, Released, Restocked};
        [Held, Refused, Committed, Released, Expired, Restocked]
            .into_iter()
            .find(|state| state.as_str() == value)
    }
}

impl Reservation {
    /// The result of a repeated reserve: the first result, as long as it still holds.
    ///
    /// # Errors
    /// Fails with the reason why a repeat is refused.
    pub fn repeat(&self, lines: &Lines) -> Result<(), Refusal> {
        if self.state == State::Released {
            return Err(Refusal::Released); // includes tombstones, which have no lines
        }
        if self.lines != *lines {
            return Err(Refusal::OtherLines);
        }
        match self.state {
            State::Held | State::Refused | State::Committed => Ok(()),
            State::Released => Err(Refusal::Released),
            State::Expired => Err(Refusal::Expired),
            State::Restocked => Err(Refusal::Restocked),
        }
    }

    /// Decides the effect of `ending` on this reservation at `now`.
    #[must_use]
    pub fn end(&self, ending: Ending, now: Timestamp) -> Decision {
        decide(self.state, self.expires_at <= now, ending)
    }
}

fn decide(state: State, due: bool, ending: Ending) -> Decision {
    use Ending::{Commit, Expire, Release, Restock};
    use State::{Committed, Expired, Held, Refused, Released, Restocked};

    let keep = |result| Decision { change: None, result };
    let change = |to, stock, result| Decision { change: Some((to, stock)), result };
    match (ending, state) {
        (Commit, Held) if due => change(Expired, Some(MovementKind::Expire), Err(Refusal::Expired)),
        (Commit, Held) => change(Committed, Some(MovementKind::Commit), Ok(())),
        (Commit, Committed) => keep(Ok(())),
        (Commit, Refused) => keep(Err(Refusal::Refused)),
        (Commit, Released) => keep(Err(Refusal::Released)),
        (Commit, Expired) => keep(Err(Refusal::Expired)),
        (Commit, Restocked) => keep(Err(Refusal::Restocked)),

        (Release | Restock, Held) => change(Released, Some(MovementKind::Release), Ok(())),
        (Release | Restock, Refused) => change(Released, None, Ok(())),
        (Release | Restock, Released | Expired | Restocked) => keep(Ok(())),
        (Release, Committed) => keep(Err(Refusal::Committed)),
        (Restock, Committed) => change(Restocked, Some(MovementKind::Restock), Ok(())),

        (Expire, Held) if due => change(Expired, Some(MovementKind::Expire), Ok(())),
        (Expire, Held | Refused | Committed | Released | Expired | Restocked) => keep(Ok(())),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    const STATES: [State; 6] = [
        State::Held,
        State::Refused,
        State::Committed,
        State::Released,
        State::Expired,
        State::Restocked,
    ];
    const ENDINGS: [Ending; 4] = [Ending::Commit, Ending::Release, Ending::Restock, Ending::Expire];

    fn reservation(state: State, products: &[u128]) -> Reservation {
        Reservation {
            order: OrderId(Uuid::nil()),
            id: ReservationId(Uuid::nil()),
            state,
            lines: lines(products),
            unavailable: Vec::new(),
            expires_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn lines(products: &[u128]) -> Lines {
        Lines::sum(products.iter().map(|n| (ProductId(Uuid::from_u128(*n)), 1))).unwrap()
    }

    #[test]
    fn transition_table_covers_every_state() {
        use Ending::{Commit, Expire, Release, Restock};
        use State::{Committed, Expired, Held, Refused, Released, Restocked};
        let table = [
            (Commit, Held, Committed, Ok(())),
            (Commit, Refused, Refused, Err(Refusal::Refused)),
            (Commit, Committed, Committed, Ok(())),
            (Commit, Released, Released, Err(Refusal::Released)),
            (Commit, Expired, Expired, Err(Refusal::Expired)),
            (Commit, Restocked, Restocked, Err(Refusal::Restocked)),
            (Release, Held, Released, Ok(())),
            (Release, Refused, Released, Ok(())),
            (Release, Committed, Committed, Err(Refusal::Committed)),
            (Release, Released, Released, Ok(())),
            (Release, Expired, Expired, Ok(())),
            (Release, Restocked, Restocked, Ok(())),
            (Restock, Held, Released, Ok(())),
            (Restock, Refused, Released, Ok(())),
            (Restock, Committed, Restocked, Ok(())),
            (Restock, Released, Released, Ok(())),
            (Restock, Expired, Expired, Ok(())),
            (Restock, Restocked, Restocked, Ok(())),
            (Expire, Held, Held, Ok(())),
            (Expire, Committed, Committed, Ok(())),
        ];
        for (ending, from, to, result) in table {
            let decision = decide(from, false, ending);
            let state = decision.change.map_or(from, |(state, _)| state);
            assert_eq!((state, decision.result), (to, result), "{ending:?} of {from:?}");
        }
    }

    #[test]
    fn expired_commit_is_refused_and_persisted() {
        let decision = decide(State::Held, true, Ending::Commit);
        assert_eq!(decision.change, Some((State::Expired, Some(MovementKind::Expire))));
        assert_eq!(decision.result, Err(Refusal::Expired));
    }

    #[test]
    fn repeated_ending_returns_the_same_result() {
        for state in STATES {
            for ending in ENDINGS {
                for due in [false, true] {
                    let first = decide(state, due, ending);
                    let after = first.change.map_or(state, |(state, _)| state);
                    let second = decide(after, true, ending);
                    if ending != Ending::Expire {
                        assert_eq!(second.result, first.result, "{ending:?} of {state:?}");
                        assert_eq!(second.change, None, "{ending:?} of {state:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn repeated_reserve_returns_the_first_result_while_it_holds() {
        for (state, result) in [
            (State::Held, Ok(())),
            (State::Refused, Ok(())),
            (State::Committed, Ok(())),
            (State::Released, Err(Refusal::Released)),
            (State::Expired, Err(Refusal::Expired)),
            (State::Restocked, Err(Refusal::Restocked)),
        ] {
            assert_eq!(reservation(state, &[1, 2]).repeat(&lines(&[2, 1])), result, "{state:?}");
        }
    }

    #[test]
    fn reserve_with_other_lines_or_tombstone_is_refused() {
        let held = reservation(State::Held, &[1]);
        assert_eq!(held.repeat(&lines(&[1, 1])), Err(Refusal::OtherLines));
        let tombstone = reservation(State::Released, &[]);
        assert_eq!(tombstone.repeat(&lines(&[1])), Err(Refusal::Released));
    }

    #[test]
    fn stored_state_round_trips() {
        for state in STATES {
            assert_eq!(State::from_stored(state.as_str()), Some(state));
        }
        assert_eq!(State::from_stored("sold"), None);
    }

    proptest! {
        /// For any sequence of endings, the units are committed and returned at most once.
        #[test]
        fn units_are_sold_and_returned_at_most_once(
            steps in proptest::collection::vec((0..4usize, any::<bool>()), 0..12)
        ) {
            let mut state = State::Held;
            let (mut on_hand, mut reserved) = (0, 1);
            for (ending, due) in steps {
                let decision = decide(state, due, ENDINGS[ending]);
                if let Some((to, kind)) = decision.change {
                    state = to;
                    match kind {
                        Some(MovementKind::Commit) => { on_hand -= 1; reserved -= 1; }
                        Some(MovementKind::Release | MovementKind::Expire) => reserved -= 1,
                        Some(MovementKind::Restock) => on_hand += 1,
                        _ => {}
                    }
                }
                prop_assert!((-1..=0).contains(&on_hand) && (0..=1).contains(&reserved));
                prop_assert_eq!(reserved == 1, state == State::Held);
                prop_assert_eq!(on_hand == -1, state == State::Committed);
            }
        }
    }
}
