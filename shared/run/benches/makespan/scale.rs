//! What plans and runs cost as they grow.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};
use tdev_domain::RunState;
use tdev_workflow::{Catalogue, Definition, Plan, Signature, validate};

use crate::counts::Operation;
use crate::simulation::{Outcome, Pace, simulate};
use crate::table;

const SIZES: [usize; 3] = [100, 1_000, 10_000];

/// How many steps are run for a figure at least, and how often plans are made.
const STEPS: usize = 50_000;
const PLANS: usize = 5;

/// How many copies of a plan are made to see how much memory one takes, and of how many steps it
/// is. As many copies before them take up what was free.
const COPIES: usize = 3;
const COPIED: usize = 10_000;

/// Prints a row for every shape and size.
pub fn print() {
    let mut table = table(&[
        "shape",
        "steps",
        "edges",
        "parse, ms",
        "validate and plan, ms",
        "operations a step",
        "records read a step",
        "engine and simulation, µs a step",
        "plan, bytes a step",
        "plan in memory, bytes a step",
        "records, bytes a step",
    ]);
    let shapes: [(&str, Shape); 3] = [
        ("chain", chain),
        ("layers of 20, 3 random dependencies each", layers),
        ("fan out, fan in", fan),
    ];
    // All copies are kept until the last is measured: none is to be made of another's memory.
    let mut copies = Vec::new();
    let in_memory = shapes.map(|(_, shape)| in_memory(&plan(shape, COPIED), &mut copies));
    drop(copies);
    for ((name, shape), in_memory) in shapes.into_iter().zip(in_memory) {
        for size in SIZES {
            let in_memory = in_memory.filter(|_| size == COPIED);
            table.add_row(row(name, shape, size, in_memory));
        }
    }
    println!("The engine and its store in memory, as workflows grow.\n");
    println!("{table}\n");
}

/// What a step depends on, of so many.
type Shape = fn(usize, usize) -> Vec<usize>;

fn chain(step: usize, _: usize) -> Vec<usize> {
    step.checked_sub(1).into_iter().collect()
}

fn layers(step: usize, _: usize) -> Vec<usize> {
    let Some(before) = (step / 20).checked_sub(1) else {
        return Vec::new();
    };
    let random = step.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
    let mut on = [random % 20, random / 20 % 20, random / 400 % 20].map(|n| before * 20 + n);
    on.sort_unstable();
    let mut on = on.to_vec();
    on.dedup();
    on
}

fn fan(step: usize, of: usize) -> Vec<usize> {
    match step {
        0 => Vec::new(),
        last if last + 1 == of => (1..last).collect(),
        _ => vec![0],
    }
}

fn definition(shape: Shape, size: usize) -> String {
    let steps: Vec<Value> = (0..size)
        .map(|step| {
            let on = shape(step, size).into_iter().map(|on| format!("s{on}"));
            json!({
                "id": format!("s{step}"),
                "agent": "sleeper",
                "inputs": {"milliseconds": 1},
                "depends_on": on.collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({"name": "large", "steps": steps}).to_string()
}

fn plan(shape: Shape, size: usize) -> Plan {
    let definition = Definition::from_json(&definition(shape, size)).expect("a definition");
    Plan::new(&definition).expect("nothing is wrong with it")
}

fn row(name: &str, shape: Shape, size: usize, in_memory: Option<usize>) -> Vec<String> {
    let text = definition(shape, size);
    let parsed = Definition::from_json(&text).expect("a definition");
    let agents = parsed.agents().into_iter().cloned();
    let catalogue = Catalogue {
        agents: agents.map(|agent| (agent, Signature::default())).collect(),
        ..Catalogue::default()
    };
    let plan = Arc::new(validate(&parsed, &catalogue).expect("nothing is wrong with it"));
    let parse = best(|| Definition::from_json(&text));
    let validated = best(|| validate(&parsed, &catalogue));
    let edges: usize = (0..plan.len()).map(|step| plan.in_degree(step)).sum();

    let runs = STEPS.div_ceil(size);
    let outcome = completed(&plan);
    let before = processor_time();
    for _ in 0..runs {
        black_box(completed(&plan));
    }
    let run = processor_time().saturating_sub(before) / runs as u32;
    let records: usize = outcome.records.iter().map(bytes).sum();
    let a_step = |number: f64| format!("{:.2}", number / size as f64);
    vec![
        name.to_owned(),
        size.to_string(),
        edges.to_string(),
        format!("{:.2}", parse.as_secs_f64() * 1e3),
        format!("{:.2}", validated.as_secs_f64() * 1e3),
        a_step(outcome.counts.operations() as f64),
        a_step(outcome.counts.of(Operation::Record) as f64),
        a_step(run.as_secs_f64() * 1e6),
        (bytes(&*plan) / size).to_string(),
        in_memory.map_or("–".to_owned(), |bytes| (bytes / size).to_string()),
        (records / size).to_string(),
    ]
}

fn completed(plan: &Arc<Plan>) -> Outcome {
    let outcome = simulate(plan, json!({}), None, Pace::default());
    assert_eq!(outcome.run.status.state(), RunState::Completed);
    outcome
}

fn best<T>(mut f: impl FnMut() -> T) -> Duration {
    let mut time = || {
        let start = Instant::now();
        black_box(f());
        start.elapsed()
    };
    (0..PLANS).map(|_| time()).min().unwrap_or_default()
}

fn bytes<T: serde::Serialize>(value: &T) -> usize {
    serde_json::to_vec(value).expect("it can be written").len()
}

/// How many bytes a plan takes, by how the process grows with `copies` of it; `None` where that is
/// not told.
fn in_memory(plan: &Plan, copies: &mut Vec<Plan>) -> Option<usize> {
    copies.extend((0..COPIES).map(|_| plan.clone()));
    let before = resident()?;
    copies.extend((0..COPIES).map(|_| plan.clone()));
    let after = resident()?;
    black_box(copies);
    Some(after.saturating_sub(before) / COPIES)
}

/// How long this thread has had a processor; where that is not told, a clock's time.
fn processor_time() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|told| told.split_whitespace().next()?.parse().ok());
    let clock = || SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    nanoseconds.map_or_else(clock, Duration::from_nanos)
}

/// How much memory the process has, in bytes.
fn resident() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: usize = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes * 1024)
}
