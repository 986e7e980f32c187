//! Any graph, under any disturbance.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};
use tdev_domain::RunState;

use crate::corpus::plan;
use crate::sim::{Disturbance, Sim};

#[derive(Debug, Clone)]
struct Node {
    agent: &'static str,
    /// How far back its dependencies are, and whether each is hard.
    back: BTreeMap<usize, bool>,
    condition: Option<bool>,
}

fn node() -> impl Strategy<Value = Node> {
    let agent = prop_oneof![
        6 => Just("ok"),
        2 => Just("slow-7"),
        2 => Just("fails-1"),
        1 => Just("fails"),
    ];
    let back = prop::collection::btree_map(1_usize..6, any::<bool>(), 0..4);
    let condition = prop_oneof![5 => Just(None), 1 => any::<bool>().prop_map(Some)];
    (agent, back, condition).prop_map(|(agent, back, condition)| Node {
        agent,
        back,
        condition,
    })
}

fn definition(nodes: &[Node], max_in_flight: Option<u32>) -> Value {
    let steps: Vec<Value> = nodes
        .iter()
        .enumerate()
        .map(|(n, node)| {
            let depends_on: Vec<Value> = dependencies(node, n)
                .map(|(on, hard)| {
                    let kind = if hard { "hard" } else { "soft" };
                    json!({"step": format!("s{on}"), "kind": kind})
                })
                .collect();
            let mut step = json!({
                "id": format!("s{n}"), "agent": node.agent, "depends_on": depends_on,
                "retry": {"max_attempts": 2, "jitter": false}
            });
            if let Some(holds) = node.condition {
                step["when"] = json!(format!("input.{holds}"));
            }
            step
        })
        .collect();
    let mut definition = json!({"name": "any", "steps": steps});
    if let Some(most) = max_in_flight {
        definition["max_in_flight"] = json!(most);
    }
    definition
}

fn dependencies(node: &Node, n: usize) -> impl Iterator<Item = (usize, bool)> {
    let back = node.back.iter().filter(move |(back, _)| **back <= n);
    back.map(move |(back, hard)| (n - back, *hard))
}

/// What should become of each step, and whether the run completes: reckoned step by step, without
/// an engine.
fn expected(nodes: &[Node]) -> (Vec<&'static str>, bool) {
    let mut states: Vec<&'static str> = Vec::new();
    for (n, node) in nodes.iter().enumerate() {
        let mut hard = dependencies(node, n).filter(|(_, hard)| *hard);
        let state =
            if hard.any(|(on, _)| states[on] != "completed") || node.condition == Some(false) {
                "skipped"
            } else if node.agent == "fails" {
                "failed"
            } else {
                "completed"
            };
        states.push(state);
    }
    let tolerated = |step: usize| {
        let mut on_it = (0..nodes.len())
            .flat_map(|n| dependencies(&nodes[n], n))
            .filter(|(on, _)| *on == step)
            .peekable();
        on_it.peek().is_some() && on_it.all(|(_, hard)| !hard)
    };
    let completes = (0..nodes.len()).all(|step| states[step] != "failed" || tolerated(step));
    (states, completes)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_graph_comes_to_the_end_that_it_must(
        nodes in prop::collection::vec(node(), 1..14),
        seed in any::<u64>(),
        max_in_flight in prop::option::of(1_u32..4),
        (duplicate, lose, crash) in (0_u8..80, 0_u8..40, 0_u8..60),
    ) {
        let plan = plan(&definition(&nodes, max_in_flight));
        let disturbance = Disturbance { seed, duplicate, lose, crash };
        let input = json!({"true": true, "false": false});
        let mut sim = Sim::of(std::slice::from_ref(&plan), input, disturbance);
        let ended = sim.settle().state();
        let (states, completes) = expected(&nodes);
        prop_assert_eq!(ended == RunState::Completed, completes);
        if completes {
            let steps = sim.steps();
            for (n, state) in states.iter().enumerate() {
                let found = steps[&format!("s{n}")].state.name().as_str();
                prop_assert_eq!(found, *state, "s{}", n);
            }
        }
        // Nothing was started before what it depends on was over.
        let state = sim.model.state();
        for job in state.jobs.values() {
            let begun = state.steps[&(job.of.run.clone(), job.of.place)].started_at;
            for edge in plan.dependencies(job.of.place.step) {
                let before = &state.steps[&(job.of.run.clone(), tdev_domain::Place::step(edge.step))];
                prop_assert!(before.ended_at.unwrap() <= begun);
            }
        }
    }
}
