//! Holds what a task costs: a call more, or an item that grows out of its unit, is noticed here.

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
async fn a_task_makes_so_many_calls() {
    let cost = scenario::task().await;
    // A transaction has a line for each of its writes.
    assert_eq!(counted(&cost.accepted), (5, 3.0, 2.0), "{}", cost.accepted);
    assert_eq!(counted(&cost.given), (5, 6.0, 2.5), "{}", cost.given);
    assert_eq!(counted(&cost.run), (2, 4.0, 0.0), "{}", cost.run);
    assert_eq!(counted(&cost.settled), (6, 5.0, 3.0), "{}", cost.settled);
    let total = cost.total();
    assert_eq!(counted(&total), (16, 14.0, 7.5), "{total}");
    let lesson = counted(&cost.lesson);
    assert!(lesson == (0, 0.0, 0.0) || lesson == (1, 1.0, 0.0));
}
