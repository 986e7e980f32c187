//! Messages that are foreign, broken, or delivered twice.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tdev_tests::{Stack, output};

const SOURCE: &str = r#""""Returns what it is given."""


def get_capabilities():
    """What this agent can do."""
    return {"description": "Returns what it is given.", "capabilities": ["test.delivery"]}


def execute(input):
    """Returns the input."""
    return input
"#;

fn send(stack: &Stack, body: &str) -> Result<String> {
    let queue = output("RegisterQueueUrl")?;
    let sent = stack.aws(
        "sqs",
        "AmazonSQS.SendMessage",
        &json!({"QueueUrl": queue, "MessageBody": body}),
    )?;
    Ok(sent["MessageId"]
        .as_str()
        .context("a message id")?
        .to_owned())
}

/// Waits for the dead letters of these messages; by message id: body and attributes.
fn dead_letters(stack: &Stack, ids: &[String]) -> Result<BTreeMap<String, Value>> {
    let queue = output("RegisterDeadLettersUrl")?;
    let mut found = BTreeMap::new();
    stack.eventually("the dead letters", || {
        let received = stack.aws(
            "sqs",
            "AmazonSQS.ReceiveMessage",
            &json!({
                "QueueUrl": queue,
                "MaxNumberOfMessages": 10,
                "MessageAttributeNames": ["All"],
                "VisibilityTimeout": 0,
            }),
        )?;
        for message in received["Messages"].as_array().into_iter().flatten() {
            let attribute = |name: &str| {
                message["MessageAttributes"][name]["StringValue"]
                    .as_str()
                    .unwrap_or_default()
            };
            let source = attribute("SourceMessageId").to_owned();
            if ids.contains(&source) {
                found.insert(
                    source,
                    json!({
                        "body": message["Body"],
                        "error": attribute("ErrorName"),
                        "reason": attribute("Reason"),
                    }),
                );
            }
        }
        Ok((found.len() == ids.len()).then(|| found.clone()))
    })
}

#[test]
fn a_message_that_can_never_succeed_goes_to_the_dead_letters_with_its_reason() -> Result<()> {
    let stack = Stack::from_env()?;
    let unknown = json!({
        "tenant": "e2e-a",
        "registration": format!("reg_{}", "0".repeat(32)),
    });
    let bodies = [
        "not json".to_owned(),
        json!({"foreign": true}).to_string(),
        unknown.to_string(),
    ];
    let ids = bodies
        .iter()
        .map(|body| send(&stack, body))
        .collect::<Result<Vec<_>>>()?;
    let letters = dead_letters(&stack, &ids)?;
    for (id, body) in ids.iter().zip(&bodies) {
        let letter = &letters[id];
        assert_eq!(letter["body"], **body);
        assert_eq!(letter["error"], "InvalidInput", "{letter:#}");
        assert!(
            letter["reason"]
                .as_str()
                .is_some_and(|reason| reason.len() > 10),
            "{letter:#}"
        );
    }
    Ok(())
}

#[test]
fn a_message_delivered_many_times_admits_one_version() -> Result<()> {
    let stack = Stack::from_env()?;
    let accepted = stack.post(
        "/v1/agents",
        &json!({"name": "delivered-often", "source": SOURCE}),
    )?;
    assert_eq!(accepted.status, 202, "{}", accepted.body);
    let body = json!({"tenant": "e2e-a", "registration": accepted.body["id"]}).to_string();
    for _ in 0..8 {
        send(&stack, &body)?;
    }
    let settled = stack.settled(accepted.header("location"))?;
    assert_eq!(settled["state"]["name"], "active", "{settled:#}");
    // And late, after it is settled.
    for _ in 0..3 {
        send(&stack, &body)?;
    }
    let marker = send(&stack, "a marker, behind the duplicates")?;
    dead_letters(&stack, &[marker])?;
    let later = stack.get(accepted.header("location"))?;
    assert_eq!(later.body, settled);
    let versions = stack.get("/v1/agents/delivered-often/versions")?;
    assert_eq!(
        versions.body["items"].as_array().map(Vec::len),
        Some(1),
        "{}",
        versions.body
    );
    Ok(())
}
