//! What steps and runs of workflows cost: counted AWS calls × list prices.
//!
//! `cargo bench -p workflow-step --bench cost`

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints, and stops at the first error"
)]

#[path = "../tests/cost/runs.rs"]
mod runs;
#[path = "../tests/cost/scenario.rs"]
mod scenario;

use runs::RunCost;
use scenario::Step;
use tdev_testing::bill::{Bill, CALL_MS, OWN_MS};

/// In dollars per million.
const GOAL: f64 = 3.5;
/// A transition of a state machine, in dollars per million.
const TRANSITION: f64 = 25.0;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.unwrap();
    print_steps(&runtime.block_on(scenario::steps()));
    print_runs(&runtime.block_on(runs::runs()));
}

fn print_steps(steps: &[Step]) {
    println!(
        "Steps, in dollars per million. A handler is taken to need {OWN_MS} ms and {CALL_MS} ms for"
    );
    println!("each call. What the gateway needs for an HTTP request comes on top.\n");
    for Step { kind, bill } in steps {
        println!("{kind}\n{bill}");
    }
    let plain = steps[1].bill.total().dollars();
    println!("{:>8}  {:>8}  kind (goal {GOAL:.2})", "in all", "effect");
    for (n, Step { kind, bill }) in steps.iter().enumerate() {
        let dollars = bill.total().dollars();
        let more = dollars - plain;
        if n < 3 {
            println!("{dollars:>8.2}  {:>8}  {kind}", "");
        } else {
            println!("{dollars:>8.2}  {more:>8.2}  {kind}");
        }
    }
}

fn print_runs(runs: &[RunCost]) {
    println!(
        "\nRuns of workflows: the agents, the engine, and Step Functions, which holds them.\n"
    );
    for run in runs {
        println!("{}, by kind of request", run.name);
        // Lines that ask for the same are one.
        println!("{}", by_kind(&run.bill));
    }
    println!("In dollars; what a state machine does alone is its transitions, without what its");
    println!("functions cost.\n");
    println!(
        "| a run of | steps | one run | a million steps | of that Step Functions | \
         every message coming alone | a state machine alone |"
    );
    println!("|---|---|---|---|---|---|---|");
    for run in runs {
        let RunCost { name, steps, .. } = run;
        // A million runs, and so a million steps.
        let per_step = |dollars: f64| dollars / f64::from(*steps);
        let total = run.bill.total().dollars();
        let (held, _) = run.bill.clone().split("Step Functions holds");
        println!(
            "| {name} | {steps} | {:.6} | {:.2} | {:.2} | {:.2} | {:.2} |",
            total / 1e6,
            per_step(total),
            per_step(held.total().dollars()),
            per_step(total + run.alone().dollars()),
            per_step(TRANSITION * f64::from(run.states)),
        );
    }
}

/// The bill with one line for all that is asked for in the same way.
fn by_kind(bill: &Bill) -> Bill {
    let mut kinds = bill.clone();
    for line in &mut kinds.lines {
        let end = line.what.find([',', ':']).unwrap_or(line.what.len());
        line.what.truncate(end);
    }
    kinds.shared_by(1)
}
