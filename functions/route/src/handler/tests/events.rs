//! The sample events of `events/route`.

use std::fs;
use std::path::Path;

use super::*;

fn event(case: &str) -> Value {
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../events/route/{case}.json"));
    serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
}

async fn take(world: &World, case: &str) -> Answer {
    let event = serde_json::from_value(event(case)).unwrap();
    handle(&world.deps, event).await.unwrap()
}

/// The task that the sample events name.
async fn sample(world: &World) -> Task {
    let id = "task_01980000000070008000000000000001".parse().unwrap();
    let now = Timestamp::now();
    let arrivals = tdev_domain::Arrivals::default();
    let (place, _, _) = arrivals.reserve(&FairShare::default(), 0, now);
    let task = draft(INVOICE).admit(id, place, now);
    let written = world.deps.table.write_task(&task).await;
    written.unwrap();
    task
}

#[tokio::test]
async fn what_is_well_formed_is_done() {
    let world = World::with(&["weather", "invoices", "music"]).await;
    let task = sample(&world).await;
    take(&world, "duplicate-permit").await;
    let running = world.task(&task.id).await;
    assert_eq!(
        (state(&running), running.attempts.len()),
        (TaskState::Running, 1)
    );
    take(&world, "ok-permit").await;
    take(&world, "ok-retry").await;
    assert_eq!(world.task(&task.id).await, running);
    world.end_run(&running, done()).await;
    take(&world, "ok-ended").await;
    assert_eq!(state(&world.task(&task.id).await), TaskState::Completed);
    let Answer::Response(response) = take(&world, "ok-explain").await else {
        panic!("a question has an answer")
    };
    assert_eq!(response.decision["chosen"], "invoices");
    assert_eq!(world.sent("dead").len(), 0);
}

#[tokio::test]
async fn what_is_malformed_goes_to_the_dead_letters() {
    let world = World::empty();
    for case in ["unknown-kind", "unknown-field", "not-json"] {
        let before = world.aws.requests_of("SQS.SendMessage").len();
        let Answer::Batch(response) = take(&world, &format!("malformed-{case}")).await else {
            panic!("a batch is answered as one")
        };
        assert!(response.batch_item_failures.is_empty(), "{case}");
        let sent = world.aws.requests_of("SQS.SendMessage");
        assert_eq!(sent.len(), before + 1, "{case}");
        let name = &sent[before].json()["MessageAttributes"]["ErrorName"]["StringValue"];
        assert_eq!(name, "InvalidInput", "{case}");
    }
    let question = event("malformed-explain-no-text");
    assert!(serde_json::from_value::<Event>(question).is_err());
}
