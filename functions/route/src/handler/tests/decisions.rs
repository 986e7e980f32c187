//! Where tasks go, and what is said of it.

use tdev_domain::{Rejection, Verdict};

use super::*;

#[tokio::test]
async fn a_task_goes_to_the_agent_its_text_is_for() {
    let world = World::with(&["weather", "invoices", "music"]).await;
    let task = world.route(&draft(INVOICE)).await;
    assert_eq!(
        (state(&task), agent_of(&task)),
        (TaskState::Running, "invoices")
    );
    let run = world.run_of(&task).await;
    assert_eq!(run.task, Some(task.id.clone()));
    assert_eq!(run.input, json!({"text": INVOICE}));
    assert_eq!(world.load("invoices").await.tasks(), 1);
    let step = json!({"tenant": "acme", "invocation": run.id});
    assert_eq!(world.sent("step"), [step]);

    let done = world.settle(&task, done()).await;
    assert_eq!(done.status, TaskStatus::Completed { invocation: run.id });
    let load = world.load("invoices").await;
    assert_eq!((load.tasks(), load.succeeded, load.failed), (0, 1, 0));
    let queued = world.deps.table.queued_tasks(&all()).await.unwrap();
    assert_eq!(queued.items, []);
}

#[tokio::test]
async fn a_text_for_no_agent_is_rejected_and_says_why() {
    let world = World::with(&["weather", "invoices", "music"]).await;
    let task = world.route(&draft("xylophone quartz zygote")).await;
    let reason = Rejection::OutOfScope;
    assert_eq!(task.status, TaskStatus::Rejected { reason });
    let decision = task.decision.unwrap();
    assert_eq!(decision["reason"], "out_of_scope");
    assert!(decision["candidates"].is_array());
    assert_eq!(world.sent("step"), Vec::<Value>::new());
}

#[tokio::test]
async fn a_capability_and_a_rule_direct_and_a_schema_keeps_out() {
    let world = World::with(&["weather", "music"]).await;
    world
        .admit("invoices", Some(json!({"required": ["number"]})))
        .await;
    let directed = TaskDraft {
        capability: Some("do.music".parse().unwrap()),
        ..draft(RAIN)
    };
    assert_eq!(agent_of(&world.route(&directed).await), "music");

    let rule = json!({"id": "all-to-weather", "then": {"pin": "weather"}});
    world.set_policy(json!({"rules": [rule]})).await;
    let task = world.route(&draft(INVOICE)).await;
    assert_eq!(agent_of(&task), "weather");
    assert_eq!(task.decision.unwrap()["rules"][0]["id"], "all-to-weather");

    world.set_policy(json!({})).await;
    let unfit = TaskDraft {
        capability: Some("do.invoices".parse().unwrap()),
        ..draft(INVOICE)
    };
    let rejected = world.route(&unfit).await;
    let reason = Rejection::NoneFits;
    assert_eq!(rejected.status, TaskStatus::Rejected { reason });
    let removed = rejected.decision.unwrap()["removed"].clone();
    let of = |agent: &str| {
        let removed = removed.as_array().unwrap();
        let found = removed.iter().find(|removed| removed["agent"] == agent);
        found.unwrap()["filter"].clone()
    };
    assert_eq!(
        (of("invoices"), of("music")),
        (json!("input"), json!("capability"))
    );
    let fit = TaskDraft {
        input: json!({"number": 7}),
        ..unfit
    };
    assert_eq!(agent_of(&world.route(&fit).await), "invoices");
}

#[tokio::test]
async fn an_agent_that_has_just_been_admitted_is_not_overlooked() {
    let mut world = World::empty();
    let models = Models::new(&world.aws.config(), "artifacts");
    world.deps.tenants = Tenants::new(world.deps.table.clone(), models, Duration::from_hours(1));
    world.admit("weather", None).await;
    let request = TaskDraft {
        capability: Some("do.music".parse().unwrap()),
        ..draft("")
    };
    let before = world.route(&request).await;
    assert_eq!(state(&before), TaskState::Rejected);
    world.admit("music", None).await;
    assert_eq!(agent_of(&world.route(&request).await), "music");
}

#[tokio::test]
async fn without_a_model_a_text_waits_for_one_and_a_directed_task_does_not() {
    let world = World::empty();
    world.admit("weather", None).await;
    let task = world.route(&draft(RAIN)).await;
    assert_eq!(state(&task), TaskState::Waiting);
    assert_eq!(world.sent("train"), [json!({"tenant": "acme"})]);

    let directed = TaskDraft {
        capability: Some("do.weather".parse().unwrap()),
        ..draft(RAIN)
    };
    assert_eq!(state(&world.route(&directed).await), TaskState::Running);

    world.train(1, &["weather", "music"]).await;
    let task = world.pass(&task).await;
    let retry = TaskMessage::Retry {
        tenant: tenant(),
        task: task.id.clone(),
    };
    deliver(&world.deps, &retry).await;
    assert_eq!(state(&world.task(&task.id).await), TaskState::Running);
}

#[tokio::test]
async fn a_model_that_cannot_be_used_leaves_the_one_before_in_place() {
    let world = World::with(&["weather", "invoices", "music"]).await;
    world
        .point_to(RouterModel {
            version: 2,
            sha256: ArtifactDigest::of(b"nowhere"),
            inputs: ArtifactDigest::of(b""),
            examples: 0,
            trained_at: Timestamp::now(),
        })
        .await;
    assert_eq!(agent_of(&world.route(&draft(INVOICE)).await), "invoices");
}

#[tokio::test]
async fn warm_workers_take_up_a_new_model_and_go_back_to_an_old_one() {
    let world = World::with(&["invoices", "music"]).await;
    world.admit("weather", None).await;
    let rejected = world.route(&draft(RAIN)).await;
    assert_eq!(state(&rejected), TaskState::Rejected);
    world.train(2, &["invoices", "music", "weather"]).await;
    assert_eq!(agent_of(&world.route(&draft(RAIN)).await), "weather");
    let pointer = world.deps.table.router(&tenant()).await.unwrap().unwrap();
    let back = pointer.rolled_back(1).unwrap();
    world.deps.table.move_router(&back).await.unwrap();
    let rejected = world.route(&draft(RAIN)).await;
    assert_eq!(state(&rejected), TaskState::Rejected);
}

#[tokio::test]
async fn what_the_model_was_not_sure_of_is_a_lesson() {
    let world = World::with(&["weather", "forecast", "invoices", "music"]).await;
    let unsure = world.route(&draft(RAIN)).await;
    world.settle(&unsure, done()).await;
    let now = Timestamp::now();
    let lessons = world.deps.table.lessons(&tenant(), 10, now).await.unwrap();
    let taught: Vec<_> = lessons
        .iter()
        .map(|l| (l.text.as_str(), &l.verdict))
        .collect();
    assert_eq!(taught, [(RAIN, &Verdict::For(name(agent_of(&unsure))))]);

    let rule = json!({"id": "all-to-weather", "then": {"pin": "weather"}});
    world.set_policy(json!({"rules": [rule]})).await;
    let sure = world.route(&draft(INVOICE)).await;
    world.settle(&sure, done()).await;
    let lessons = world.deps.table.lessons(&tenant(), 10, now).await.unwrap();
    assert_eq!(lessons.len(), 1);
}

#[tokio::test]
async fn a_decision_is_explained_without_a_write() {
    let world = World::with(&["weather", "invoices", "music"]).await;
    let before = world.writes();
    let request = json!({
        "action": "explain", "tenant": "acme", "text": INVOICE, "input": {"text": INVOICE},
    });
    let event = serde_json::from_value(request).unwrap();
    let Answer::Response(response) = handle(&world.deps, event).await.unwrap() else {
        panic!("a question has an answer")
    };
    assert_eq!(response.model, Some(1));
    assert_eq!(response.decision["chosen"], "invoices");
    assert_eq!(world.writes(), before);
    insta::assert_json_snapshot!(response, {
        ".decision.confidence" => "[share]",
        ".decision.scope" => "[scope]",
        ".decision.candidates[].score" => "[share]",
        ".decision.candidates[].fit" => "[share]",
        ".decision.removed[].fit" => "[share]",
    });
}
