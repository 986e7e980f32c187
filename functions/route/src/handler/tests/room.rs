//! Tasks that wait for an agent to have room.

use tdev_domain::breaker::Breaker;

use super::*;

/// One agent that does so many tasks at once.
async fn busy(capacity: u32) -> World {
    let world = World::with(&["weather", "invoices", "music"]).await;
    world.set_policy(json!({ "capacity": capacity })).await;
    world
}

fn of_priority(priority: u64) -> TaskDraft {
    TaskDraft {
        priority: priority.try_into().unwrap(),
        ..draft(RAIN)
    }
}

#[tokio::test]
async fn the_end_of_a_run_brings_back_the_most_urgent_of_those_that_wait() {
    let world = busy(1).await;
    let running = world.route(&draft(RAIN)).await;
    let low = world.route(&of_priority(1)).await;
    let high = world.route(&of_priority(10)).await;
    let normal = world.route(&draft(RAIN)).await;
    let waiting = world.load("weather").await.waiting;
    assert_eq!(waiting.len(), 3);

    let mut running = running;
    for next in [high, normal, low] {
        assert_eq!(state(&world.task(&next.id).await), TaskState::Waiting);
        world.settle(&running, done()).await;
        running = world.task(&next.id).await;
        assert_eq!(state(&running), TaskState::Running, "{running:?}");
    }
    assert!(world.load("weather").await.waiting.is_empty());
    world.settle(&running, done()).await;
    assert_eq!(world.load("weather").await.tasks(), 0);
}

#[tokio::test]
async fn as_many_come_back_as_there_is_room_for() {
    let world = busy(5).await;
    let mut running = Vec::new();
    for _ in 0..5 {
        running.push(world.route(&draft(RAIN)).await);
    }
    let mut waiting = Vec::new();
    for _ in 0..4 {
        waiting.push(world.route(&draft(RAIN)).await);
    }
    world.set_policy(json!({"capacity": 8})).await;
    world.settle(&running[0], done()).await;
    // One above 80 % of eight is seven, of which four are under way.
    let mut states = Vec::new();
    for task in &waiting {
        states.push(state(&world.task(&task.id).await));
    }
    let (runs, waits) = (TaskState::Running, TaskState::Waiting);
    assert_eq!(states, [runs, runs, runs, waits]);
    assert_eq!(world.load("weather").await.waiting.len(), 1);
}

#[tokio::test]
async fn what_does_not_wait_any_more_keeps_nobody_from_coming_back() {
    let world = busy(1).await;
    let running = world.route(&draft(RAIN)).await;
    let gone = world.route(&of_priority(10)).await;
    let waiting = world.route(&draft(RAIN)).await;
    let tdev_domain::Cancelling::Cancelled(cancelled) = gone.cancel(Timestamp::now()) else {
        panic!("a waiting task is cancelled at once")
    };
    world.deps.table.write_task(&cancelled).await.unwrap();
    world.settle(&running, done()).await;
    assert_eq!(state(&world.task(&gone.id).await), TaskState::Cancelled);
    assert_eq!(state(&world.task(&waiting.id).await), TaskState::Running);
    assert!(world.load("weather").await.waiting.is_empty());
}

#[tokio::test]
async fn an_agent_that_rests_calls_nobody_and_the_end_of_its_probe_does() {
    let world = busy(10).await;
    for _ in 0..4 {
        let task = world.route(&draft(RAIN)).await;
        world.settle(&task, raised()).await;
    }
    let fifth = world.route(&draft(RAIN)).await;
    let sixth = world.route(&draft(RAIN)).await;
    world.settle(&fifth, raised()).await;
    let waiting = world.route(&draft(RAIN)).await;
    assert_eq!(state(&waiting), TaskState::Waiting);
    assert_eq!(world.load("weather").await.waiting.len(), 1);
    world.settle(&sixth, raised()).await;
    assert_eq!(world.task(&waiting.id).await, waiting, "it rests");

    let load = world.load("weather").await;
    let rested = AgentLoad {
        breaker: Breaker::Open {
            until: Timestamp::now() - 1.second(),
        },
        revision: load.revision + 1,
        ..load
    };
    world.deps.table.put_agent_load(&rested).await.unwrap();
    let probe = world.route(&draft(RAIN)).await;
    assert_eq!(state(&probe), TaskState::Running);
    world.settle(&probe, done()).await;
    assert_eq!(state(&world.task(&waiting.id).await), TaskState::Running);
}

#[tokio::test]
async fn a_task_that_waits_for_either_of_two_comes_back_with_the_first() {
    let world = World::with(&["weather", "forecast", "invoices", "music"]).await;
    world.set_policy(json!({"capacity": 1})).await;
    let first = world.route(&draft(RAIN)).await;
    let second = world.route(&draft(RAIN)).await;
    assert_ne!(agent_of(&first), agent_of(&second));
    let waiting = world.route(&draft(RAIN)).await;
    assert_eq!(state(&waiting), TaskState::Waiting);
    world.settle(&second, done()).await;
    let back = world.task(&waiting.id).await;
    assert_eq!(
        (state(&back), agent_of(&back)),
        (TaskState::Running, agent_of(&second))
    );
    // What the other remembers of it is forgotten at the end of its run.
    world.settle(&first, done()).await;
    assert!(world.load(agent_of(&first)).await.waiting.is_empty());
    assert_eq!(world.task(&waiting.id).await.attempts.len(), 1);
}
