//! Runs from beginning to end.

use serde_json::{Value, json};
use tdev_aws::{DUE_SHARDS, Due, InvocationFilter, InvocationState, PageRequest, Watermark};
use tdev_domain::{Answer, InvocationStatus};
use tdev_invocation::keeper::Care;
use tdev_invocation::{Outcome, WakeUp, keeper};

use crate::script::{Meanwhile, script};
use crate::stage::{Stage, tenant};

fn values(values: &[Value]) -> Value {
    values.iter().map(|value| json!({"value": value})).collect()
}

/// A script with effects of every class, and what it ends with.
fn everything(padding: usize) -> (Value, Value) {
    let child = script(padding, &[("now", json!(4)), ("sleep", json!(5))]);
    let input = script(
        padding,
        &[
            ("now", json!(1.0)),
            ("remember", json!("a")),
            ("post", json!("b")),
            ("sleep", json!(3_600)),
            ("call_agent", child),
            ("now", json!(2)),
        ],
    );
    let output = values(&[
        json!(1.0),
        json!({"did": "a"}),
        json!({"did": "b"}),
        json!(null),
        values(&[json!(4), json!(null)]),
        json!(2),
    ]);
    (input, output)
}

#[tokio::test]
async fn a_run_with_effects_of_every_class_comes_to_its_end() {
    for padding in [0, 20_000] {
        let mut stage = Stage::new();
        let (input, output) = everything(padding);
        let id = stage.accept(input).await;
        let record = stage.settle(&id).await;
        assert_eq!(stage.output(&record).await, output);
        let keys = [2, 3].map(|number| format!("{id}/{number}"));
        assert_eq!(stage.hands.performed(), keys);
    }
}

#[tokio::test]
async fn a_lost_answer_of_the_store_is_made_up_for() {
    let mut undisturbed = Stage::new();
    let id = undisturbed.accept(everything(0).0).await;
    let leases = undisturbed.settle(&id).await.token;
    for operation in ["DynamoDB.PutItem", "DynamoDB.TransactWriteItems"] {
        // The client asks again, and is not told that it was itself who wrote before.
        let mut stage = Stage::retrying();
        let (input, output) = everything(0);
        let id = stage.accept(input.clone()).await;
        stage.aws.lose_answers(operation, 2);
        let record = stage.settle(&id).await;
        assert_eq!(record.token, leases);
        assert_eq!(stage.output(&record).await, output);
        assert_eq!(stage.hands.performed().len(), 2);

        // Nobody asks again: the lease runs out, and another worker goes on.
        for place in 0..4 {
            let mut stage = Stage::new();
            let id = stage.accept(input.clone()).await;
            let before = stage.aws.requests_of(operation).len();
            for _ in 0..50 {
                if stage.aws.requests_of(operation).len() >= before + place {
                    break;
                }
                let _ = stage.drive(&id).await;
                stage.pass(3_700);
            }
            stage.aws.lose_answers(operation, 1);
            let record = stage.settle(&id).await;
            assert!(record.status.is_final(), "{operation} {place}");
            let performed = stage.hands.performed();
            let posts = performed.iter().filter(|key| key.ends_with("/3"));
            assert!(posts.count() <= 1, "{performed:?}");
        }
    }
}

#[tokio::test]
async fn a_signal_that_comes_in_between_is_neither_lost_nor_in_the_way() {
    let mut stage = Stage::new();
    let calls = [
        ("remember", json!(1)),
        ("post", json!(2)),
        ("wait_for", json!(9)),
    ];
    let id = stage.accept(script(0, &calls)).await;
    *stage.hands.meanwhile.lock().unwrap() = vec![(1, Meanwhile::Signal)];
    let record = stage.settle(&id).await;
    let heard = stage.output(&record).await[2].clone();
    assert_eq!(heard, json!({"value": {"sent": 1.0}}));
    assert_eq!(stage.hands.performed().len(), 2);
}

#[tokio::test]
async fn a_worker_that_was_overtaken_stops() {
    let mut stage = Stage::new();
    let calls = [("remember", json!(1)), ("remember", json!(2))];
    let id = stage.accept(script(0, &calls)).await;
    *stage.hands.meanwhile.lock().unwrap() = vec![(1, Meanwhile::Overtake)];
    assert_eq!(stage.drive(&id).await.unwrap(), Outcome::Fenced);
    assert!(!stage.record(&id).await.status.is_final());
    let record = stage.settle(&id).await;
    stage.output(&record).await;
    let keys = [1, 1, 2].map(|number| format!("{id}/{number}"));
    assert_eq!(stage.hands.performed(), keys);
}

#[tokio::test]
async fn an_effect_whose_worker_was_lost_is_repeated_if_it_may_be() {
    let mut stage = Stage::new();
    let calls = [("remember", json!(1)), ("post", json!(2))];
    let id = stage.accept(script(20_000, &calls)).await;
    *stage.hands.meanwhile.lock().unwrap() = vec![(1, Meanwhile::Die), (2, Meanwhile::Die)];
    let record = stage.settle(&id).await;
    let output = stage.output(&record).await;
    assert_eq!(output[0], json!({"value": {"did": 1}}));
    assert_eq!(output[1]["error"]["kind"], "outcome_unknown");
    let keys = [1, 1, 2].map(|number| format!("{id}/{number}"));
    assert_eq!(stage.hands.performed(), keys);
}

#[tokio::test]
async fn large_values_come_back_whoever_reads_them() {
    let mut stage = Stage::new();
    let text = json!("ü".repeat(100_000));
    let calls = [
        ("now", text.clone()),
        ("post", text.clone()),
        ("sleep", json!(1)),
    ];
    let id = stage.accept(script(0, &calls)).await;
    let record = stage.settle(&id).await;
    let expected = values(&[text.clone(), json!({"did": text}), json!(null)]);
    assert!(stage.output(&record).await == expected);
    stage.restart("key");
    assert!(stage.record(&id).await == record);
    let ledger = stage.ledger(&id).await;
    assert!(ledger[0].answer == Answer::Value(text));

    let page = PageRequest {
        limit: 1,
        after: None,
    };
    let first = stage.journals.effects(&tenant(), &id, &page).await.unwrap();
    assert!(ledger.starts_with(&first.items) && !first.items.is_empty());
}

#[tokio::test]
async fn the_keeper_finds_a_run_whose_worker_was_lost() {
    let mut stage = Stage::new();
    let id = stage.accept(script(0, &[("remember", json!(1))])).await;
    *stage.hands.meanwhile.lock().unwrap() = vec![(1, Meanwhile::Die)];
    stage.drive(&id).await.unwrap_err();
    let watermark = Watermark::default();
    let due = async |stage: &Stage| {
        let mut found = Vec::new();
        for shard in 0..DUE_SHARDS {
            let now = stage.hands.now;
            let due = stage.journals.due(shard, &watermark, now, 10).await;
            found.extend(due.unwrap().items);
        }
        found
    };
    assert_eq!(due(&stage).await, []);
    // The lease, and the grain of the index.
    stage.pass(55);
    let found = due(&stage).await;
    let [Due::Invocation(found)] = found.as_slice() else {
        panic!("{found:?}");
    };
    let journal = stage.journals.of(&found.tenant);
    let care = keeper::look_after(&found.id, &journal, stage.hands.now).await;
    let wake = WakeUp {
        invocation: id.clone(),
        at: stage.hands.now,
    };
    assert_eq!(care.unwrap(), Care::Wake(wake));
    // The index may still have it, up to a minute early; the record says that it is not due.
    let again = keeper::look_after(&id, &journal, stage.hands.now).await;
    assert_eq!(again.unwrap(), Care::Nothing);
    let record = stage.settle(&id).await;
    stage.output(&record).await;
    // What has ended stays there, and needs nothing.
    stage.pass(3_600);
    assert_eq!(due(&stage).await.len(), 1);
    let care = keeper::look_after(&id, &journal, stage.hands.now).await;
    assert_eq!(care.unwrap(), Care::Over);
}

#[tokio::test]
async fn runs_are_listed_as_they_stand() {
    let mut stage = Stage::new();
    let ended = stage.accept(script(0, &[])).await;
    let record = stage.settle(&ended).await;
    assert_eq!(
        record.status,
        InvocationStatus::Completed { output: json!([]) }
    );
    let asleep = stage.accept(script(0, &[("sleep", json!(60))])).await;
    stage.drive(&asleep).await.unwrap();
    let page = PageRequest {
        limit: 10,
        after: None,
    };
    for (status, expected) in [
        (InvocationState::Completed, Some(&ended)),
        (InvocationState::Suspended, Some(&asleep)),
        (InvocationState::Queued, None),
    ] {
        let filter = InvocationFilter {
            agent: Some("parent".parse().unwrap()),
            status: Some(status),
        };
        let listed = stage.journals.invocations(&tenant(), &filter, &page).await;
        let listed: Vec<_> = listed.unwrap().items.into_iter().map(|l| l.id).collect();
        assert_eq!(listed.iter().collect::<Vec<_>>(), Vec::from_iter(expected));
    }
}

#[tokio::test]
async fn what_agents_that_are_called_at_once_answer_is_kept_until_all_have_ended() {
    for size in [1, 20_000] {
        let mut stage = Stage::new();
        let said = |n: u32| json!({"n": n, "said": "x".repeat(size)});
        let call = |n| {
            let child = script(0, &[("now", said(n)), ("sleep", json!(5))]);
            json!(["call_agent", child])
        };
        let calls = json!([[call(1), call(2), call(3)], ["now", 9]]);
        let id = stage.accept(json!({"padding": 0, "calls": calls})).await;
        let record = stage.settle(&id).await;
        assert_eq!(record.children, 3);
        let answer = |n| values(&[said(n), json!(null)]);
        let answers = values(&[answer(1), answer(2), answer(3), json!(9)]);
        assert_eq!(stage.output(&record).await, answers);
    }
}
