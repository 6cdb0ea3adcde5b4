//! The life of a reservation, as one pure table.
//!
//! ```text
//!            reserve                      commit                restock
//! (nothing) ─────────▶ held ─────────────────────▶ committed ─────────▶ restocked
//!     │  └──▶ refused   ├─ release, restock ─▶ released
//!     │        (short)  └─ time runs out ────▶ expired
//!     └─ release, restock ─▶ released (a tombstone: a reserve that comes late is refused)
//! ```
//!
//! Every request is keyed by the order and safe to repeat, in any order and after any crash:
//! - a repeat of what was done answers as the first time and moves nothing;
//! - an undo of what was never done leaves a tombstone, and what it undoes is then refused;
//! - once refused, a commit stays refused: running out of time is written down when it is noticed,
//!   so that two clocks that disagree cannot both have their way.

use jiff::Timestamp;

use super::{
    ids::{OrderId, ProductId, ReservationId},
    stock::{Lines, MovementKind},
};

/// Where a reservation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Units are put aside until `expires_at`.
    Held,
    /// There was not enough; nothing was put aside.
    Refused,
    /// The units have left.
    Committed,
    /// Given back, or never had (tombstone).
    Released,
    /// Given back because time ran out.
    Expired,
    /// Had left and came back.
    Restocked,
}

/// A reservation and what it asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// Whose.
    pub order: OrderId,
    /// For people and logs.
    pub id: ReservationId,
    /// Where it stands.
    pub state: State,
    /// What was asked for; empty for a tombstone.
    pub lines: Lines,
    /// What could not be had; empty unless refused.
    pub unavailable: Vec<ProductId>,
    /// When it ends by itself.
    pub expires_at: Timestamp,
}

/// What ends a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The units are sold.
    Commit,
    /// The units are not wanted after all.
    Release,
    /// The units come back, whether they had left or not.
    Restock,
    /// The sweeper found that time ran out.
    Expire,
}

/// Why an ending or a repeat is refused: definite, the answer will not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The order never reserved anything.
    NeverReserved,
    /// The same order reserved other lines.
    OtherLines,
    /// There was not enough stock.
    Refused,
    /// The units are sold; they can be restocked, not released.
    Committed,
    /// The units were given back.
    Released,
    /// Time ran out.
    Expired,
    /// The units were sold and came back.
    Restocked,
}

/// What an ending does to the row and to the stock, and what is answered. Both are carried out even
/// when the answer is a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The new state and how the stock of the lines moves; `None` leaves all as it is.
    pub change: Option<(State, Option<MovementKind>)>,
    /// What the caller is told.
    pub answer: Result<(), Refusal>,
}

impl State {
    /// As stored.
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
    pub fn from_stored(word: &str) -> Option<Self> {
        use State::{Committed, Expired, Held, Refused, Released, Restocked};
        [Held, Refused, Committed, Released, Expired, Restocked]
            .into_iter()
            .find(|state| state.as_str() == word)
    }
}

impl Reservation {
    /// The answer to a reserve for an order that has been seen: the first answer again while it is true.
    pub fn repeat(&self, lines: &Lines) -> Result<(), Refusal> {
        if self.state == State::Released {
            return Err(Refusal::Released); // also a tombstone, which has no lines to compare
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

    /// What `ending` means for this reservation at `now`.
    pub fn end(&self, ending: Ending, now: Timestamp) -> Decision {
        decide(self.state, self.expires_at <= now, ending)
    }
}

fn decide(state: State, due: bool, ending: Ending) -> Decision {
    use Ending::{Commit, Expire, Release, Restock};
    use State::{Committed, Expired, Held, Refused, Released, Restocked};

    let stay = |answer| Decision { change: None, answer };
    let go = |to, stock, answer| Decision { change: Some((to, stock)), answer };
    match (ending, state) {
        (Commit, Held) if due => go(Expired, Some(MovementKind::Expire), Err(Refusal::Expired)),
        (Commit, Held) => go(Committed, Some(MovementKind::Commit), Ok(())),
        (Commit, Committed) => stay(Ok(())),
        (Commit, Refused) => stay(Err(Refusal::Refused)),
        (Commit, Released) => stay(Err(Refusal::Released)),
        (Commit, Expired) => stay(Err(Refusal::Expired)),
        (Commit, Restocked) => stay(Err(Refusal::Restocked)),

        (Release | Restock, Held) => go(Released, Some(MovementKind::Release), Ok(())),
        (Release | Restock, Refused) => go(Released, None, Ok(())),
        (Release | Restock, Released | Expired | Restocked) => stay(Ok(())),
        (Release, Committed) => stay(Err(Refusal::Committed)),
        (Restock, Committed) => go(Restocked, Some(MovementKind::Restock), Ok(())),

        (Expire, Held) if due => go(Expired, Some(MovementKind::Expire), Ok(())),
        (Expire, Held | Refused | Committed | Released | Expired | Restocked) => stay(Ok(())),
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
    fn every_ending_in_every_state() {
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
        for (ending, from, to, answer) in table {
            let decision = decide(from, false, ending);
            let state = decision.change.map_or(from, |(state, _)| state);
            assert_eq!((state, decision.answer), (to, answer), "{ending:?} of {from:?}");
        }
    }

    #[test]
    fn a_commit_that_is_due_is_refused_and_written_down() {
        let decision = decide(State::Held, true, Ending::Commit);
        assert_eq!(decision.change, Some((State::Expired, Some(MovementKind::Expire))));
        assert_eq!(decision.answer, Err(Refusal::Expired));
    }

    #[test]
    fn every_answer_is_the_same_when_asked_again() {
        for state in STATES {
            for ending in ENDINGS {
                for due in [false, true] {
                    let first = decide(state, due, ending);
                    let after = first.change.map_or(state, |(state, _)| state);
                    let second = decide(after, true, ending);
                    if ending != Ending::Expire {
                        assert_eq!(second.answer, first.answer, "{ending:?} of {state:?}");
                        assert_eq!(second.change, None, "{ending:?} of {state:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_repeat_answers_the_first_result_while_it_is_true() {
        for (state, answer) in [
            (State::Held, Ok(())),
            (State::Refused, Ok(())),
            (State::Committed, Ok(())),
            (State::Released, Err(Refusal::Released)),
            (State::Expired, Err(Refusal::Expired)),
            (State::Restocked, Err(Refusal::Restocked)),
        ] {
            assert_eq!(reservation(state, &[1, 2]).repeat(&lines(&[2, 1])), answer, "{state:?}");
        }
    }

    #[test]
    fn other_lines_and_tombstones_are_refused() {
        let held = reservation(State::Held, &[1]);
        assert_eq!(held.repeat(&lines(&[1, 1])), Err(Refusal::OtherLines));
        let tombstone = reservation(State::Released, &[]);
        assert_eq!(tombstone.repeat(&lines(&[1])), Err(Refusal::Released));
    }

    #[test]
    fn stored_words_read_back() {
        for state in STATES {
            assert_eq!(State::from_stored(state.as_str()), Some(state));
        }
        assert_eq!(State::from_stored("sold"), None);
    }

    proptest! {
        /// Whatever endings come, in whatever order: at most one commit and one return of the units.
        #[test]
        fn units_leave_once_and_come_back_once(
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
