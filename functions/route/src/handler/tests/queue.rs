//! Hints that say nothing, say it twice, or say it too early.

use tdev_aws::AgendaTask;
use tdev_testing::Response;

use super::*;

#[tokio::test]
async fn every_message_may_come_any_number_of_times() {
    let world = World::with(&["weather", "forecast", "music"]).await;
    let task = world.submit(&draft(RAIN)).await;
    let retry = TaskMessage::Retry {
        tenant: tenant(),
        task: task.id.clone(),
    };
    let messages = [permit(&task), retry, ended(&task)];
    let repeat = async || {
        for message in messages.iter().chain(messages.iter().rev()) {
            assert!(!deliver(&world.deps, message).await, "{message:?}");
        }
        world.task(&task.id).await
    };
    let running = repeat().await;
    assert_eq!(
        (state(&running), running.attempts.len()),
        (TaskState::Running, 1)
    );
    assert_eq!(world.load(agent_of(&running)).await.tasks(), 1);

    world.end_run(&running, raised()).await;
    let second = repeat().await;
    assert_eq!(
        (state(&second), second.attempts.len()),
        (TaskState::Running, 2)
    );
    assert_eq!(world.load(agent_of(&running)).await.failed, 1);

    world.end_run(&second, done()).await;
    let completed = repeat().await;
    assert_eq!(state(&completed), TaskState::Completed);
    assert_eq!(repeat().await, completed);
    let load = world.load(agent_of(&second)).await;
    assert_eq!((load.tasks(), load.succeeded), (0, 1));
}

/// From now on the index of the queue shows these tasks and no others.
async fn show(world: &mut World, tasks: &[AgendaTask]) {
    // What is known of the tenant is not asked for again.
    let models = Models::new(&world.aws.config(), "artifacts");
    let fresh_for = Duration::from_hours(1);
    world.deps.tenants = Tenants::new(world.deps.table.clone(), models, fresh_for);
    world.deps.tenants.view(&tenant()).await.unwrap();
    let item = |task: &AgendaTask| {
        json!({
            "PK": {"S": format!("TENANT#{}#TASKS", task.tenant)},
            "SK": {"S": task.id},
            "agenda": {"S": "TASKS"},
            "agenda_at": {"S": task.at},
        })
    };
    let page = json!({"Items": tasks.iter().map(item).collect::<Vec<_>>()});
    world
        .aws
        .on("DynamoDB.Query", move |_| Response::json(&page));
}

#[tokio::test]
async fn a_task_is_found_before_its_index_shows_it() {
    let mut world = World::with(&["weather", "music"]).await;
    let hidden = world.submit(&draft(RAIN)).await;
    show(&mut world, &[]).await;
    deliver(&world.deps, &permit(&hidden)).await;
    assert_eq!(state(&world.task(&hidden.id).await), TaskState::Running);
}

#[tokio::test]
async fn a_task_that_the_index_still_shows_is_passed_over() {
    let mut world = World::with(&["weather", "music"]).await;
    let taken = world.submit(&draft(RAIN)).await;
    let waiting = world.submit(&draft(RAIN)).await;
    let stale = world.deps.table.queued_tasks(&all()).await.unwrap().items;
    assert_eq!(stale.len(), 2);
    deliver(&world.deps, &permit(&taken)).await;
    show(&mut world, &stale).await;
    deliver(&world.deps, &permit(&taken)).await;
    assert_eq!(world.task(&taken.id).await.attempts.len(), 1);
    assert_eq!(state(&world.task(&waiting.id).await), TaskState::Running);
}

#[tokio::test]
async fn what_names_no_task_goes_to_the_dead_letters() {
    let world = World::with(&["weather", "music"]).await;
    let unknown = TaskMessage::Ended {
        tenant: tenant(),
        task: TaskId::generate(),
    };
    assert!(!deliver(&world.deps, &unknown).await);
    assert_eq!(world.sent("dead").len(), 1);
    let permit = TaskMessage::Permit {
        tenant: tenant(),
        task: TaskId::generate(),
    };
    assert!(!deliver(&world.deps, &permit).await, "the queue is empty");
    assert_eq!(world.sent("dead").len(), 1);
}

#[tokio::test]
async fn a_head_that_cannot_be_decided_on_does_not_block_the_queue() {
    let world = World::with(&["weather", "music"]).await;
    // Another tenant, whose only model is gone.
    let other: TenantId = "other".parse().unwrap();
    let model = RouterModel {
        version: 1,
        sha256: ArtifactDigest::of(b"nowhere"),
        inputs: ArtifactDigest::of(b""),
        examples: 0,
        trained_at: Timestamp::now(),
    };
    let pointer = RouterPointer::trained(other.clone(), None, model);
    world.deps.table.move_router(&pointer).await.unwrap();
    let stuck = TaskDraft {
        tenant: other.clone(),
        priority: Priority::CRITICAL,
        ..draft(RAIN)
    };
    let stuck = world.submit(&stuck).await;
    let task = world.submit(&draft(RAIN)).await;
    for message in [permit(&task), permit(&stuck)] {
        assert!(!deliver(&world.deps, &message).await);
    }
    let stuck = world.deps.table.task(&other, &stuck.id).await;
    assert_eq!(state(&stuck.unwrap().unwrap()), TaskState::Waiting);
    assert_eq!(state(&world.task(&task.id).await), TaskState::Running);
}
