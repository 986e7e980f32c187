//! Holds what steps cost: a call more, or an item that grows out of its unit, is noticed here.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod scenario;

use tdev_testing::bill::Bill;

/// Calls (every line but those of the function itself and of its queue), write and read units.
fn counted(bill: &Bill) -> (usize, f64, f64) {
    let own = |what: &str| what.starts_with("receive") || what.contains(" MB for ");
    let calls = bill.lines.iter().filter(|line| !own(&line.what)).count();
    let total = bill.total();
    (calls, total.writes, total.reads)
}

#[tokio::test]
async fn a_step_makes_so_many_calls() {
    for step in scenario::steps().await {
        println!("{}\n{}", step.kind, step.bill);
    }
}
