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
    println!(
        "A routed task, in dollars per million. A handler is taken to need {OWN_MS} ms for each"
    );
    println!("message and {CALL_MS} ms for each call. The HTTP request comes on top (API Gateway:");
    println!("1.000), and so does the agent's run.");
    let cases = [
        (
            Spread::One,
            "Full batches of a busy tenant; the ten tasks go to one agent",
        ),
        (
            Spread::Ten,
            "Full batches of a busy tenant; the ten tasks go to ten agents",
        ),
        (Spread::Alone, "A task that comes alone"),
    ];
    for (spread, case) in cases {
        let cost = runtime.block_on(scenario::task(spread));
        println!("\n# {case}\n");
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
