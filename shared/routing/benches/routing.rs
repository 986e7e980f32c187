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
use tdev_routing::calibrate::{Calibration, auroc};
use tdev_routing::model::{AgentKey, Memory, Origin, Scratch, Snapshot, Trainer, train};

#[derive(Deserialize)]
struct Line {
    text: String,
    label: String,
}

type Examples = Vec<(String, AgentKey)>;

fn main() {
    let data = std::env::var_os("TDEV_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let mut table = Table::new();
    table.set_header(["data", "figure", "measured", "goal"]);
    let found = [clinc(&data, &mut table), banking(&data, &mut table)];
    if found.contains(&true) {
        println!("{table}");
    }
    if found.contains(&false) {
        println!("Some data are absent: set TDEV_DATA to a folder with clinc150/ and banking77/.");
    }
}

fn clinc(data: &Path, table: &mut Table) -> bool {
    let folder = data.join("clinc150");
    let Some(examples) = read(&folder, "train") else {
        println!("{} is absent.", folder.display());
        return false;
    };
    let outside = read(&folder, "oos_train").unwrap_or_default();
    let splits: Vec<_> = ["val", "test"]
        .into_iter()
        .filter_map(|name| {
            Some((
                name,
                read(&folder, name)?,
                read(&folder, &format!("oos_{name}")),
            ))
        })
        .collect();

    let mut memory = memory(&examples);
    let start = Instant::now();
    let without_outside = train(&memory, 1);
    for (text, _) in &outside {
        memory.record_outside(text);
    }
    let middle = Instant::now();
    let snapshot = train(&memory, 1);
    let mut row = |figure: &str, measured: String, goal: &str| {
        table.add_row(["CLINC150", figure, &measured, goal]);
    };
    for (name, inside, outside) in &splits {
        let figure = |what: &str| format!("{name}: {what}");
        row(
            &figure("in-scope accuracy, %"),
            percent(accuracy(&snapshot, inside)),
            "≥ 92.8, aim 94",
        );
        if let Some(outside) = outside {
            let (inside, outside) = (scopes(&snapshot, inside), scopes(&snapshot, outside));
            let threshold = snapshot.calibration().threshold;
            let above = |side: &[f32]| share(side, |scope| *scope >= threshold);
            row(
                &figure("AUROC, %"),
                percent(auroc(&inside, &outside).unwrap()),
                "≥ 95",
            );
            row(
                &figure("out-of-scope recall, %"),
                percent(1.0 - above(&outside)),
                "–",
            );
            row(&figure("in-scope recall, %"), percent(above(&inside)), "–");
        }
        if let Some(outside) = outside {
            let (inside, outside) = (
                scopes(&without_outside, inside),
                scopes(&without_outside, outside),
            );
            let area = auroc(&inside, &outside).unwrap();
            row(
                &figure("AUROC, no out-of-scope example given, %"),
                percent(area),
                "–",
            );
        }
        for shots in [1, 5, 10] {
            let goal = if shots == 10 { "≥ 82" } else { "–" };
            let accuracy = few_shot(&examples, inside, shots);
            row(
                &figure(&format!("{shots}-shot accuracy, %")),
                percent(accuracy),
                goal,
            );
        }
        let (online, progressive) = one_pass(&examples, inside);
        row(
            &figure("after one pass online, %"),
            percent(online),
            "≥ 91.5",
        );
        row(
            "train: progressive accuracy of that pass, %",
            percent(progressive),
            "–",
        );
    }
    let texts: Vec<&str> = examples.iter().map(|(text, _)| text.as_str()).collect();
    let (median, rare) = latency(&snapshot, &texts);
    row(
        "prediction p50, 150 agents, µs",
        format!("{median:.1}"),
        "–",
    );
    row(
        "prediction p99, 150 agents, µs",
        format!("{rare:.1}"),
        "≤ 100",
    );
    let bytes = snapshot.to_bytes().unwrap().len();
    row("model, MB", format!("{:.2}", bytes as f64 / 1e6), "≤ 3");
    let seconds = (middle - start).as_secs_f64();
    row("training and calibration, s", format!("{seconds:.1}"), "–");
    true
}

fn banking(data: &Path, table: &mut Table) -> bool {
    let folder = data.join("banking77");
    let Some(examples) = read(&folder, "train") else {
        println!("{} is absent.", folder.display());
        return false;
    };
    let (training, held_out) = divide(&examples);
    let snapshot = fit(&memory(&training));
    let measured = percent(accuracy(&snapshot, &held_out));
    table.add_row([
        "BANKING77",
        "a fifth of train: accuracy, %",
        &measured,
        "≥ 91.5",
    ]);
    if let Some(test) = read(&folder, "test") {
        let measured = percent(accuracy(&fit(&memory(&examples)), &test));
        table.add_row(["BANKING77", "test: accuracy, %", &measured, "≥ 91.5"]);
    }
    true
}

fn read(folder: &Path, split: &str) -> Option<Examples> {
    let text = std::fs::read_to_string(folder.join(format!("{split}.jsonl"))).ok()?;
    let examples = text
        .lines()
        .map(|line| {
            let line: Line = serde_json::from_str(line).expect("a line of JSON");
            (line.text, AgentKey::from(line.label.as_str()))
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

/// Holds out the last fifth of every label's examples, in the order of the file.
fn divide(examples: &Examples) -> (Examples, Examples) {
    let mut totals = BTreeMap::new();
    for (_, label) in examples {
        *totals.entry(label).or_insert(0) += 1;
    }
    let mut seen = BTreeMap::new();
    let (training, held_out): (Vec<_>, Vec<_>) = examples.iter().partition(|(_, label)| {
        let seen = seen.entry(label).or_insert(0);
        *seen += 1;
        *seen * 5 <= totals[label] * 4
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

/// The mean accuracy over three draws of `shots` examples of each label.
fn few_shot(examples: &Examples, judged: &Examples, shots: usize) -> f32 {
    let draws = 3;
    let sum: f32 = (0..draws)
        .map(|draw| {
            let mut taken: BTreeMap<&AgentKey, usize> = BTreeMap::new();
            let chosen = shuffled(examples, draw)
                .into_iter()
                .filter(|(_, label)| {
                    let taken = taken.entry(label).or_default();
                    *taken += 1;
                    *taken <= shots
                })
                .cloned()
                .collect();
            accuracy(&fit(&memory(&chosen)), judged)
        })
        .sum();
    sum / draws as f32
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
fn latency(snapshot: &Snapshot, texts: &[&str]) -> (f64, f64) {
    let mut scratch = Scratch::new();
    let mut times: Vec<f64> = texts
        .iter()
        .map(|text| {
            let start = Instant::now();
            std::hint::black_box(snapshot.predict(text, &mut scratch).in_scope);
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
