//! What steps cost: counted AWS calls × list prices.
//!
//! `cargo bench -p workflow-step --bench cost`

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints, and stops at the first error"
)]

#[path = "../tests/cost/scenario.rs"]
mod scenario;

use scenario::Step;
use tdev_testing::bill::{CALL_MS, OWN_MS};

/// In dollars per million.
const GOAL: f64 = 3.5;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let steps = runtime.unwrap().block_on(scenario::steps());
    println!(
        "Steps, in dollars per million. A handler is taken to need {OWN_MS} ms and {CALL_MS} ms for"
    );
    println!("each call. What the gateway needs for an HTTP request comes on top.\n");
    for Step { kind, bill } in &steps {
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
