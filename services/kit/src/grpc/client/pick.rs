//! Which address a call goes to: a pure choice.

/// What is known of one address at the moment of the choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    /// Calls of ours that it works on.
    pub(super) in_flight: usize,
    /// It failed moments ago.
    pub(super) down: bool,
    /// This very call has failed there.
    pub(super) tried: bool,
}

/// The index of the address to call: one not tried yet, not down if there is such a one, and of
/// these the least busy; among equals the first from `turn` on, so that they take turns. `None`
/// when there is no address at all.
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

    /// One candidate per word: its calls in flight, `d` for down, `t` for tried.
    fn candidates(words: &str) -> Vec<Candidate> {
        let one = |word: &str| Candidate {
            in_flight: word.trim_end_matches(['d', 't']).parse().expect("a number"),
            down: word.contains('d'),
            tried: word.contains('t'),
        };
        words.split_whitespace().map(one).collect()
    }

    #[test]
    fn the_choice_goes_by_tried_then_down_then_busy_then_turn() {
        for (words, turn, expected) in [
            ("", 0, None),
            ("0", 7, Some(0)),
            // Equals take turns.
            ("0 0 0", 0, Some(0)),
            ("0 0 0", 1, Some(1)),
            ("0 0 0", usize::MAX, Some(0)),
            // The least busy.
            ("3 1 2", 0, Some(1)),
            // A busy one rather than one that is down.
            ("9 0d", 1, Some(0)),
            // One that is down rather than where this call has failed.
            ("0t 0d", 0, Some(1)),
            // Where it failed rather than nowhere.
            ("0dt", 0, Some(0)),
        ] {
            assert_eq!(pick(&candidates(words), turn), expected, "{words:?} at {turn}");
        }
    }

    #[test]
    fn idle_addresses_share_calls_evenly() {
        let candidates = candidates("0 0 0");
        let mut calls = [0; 3];
        for turn in 0..300 {
            calls[pick(&candidates, turn).expect("there are three")] += 1;
        }
        assert_eq!(calls, [100, 100, 100]);
    }
}
