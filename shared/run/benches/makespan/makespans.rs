//! How long real workflows take under the engine.

use std::path::Path;
use std::time::Duration;

use comfy_table::Table;
use serde_json::json;
use tdev_domain::{RunState, StepRecord, StepState};
use tdev_workflow::Plan;

use crate::instance::{InFlight, Instance, Order, read_all};
use crate::simulation::{Outcome, Pace, simulate};
use crate::table;

/// How many workers there are where they are not unlimited.
const WORKERS: usize = 50;

/// The highest makespan ÷ bound that is aimed at.
const GOAL: f64 = 1.05;

/// Which of [`SHARED`] has the order that is best if nothing but the steps takes time.
const LONGEST_PATH_FIRST: usize = 3;

/// An engine that takes no time itself.
const NO_TIME: Pace = Pace {
    per_pass: Duration::ZERO,
    per_call: Duration::ZERO,
};

const PER_PASS: Pace = Pace {
    per_pass: Duration::from_millis(20),
    per_call: Duration::ZERO,
};

const PER_CALL: Pace = Pace {
    per_pass: Duration::ZERO,
    per_call: Duration::from_millis(4),
};

/// What the engine is told, and how long it is taken to need itself.
const UNLIMITED: [(&str, InFlight, Pace); 3] = [
    ("no time", InFlight::Any, NO_TIME),
    ("20 ms a pass", InFlight::Any, PER_PASS),
    ("4 ms a call", InFlight::Any, PER_CALL),
];

/// The same where the steps share the workers. All but the first two say that as many steps may be
/// under way as there are workers.
const SHARED: [(&str, InFlight, Pace); 5] = [
    ("as the queue has them", InFlight::Any, NO_TIME),
    ("the same, 4 ms a call", InFlight::Any, PER_CALL),
    ("most hops first", InFlight::Counted(WORKERS), NO_TIME),
    ("longest path first", InFlight::Known(WORKERS), NO_TIME),
    ("the same, 4 ms a call", InFlight::Known(WORKERS), PER_CALL),
];

/// Schedules that no engine has a part in.
const LISTS: [(&str, Order); 2] = [
    ("first come", Order::FirstCome),
    ("longest path", Order::LongestPath),
];

/// Prints the makespans of the instances in `folder`.
pub fn print(folder: &Path) {
    let Some(instances) = read_all(folder).filter(|instances| !instances.is_empty()) else {
        println!(
            "{} is absent: set TDEV_DATA to a folder with wfinstances/.\n",
            folder.display()
        );
        return;
    };
    println!(
        "Makespan ÷ list-schedule bound, which is the larger of the critical path and work ÷ \
         workers. Aimed at: {GOAL:.2}. So many workers may make that unattainable: a tighter bound \
         adds what must come before and after the tasks that share them.\n"
    );
    print_for(&instances, None, &UNLIMITED);
    print_for(&instances, Some(WORKERS), &SHARED);
}

fn print_for(instances: &[Instance], workers: Option<usize>, engines: &[(&str, InFlight, Pace)]) {
    let title = workers.map_or("unlimited workers".to_owned(), |w| format!("{w} workers"));
    let names = engines.iter().map(|(name, _, _)| format!("engine, {name}"));
    let mut header = vec![
        title,
        "tasks".into(),
        "edges".into(),
        "critical path, s".into(),
        "bound, s".into(),
    ];
    header.extend(names);
    header.push("level by level".into());
    if workers.is_some() {
        header.extend(LISTS.map(|(name, _)| format!("list schedule, {name}")));
        header.push("tighter bound".into());
        header.push("longest path first ÷ tighter bound".into());
    }
    let mut table = table(&header);
    let mut columns: Vec<Vec<f64>> = vec![Vec::new(); header.len() - 5];
    for instance in instances {
        let bound = instance.bound(workers);
        let engine = engines.iter().map(|(_, in_flight, pace)| {
            let plan = instance.plan(*in_flight);
            let outcome = simulate(&plan, json!({}), workers, *pace);
            check(&plan, &outcome);
            outcome.makespan.as_secs_f64() * 1e3
        });
        let mut others = vec![instance.by_levels(workers) as f64];
        if let Some(workers) = workers {
            let lists = LISTS.map(|(_, order)| instance.list_schedule(workers, order) as f64);
            others.extend(lists);
            others.push(instance.tight_bound(workers));
        }
        let mut ratios: Vec<f64> = engine.chain(others).map(|m| m / bound).collect();
        if workers.is_some() {
            ratios.push(ratios[LONGEST_PATH_FIRST] / ratios[ratios.len() - 1]);
        }
        for (column, ratio) in columns.iter_mut().zip(&ratios) {
            column.push(*ratio);
        }
        let mut row = vec![
            instance.name.clone(),
            instance.tasks().to_string(),
            instance.edges().to_string(),
            format!("{:.1}", instance.critical_path() as f64 / 1e3),
            format!("{:.1}", bound / 1e3),
        ];
        row.extend(ratios.into_iter().map(ratio));
        table.add_row(row);
    }
    summarise(&mut table, columns);
    println!("{table}\n");
}

fn ratio(ratio: f64) -> String {
    format!("{ratio:.3}")
}

fn summarise(table: &mut Table, mut columns: Vec<Vec<f64>>) {
    for column in &mut columns {
        column.sort_by(f64::total_cmp);
    }
    let mut row = |name: &str, cell: &dyn Fn(&[f64]) -> String| {
        let blank = (0..4).map(|_| String::new());
        let cells = columns.iter().map(|column| cell(column));
        table.add_row(std::iter::once(name.to_owned()).chain(blank).chain(cells));
    };
    row("median", &|column| ratio(column[column.len() / 2]));
    row("worst", &|column| ratio(column[column.len() - 1]));
    row("above the aim", &|column| {
        let above = column.iter().filter(|ratio| **ratio > GOAL).count();
        format!("{above} of {}", column.len())
    });
}

/// A schedule that is short since it leaves things out is none.
fn check(plan: &Plan, outcome: &Outcome) {
    assert_eq!(outcome.run.status.state(), RunState::Completed);
    let records = &outcome.records;
    assert_eq!(records.len(), plan.steps().len());
    let of = |step: u32| -> &StepRecord { &records[step as usize] };
    for step in 0..plan.len() {
        assert!(matches!(of(step).state, StepState::Completed { .. }));
        for edge in plan.dependencies(step) {
            let before = of(edge.step).ended_at.expect("it has ended");
            assert!(before <= of(step).started_at);
        }
    }
}
