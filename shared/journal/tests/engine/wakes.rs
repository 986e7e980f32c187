//! The messages that call workers.

use jiff::SignedDuration;
use serde_json::json;
use tdev_domain::InvocationId;
use tdev_invocation::WakeUp;

use crate::stage::{Stage, tenant};

#[tokio::test]
async fn a_wake_up_is_a_message_that_comes_in_time_or_not_at_all() {
    let stage = Stage::new();
    let (id, now) = (InvocationId::generate(), stage.hands.now);
    for (seconds, expected) in [
        (-60, Some(json!(null))),
        (0, Some(json!(null))),
        (90, Some(json!(90))),
        (900, Some(json!(900))),
        (901, None),
    ] {
        stage.aws.forget_requests();
        let wake = WakeUp {
            invocation: id.clone(),
            at: now + SignedDuration::from_secs(seconds),
        };
        stage.journals.wake(&tenant(), &wake, now).await.unwrap();
        let sent = stage.aws.requests_of("SQS.SendMessage");
        let delays: Vec<_> = sent
            .iter()
            .map(|r| r.json()["DelaySeconds"].clone())
            .collect();
        assert_eq!(delays, Vec::from_iter(expected), "{seconds}");
        for request in sent {
            let body = format!(r#"{{"tenant":"acme","invocation":"{id}"}}"#);
            assert_eq!(request.json()["MessageBody"], json!(body));
        }
    }
}
