//! Invocations from their start to their end.

use serde_json::{Value, json};
use tdev_aws::Table;
use tdev_domain::{
    ArtifactDigest, FailureKind, InvocationFailure, InvocationId, InvocationStatus, ReplayResult,
    StepMessage, StepRequest, StepResponse, Tool, Wait,
};

use crate::function::{Function, failure, output, tenant};

#[tokio::test]
async fn a_run_leaves_its_output_logs_and_timing() {
    let function = Function::new();
    let body = "    print('hello')\n    log('seen', n=input)\n    return {'n': input}\n";
    let message = function.accepted(body, &[Tool::Log], json!(7)).await;
    let record = function.drive(&message).await;
    let report = record.report.clone();
    assert_eq!(output(record), json!({"n": 7}));
    let lines: Vec<_> = report.logs.iter().map(|line| &line.message).collect();
    assert_eq!(lines, ["hello", "seen"]);
    assert!(report.compile_us > 0);
}

#[tokio::test]
async fn a_failure_of_the_agent_is_its_outcome() {
    let function = Function::new();
    for (body, kind) in [
        ("    return 1 / input\n", FailureKind::Raised),
        ("    while True:\n        pass\n", FailureKind::TimedOut),
        ("    return (\n", FailureKind::InvalidSource),
    ] {
        let message = function.accepted(body, &[], json!(0)).await;
        assert_eq!(failure(function.drive(&message).await).kind, kind, "{body}");
    }
}

#[tokio::test]
async fn memory_is_kept_from_run_to_run() {
    let function = Function::new();
    let body =
        "    count = recall('visits', 0) + 1\n    remember('visits', count)\n    return count\n";
    let tools = [Tool::Recall, Tool::Remember];
    for expected in 1..=3 {
        let message = function.accepted(body, &tools, Value::Null).await;
        assert_eq!(output(function.drive(&message).await), json!(expected));
    }
}

#[tokio::test]
async fn an_event_carries_the_key_of_its_effect() {
    let function = Function::new();
    let body = "    emit('order.placed', {'total': input})\n    return 'done'\n";
    let message = function.accepted(body, &[Tool::Emit], json!(12.5)).await;
    assert_eq!(output(function.drive(&message).await), "done");
    let put = function.aws.requests_of("Events.PutEvents");
    assert_eq!(put.len(), 1);
    let entry = put[0].json()["Entries"][0].clone();
    assert_eq!(entry["DetailType"], "order.placed");
    let detail: Value = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
    assert_eq!(detail["detail"], json!({"total": 12.5}));
    let key = format!("{}/1", message.invocation);
    assert_eq!(detail["idempotency_key"], json!(key));
}

#[tokio::test]
async fn a_tools_refusal_can_be_caught() {
    let function = Function::new();
    let body = "    try:\n        llm('hello')\n    except RuntimeError as error:\n        return str(error)\n";
    let message = function.accepted(body, &[Tool::Llm], Value::Null).await;
    let told = output(function.drive(&message).await);
    assert_eq!(told, "model_not_configured: no model is configured");
    let body = "    http_get('http://169.254.169.254/')\n";
    let message = function.accepted(body, &[Tool::HttpGet], Value::Null).await;
    let failure = failure(function.drive(&message).await);
    assert!(failure.message.contains("not_allowed: "), "{failure}");
}

#[tokio::test]
async fn a_run_that_sleeps_goes_on_in_another_process() {
    let function = Function::new();
    let body = "    kept = [input, now()]\n    sleep(0)\n    return kept[0]\n";
    let message = function
        .accepted(body, &[Tool::Now, Tool::Sleep], json!("x"))
        .await;
    let asleep = function.drive(&message).await;
    assert!(
        matches!(asleep.status, InvocationStatus::Suspended { .. }),
        "{asleep:?}"
    );
    let woken = function.aws.requests_of("SQS.SendMessage");
    assert_eq!(woken.len(), 1);
    assert_eq!(woken[0].json()["QueueUrl"], "https://sqs/step");
    assert_eq!(output(function.drive(&message).await), "x");
}

#[tokio::test]
async fn agents_call_each_other() {
    let function = Function::new();
    let body = "    try:\n        return call_agent('nobody', 1)\n    except RuntimeError as error:\n        return str(error)\n";
    let message = function
        .accepted(body, &[Tool::CallAgent], Value::Null)
        .await;
    let told = output(function.drive(&message).await);
    assert_eq!(told, "failed: there is no agent 'nobody'");
}

#[tokio::test]
async fn agents_are_called_at_once_and_their_answers_come_together() {
    let function = Function::new();
    function.admit("twice", "return 2 * input").await;
    function.admit("fails", "raise ValueError('no')").await;
    let body = "    import asyncio
    async def ask(name):
        try:
            return await call_agent(name, 4)
        except RuntimeError as error:
            return str(error)
    async def ask_all(names):
        return await asyncio.gather(*[ask(name) for name in names])
    return asyncio.run(ask_all(input))
";
    let names = json!(["twice", "nobody", "fails", "twice"]);
    let message = function.accepted(body, &[Tool::CallAgent], names).await;
    let waiting = function.drive(&message).await;
    let InvocationStatus::Suspended {
        wait: Wait::Children { invocations },
    } = waiting.status
    else {
        panic!("{waiting:?}");
    };
    assert_eq!(invocations.len(), 3);
    let called = function.aws.requests_of("SQS.SendMessage").len();
    assert_eq!(called, 3);
    for invocation in invocations.into_iter().rev() {
        let child = StepMessage {
            invocation,
            ..message.clone()
        };
        assert!(function.drive(&child).await.status.is_final());
    }
    let woken = function.aws.requests_of("SQS.SendMessage").len();
    assert_eq!(woken, called + 1);
    let told = json!([
        8,
        "failed: there is no agent 'nobody'",
        "child_failed: no",
        8
    ]);
    assert_eq!(output(function.drive(&message).await), told);
    let replayed = function.ask(StepRequest::Replay(message)).await;
    assert_eq!(replayed, StepResponse::Replay(ReplayResult::Identical));
}

#[tokio::test]
async fn an_artifact_that_is_gone_ends_the_run() {
    let function = Function::new();
    let gone = ArtifactDigest::of(b"nothing");
    let id = InvocationId::generate();
    let message = function.accept(id, gone.clone(), &[], Value::Null).await;
    let record = function.drive(&message).await;
    let InvocationStatus::Failed {
        failure: InvocationFailure::Unresumable { message },
    } = record.status
    else {
        panic!("{record:?}");
    };
    assert!(message.contains(gone.as_str()), "{message}");
}

#[tokio::test]
async fn an_agent_that_takes_its_worker_with_it_leaves_the_next_one_well() {
    let function = Function::new();
    // The interpreter compares two structures that share without end, and looks at no clock.
    let body = "    a, b = [1], [1]\n    for _ in range(60):\n        a, b = [a, a], [b, b]\n    return a == b\n";
    let message = function.accepted(body, &[], json!(1)).await;
    assert_eq!(
        failure(function.drive(&message).await).kind,
        FailureKind::TimedOut
    );
    let message = function.accepted("    return input\n", &[], json!(7)).await;
    assert_eq!(output(function.drive(&message).await), 7);
}

#[tokio::test]
async fn settings_open_a_host_to_agents() {
    let function = Function::new();
    let table = Table::new(&function.aws.config(), "platform");
    let settings = serde_json::from_value(json!({"http_hosts": ["127.0.0.1:9"]})).unwrap();
    table.put_settings(&tenant(), &settings).await.unwrap();
    let body = "    http_get('http://127.0.0.1:9/')\n";
    let message = function.accepted(body, &[Tool::HttpGet], Value::Null).await;
    let failure = failure(function.drive(&message).await);
    // The tenant's list lets it pass; that the address is private does not.
    assert!(
        failure.message.contains("not of the public internet"),
        "{failure}"
    );
}
