//! Agents that fail, that are busy, and that are called off.

use tdev_domain::Cancelling;
use tdev_domain::breaker::Breaker;
use tdev_domain::retry::GivenUp;

use super::*;

fn retry(task: &Task) -> TaskMessage {
    TaskMessage::Retry {
        tenant: tenant(),
        task: task.id.clone(),
    }
}

#[tokio::test]
async fn the_next_best_agent_takes_over_then_the_task_is_given_up_and_redriven() {
    let world = World::with(&["weather", "forecast", "invoices", "music"]).await;
    let first = world.route(&draft(RAIN)).await;
    let second = world.settle(&first, raised()).await;
    let tried = [agent_of(&first), agent_of(&second)];
    assert_eq!(
        BTreeSet::from(tried),
        BTreeSet::from(["weather", "forecast"])
    );
    assert_eq!(world.load(agent_of(&first)).await.failed, 1);

    let given_up = world.settle(&second, raised()).await;
    let TaskStatus::Failed { reason, message } = &given_up.status else {
        panic!("{:?}", given_up.status)
    };
    assert_eq!(
        (*reason, message.as_str()),
        (GivenUp::NoOtherAgent, "ValueError: no")
    );
    let letters = world.deps.table.dead_letters(&tenant(), &all()).await;
    let letters = letters.unwrap().items;
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].task, given_up.id);
    assert_eq!(letters[0].attempts.len(), 2);
    let notice = world
        .aws
        .requests_of("SQS.SendMessage")
        .pop()
        .unwrap()
        .json();
    assert!(notice["QueueUrl"].as_str().unwrap().ends_with("/dead"));
    let reason = &notice["MessageAttributes"]["Reason"]["StringValue"];
    assert_eq!(reason, "no_other_agent");

    let share = FairShare::default();
    let now = Timestamp::now();
    let table = &world.deps.table;
    let redriven = table
        .redrive_task(&tenant(), &given_up.id, &share, now)
        .await;
    let redriven = redriven.unwrap().unwrap();
    let letters = table.dead_letters(&tenant(), &all()).await.unwrap();
    assert_eq!(letters.items, []);
    let twice = table
        .redrive_task(&tenant(), &given_up.id, &share, now)
        .await;
    assert_eq!(twice.unwrap(), None);
    deliver(&world.deps, &permit(&redriven)).await;
    let again = world.task(&redriven.id).await;
    assert_eq!(
        (state(&again), again.attempts.len()),
        (TaskState::Running, 3)
    );
}

#[tokio::test]
async fn a_failure_that_no_repetition_mends_is_given_up_at_once() {
    let world = World::with(&["weather", "forecast", "music"]).await;
    let task = world.route(&draft(RAIN)).await;
    let failure = InvocationFailure::Unresumable {
        message: "another build".to_owned(),
    };
    let failed = world
        .settle(&task, InvocationStatus::Failed { failure })
        .await;
    let letter = failed.dead_letter().unwrap();
    assert_eq!(letter.reason, GivenUp::Permanent);
    let load = world.load(agent_of(&task)).await;
    assert_eq!((load.tasks(), load.failed), (0, 0), "not the agent's fault");
}

#[tokio::test]
async fn a_busy_agents_task_waits_and_blocks_no_other() {
    let world = World::with(&["weather", "invoices", "music"]).await;
    world.set_policy(json!({"capacity": 1})).await;
    let first = world.route(&draft(RAIN)).await;
    let second = world.route(&draft(RAIN)).await;
    let third = world.route(&draft(INVOICE)).await;
    assert_eq!(state(&second), TaskState::Waiting);
    assert_eq!(second.decision.as_ref().unwrap()["reason"], "unavailable");
    assert_eq!(
        (state(&third), agent_of(&third)),
        (TaskState::Running, "invoices")
    );
    let message = serde_json::to_value(retry(&second)).unwrap();
    assert_eq!(world.sent("task"), [message]);
    let due = world
        .deps
        .table
        .due_tasks(second.due_at.unwrap(), &all())
        .await;
    assert!(due.unwrap().items.iter().any(|due| due.id == second.id));

    // Its time has not come: nothing happens but that it is sent for again.
    deliver(&world.deps, &retry(&second)).await;
    assert_eq!(world.task(&second.id).await, second);
    assert_eq!(world.sent("task").len(), 2);

    let waited = world.pass(&second).await;
    world.settle(&first, done()).await;
    assert!(!deliver(&world.deps, &retry(&waited)).await);
    let second = world.task(&second.id).await;
    assert_eq!(
        (state(&second), agent_of(&second)),
        (TaskState::Running, "weather")
    );
}

#[tokio::test]
async fn an_agent_that_keeps_failing_rests_and_is_tried_with_one_task() {
    let world = World::with(&["weather", "invoices", "music"]).await;
    for _ in 0..5 {
        let task = world.route(&draft(RAIN)).await;
        world.settle(&task, raised()).await;
    }
    let load = world.load("weather").await;
    assert!(
        matches!(load.breaker, Breaker::Open { .. }),
        "{:?}",
        load.breaker
    );
    let task = world.route(&draft(RAIN)).await;
    assert_eq!(state(&task), TaskState::Waiting);
    let removed = task.decision.as_ref().unwrap()["removed"].clone();
    assert!(
        removed.to_string().contains(r#""filter":"circuit""#),
        "{removed}"
    );

    // The pause is over: the first task is the probe, the next one waits for it.
    let load = world.load("weather").await;
    let rested = AgentLoad {
        breaker: Breaker::Open {
            until: Timestamp::now() - 1.second(),
        },
        revision: load.revision + 1,
        ..load
    };
    world.deps.table.put_agent_load(&rested).await.unwrap();
    let waited = world.pass(&task).await;
    deliver(&world.deps, &retry(&waited)).await;
    let probe = world.task(&task.id).await;
    assert_eq!(state(&probe), TaskState::Running);
    assert!(matches!(
        world.load("weather").await.breaker,
        Breaker::HalfOpen { .. }
    ));
    let next = world.route(&draft(RAIN)).await;
    assert_eq!(state(&next), TaskState::Waiting);
    world.settle(&probe, done()).await;
    assert_eq!(world.load("weather").await.breaker, Breaker::default());
}

#[tokio::test]
async fn a_task_called_off_ends_with_its_run() {
    let world = World::with(&["weather", "forecast", "music"]).await;
    let task = world.route(&draft(RAIN)).await;
    let Cancelling::Requested(asked, _) = task.cancel(Timestamp::now()) else {
        panic!("it is running")
    };
    world.deps.table.write_task(&asked).await.unwrap();
    let cancelled = world.settle(&asked, InvocationStatus::Cancelled).await;
    assert_eq!(cancelled.status, TaskStatus::Cancelled);
    assert_eq!(world.load(agent_of(&task)).await.tasks(), 0);
}

#[tokio::test]
async fn a_run_that_has_not_ended_is_left_alone() {
    let world = World::with(&["weather", "music"]).await;
    let task = world.route(&draft(RAIN)).await;
    assert!(!deliver(&world.deps, &ended(&task)).await);
    assert_eq!(world.task(&task.id).await, task);
}

#[tokio::test]
async fn messages_that_cannot_be_sent_keep_no_task_from_moving() {
    let world = World::with(&["weather", "music"]).await;
    world.aws.on("SQS.SendMessage", |_| {
        tdev_testing::Response::error(503, "ServiceUnavailable", "try again")
    });
    let task = world.route(&draft(RAIN)).await;
    assert_eq!(state(&task), TaskState::Running);
    let failed = world.settle(&task, raised()).await;
    assert_eq!(state(&failed), TaskState::Failed);
}
