//! Load balancing: picks the address for a call. A pure function.

/// The state of one address when a call picks one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    /// Calls of this channel in flight to the address.
    pub(super) in_flight: usize,
    /// Whether a call to the address failed recently.
    pub(super) down: bool,
    /// Whether this call has already failed at the address.
    pub(super) tried: bool,
}

/// Picks the index of the address to call: one that this call has not tried, then one that is not
/// down, then the one with the fewest calls in flight. Among equals it is the first from `turn` on,
/// so that they take turns. `None` when there is no address.
pub(super) fn pick(candidates: &[Candidate], turn: usize) -> Option<usize> {
    let count = candidates.len();
    (0..count).map(|step| (turn % count + step) % count).min_by_key(|&index| {
        let Candidate { in_flight, down, tried } = candidates[index];
        (tried, down, in_flight)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parses one candidate per word: its calls in flight, `d` for down, `t` for tried.
    fn candidates(text: &str) -> Vec<Candidate> {
        let parse = |word: &str| Candidate {
            in_flight: word.trim_end_matches(['d', 't']).parse().expect("a number"),
            down: word.contains('d'),
            tried: word.contains('t'),
        };
        text.split_whitespace().map(parse).collect()
    }

    #[test]
    fn pick_orders_by_tried_down_in_flight_and_turn() {
        for (text, turn, expected) in [
            ("", 0, None),
            ("0", 7, Some(0)),
            // Equals take turns.
            ("0 0 0", 0, Some(0)),
            ("0 0 0", 1, Some(1)),
            ("0 0 0", usize::MAX, Some(0)),
            // The fewest calls in flight.
            ("3 1 2", 0, Some(1)),
            // A busy address before one that is down.
            ("9 0d", 1, Some(0)),
            // One that is down before one that this call has tried.
            ("0t 0d", 0, Some(1)),
            // A tried one when there is no other.
            ("0dt", 0, Some(0)),
        ] {
            assert_eq!(pick(&candidates(text), turn), expected, "{text:?} at {turn}");
        }
    }

    #[test]
    fn idle_addresses_share_calls_evenly() {
        let candidates = candidates("0 0 0");
        let mut calls = [0; 3];
        for turn in 0..300 {
            calls[pick(&candidates, turn).expect("an address")] += 1;
        }
        assert_eq!(calls, [100, 100, 100]);
    }
}
