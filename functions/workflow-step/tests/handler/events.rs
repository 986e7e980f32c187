//! What the function is handed: events, batches, messages of what is not there.

use serde_json::{Value, json};
use tdev_agents::SAMPLES;
use tdev_domain::{
    ErrorName, Invocation, InvocationId, InvocationStatus, Outcome, ReplayResult, StepMessage,
    StepRequest, StepResponse,
};
use tdev_testing::Response as Answer;
use workflow_step::{Event, Response, handle};

use crate::function::{Function, event, output, tenant};

#[tokio::test]
async fn what_is_asked_of_a_run_that_is_not_there_changes_nothing() {
    let function = Function::new();
    for case in ["ok-run-message", "ok-hold-run", "ok-expire-run"] {
        match handle(&function.deps, event(case)).await.unwrap() {
            Response::Messages(batch) => assert!(batch.batch_item_failures.is_empty(), "{case}"),
            Response::Request(response) => {
                let (StepResponse::HoldRun { state } | StepResponse::ExpireRun { state }) =
                    *response
                else {
                    panic!("{case}: {response:?}");
                };
                assert_eq!(state, None, "{case}");
            }
        }
    }
}

#[tokio::test]
async fn the_sample_events_run_the_sample_agent() {
    let function = Function::new();
    let sample = SAMPLES
        .iter()
        .find(|sample| sample.name == "text-statistics")
        .unwrap();
    let artifact = function.store(sample.source).await;
    let id: InvocationId = "inv_0199aa00000070008000000000000001".parse().unwrap();
    let input = json!({"text": "One two three. Four five."});
    let message = function.accept(id, artifact, &[], input).await;
    for case in [
        "ok-message",
        "duplicate-message",
        "ok-drive",
        "duplicate-drive",
    ] {
        match handle(&function.deps, event(case)).await.unwrap() {
            Response::Messages(batch) => assert!(batch.batch_item_failures.is_empty(), "{case}"),
            Response::Request(response) => {
                let StepResponse::Drive {
                    invocation: Some(record),
                } = *response
                else {
                    panic!("{case}: {response:?}");
                };
                assert!(record.status.is_final(), "{case}: {record:?}");
            }
        }
    }
    assert_eq!(function.record(&message).await.token, 1, "it ran once");
    let Response::Request(response) = handle(&function.deps, event("ok-replay")).await.unwrap()
    else {
        panic!("a replay was answered as a batch");
    };
    assert_eq!(*response, StepResponse::Replay(ReplayResult::Identical));
    let Response::Request(response) = handle(&function.deps, event("ok-probe")).await.unwrap()
    else {
        panic!("a probe was answered as a batch");
    };
    let StepResponse::Probe(Outcome::Completed(report)) = *response else {
        panic!("the probe failed: {response:?}");
    };
    assert!(!report.examples.is_empty());
}

#[tokio::test]
async fn what_no_function_could_take_is_dead_lettered_with_its_reason() {
    for case in ["malformed-message", "malformed-message-identifier"] {
        let function = Function::new();
        let answer = handle(&function.deps, event(case)).await.unwrap();
        let Response::Messages(batch) = answer else {
            panic!("{case} was not answered as a batch");
        };
        assert!(batch.batch_item_failures.is_empty(), "{case}");
        let sent = function.aws.requests_of("SQS.SendMessage");
        assert_eq!(sent.len(), 1, "{case}");
        assert_eq!(sent[0].json()["QueueUrl"], "https://sqs/dead-letters");
        let attributes = &sent[0].json()["MessageAttributes"];
        assert_eq!(attributes["ErrorName"]["StringValue"], "InvalidInput");
    }
}

#[tokio::test]
async fn a_task_is_told_of_the_end_however_often_it_is_delivered() {
    let function = Function::new();
    let message = function.accepted("    return 1\n", &[], Value::Null).await;
    let other = StepMessage {
        invocation: InvocationId::generate(),
        ..message.clone()
    };
    let task = tdev_domain::TaskId::generate();
    let record = Invocation {
        id: other.invocation.clone(),
        task: Some(task.clone()),
        ..function.record(&message).await
    };
    function.write(record).await;
    for times in 1..=2 {
        function.drive(&other).await;
        let sent = function.aws.requests_of("SQS.SendMessage");
        assert_eq!(sent.len(), times);
        assert_eq!(sent[times - 1].json()["QueueUrl"], "https://sqs/task");
        let body = sent[times - 1].json()["MessageBody"].clone();
        assert!(body.as_str().unwrap().contains(task.as_str()));
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_driven() {
    let function = Function::new();
    let message = StepMessage {
        tenant: tenant(),
        invocation: InvocationId::generate(),
    };
    let driven = function.ask(StepRequest::Drive(message.clone())).await;
    assert_eq!(driven, StepResponse::Drive { invocation: None });
    let replayed = function.ask(StepRequest::Replay(message)).await;
    assert_eq!(replayed, StepResponse::Replay(ReplayResult::Unknown));
}

#[tokio::test]
async fn a_service_that_does_not_answer_is_worth_another_try() {
    let function = Function::new();
    let message = function.accepted("    return 1\n", &[], Value::Null).await;
    function.aws.on("S3.GetObject", |_| {
        Answer::error(503, "SlowDown", "reduce your request rate")
    });
    let request = StepRequest::Drive(message.clone());
    let error = handle(&function.deps, Event::Request(Box::new(request)))
        .await
        .unwrap_err();
    assert_eq!(error.name(), ErrorName::Transient);
    let record = function.record(&message).await;
    assert!(!record.status.is_final(), "{record:?}");
}

#[tokio::test]
async fn every_message_of_a_batch_is_seen_to() {
    let function = Function::new();
    let mut messages = Vec::new();
    let mut records = Vec::new();
    for n in 0..5 {
        let message = function
            .accepted("    return input * 2", &[], json!(n))
            .await;
        let body = serde_json::to_string(&message).unwrap();
        records.push(json!({"messageId": format!("m-{n}"), "body": body}));
        messages.push(message);
    }
    records.push(json!({"messageId": "m-5", "body": "{}"}));
    let event: Event = serde_json::from_value(json!({"Records": records})).unwrap();
    let Response::Messages(response) = handle(&function.deps, event).await.unwrap() else {
        panic!("not answered as a batch");
    };
    assert!(response.batch_item_failures.is_empty());
    // On a slow machine, some of them were sent again.
    let sent = function.aws.requests_of("SQS.SendMessage");
    let bodies: Vec<_> = sent
        .iter()
        .map(|sent| sent.json()["MessageBody"].to_string())
        .collect();
    let dead = bodies.iter().filter(|body| *body == "\"{}\"").count();
    assert_eq!(dead, 1);
    for (n, message) in messages.iter().enumerate() {
        let id = message.invocation.as_str();
        let again = bodies.iter().filter(|body| body.contains(id)).count();
        let record = function.record(message).await;
        if again == 0 {
            assert_eq!(output(record), json!(n * 2));
        } else {
            assert_eq!((again, record.status), (1, InvocationStatus::Queued));
        }
    }
}
