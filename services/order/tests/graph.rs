//! The state graph of docs/checkout.md is drawn from the code.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use order::domain::call::{Outcome, Reason, Receipt};
use order::domain::checkout::{Checkout, Data, Step, next};
use order::domain::event::By;
use order::domain::ids::OrderId;
use uuid::Uuid;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;
const BEGIN: &str = "<!-- The graph: UPDATE_GRAPH=1 cargo test -p order --test graph -->\n";
const END: &str = "<!-- The end of the graph. -->\n";

/// From where to where, and what for.
type Edges = BTreeMap<(Step, Step), BTreeSet<&'static str>>;

/// To renew the graph: `UPDATE_GRAPH=1 cargo test -p order --test graph`, and read the difference.
#[test]
fn the_graph_of_the_document_is_that_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/checkout.md");
    let document = fs::read_to_string(&path).expect("docs/checkout.md");
    let (before, rest) = document.split_once(BEGIN).expect("where the graph begins");
    let (committed, after) = rest.split_once(END).expect("where the graph ends");
    let graph = drawn(&edges());
    if std::env::var_os("UPDATE_GRAPH").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{graph}{END}{after}")).expect("written");
        return;
    }
    assert!(committed == graph, "the graph of docs/checkout.md is stale: see this test's comment");
}

/// Every step that can be reached, with everything that can become of it.
fn edges() -> Edges {
    let mut edges = Edges::new();
    let mut seen = BTreeSet::new();
    let mut ahead = vec![(Step::Reserve, false)];
    while let Some((step, commit_sent)) = ahead.pop() {
        if !seen.insert((step, commit_sent)) {
            continue;
        }
        for (why, cancel, late, outcome) in causes(step, commit_sent) {
            let state = state(step, commit_sent, cancel, late);
            let turned = next(&state, &outcome, NOW);
            if turned.step != step {
                edges.entry((step, turned.step)).or_default().insert(why);
            }
            ahead.push((turned.step, turned.data.commit_sent));
        }
    }
    // An unwanted order that goes where a wanted one goes needs no word.
    for ((from, _), reasons) in &mut edges {
        let undo = matches!(from, Step::Capture | Step::Ship) || is_undo(*from);
        reasons.retain(|why| !undo || *why != "unwanted");
    }
    edges
}

/// What can become of a step: why, whether somebody wants the order cancelled, whether it is late.
fn causes(step: Step, commit_sent: bool) -> [(&'static str, bool, bool, Outcome); 5] {
    let done = match (step, commit_sent) {
        (Step::Void, false) => "done, stock was only held",
        (Step::Void, true) => "done, stock may be taken",
        _ => "done",
    };
    let ok = || Outcome::Done(Receipt("receipt".into()));
    let silence = || Outcome::Unknown("silence".into());
    [
        (done, false, false, ok()),
        ("refused", false, false, Outcome::Rejected(Reason::default())),
        ("no answer in time", false, true, silence()),
        ("unwanted", true, false, ok()),
        ("unwanted", true, false, silence()),
    ]
}

fn is_undo(step: Step) -> bool {
    matches!(step, Step::Void | Step::Release | Step::Restock)
}

fn state(step: Step, commit_sent: bool, cancel: bool, late: bool) -> Checkout {
    let by = || By { actor: "customer".into(), reason: "unwanted".into() };
    let time = if late { 0 } else { 120 };
    Checkout {
        order: OrderId(Uuid::nil()),
        step,
        data: Data { commit_sent, ..Data::default() },
        attempts: 1,
        began_at: NOW,
        deadline_at: NOW + SignedDuration::from_secs(time),
        cancel: cancel.then(by),
    }
}

/// As Mermaid, which forges render.
fn drawn(edges: &Edges) -> String {
    let mut graph = "```mermaid\nstateDiagram-v2\n    [*] --> reserve\n".to_owned();
    for ((from, to), reasons) in edges {
        let reasons: Vec<_> = reasons.iter().copied().collect();
        let why = reasons.join(" / ");
        let (from, to) = (from.as_str(), to.as_str());
        graph.push_str(&format!("    {from} --> {to}: {why}\n"));
    }
    graph.push_str("    confirmed --> [*]\n    cancelled --> [*]\n```\n");
    graph
}
