//! Requests about runs and their steps.

use aws_sdk_dynamodb::operation::batch_get_item::{BatchGetItemInput, BatchGetItemOutput};
use aws_sdk_dynamodb::operation::put_item::{PutItemInput, PutItemOutput};
use aws_sdk_dynamodb::operation::update_item::{UpdateItemInput, UpdateItemOutput};
use aws_sdk_dynamodb::types::{KeysAndAttributes, ReturnValue};
use jiff::ToSpan;
use serde_json::json;
use tdev_domain::{Joined, Place, Run, RunId, RunStatus};
use tdev_testing::FakeAws;

use super::fixtures::large;
use super::invocations::objects;
use super::run_fixtures::{completed, moved, run, running};
use super::*;
use crate::table::item::string;
use crate::table::packed::Sample;

fn put(captured: &Captured<PutItemInput>) -> Rule {
    mock!(Client::put_item)
        .match_requests(capture(captured))
        .then_output(|| PutItemOutput::builder().build())
}

async fn stored_run(run: &Run) -> PutItemInput {
    let captured = Captured::default();
    let objects = objects(&FakeAws::in_memory());
    let put = put(&captured);
    table(&put).put_run(&objects, run).await.unwrap();
    taken(&captured)
}

#[tokio::test]
async fn a_run_is_due_and_listed_and_expires_a_month_after_its_end() {
    let accepted = run("nightly", json!({}));
    let request = stored_run(&accepted).await;
    assert_eq!(
        request.condition_expression(),
        Some("attribute_not_exists(PK)")
    );
    let item = request.item().unwrap();
    assert_eq!(item["listing"], string("TENANT#acme#RUNS"));
    assert_eq!(item["agent_name"], string("nightly"));
    assert_eq!(item["status_name"], string("running"));
    assert!(item.contains_key("agenda") && item.contains_key("agenda_at"));
    assert!(!item.contains_key("expires_at"));

    let output = json!("x");
    let ended = moved(&accepted, RunStatus::Completed { output });
    let request = stored_run(&ended).await;
    assert_eq!(request.condition_expression(), Some("revision = :revision"));
    let values = request.expression_attribute_values().unwrap();
    assert_eq!(values[":revision"], number(0));
    let item = request.item().unwrap();
    assert_eq!(item["status_name"], string("completed"));
    assert!(!item.contains_key("agenda") && !item.contains_key("agenda_at"));
    let expires_at = (ended.updated_at + 720.hours()).as_second();
    assert_eq!(item["expires_at"], number(expires_at));
}

#[tokio::test]
async fn only_large_parts_are_stored_beside_and_no_item_grows_with_them() {
    let aws = FakeAws::in_memory();
    let objects = objects(&aws);
    let (acme, now) = (tenant(), Timestamp::UNIX_EPOCH);
    let captured = Captured::default();
    let put = put(&captured);
    let table = table(&put);

    let whole = run("nightly", large(9_000));
    table.put_run(&objects, &whole).await.unwrap();
    let inline = json!("x".repeat(8 * 1024 - 2));
    let small = completed(&running(Place::step(0)), inline);
    let large = completed(&running(Place::step(1)), large(300_000));
    for step in [&small, &large] {
        let put = table.put_step(&objects, &acme, &whole.id, step, now).await;
        put.unwrap();
    }
    assert!(item::size(taken(&captured).item().unwrap()) < 1_024);
    let paths = aws.requests_of("S3.PutObject").into_iter().map(|r| r.path);
    let prefix = format!("/values/acme/{}/", whole.id);
    let beside: Vec<_> = paths.filter(|path| path.contains(&prefix)).collect();
    assert_eq!(beside.len(), 2, "{beside:?}");
}

#[tokio::test]
async fn a_step_of_an_agent_is_written_for_one_unit_and_its_index_entry() {
    let captured = Captured::default();
    let (put, objects) = (put(&captured), objects(&FakeAws::in_memory()));
    let (acme, now) = (tenant(), Timestamp::UNIX_EPOCH);
    let (id, begun) = (RunId::generate(), running(Place::step(1)));
    let done = completed(&begun, json!({"summary": "x".repeat(300)}));
    let table = table(&put);
    for step in [&begun, &done] {
        let put = table.put_step(&objects, &acme, &id, step, now);
        put.await.unwrap();
        let bytes = item::size(taken(&captured).item().unwrap());
        assert!(bytes <= 512, "{bytes}");
    }
}

#[test]
fn a_step_becomes_smaller_against_the_sample_of_runs() {
    let step = completed(&running(Place::step(1)), json!({"summary": "done"}));
    let [own, other] = [Sample::Runs, Sample::Invocations].map(|sample| {
        let packed = sample.pack("test", &json!({"content": step}));
        packed.unwrap().as_b().unwrap().as_ref().len()
    });
    assert!(own * 4 < other * 3, "{own} and {other}");
}

#[tokio::test]
async fn what_a_batch_leaves_unread_is_asked_for_again() {
    let (acme, id) = (tenant(), RunId::generate());
    let places: Vec<_> = (0..130).map(Place::step).collect();
    let captured: Captured<BatchGetItemInput> = Captured::default();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let rule = mock!(Client::batch_get_item)
        .match_requests(capture(&captured))
        .then_compute_output({
            let asked = Arc::clone(&asked);
            move |request| {
                let request = &request.request_items().unwrap()["state"];
                assert_eq!(request.consistent_read(), Some(true));
                let mut asked = asked.lock().unwrap();
                asked.push(request.keys().len());
                // Nothing is found, and at first most is left.
                let left = request.keys()[..request.keys().len() * 9 / 10].to_vec();
                let output = BatchGetItemOutput::builder();
                if asked.len() > 4 {
                    return output.build();
                }
                let left = KeysAndAttributes::builder().set_keys(Some(left)).build();
                output.unprocessed_keys("state", left.unwrap()).build()
            }
        });
    let objects = objects(&FakeAws::in_memory());
    let steps = table(&rule).steps(&objects, &acme, &id, &places).await;
    assert_eq!(steps.unwrap(), []);
    let mut asked = asked.lock().unwrap().clone();
    asked.sort_unstable();
    let all: usize = asked.iter().sum();
    assert!(asked.len() > 4 && all > places.len(), "{asked:?}");
    assert_eq!(asked.last(), Some(&100));
}

#[tokio::test]
async fn a_batch_of_which_nothing_is_read_is_given_up() {
    let rule = mock!(Client::batch_get_item).then_compute_output(|request| {
        let left = request.request_items().unwrap().clone();
        let output = BatchGetItemOutput::builder();
        output.set_unprocessed_keys(Some(left)).build()
    });
    let (acme, id, places) = (tenant(), RunId::generate(), [Place::step(1)]);
    let objects = objects(&FakeAws::in_memory());
    let error = table(&rule).steps(&objects, &acme, &id, &places).await;
    assert!(matches!(error, Err(Error::Transient { .. })), "{error:?}");
    assert_eq!(rule.num_calls(), 6);
}

#[tokio::test]
async fn who_comes_is_added_to_a_set() {
    let captured: Captured<UpdateItemInput> = Captured::default();
    let members = AttributeValue::Ns(vec!["4".to_owned(), "7".to_owned()]);
    let rule = mock!(Client::update_item)
        .match_requests(capture(&captured))
        .then_output(move || {
            UpdateItemOutput::builder()
                .attributes("members", members.clone())
                .build()
        });
    let (acme, id, now) = (tenant(), RunId::generate(), Timestamp::UNIX_EPOCH);
    let table = table(&rule);
    let expected = Joined {
        over: 2,
        missed: false,
    };
    for (missed, expression) in [
        (false, "SET expires_at = :expires_at ADD members :member"),
        (
            true,
            "SET expires_at = :expires_at, missed = :missed ADD members :member",
        ),
    ] {
        let come = table.come(&acme, &id, "0#1#deps", (7, missed), now).await;
        assert_eq!(come.unwrap(), expected);
        let request = taken(&captured);
        assert_eq!(request.update_expression(), Some(expression));
        assert_eq!(request.return_values(), Some(&ReturnValue::AllNew));
        let key = request.key().unwrap();
        assert_eq!(text(key, PK), format!("TENANT#acme#RUN#{id}"));
        assert_eq!(text(key, SK), "MEET#0#1#deps");
        let values = request.expression_attribute_values().unwrap();
        let member = AttributeValue::Ns(vec!["7".to_owned()]);
        assert_eq!(values[":member"], member);
        assert_eq!(values.contains_key(":missed"), missed);
        assert_eq!(values[":expires_at"], number(400 * 24 * 60 * 60));
    }
}
