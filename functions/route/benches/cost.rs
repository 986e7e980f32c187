//! What a routed task costs: counted AWS calls × list prices.
//!
//! `cargo bench -p route --bench cost`

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints, and stops at the first error"
)]

#[path = "../tests/cost/scenario.rs"]
mod scenario;

use tdev_testing::bill::{CALL_MS, OWN_MS};

/// In dollars per million.
const GOAL: f64 = 5.0;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let cost = runtime.unwrap().block_on(scenario::task());
    println!("A routed task, in dollars per million. A handler is taken to need {OWN_MS} ms and");
    println!(
        "{CALL_MS} ms for each call, the queue to deliver full batches. The HTTP request comes on"
    );
    println!("top (API Gateway: 1.000), and so does the agent's run.\n");
    println!("Accepting it\n{}", cost.accepted);
    println!("Giving it to an agent\n{}", cost.given);
    println!("Settling it\n{}", cost.settled);
    let total = cost.total().total();
    let dollars = total.dollars();
    println!("The task: {total}");
    println!("{dollars:.2} of {GOAL:.2} dollars per million\n");
    println!(
        "Apart, a lesson, where the model was not sure\n{}",
        cost.lesson
    );
    println!(
        "Apart, accepting the agent's run, in the transaction that gives the task\n{}",
        cost.run
    );
}
