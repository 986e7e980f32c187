use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::json;

use super::*;

const MAX_RECEIVES: NonZeroU32 = NonZeroU32::new(3).unwrap();

/// What the handler does with a message: the message says.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    outcome: Outcome,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
enum Outcome {
    Succeed,
    Panic,
    Fail(ErrorName),
}

async fn obey(order: Order) -> Result<(), Error> {
    match order.outcome {
        Outcome::Succeed => Ok(()),
        Outcome::Panic => panic!("as ordered"),
        Outcome::Fail(name) => Err(Error::new(name, "as ordered")),
    }
}

/// A dead-letter queue that takes letters, refuses them or panics.
#[derive(Default)]
struct Letters {
    taken: Mutex<Vec<DeadLetter>>,
    refuses: BTreeSet<String>,
    panics: BTreeSet<String>,
}

impl DeadLetterQueue for Letters {
    async fn send(&self, letter: &DeadLetter) -> Result<(), Error> {
        assert!(!self.panics.contains(&letter.source_message_id));
        if self.refuses.contains(&letter.source_message_id) {
            return Err(Error::new(ErrorName::Transient, "no"));
        }
        self.taken.lock().unwrap().push(letter.clone());
        Ok(())
    }
}

fn event(records: &[serde_json::Value]) -> SqsEvent {
    serde_json::from_value(json!({ "Records": records })).unwrap()
}

fn record(id: &str, body: &str, receives: u32) -> serde_json::Value {
    json!({
        "messageId": id,
        "body": body,
        "attributes": {"ApproximateReceiveCount": receives.to_string()},
    })
}

async fn run(records: &[serde_json::Value], letters: &Letters) -> Vec<String> {
    let response = process(event(records), letters, MAX_RECEIVES, obey).await;
    response
        .batch_item_failures
        .into_iter()
        .map(|failure| failure.item_identifier)
        .collect()
}

#[tokio::test]
async fn a_foreign_message_is_dead_lettered_with_its_reason() {
    let letters = Letters::default();
    let failed = run(&[record("m-1", "not json", 1)], &letters).await;
    assert!(failed.is_empty());
    let letter = letters.taken.lock().unwrap()[0].clone();
    assert_eq!(letter.body, "not json");
    insta::assert_json_snapshot!(BTreeMap::from(letter.attributes()));
}

#[tokio::test]
async fn what_passes_is_retried_until_the_last_receive() {
    let letters = Letters::default();
    let body = r#"{"outcome":{"Fail":"Transient"}}"#;
    for receives in 1..=2 {
        assert_eq!(
            run(&[record("m-1", body, receives)], &letters).await,
            ["m-1"]
        );
    }
    assert!(letters.taken.lock().unwrap().is_empty());
    assert!(run(&[record("m-1", body, 3)], &letters).await.is_empty());
    let taken = letters.taken.lock().unwrap();
    assert_eq!((taken.len(), taken[0].receive_count), (1, 3));
    assert_eq!(taken[0].error_name, ErrorName::Transient);
}

#[tokio::test]
async fn a_refused_letter_stays_in_its_queue() {
    let letters = Letters {
        refuses: BTreeSet::from(["m-1".to_owned()]),
        panics: BTreeSet::from(["m-2".to_owned()]),
        ..Letters::default()
    };
    let failed = run(&[record("m-1", "{}", 1), record("m-2", "{}", 9)], &letters).await;
    assert_eq!(failed, ["m-1", "m-2"]);
}

#[tokio::test]
async fn a_message_that_cannot_be_named_brings_the_whole_batch_back() {
    let body = r#"{"outcome":{"Fail":"Conflict"}}"#;
    let nameless = json!({ "body": body });
    assert_eq!(run(&[nameless], &Letters::default()).await, [""]);
}

#[test]
fn attributes_are_fit_for_sqs() {
    assert_eq!(attribute_text(""), "none");
    assert_eq!(attribute_text("a\0b\nc\u{ffff}ä"), "a\u{fffd}b c\u{fffd}ä");
    assert_eq!(
        attribute_text(&"ä".repeat(5_000)).chars().count(),
        MAX_REASON_CHARS
    );
}

fn outcomes() -> impl Strategy<Value = Option<Outcome>> {
    prop_oneof![
        Just(None),
        Just(Some(Outcome::Succeed)),
        Just(Some(Outcome::Panic)),
        proptest::sample::select(&ErrorName::ALL[..]).prop_map(|name| Some(Outcome::Fail(name))),
    ]
}

/// Whether a message with this outcome ends on the dead-letter queue, if that takes it.
fn is_final(outcome: Option<Outcome>, receives: u32) -> bool {
    match outcome {
        None | Some(Outcome::Panic) => true,
        Some(Outcome::Succeed) => false,
        Some(Outcome::Fail(name)) => !name.is_retryable() || receives >= MAX_RECEIVES.get(),
    }
}

fn body(outcome: Option<Outcome>) -> String {
    match outcome {
        None => r#"{"foreign":true}"#.to_owned(),
        Some(Outcome::Fail(name)) => json!({"outcome": {"Fail": name}}).to_string(),
        Some(other) => json!({"outcome": format!("{other:?}")}).to_string(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_message_ends_in_exactly_one_way(
        batch in proptest::collection::vec((outcomes(), 1u32..5, 0u8..3), 0..12)
    ) {
        let mut letters = Letters::default();
        let mut records = Vec::new();
        let mut expected: (Vec<String>, Vec<String>) = Default::default();
        for (i, (outcome, receives, queue)) in batch.iter().enumerate() {
            let id = format!("m-{i}");
            records.push(record(&id, &body(*outcome), *receives));
            let taken = match queue {
                0 => true,
                1 => !letters.refuses.insert(id.clone()),
                _ => !letters.panics.insert(id.clone()),
            };
            match outcome {
                Some(Outcome::Succeed) => {}
                _ if is_final(*outcome, *receives) && taken => expected.1.push(id),
                _ => expected.0.push(id),
            }
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let retried = runtime.block_on(run(&records, &letters));
        let dead: Vec<_> = letters.taken.into_inner().unwrap()
            .into_iter().map(|letter| letter.source_message_id).collect();
        prop_assert_eq!((retried, dead), expected);
    }
}
