//! Definitions that are right, of all kinds of steps.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};
use tdev_workflow::Definition;

/// What one step is made from.
#[derive(Debug, Clone)]
struct Seed {
    kind: &'static str,
    dependencies: Vec<(Index, bool)>,
    looks: Vec<Index>,
    /// Fields that may be left out, by bits.
    fields: u16,
}

fn seed() -> impl Strategy<Value = Seed> {
    let kinds = select(vec![
        "agent", "agent", "agent", "task", "map", "choice", "wait", "approval", "workflow",
    ]);
    let dependencies = vec((any::<Index>(), any::<bool>()), 0..5);
    (kinds, dependencies, vec(any::<Index>(), 0..3), any::<u16>()).prop_map(
        |(kind, dependencies, looks, fields)| Seed {
            kind,
            dependencies,
            looks,
            fields,
        },
    )
}

/// A valid definition of 1 to `most` steps, written in a random order.
pub(crate) fn definitions(most: usize) -> impl Strategy<Value = Definition> {
    vec(seed(), 1..=most)
        .prop_map(|seeds| build(&seeds))
        .prop_flat_map(|steps| Just(steps).prop_shuffle())
        .prop_map(|steps| {
            let definition = json!({"name": "random", "steps": steps, "deadline_seconds": 60});
            Definition::from_json(&definition.to_string()).unwrap()
        })
}

fn build(seeds: &[Seed]) -> Vec<Value> {
    let mut steps: Vec<Value> = Vec::with_capacity(seeds.len());
    // By step: all that comes before it.
    let mut all_before: Vec<Vec<usize>> = Vec::with_capacity(seeds.len());
    for (number, seed) in seeds.iter().enumerate() {
        let id = format!("s{number}");
        let mut step = json!({"id": id});
        let mut on: Vec<(usize, bool)> = Vec::new();
        if number > 0 {
            for (index, hard) in &seed.dependencies {
                let before = index.index(number);
                if on.iter().all(|(known, _)| *known != before) {
                    on.push((before, *hard));
                }
            }
        }
        let mut depends_on = Vec::new();
        for (before, hard) in &on {
            let name = format!("s{before}");
            depends_on.push(if *hard {
                json!(name)
            } else {
                json!({"step": name, "kind": "soft"})
            });
            // What depends on a choice hard is named by it.
            if *hard && let Some(choice) = steps[*before].get_mut("choice") {
                let list = if seed.fields & 1 == 0 {
                    &mut choice["branches"][0]["then"]
                } else {
                    &mut choice["otherwise"]
                };
                list.as_array_mut().unwrap().push(json!(id));
            }
        }
        step["depends_on"] = json!(depends_on);
        let mut before: Vec<usize> = on.iter().map(|(step, _)| *step).collect();
        before.extend(on.iter().flat_map(|(step, _)| &all_before[*step]));
        before.sort_unstable();
        before.dedup();
        step[seed.kind] = work(seed.kind);
        if matches!(seed.kind, "agent" | "task" | "map" | "workflow") {
            let looked_at: Vec<_> = if before.is_empty() {
                Vec::new()
            } else {
                let looks = seed
                    .looks
                    .iter()
                    .map(|index| before[index.index(before.len())]);
                looks
                    .map(|step| format!("${{steps.s{step}.output}}"))
                    .collect()
            };
            fill(&mut step, seed.fields, &looked_at);
        }
        steps.push(step);
        all_before.push(before);
    }
    steps
}

fn work(kind: &str) -> Value {
    match kind {
        "agent" => json!("worker"),
        "task" => json!({"priority": 3}),
        "map" => json!({"over": "input.list", "agent": {"name": "worker", "version": 2}}),
        "choice" => json!({"branches": [{"when": "input.flag", "then": []}], "otherwise": []}),
        "wait" => json!({"seconds": 3}),
        "approval" => json!({"message": "Shall ${run.id} go on?\n\"yes\": 'no' # - &x *y"}),
        _ => json!({"name": "nested", "version": 1}),
    }
}

fn fill(step: &mut Value, fields: u16, looked_at: &[String]) {
    let given = |bit: u16| fields & (1 << bit) != 0;
    if given(1) || !looked_at.is_empty() {
        let odd = [
            "on",
            "~",
            "1e3",
            "- a",
            "$${x}",
            "a: b",
            " ",
            "\u{85}é\t",
            "0x1F",
            "null",
        ];
        let text = odd[usize::from(fields) % odd.len()];
        step["inputs"] = json!({"from": looked_at, text: [text, 1, -2.5, true, null, {}]});
    }
    if given(2) {
        step["when"] = json!("input.n > `1`");
    }
    if given(3) {
        step["retry"] =
            json!({"max_attempts": 2, "on": ["stalled"], "backoff": {"multiplier": 1.5}});
    }
    if given(4) {
        step["timeout_seconds"] = json!(7);
        step["expected_seconds"] = json!(2.5);
    }
    if given(5) {
        step["compensate_with"] = json!({"agent": "undo", "inputs": ["${input}"]});
    }
    if given(6) {
        step["cache"] = json!({"ttl_seconds": 9});
    }
    if given(7) {
        step["output_schema"] = json!({"type": ["object", "null"], "properties": {"x": true}});
    }
}
