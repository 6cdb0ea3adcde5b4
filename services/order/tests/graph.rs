//! Generates the state graph of docs/checkout.md from the code.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use order::domain::checkout::{Checkout, Data, Step, next};
use order::domain::event::Actor;
use order::domain::ids::OrderId;
use order::domain::outcome::{Outcome, Reason, Receipt};
use uuid::Uuid;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;
const BEGIN: &str = "<!-- The graph: UPDATE_GRAPH=1 cargo test -p order --test graph -->\n";
const END: &str = "<!-- The end of the graph. -->\n";

/// Edges of the graph: (from, to) and their reasons.
type Edges = BTreeMap<(Step, Step), BTreeSet<&'static str>>;

/// To update the graph: `UPDATE_GRAPH=1 cargo test -p order --test graph`, and review the diff.
#[test]
fn documented_graph_matches_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/checkout.md");
    let document = fs::read_to_string(&path).expect("docs/checkout.md");
    let (before, rest) = document.split_once(BEGIN).expect("the start marker of the graph");
    let (committed, after) = rest.split_once(END).expect("the end marker of the graph");
    let graph = render(&edges());
    if std::env::var_os("UPDATE_GRAPH").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{graph}{END}{after}")).expect("written");
        return;
    }
    assert!(committed == graph, "the graph of docs/checkout.md is stale: see this test's comment");
}

/// Returns the transitions of every reachable step.
fn edges() -> Edges {
    let mut edges = Edges::new();
    let mut visited = BTreeSet::new();
    let mut pending = vec![(Step::Reserve, false)];
    while let Some((step, commit_sent)) = pending.pop() {
        if !visited.insert((step, commit_sent)) {
            continue;
        }
        for (reason, cancel, past_deadline, outcome) in causes(step, commit_sent) {
            let state = state(step, commit_sent, cancel, past_deadline);
            let transition = next(&state, &outcome, NOW);
            if transition.step != step {
                edges.entry((step, transition.step)).or_default().insert(reason);
            }
            pending.push((transition.step, transition.data.commit_sent));
        }
    }
    // A requested cancellation is not listed as a separate reason if the next step is the same
    // without it.
    for ((from, _), reasons) in &mut edges {
        let is_unaffected = matches!(from, Step::Capture | Step::Ship) || is_compensation(*from);
        reasons.retain(|reason| !is_unaffected || *reason != "cancel requested");
    }
    edges
}

/// Returns the possible outcomes of a step: (reason, cancellation requested, past deadline,
/// outcome).
fn causes(step: Step, commit_sent: bool) -> [(&'static str, bool, bool, Outcome); 5] {
    let done = match (step, commit_sent) {
        (Step::Void, false) => "done, stock was only reserved",
        (Step::Void, true) => "done, stock may be committed",
        _ => "done",
    };
    let succeeded = || Outcome::Done(Receipt("receipt".into()));
    let no_response = || Outcome::Unknown("no response".into());
    [
        (done, false, false, succeeded()),
        ("rejected", false, false, Outcome::Rejected(Reason::default())),
        ("deadline passed", false, true, no_response()),
        ("cancel requested", true, false, succeeded()),
        ("cancel requested", true, false, no_response()),
    ]
}

fn is_compensation(step: Step) -> bool {
    matches!(step, Step::Void | Step::Release | Step::Restock)
}

fn state(step: Step, commit_sent: bool, cancel: bool, past_deadline: bool) -> Checkout {
    let actor = || Actor { id: "customer".into(), reason: "unwanted".into() };
    let time = if past_deadline { 0 } else { 120 };
    Checkout {
        order: OrderId(Uuid::nil()),
        step,
        data: Data { commit_sent, ..Data::default() },
        attempts: 1,
        began_at: NOW,
        deadline_at: NOW + SignedDuration::from_secs(time),
        cancel: cancel.then(actor),
    }
}

/// Renders the graph as Mermaid, which GitHub and GitLab display.
fn render(edges: &Edges) -> String {
    let mut graph = "```mermaid\nstateDiagram-v2\n    [*] --> reserve\n".to_owned();
    for ((from, to), reasons) in edges {
        let reasons: Vec<_> = reasons.iter().copied().collect();
        let reason = reasons.join(" / ");
        let (from, to) = (from.as_str(), to.as_str());
        graph.push_str(&format!("    {from} --> {to}: {reason}\n"));
    }
    graph.push_str("    confirmed --> [*]\n    cancelled --> [*]\n```\n");
    graph
}
