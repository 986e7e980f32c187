//! The order in which tasks are taken, by one worker and by many.

use std::collections::BTreeMap;
use std::thread;

use super::*;

/// Priorities and texts of `count` tasks, without any pattern in common with their order.
fn drafts(count: u64) -> impl Iterator<Item = TaskDraft> {
    (0..count).map(|n| TaskDraft {
        priority: (1 + n * 7 % 10).try_into().unwrap(),
        ..draft(if n % 3 == 0 { RAIN } else { INVOICE })
    })
}

async fn place_of(world: &World, task: &Task) -> String {
    let task = world.task(&task.id).await;
    task.virtual_deadline.sort_key(task.id.as_str())
}

/// The tasks in the order in which their agents were called.
async fn started(world: &World) -> Vec<Task> {
    let mut tasks = Vec::new();
    for step in world.sent("step") {
        let id = serde_json::from_value(step["invocation"].clone()).unwrap();
        let run = world.deps.journals.invocation(&tenant(), &id).await;
        let task = run.unwrap().unwrap().task.unwrap();
        tasks.push(world.task(&task).await);
    }
    tasks
}

#[tokio::test]
async fn tasks_are_taken_in_the_exact_order_of_their_virtual_deadlines() {
    let world = World::with(&["weather", "invoices", "music"]).await;
    let mut permits = Vec::new();
    for draft in drafts(40) {
        permits.push(permit(&world.submit(&draft).await));
    }
    // The last permits come first.
    for permit in permits.iter().rev() {
        assert!(!deliver(&world.deps, permit).await);
    }
    let taken = started(&world).await;
    assert_eq!(taken.len(), 40);
    let mut places = Vec::new();
    for task in &taken {
        places.push(place_of(&world, task).await);
    }
    assert!(places.is_sorted(), "{places:#?}");
}

/// Runs a worker on each of `shares` of the messages, all at once, in a thread of its own.
fn work(aws: &FakeAws, shares: Vec<Vec<TaskMessage>>) -> Vec<TaskMessage> {
    let workers: Vec<_> = shares
        .into_iter()
        .map(|share| {
            let aws = aws.clone();
            thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .unwrap();
                runtime.block_on(async {
                    let deps = deps(&aws);
                    let mut again = Vec::new();
                    for message in share {
                        if deliver(&deps, &message).await {
                            again.push(message);
                        }
                    }
                    again
                })
            })
        })
        .collect();
    workers
        .into_iter()
        .flat_map(|worker| worker.join().unwrap())
        .collect()
}

/// Deals `messages` out to `workers`, each message to two of them.
fn deal(messages: &[TaskMessage], workers: usize) -> Vec<Vec<TaskMessage>> {
    let mut shares = vec![Vec::new(); workers];
    for (n, message) in messages.iter().enumerate() {
        shares[n % workers].push(message.clone());
        shares[(n * 3 + 1) % workers].push(message.clone());
    }
    shares
}

#[tokio::test]
async fn many_workers_never_take_one_task_twice_and_leave_none() {
    let world = World::with(&["weather", "invoices", "music"]).await;
    let mut tasks = Vec::new();
    for draft in drafts(48) {
        tasks.push(world.submit(&draft).await);
    }
    let mut messages: Vec<_> = tasks.iter().map(permit).collect();
    while !messages.is_empty() {
        messages = work(&world.aws, deal(&messages, 4));
    }
    let mut in_flight = BTreeMap::new();
    for task in &mut tasks {
        *task = world.task(&task.id).await;
        assert_eq!((state(task), task.attempts.len()), (TaskState::Running, 1));
        assert_eq!(world.run_of(task).await.task, Some(task.id.clone()));
        *in_flight.entry(agent_of(task).to_owned()).or_insert(0) += 1;
    }
    let steps: BTreeSet<String> = world.sent("step").iter().map(Value::to_string).collect();
    assert_eq!((steps.len(), world.sent("step").len()), (48, 48));
    for (agent, count) in &in_flight {
        assert_eq!(world.load(agent).await.tasks(), *count, "{agent}");
    }

    for task in &tasks {
        world.end_run(task, done()).await;
    }
    let mut messages: Vec<_> = tasks.iter().map(ended).collect();
    while !messages.is_empty() {
        messages = work(&world.aws, deal(&messages, 4));
    }
    for task in &tasks {
        assert_eq!(state(&world.task(&task.id).await), TaskState::Completed);
    }
    for (agent, count) in in_flight {
        let load = world.load(&agent).await;
        assert_eq!((load.tasks(), load.succeeded), (0, count), "{agent}");
    }
}

#[tokio::test]
async fn no_agent_gets_more_than_its_capacity_from_however_many_workers() {
    let world = World::with(&["weather", "invoices", "music"]).await;
    world.set_policy(json!({"capacity": 5})).await;
    let mut tasks = Vec::new();
    for _ in 0..16 {
        tasks.push(world.submit(&draft(RAIN)).await);
    }
    let mut messages: Vec<_> = tasks.iter().map(permit).collect();
    while !messages.is_empty() {
        messages = work(&world.aws, deal(&messages, 4));
    }
    let mut states = BTreeMap::new();
    for task in &tasks {
        let task = world.task(&task.id).await;
        *states.entry(state(&task)).or_insert(0) += 1;
    }
    // Above 80 % of its capacity an agent is passed over.
    let expected = BTreeMap::from([(TaskState::Running, 5), (TaskState::Waiting, 11)]);
    assert_eq!(states, expected);
}
