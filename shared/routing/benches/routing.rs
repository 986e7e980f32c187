//! How well and how fast tasks find their agent, on CLINC150 and BANKING77.
//!
//! `cargo bench -p tdev-routing` reads the data from `$TDEV_DATA`, by default `../shared/data`
//! beside the workspace. Models are trained on `train` (and `oos_train`) alone; every other split
//! that is found is reported.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::cast_precision_loss,
    reason = "a benchmark prints, stops at the first error, and divides counts"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use comfy_table::Table;
use serde::Deserialize;
use tdev_domain::TenantId;
use tdev_routing::breaker::Admission;
use tdev_routing::calibrate::{Calibration, auroc};
use tdev_routing::model::{AgentKey, Memory, Origin, Scratch, Snapshot, Trainer, train};
use tdev_routing::select::{Candidate, Policy, Task, decide};

#[derive(Deserialize)]
struct Line {
    text: String,
    label: String,
}

type Examples = Vec<(String, AgentKey)>;

/// The table that is printed.
struct Report(Table);

impl Report {
    fn row(&mut self, data: &str, figure: &str, measured: &str, goal: &str) {
        self.0.add_row([data, figure, measured, goal]);
    }

    fn clinc(&mut self, figure: &str, measured: &str, goal: &str) {
        self.row("CLINC150", figure, measured, goal);
    }
}

fn main() {
    let data = std::env::var_os("TDEV_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let mut report = Report(Table::new());
    report.0.load_style(comfy_table::presets::ASCII_MARKDOWN);
    report.0.set_header(["data", "figure", "measured", "goal"]);
    let found = [clinc(&data, &mut report), banking(&data, &mut report)];
    if found.contains(&true) {
        println!("{}", report.0);
    }
    if found.contains(&false) {
        println!("Some data are absent: set TDEV_DATA to a folder with clinc150/ and banking77/.");
    }
}

fn clinc(data: &Path, report: &mut Report) -> bool {
    let folder = data.join("clinc150");
    let Some(examples) = read(&folder, "train") else {
        println!("{} is absent.", folder.display());
        return false;
    };
    let mut memory = memory(&examples);
    let unwarned = train(&memory, 1);
    for (text, _) in read(&folder, "oos_train").unwrap_or_default() {
        memory.record_outside(&text);
    }
    let start = Instant::now();
    let snapshot = train(&memory, 1);
    let seconds = start.elapsed().as_secs_f64();
    for split in ["val", "test"] {
        if let Some(inside) = read(&folder, split) {
            let outside = read(&folder, &format!("oos_{split}")).unwrap_or_default();
            scope(report, split, &snapshot, &unwarned, (&inside, &outside));
            learning(report, split, &examples, &inside);
        }
    }
    let texts: Vec<&str> = examples.iter().map(|(text, _)| text.as_str()).collect();
    for (what, (median, rare)) in [
        ("prediction", predictions(&snapshot, &texts)),
        ("whole decision", decisions(&snapshot, &texts)),
    ] {
        report.clinc(
            &format!("{what} p50, 150 agents, µs"),
            &format!("{median:.1}"),
            "–",
        );
        report.clinc(
            &format!("{what} p99, 150 agents, µs"),
            &format!("{rare:.1}"),
            "≤ 100",
        );
    }
    let megabytes = snapshot.to_bytes().unwrap().len() as f64 / 1e6;
    report.clinc("model, MB", &format!("{megabytes:.2}"), "≤ 3");
    report.clinc("training and calibration, s", &format!("{seconds:.1}"), "–");
    true
}

/// How well a model tells which agent a text is for, and whether it is for any.
fn scope(
    report: &mut Report,
    split: &str,
    snapshot: &Snapshot,
    unwarned: &Snapshot,
    (inside, outside): (&Examples, &Examples),
) {
    let mut row = |figure: &str, share: f32, goal: &str| {
        report.clinc(&format!("{split}: {figure}, %"), &percent(share), goal);
    };
    row(
        "in-scope accuracy",
        accuracy(snapshot, inside),
        "≥ 92.8, aim 94",
    );
    if outside.is_empty() {
        return;
    }
    let (of_inside, of_outside) = (scopes(snapshot, inside), scopes(snapshot, outside));
    let threshold = snapshot.calibration().threshold;
    let above = |side: &[f32]| share(side, |scope| *scope >= threshold);
    row("AUROC", auroc(&of_inside, &of_outside).unwrap(), "≥ 95");
    row("out-of-scope recall", 1.0 - above(&of_outside), "–");
    row("in-scope recall", above(&of_inside), "–");
    let area = auroc(&scopes(unwarned, inside), &scopes(unwarned, outside));
    row("AUROC, no out-of-scope example given", area.unwrap(), "–");
}

/// How well a model learns from few examples, and from each example once.
fn learning(report: &mut Report, split: &str, examples: &Examples, judged: &Examples) {
    let mut row = |figure: &str, share: f32, goal: &str| {
        report.clinc(&format!("{split}: {figure}, %"), &percent(share), goal);
    };
    for (shots, goal) in [(1, "–"), (5, "–"), (10, "≥ 82")] {
        let (alone, assuming) = few_shot(examples, judged, shots);
        row(&format!("{shots}-shot accuracy"), alone, goal);
        row(
            &format!("{shots}-shot and the rest unlabelled"),
            assuming,
            "–",
        );
    }
    let (after, during) = one_pass(examples, judged);
    row("after one pass online", after, "≥ 91.5");
    row("train, each text before it is learned from", during, "–");
}

fn banking(data: &Path, report: &mut Report) -> bool {
    let folder = data.join("banking77");
    let Some(examples) = read(&folder, "train") else {
        println!("{} is absent.", folder.display());
        return false;
    };
    let every_fifth = divide(&examples, |index, _| index % 5 == 2);
    let last_fifth = divide(&examples, |index, of| index * 5 >= of * 4);
    let mut splits = vec![
        ("every fifth of train", every_fifth),
        ("last fifth of train, by label", last_fifth),
    ];
    if let Some(test) = read(&folder, "test") {
        splits.push(("test", (examples, test)));
    }
    for (name, (training, held_out)) in splits {
        let measured = percent(accuracy(&fit(&memory(&training)), &held_out));
        report.row(
            "BANKING77",
            &format!("{name}: accuracy, %"),
            &measured,
            "≥ 91.5",
        );
    }
    true
}

fn read(folder: &Path, split: &str) -> Option<Examples> {
    let text = std::fs::read_to_string(folder.join(format!("{split}.jsonl"))).ok()?;
    let examples = text
        .lines()
        .map(|line| {
            let line: Line = serde_json::from_str(line).expect("a line of JSON");
            (
                line.text,
                AgentKey::from(line.label.replace('_', "-").as_str()),
            )
        })
        .collect();
    Some(examples)
}

fn memory(examples: &Examples) -> Memory {
    let mut memory = Memory::new();
    for (text, agent) in examples {
        memory.record(agent, text, true, Origin::Manifest);
    }
    memory
}

fn fit(memory: &Memory) -> Snapshot {
    Trainer::fit(memory).snapshot(1, Calibration::default())
}

/// Holds out of every label's examples those that `is_held_out` says, by their index and number.
fn divide(examples: &Examples, is_held_out: impl Fn(usize, usize) -> bool) -> (Examples, Examples) {
    let mut totals: BTreeMap<&AgentKey, usize> = BTreeMap::new();
    for (_, label) in examples {
        *totals.entry(label).or_default() += 1;
    }
    let mut seen: BTreeMap<&AgentKey, usize> = BTreeMap::new();
    let (held_out, training): (Vec<_>, Vec<_>) = examples.iter().partition(|(_, label)| {
        let seen = seen.entry(label).or_default();
        *seen += 1;
        is_held_out(*seen - 1, totals[label])
    });
    (
        training.into_iter().cloned().collect(),
        held_out.into_iter().cloned().collect(),
    )
}

fn accuracy(snapshot: &Snapshot, examples: &Examples) -> f32 {
    let mut scratch = Scratch::new();
    share(examples, |(text, label)| {
        let prediction = snapshot.predict(text, &mut scratch);
        prediction.best().is_some_and(|(agent, _)| agent == label)
    })
}

fn scopes(snapshot: &Snapshot, examples: &Examples) -> Vec<f32> {
    let mut scratch = Scratch::new();
    let scope = |(text, _): &(String, AgentKey)| snapshot.predict(text, &mut scratch).in_scope;
    examples.iter().map(scope).collect()
}

/// The mean accuracy over three draws of `shots` examples of each label: of a model that knows
/// nothing else, and of one trained again with what the first assumes of the other examples.
fn few_shot(examples: &Examples, judged: &Examples, shots: usize) -> (f32, f32) {
    let draws = 3;
    let (mut alone, mut assuming) = (0.0, 0.0);
    for draw in 0..draws {
        let mut taken: BTreeMap<&AgentKey, usize> = BTreeMap::new();
        let (chosen, rest): (Vec<_>, Vec<_>) =
            shuffled(examples, draw)
                .into_iter()
                .partition(|(_, label)| {
                    let taken = taken.entry(label).or_default();
                    *taken += 1;
                    *taken <= shots
                });
        let mut memory = memory(&chosen.into_iter().cloned().collect());
        let first = fit(&memory);
        memory.assume(&first, rest.iter().map(|(text, _)| text.as_str()));
        alone += accuracy(&first, judged);
        assuming += accuracy(&fit(&memory), judged);
    }
    (alone / draws as f32, assuming / draws as f32)
}

/// The accuracy on `judged` after each example was learned from once, and the share of examples
/// that were predicted rightly, by a snapshot at most a hundredth of the pass old, before that.
fn one_pass(examples: &Examples, judged: &Examples) -> (f32, f32) {
    let mut trainer = Trainer::new();
    let mut scratch = Scratch::new();
    let mut right = 0;
    let order = shuffled(examples, 11);
    for chunk in order.chunks(order.len().div_ceil(100)) {
        let snapshot = trainer.snapshot(1, Calibration::default());
        for (text, label) in chunk {
            let prediction = snapshot.predict(text, &mut scratch);
            right += usize::from(prediction.best().is_some_and(|(agent, _)| agent == label));
            trainer.learn(label, text, true);
        }
    }
    let snapshot = trainer.snapshot(1, Calibration::default());
    (
        accuracy(&snapshot, judged),
        right as f32 / examples.len() as f32,
    )
}

/// The median and the 99th percentile of a prediction, in microseconds.
fn predictions(snapshot: &Snapshot, texts: &[&str]) -> (f64, f64) {
    let mut scratch = Scratch::new();
    latency(texts, |text| {
        std::hint::black_box(snapshot.predict(text, &mut scratch).in_scope);
    })
}

/// The same of a decision, with its filters, scores and reasons.
fn decisions(snapshot: &Snapshot, texts: &[&str]) -> (f64, f64) {
    let tenant: TenantId = "acme".parse().unwrap();
    let candidates: Vec<Candidate> = snapshot
        .agents()
        .iter()
        .map(|agent| Candidate {
            tenant: tenant.clone(),
            agent: agent.as_str().parse().unwrap(),
            capabilities: Vec::new(),
            input_fits: true,
            admission: Admission::Pass,
            in_flight: 0,
            capacity: 10,
            succeeded: 0,
            failed: 0,
            weight: 1,
            run_time_ms: 0.0,
        })
        .collect();
    let policy = Policy::default();
    let mut scratch = Scratch::new();
    latency(texts, |text| {
        let prediction = snapshot.predict(text, &mut scratch);
        let task = Task {
            tenant: &tenant,
            text,
            capability: None,
            tried: &[],
            turn: 0,
        };
        std::hint::black_box(decide(&task, Some(&prediction), &candidates, &policy));
    })
}

fn latency(texts: &[&str], mut measured: impl FnMut(&str)) -> (f64, f64) {
    let mut times: Vec<f64> = texts
        .iter()
        .map(|text| {
            let start = Instant::now();
            measured(text);
            start.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    times.sort_unstable_by(f64::total_cmp);
    (times[times.len() / 2], times[times.len() * 99 / 100])
}

/// The examples in an order that depends on `seed` alone.
fn shuffled(examples: &Examples, seed: u64) -> Vec<&(String, AgentKey)> {
    let mut order: Vec<_> = examples.iter().enumerate().collect();
    order.sort_by_key(|(index, _)| {
        let mixed = (*index as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15 ^ (seed << 17 | seed));
        (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
    });
    order.into_iter().map(|(_, example)| example).collect()
}

fn share<T>(items: &[T], holds: impl FnMut(&T) -> bool) -> f32 {
    items.iter().map(holds).filter(|held| *held).count() as f32 / items.len().max(1) as f32
}

fn percent(share: f32) -> String {
    format!("{:.2}", 100.0 * share)
}
