//! Holds what a task costs: a call more, or an item that grows out of its unit, is noticed here.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod scenario;

use scenario::{Cost, Spread};

/// What the parts of a task come to: write units, read units and SQS requests.
fn counted(cost: &Cost) -> [String; 4] {
    [&cost.accepted, &cost.given, &cost.run, &cost.settled].map(|bill| {
        let total = bill.total();
        format!(
            "{:.2} writes, {:.2} reads, {:.1} messages",
            total.writes, total.reads, total.sqs
        )
    })
}

/// A lesson is kept where the model was not sure, and is no part of the task.
fn lessons(cost: &Cost) -> f64 {
    cost.lesson.total().writes
}

#[tokio::test]
async fn a_task_of_a_full_batch_costs_so_much() {
    let cost = scenario::task(Spread::One).await;
    let expected = [
        "2.00 writes, 0.00 reads, 1.0 messages",
        "2.10 writes, 0.60 reads, 0.2 messages",
        "2.00 writes, 0.00 reads, 1.0 messages",
        "1.10 writes, 1.05 reads, 1.2 messages",
    ];
    assert_eq!(counted(&cost), expected);
    let total = cost.total();
    assert!(total.total().dollars() <= 5.0, "{total}");
    assert!(lessons(&cost) <= 1.0, "{}", cost.lesson);
}

#[tokio::test]
async fn a_task_of_a_batch_for_ten_agents_costs_a_load_of_its_own_more() {
    let cost = scenario::task(Spread::Ten).await;
    let expected = [
        "2.00 writes, 0.00 reads, 1.0 messages",
        "3.00 writes, 1.05 reads, 0.2 messages",
        "2.00 writes, 0.00 reads, 1.0 messages",
        "2.00 writes, 1.50 reads, 1.2 messages",
    ];
    assert_eq!(counted(&cost), expected);
    assert!(lessons(&cost) <= 1.0, "{}", cost.lesson);
}

#[tokio::test]
async fn a_task_that_comes_alone_bears_all_by_itself() {
    let cost = scenario::task(Spread::Alone).await;
    let expected = [
        "3.00 writes, 1.50 reads, 1.0 messages",
        "3.00 writes, 1.50 reads, 2.0 messages",
        "2.00 writes, 0.00 reads, 1.0 messages",
        "2.00 writes, 1.50 reads, 3.0 messages",
    ];
    assert_eq!(counted(&cost), expected);
    assert!(lessons(&cost) <= 1.0, "{}", cost.lesson);
}
