//! Requests about invocations, and about what agents remember.

use aws_sdk_dynamodb::operation::put_item::{PutItemInput, PutItemOutput};
use aws_sdk_dynamodb::operation::query::{QueryInput, QueryOutput};
use serde_json::{Value, json};
use tdev_domain::{EffectKey, InvocationChange, InvocationId, InvocationStatus};
use tdev_testing::FakeAws;

use super::fixtures::{adding, effect, invocation, large, revised};
use super::*;
use crate::Objects;
use crate::table::item::string;

pub(super) fn objects(aws: &FakeAws) -> Objects {
    // The configuration is of another build of this crate, which is the same SDK's.
    let client = aws_sdk_s3::Client::new(&aws.config());
    Objects::with(client, "artifacts".to_owned())
}

async fn prepared(changes: &[InvocationChange]) -> InvocationWrites {
    let objects = objects(&FakeAws::in_memory());
    InvocationWrites::prepare(&objects, changes).await.unwrap()
}

#[tokio::test]
async fn one_record_is_a_plain_write_on_condition_of_its_revision() {
    let accepted = invocation("word-count", json!(1));
    let next = revised(&accepted, |next| next.due_at = None);
    for (record, condition, value) in [
        (&accepted, "attribute_not_exists(PK)", None),
        (&next, "revision = :revision", Some(number(0))),
    ] {
        let captured: Captured<PutItemInput> = Captured::default();
        let rule = mock!(Client::put_item)
            .match_requests(capture(&captured))
            .then_output(|| PutItemOutput::builder().build());
        let writes = prepared(&[InvocationChange::to(record.clone())]).await;
        table(&rule).write_invocations(writes).await.unwrap();
        let request = taken(&captured);
        assert_eq!(request.condition_expression(), Some(condition));
        let values = request.expression_attribute_values();
        assert_eq!(values.map(|values| values[":revision"].clone()), value);
        let item = request.item().unwrap();
        let listing = (record.revision > 0).then(|| string("TENANT#acme#INVOCATIONS"));
        assert_eq!(item.get("listing"), listing.as_ref());
        assert_eq!(item.contains_key("listed_at"), record.revision > 0);
        assert_eq!(item.contains_key("agenda"), record.due_at.is_some());
        assert_eq!(item.contains_key("agenda_at"), record.due_at.is_some());
        assert!(!item.contains_key("expires_at"));
    }
}

#[tokio::test]
async fn a_ledger_grows_in_the_transaction_that_moves_its_record() {
    let captured = Captured::default();
    let records = [(); 2].map(|()| invocation("word-count", json!(1)));
    let changes = [
        adding(
            revised(&records[0], |_| {}),
            vec![effect(3, json!(1)), effect(4, json!(2))],
        ),
        InvocationChange::to(records[1].clone()),
    ];
    let writes = prepared(&changes).await;
    table(&transaction(&captured))
        .write_invocations(writes)
        .await
        .unwrap();
    let request = taken(&captured);
    let partition = records
        .each_ref()
        .map(|r| format!("TENANT#acme#INVOCATION#{}", r.id));
    assert_eq!(
        summary(&request),
        [
            format!(
                "put {} INVOCATION if revision = :revision (0)",
                partition[0]
            ),
            format!(
                "put {} EFFECT#0000000003 if attribute_not_exists(PK)",
                partition[0]
            ),
            format!(
                "put {} INVOCATION if attribute_not_exists(PK)",
                partition[1]
            ),
        ]
    );
    assert!(request.client_request_token().is_some());
}

#[tokio::test]
async fn only_large_values_are_stored_beside_and_each_once() {
    let aws = FakeAws::in_memory();
    let objects = objects(&aws);
    let mut record = invocation("word-count", large(9_000));
    record.status = InvocationStatus::Completed {
        output: json!("x".repeat(8 * 1024 - 2)),
    };
    for _ in 0..2 {
        let change = adding(record.clone(), vec![effect(1, large(9_000))]);
        InvocationWrites::prepare(&objects, &[change])
            .await
            .unwrap();
        record = revised(&record, |_| {});
    }
    let puts = aws.requests_of("S3.PutObject");
    // The input, and each of two additions to the ledger, whose times differ.
    assert_eq!(puts.len(), 3);
    let prefix = format!("/values/acme/{}/", record.id);
    assert!(puts.iter().all(|put| put.path.contains(&prefix)));
}

#[tokio::test]
async fn more_writes_than_a_transaction_has_are_refused() {
    let changes: Vec<_> = (0..101)
        .map(|n| InvocationChange::to(invocation("word-count", json!(n))))
        .collect();
    let rule = transaction(&Captured::default());
    let writes = prepared(&changes).await;
    let error = table(&rule).write_invocations(writes).await.unwrap_err();
    assert!(matches!(error, Error::Rejected { .. }), "{error:?}");
    assert_eq!(rule.num_calls(), 0);
}

#[tokio::test]
async fn listings_ask_the_index_for_what_is_wanted() {
    let captured: Captured<QueryInput> = Captured::default();
    let rule = mock!(Client::query)
        .match_requests(capture(&captured))
        .then_output(|| QueryOutput::builder().build());
    let page = PageRequest {
        limit: 20,
        after: None,
    };
    let acme = tenant();
    let everything = InvocationFilter::default();
    table(&rule)
        .invocations(&acme, &everything, &page)
        .await
        .unwrap();
    let request = taken(&captured);
    assert_eq!(request.index_name(), Some("listing"));
    assert_eq!(request.limit(), Some(21));
    assert_eq!(request.scan_index_forward(), Some(false));
    assert_eq!(request.filter_expression(), None);

    let failed = InvocationFilter {
        agent: Some("word-count".parse().unwrap()),
        status: Some(InvocationState::Failed),
    };
    table(&rule)
        .invocations(&acme, &failed, &page)
        .await
        .unwrap();
    let request = taken(&captured);
    assert_eq!(
        request.filter_expression(),
        Some("agent_name = :agent AND status_name = :state")
    );
    let values = request.expression_attribute_values().unwrap();
    assert_eq!(values[":agent"], string("word-count"));
    assert_eq!(values[":state"], string("failed"));
    assert_eq!(request.limit(), None);

    let now = "2026-01-01T00:00:00.9Z".parse().unwrap();
    let mut watermark = Watermark::default();
    let found = table(&rule).due(3, &watermark, now, 20).await;
    found.unwrap();
    let request = taken(&captured);
    assert_eq!(request.index_name(), Some("agenda"));
    assert_eq!(
        request.key_condition_expression(),
        Some("agenda = :partition AND agenda_at BETWEEN :since AND :until")
    );
    let values = request.expression_attribute_values().unwrap();
    assert_eq!(values[":partition"], string("DUE#3"));
    assert_eq!(values[":since"], string("000000000000"));
    assert_eq!(values[":until"], string("001767225600"));
    assert_eq!(request.limit(), Some(20));
    // A clock that was ahead when the watermark was written.
    watermark.since = "2026-01-01T00:00:07Z".parse().unwrap();
    let found = table(&rule).due(3, &watermark, now, 20).await;
    found.unwrap();
    let request = taken(&captured);
    let values = request.expression_attribute_values().unwrap();
    assert_eq!(values[":since"], string("001767225607"));
    assert_eq!(values[":until"], string("001767225607"));
}

async fn remembered(rule: &Rule) -> Result<()> {
    let by = EffectKey {
        invocation: "inv_00000000000000000000000000000001"
            .parse::<InvocationId>()
            .unwrap(),
        number: 7,
    };
    let (agent, now) = ("word-count".parse().unwrap(), Timestamp::UNIX_EPOCH);
    let value = Value::from(1.0);
    table(rule)
        .remember(&tenant(), &agent, "a", &value, None, &by, now)
        .await
}

#[tokio::test]
async fn remembering_is_conditional_on_the_last_effect() {
    let captured = Captured::default();
    remembered(&transaction(&captured)).await.unwrap();
    let request = taken(&captured);
    let puts: Vec<_> = request
        .transact_items()
        .iter()
        .filter_map(|w| w.put())
        .collect();
    assert_eq!(puts.len(), 2);
    assert_eq!(text(puts[0].item(), PK), "TENANT#acme#MEMORY#word-count");
    assert_eq!(text(puts[0].item(), SK), "a");
    assert_eq!(text(puts[0].item(), "content"), "1.0");
    assert_eq!(puts[0].condition_expression(), None);
    assert_eq!(text(puts[1].item(), SK), "MEMORY");
    assert_eq!(
        puts[1].condition_expression(),
        Some("attribute_not_exists(PK) OR last_effect < :last_effect")
    );
    let values = puts[1].expression_attribute_values().unwrap();
    assert_eq!(values[":last_effect"], number(7));
}

#[tokio::test]
async fn an_effect_that_was_made_before_is_told_from_one_that_met_another() {
    remembered(&cancelled(&["None", "ConditionalCheckFailed"]))
        .await
        .unwrap();
    let met = remembered(&cancelled(&["TransactionConflict", "None"])).await;
    assert!(matches!(met, Err(Error::Transient { .. })), "{met:?}");
    let refused = remembered(&cancelled(&["ValidationError", "None"])).await;
    assert!(
        matches!(refused, Err(Error::Rejected { .. })),
        "{refused:?}"
    );
}
