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

use scenario::Spread;
use tdev_testing::bill::{CALL_MS, OWN_MS};

/// In dollars per million.
const GOAL: f64 = 5.0;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.unwrap();
    println!("A routed task of a busy tenant, in dollars per million. A handler is taken to need");
    println!(
        "{OWN_MS} ms and {CALL_MS} ms for each call, the queue to deliver full batches of ten. The"
    );
    println!("HTTP request comes on top (API Gateway: 1.000), and so does the agent's run.");
    for (spread, to) in [(Spread::One, "one agent"), (Spread::Ten, "ten agents")] {
        let cost = runtime.block_on(scenario::task(spread));
        println!("\n# The ten tasks of a batch go to {to}\n");
        println!("Accepting one\n{}", cost.accepted);
        println!("Giving it to its agent\n{}", cost.given);
        println!("Settling it\n{}", cost.settled);
        let total = cost.total().total();
        println!("The task: {total}");
        println!("{:.2} of {GOAL:.2} dollars per million\n", total.dollars());
        println!(
            "Apart, a lesson, where the model was not sure\n{}",
            cost.lesson
        );
        println!(
            "Apart, putting the agent's run and calling a worker\n{}",
            cost.run
        );
    }
}
