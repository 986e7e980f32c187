//! Reading invocations, and watching them.

use std::time::Duration;

use http::{Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tdev_domain::{
    Answer as Given, Call, Effect, EffectClass, EffectError, EffectErrorKind, EffectKey,
    Invocation, InvocationChange, InvocationId, InvocationStatus, Pending, Stage, Stored, Wait,
};
use tdev_invocation::Journal;
use tokio::time::Instant;

use crate::support::{Answer, Api, accepted, stable, tenant};

fn effect(number: u32) -> Effect {
    let answer = if number.is_multiple_of(2) {
        Given::Error(EffectError::new(EffectErrorKind::NotAllowed, "not there"))
    } else {
        Given::Value(json!(null))
    };
    Effect {
        number,
        call: Call {
            tool: "http_get".to_owned(),
            args: json!({"url": format!("https://example.org/{number}")}),
        },
        class: EffectClass::Idempotent,
        answer,
        begun_at: Timestamp::UNIX_EPOCH,
        ended_at: Timestamp::UNIX_EPOCH,
    }
}

/// `acme`'s invocation, as stored.
pub(crate) async fn store(api: &Api, record: Invocation, ledger: Vec<Effect>) -> Invocation {
    let change = InvocationChange {
        record: record.clone(),
        ledger,
        superseded: None,
    };
    let journal = api.journals.of(&record.tenant);
    journal.commit(&[change]).await.unwrap();
    record
}

pub(crate) fn called() -> Invocation {
    accepted(&tenant("acme"), InvocationId::generate())
}

/// The record after `found`, with `over` effects more in its ledger.
async fn advanced(
    api: &Api,
    found: &Invocation,
    over: u32,
    status: InvocationStatus,
) -> Invocation {
    let first = found.next_effect;
    let record = Invocation {
        next_effect: first + over,
        revision: found.revision + 1,
        status,
        ..found.clone()
    };
    let ledger = (first..first + over).map(effect).collect();
    store(api, record, ledger).await
}

fn running() -> InvocationStatus {
    let lease_until = Timestamp::UNIX_EPOCH;
    InvocationStatus::Running { lease_until }
}

fn completed() -> InvocationStatus {
    let output = json!({"words": 2});
    InvocationStatus::Completed { output }
}

fn path(record: &Invocation) -> String {
    format!("/v1/invocations/{}", record.id)
}

#[tokio::test]
async fn an_invocation_is_shown_with_what_it_did_and_nothing_internal() {
    let api = Api::new().await;
    let mut record = Invocation {
        parent: Some(EffectKey {
            invocation: InvocationId::generate(),
            number: 4,
        }),
        token: 5,
        children: 1,
        depth: 1,
        snapshot: Some(Stored::Inline(b"secret".to_vec())),
        ..called()
    };
    record = store(&api, record, Vec::new()).await;
    record = advanced(&api, &record, 3, running()).await;
    record.revision += 1;
    record.next_effect += 1;
    record.pending = Some(Pending {
        number: 4,
        call: Call {
            tool: "sleep".to_owned(),
            args: json!({"seconds": 60}),
        },
        class: EffectClass::Timer,
        stage: Stage::Intended,
        begun_at: Timestamp::UNIX_EPOCH,
    });
    record.status = InvocationStatus::Suspended {
        wait: Wait::Time {
            until: Timestamp::UNIX_EPOCH,
        },
    };
    store(&api, record.clone(), Vec::new()).await;
    let answer = api.get(&path(&record)).await;
    assert_eq!(answer.header("retry-after"), "1");
    insta::assert_json_snapshot!(answer.snapshot());
}

#[tokio::test]
async fn an_invocation_that_has_ended_need_not_be_asked_again() {
    let api = Api::new().await;
    let record = store(&api, called(), Vec::new()).await;
    let record = advanced(&api, &record, 150, completed()).await;
    let answer = api.get(&path(&record)).await;
    assert_eq!(answer.header("retry-after"), "");
    let view = answer.json();
    assert_eq!(view["status"]["output"], json!({"words": 2}));
    let numbers: Vec<_> = (51..=150).collect();
    assert_eq!(numbers_of(&view["effects"]), numbers, "the newest");
}

fn numbers_of(effects: &Value) -> Vec<u64> {
    let effects = effects.as_array().unwrap().iter();
    effects.map(|e| e["number"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn effects_are_listed_in_exact_pages() {
    let api = Api::new().await;
    let mut record = store(&api, called(), Vec::new()).await;
    for over in [1, 5, 3] {
        record = advanced(&api, &record, over, running()).await;
    }
    let effects = format!("{}/effects", path(&record));
    let (mut numbers, mut cursor) = (Vec::new(), String::new());
    for expected in [4, 4, 1] {
        let page = api.get(&format!("{effects}?limit=4{cursor}")).await.json();
        let found = numbers_of(&page["items"]);
        assert_eq!(found.len(), expected);
        numbers.extend(found);
        cursor = match page["next"].as_str() {
            Some(next) => format!("&cursor={next}"),
            None => break,
        };
    }
    assert_eq!(numbers, (1..=9).collect::<Vec<_>>());
    let first = api.get(&format!("{effects}?limit=2")).await.json();
    insta::assert_json_snapshot!(stable("", first["items"].clone()));
    for bad in ["limit=0", "cursor=%21", "cursor=eA"] {
        let answer = api.get(&format!("{effects}?{bad}")).await;
        assert_eq!(answer.problem(), "invalid-parameter", "{bad}");
    }
}

#[tokio::test]
async fn invocations_are_listed_newest_first_by_agent_and_status() {
    let api = Api::new().await;
    for n in 0_u32..5 {
        let mut record = called();
        record.created_at += SignedDuration::from_secs(n.into());
        record.depth = n;
        if n == 2 {
            record.callee.agent = "other".parse().unwrap();
        }
        let record = store(&api, record, Vec::new()).await;
        let status = if n > 2 {
            completed()
        } else {
            InvocationStatus::Queued
        };
        advanced(&api, &record, 0, status).await;
    }
    // One that was accepted, and that no worker has written of.
    store(&api, called(), Vec::new()).await;
    let list = |query: &str| {
        let path = format!("/v1/invocations?{query}");
        let api = &api;
        async move { api.get(&path).await.json() }
    };
    insta::assert_json_snapshot!(stable("", list("").await));
    let count = async |query: &str| list(query).await["items"].as_array().unwrap().len();
    assert_eq!(count("agent=word-count").await, 4);
    assert_eq!(count("status=completed").await, 2);
    assert_eq!(count("agent=word-count&status=queued").await, 2);
    assert_eq!(count("agent=nothing").await, 0);
    let first = list("limit=3").await;
    let next = first["next"].as_str().unwrap();
    let rest = list(&format!("limit=3&cursor={next}")).await;
    assert_eq!(rest["items"].as_array().unwrap().len(), 2);
    assert_eq!(rest["next"], json!(null));
    for bad in [
        "agent=No+Agent",
        "status=lost",
        "limit=0",
        "cursor=eA",
        "x=1",
    ] {
        let answer = api.get(&format!("/v1/invocations?{bad}")).await;
        assert_eq!(answer.problem(), "invalid-parameter", "{bad}");
    }
    let theirs = api.call(Method::GET, "/v1/invocations");
    let theirs = theirs.key(Some(&api.other_key)).send().await;
    assert_eq!(theirs.json()["items"], json!([]));
}

async fn events(api: &Api, record: &Invocation, query: &str) -> Answer {
    api.get(&format!("{}/events?{query}", path(record))).await
}

#[tokio::test]
async fn what_happens_is_told_in_order_and_once() {
    let api = Api::new().await;
    let mut record = store(&api, called(), Vec::new()).await;
    let first = events(&api, &record, "").await.json();
    assert_eq!(first["cursor"], "0.0");
    let nothing = events(&api, &record, "after=0.0").await.json();
    assert_eq!(
        nothing,
        json!({"cursor": "0.0", "events": [], "ended": false})
    );
    record = advanced(&api, &record, 1, running()).await;
    record = advanced(&api, &record, 2, running()).await;
    let second = events(&api, &record, "after=0.0").await;
    insta::assert_json_snapshot!(second.snapshot());
    record = advanced(&api, &record, 0, completed()).await;
    let last = events(&api, &record, "after=2.3").await.json();
    assert_eq!(last["events"].as_array().unwrap().len(), 1);
    assert_eq!(last["events"][0]["status"]["name"], "completed");
    assert_eq!(
        (&last["cursor"], &last["ended"]),
        (&json!("3.3"), &json!(true))
    );
    let over = events(&api, &record, "after=3.3&wait=20").await.json();
    assert_eq!(over, json!({"cursor": "3.3", "events": [], "ended": true}));
    for bad in [
        "after=x",
        "after=1",
        "after=1.2.3",
        "wait=21",
        "wait=-1",
        "a=1",
    ] {
        let answer = events(&api, &record, bad).await;
        assert_eq!(answer.problem(), "invalid-parameter", "{bad}");
    }
}

#[tokio::test]
async fn the_ledger_is_told_no_further_than_the_record_leads() {
    let api = Api::new().await;
    let mut record = store(&api, called(), Vec::new()).await;
    record = advanced(&api, &record, 2, running()).await;
    record.revision += 1;
    record.next_effect += 1;
    record.pending = Some(Pending {
        number: 3,
        call: effect(3).call,
        class: EffectClass::AtMostOnce,
        stage: Stage::Answered(Given::Value(json!(1))),
        begun_at: Timestamp::UNIX_EPOCH,
    });
    let record = store(&api, record, Vec::new()).await;
    let told = events(&api, &record, "").await.json();
    assert_eq!(told["cursor"], "2.2", "the answer may yet be written");
}

#[tokio::test(start_paused = true)]
async fn a_watcher_waits_until_something_happens() {
    let api = Api::new().await;
    let record = store(&api, called(), Vec::new()).await;
    let started = Instant::now();
    let watch = events(&api, &record, "after=0.0&wait=20");
    let happen = async {
        tokio::time::sleep(Duration::from_secs(7)).await;
        advanced(&api, &record, 0, running()).await;
    };
    let (answer, ()) = tokio::join!(watch, happen);
    assert_eq!(answer.json()["cursor"], "1.0");
    let waited = started.elapsed();
    assert!((7..=8).contains(&waited.as_secs()), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_watcher_is_sent_away_when_the_wait_is_over() {
    let api = Api::new().await;
    let record = store(&api, called(), Vec::new()).await;
    let started = Instant::now();
    let answer = events(&api, &record, "after=0.0&wait=20").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.json()["events"], json!([]));
    assert_eq!(started.elapsed().as_secs(), 20);
    let reads = api.aws.requests_of("DynamoDB.GetItem").len();
    assert!((20..=30).contains(&reads), "{reads} reads");
}
