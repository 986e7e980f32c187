//! How long it takes to make a plan of a large workflow.
//!
//! `cargo bench -p tdev-workflow` prints, for workflows of 10,000 steps in several shapes, the best
//! of several runs.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints, and stops at the first error"
)]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use comfy_table::Table;
use serde_json::{Value, json};
use tdev_workflow::{Catalogue, Definition, Drawing, Plan, Signature, limits, optimise, validate};

const RUNS: u32 = 7;

/// A workflow of the most steps there may be, of which each depends on the steps that `on` gives,
/// and looks at the steps that `looks` gives.
fn workflow(on: Steps, looks: Steps) -> Definition {
    let names = |steps: Vec<usize>| steps.into_iter().map(|step| format!("s{step}"));
    let steps: Vec<Value> = (0..limits::MAX_STEPS)
        .map(|step| {
            let seen: Vec<_> = names(looks(step))
                .map(|name| format!("${{steps.{name}.output.words[0]}}"))
                .collect();
            json!({
                "id": format!("s{step}"),
                "agent": "worker",
                "depends_on": names(on(step)).collect::<Vec<_>>(),
                "inputs": {"seen": seen, "title": "Step ${run.id}"},
                "when": "input.limit > `3`",
            })
        })
        .collect();
    Definition::from_json(&json!({"name": "large", "steps": steps}).to_string()).unwrap()
}

fn catalogue() -> Catalogue {
    let signature = Signature {
        input_schema: Some(json!({"type": "object", "properties": {"seen": {"type": "array"}}})),
        output_schema: Some(json!({"type": "object", "properties": {"words": {"type": "array"}}})),
    };
    let worker = "worker".parse::<tdev_domain::AgentName>().unwrap();
    Catalogue {
        agents: [(worker.into(), signature)].into(),
        ..Catalogue::default()
    }
}

fn best<T>(mut f: impl FnMut() -> T) -> Duration {
    let mut time = || {
        let start = Instant::now();
        black_box(f());
        start.elapsed()
    };
    (0..RUNS).map(|_| time()).min().unwrap()
}

/// Gives steps by the place of the one that has to do with them.
type Steps = fn(usize) -> Vec<usize>;

fn main() {
    let catalogue = catalogue();
    let mut table = Table::new();
    table.load_style(comfy_table::presets::ASCII_MARKDOWN);
    table.set_header([
        "10,000 steps",
        "edges",
        "parse JSON",
        "parse YAML",
        "validate and plan",
        "JSON to plan",
        "optimise",
        "Mermaid",
        "SVG",
    ]);
    let shapes: [(&str, Steps, Steps); 4] = [
        (
            "chain",
            |i| (i.max(1) - 1..i).collect(),
            |i| (i.max(1) - 1..i).collect(),
        ),
        (
            "chain, all look 5,000 back",
            |i| (i.max(1) - 1..i).collect(),
            |i| i.checked_sub(5_000).into_iter().collect(),
        ),
        (
            "fan out, fan in",
            |i| match i {
                0 => Vec::new(),
                9_999 => (1..9_999).collect(),
                _ => vec![0],
            },
            |_| vec![],
        ),
        (
            "layers of 10",
            |i| match i / 10 {
                0 => Vec::new(),
                layer => ((layer - 1) * 10..layer * 10).collect(),
            },
            |i| i.checked_sub(10).into_iter().collect(),
        ),
    ];
    for (name, on, looks) in shapes {
        let definition = workflow(on, looks);
        let (json, yaml) = (definition.to_json(), definition.to_yaml());
        let plan = Plan::new(&definition).unwrap();
        let drawing = Drawing::new(&plan, &BTreeMap::new());
        let edges: usize = (0..plan.len()).map(|step| plan.in_degree(step)).sum();
        let row = [
            best(|| Definition::from_json(&json).unwrap()),
            best(|| Definition::from_yaml(&yaml).unwrap()),
            best(|| validate(&definition, &catalogue).unwrap()),
            best(|| validate(&Definition::from_json(&json).unwrap(), &catalogue).unwrap()),
            best(|| optimise(&plan, &BTreeMap::new())),
            best(|| drawing.to_mermaid()),
            best(|| drawing.to_svg()),
        ];
        let times = row.map(|time| format!("{:.1} ms", time.as_secs_f64() * 1e3));
        let cells = [name.to_owned(), edges.to_string()]
            .into_iter()
            .chain(times);
        table.add_row(cells);
    }
    println!("{table}");
}
