//! Holds what steps cost: a call more, or an item that grows out of its unit, is noticed here.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod runs;
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
    let steps = scenario::steps().await;
    // A transaction has a line for each of its writes.
    let expected = [
        (4, 4.0, 1.0),
        (5, 4.0, 1.0),
        (5, 4.0, 1.0),
        (5, 4.0, 1.0),
        (7, 6.0, 1.0),
        (8, 10.0, 1.0),
        (10, 12.0, 2.5),
        (12, 13.0, 3.5),
        (18, 23.0, 5.5),
    ];
    assert_eq!(steps.len(), expected.len());
    for (step, expected) in steps.iter().zip(expected) {
        assert_eq!(
            counted(&step.bill),
            expected,
            "{}\n{}",
            step.kind,
            step.bill
        );
    }
}

#[tokio::test]
async fn a_run_makes_at_most_so_many_calls_and_costs_less_than_a_state_machine() {
    let runs = runs::runs().await;
    // And whether a state machine alone costs more, for its transitions.
    let most = [
        (25, 21.0, 13.0, false),
        (142, 93.0, 85.0, true),
        (169, 119.0, 92.0, true),
        (1_710, 916.0, 1_005.0, true),
        (45, 33.0, 25.0, false),
        (87, 53.0, 51.0, false),
    ];
    assert_eq!(runs.len(), most.len());
    for (run, most) in runs.iter().zip(most) {
        let (calls, writes, reads) = counted(&run.bill);
        let fits = calls <= most.0 && writes <= most.1 && reads <= most.2;
        let dearer = 25.0 * f64::from(run.states) > (run.bill.total() + run.alone()).dollars();
        let counted = (calls, writes, reads, dearer, run.steps);
        assert!(fits && dearer == most.3, "{}: {counted:?}", run.name);
    }
}
