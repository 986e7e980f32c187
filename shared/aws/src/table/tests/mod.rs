//! The exact requests, and what becomes of the answers that no emulator gives.

use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::operation::transact_write_items::{
    TransactWriteItemsInput, TransactWriteItemsOutput,
};
use aws_sdk_dynamodb::types::CancellationReason;
use aws_sdk_dynamodb::types::error::TransactionCanceledException;
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use aws_smithy_types::error::ErrorMetadata;
use jiff::Timestamp;
use tdev_domain::{
    Agent, AgentVersion, ApiKeyId, CallId, KeyDigest, KeyRecord, Registration, State,
};

use super::item::number;
use super::keys::{PK, SK};
use super::*;

#[path = "../../../tests/conformance/fixtures.rs"]
mod fixtures;
mod invocations;
mod items;
#[path = "../../../tests/conformance/run_fixtures.rs"]
mod run_fixtures;
mod runs;
use fixtures::{accepted, active, advance, tenant, version};

fn table(rule: &Rule) -> Table {
    Table {
        client: mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, &[rule]),
        name: "state".to_owned(),
    }
}

/// Somewhere to keep the request that a rule matched.
type Captured<T> = Arc<Mutex<Option<T>>>;

fn capture<T: Clone + Send + 'static>(
    captured: &Captured<T>,
) -> impl Fn(&T) -> bool + Send + Sync + 'static {
    let captured = Arc::clone(captured);
    move |input| {
        *captured.lock().unwrap() = Some(input.clone());
        true
    }
}

fn taken<T>(captured: &Captured<T>) -> T {
    captured.lock().unwrap().take().expect("a request")
}

fn text<'a>(item: &'a Item, name: &str) -> &'a str {
    item[name].as_s().unwrap()
}

/// One line per write: what, where, and on what condition.
fn summary(request: &TransactWriteItemsInput) -> Vec<String> {
    let line = |verb, key: &Item, condition: Option<&str>, values: Option<&Item>| {
        let place = format!("{verb} {} {}", text(key, PK), text(key, SK));
        let revision = values.map(|values| values[":revision"].as_n().unwrap());
        match (condition, revision) {
            (None, _) => place,
            (Some(condition), None) => format!("{place} if {condition}"),
            (Some(condition), Some(n)) => format!("{place} if {condition} ({n})"),
        }
    };
    let writes = request.transact_items().iter().map(|write| {
        if let Some(put) = write.put() {
            assert_eq!(put.table_name(), "state");
            let condition = put.condition_expression();
            line(
                "put",
                put.item(),
                condition,
                put.expression_attribute_values(),
            )
        } else {
            let delete = write.delete().unwrap();
            assert_eq!(delete.table_name(), "state");
            let condition = delete.condition_expression();
            line(
                "delete",
                delete.key(),
                condition,
                delete.expression_attribute_values(),
            )
        }
    });
    writes.collect()
}

fn transaction(captured: &Captured<TransactWriteItemsInput>) -> Rule {
    mock!(Client::transact_write_items)
        .match_requests(capture(captured))
        .then_output(|| TransactWriteItemsOutput::builder().build())
}

fn cancelled(codes: &[&'static str]) -> Rule {
    let reasons: Vec<_> = codes
        .iter()
        .map(|code| CancellationReason::builder().code(*code).build())
        .collect();
    mock!(Client::transact_write_items).then_error(move || {
        TransactWriteItemsError::TransactionCanceledException(
            TransactionCanceledException::builder()
                .set_cancellation_reasons(Some(reasons.clone()))
                .meta(
                    ErrorMetadata::builder()
                        .code("TransactionCanceledException")
                        .build(),
                )
                .build(),
        )
    })
}

fn probing() -> Registration {
    let analysing = advance(&accepted("word-count"), State::Analysing);
    advance(&analysing, State::Probing)
}

/// A registration ready to be admitted, and the version it admits.
fn admission(current: Option<&Agent>, capabilities: &[&str]) -> (Registration, AgentVersion) {
    let probing = probing();
    let version = version(&probing, current, capabilities);
    (active(&probing, version.version), version)
}

#[tokio::test]
async fn the_first_admission_is_one_transaction() {
    let captured = Captured::default();
    let (registration, version) = admission(None, &["text", "csv"]);
    table(&transaction(&captured))
        .admit(&registration, &version, None)
        .await
        .unwrap();
    let request = taken(&captured);
    assert_eq!(
        summary(&request),
        [
            &format!(
                "put TENANT#acme#REGISTRATION#{} REGISTRATION if revision = :revision (2)",
                registration.id
            ),
            "put TENANT#acme#AGENT#word-count VERSION#0000000001 if attribute_not_exists(PK)",
            "put TENANT#acme#AGENT#word-count AGENT if attribute_not_exists(PK)",
            "put TENANT#acme#AGENTS word-count",
            "put TENANT#acme#CAPABILITY#csv word-count",
            "put TENANT#acme#CAPABILITY#text word-count",
        ]
    );
    assert!(request.client_request_token().is_some());
    let registration = request.transact_items()[0].put().unwrap().item();
    assert_eq!(registration["revision"], number(3));
    assert!(!registration.contains_key(keys::EXPIRES_AT));
}

#[tokio::test]
async fn a_later_admission_is_conditional_on_the_agent_and_moves_its_listings() {
    let (_, first) = admission(None, &["text", "csv"]);
    let mut current = Agent::admitting(None, &first);
    current.revision = 5;
    let (registration, second) = admission(Some(&current), &["csv", "json"]);
    let captured = Captured::default();
    table(&transaction(&captured))
        .admit(&registration, &second, Some(&current))
        .await
        .unwrap();
    let request = taken(&captured);
    assert_eq!(
        summary(&request)[1..],
        [
            "put TENANT#acme#AGENT#word-count VERSION#0000000002 if attribute_not_exists(PK)",
            "put TENANT#acme#AGENT#word-count AGENT if revision = :revision (5)",
            "put TENANT#acme#AGENTS word-count",
            "put TENANT#acme#CAPABILITY#csv word-count",
            "put TENANT#acme#CAPABILITY#json word-count",
            "delete TENANT#acme#CAPABILITY#text word-count",
        ]
    );
    let pointer = request.transact_items()[2].put().unwrap().item();
    assert_eq!(pointer["revision"], number(6));
    assert_eq!(pointer["latest"], number(2));
}

#[tokio::test]
async fn deleting_an_agent_keeps_the_pointer_and_empties_the_listings() {
    let (_, version) = admission(None, &["text"]);
    let agent = Agent::admitting(None, &version);
    let deleted = agent.deleted(Timestamp::UNIX_EPOCH);
    let captured = Captured::default();
    table(&transaction(&captured))
        .move_pointer(&agent, &deleted)
        .await
        .unwrap();
    assert_eq!(
        summary(&taken(&captured)),
        [
            "put TENANT#acme#AGENT#word-count AGENT if revision = :revision (0)",
            "delete TENANT#acme#AGENTS word-count",
            "delete TENANT#acme#CAPABILITY#text word-count",
        ]
    );
}

#[tokio::test]
async fn a_key_is_stored_for_look_up_and_for_listing() {
    let record = KeyRecord {
        id: ApiKeyId::generate(),
        digest: KeyDigest::of("secret"),
        tenant: tenant(),
        label: "first".to_owned(),
        created_at: Timestamp::UNIX_EPOCH,
    };
    let captured = Captured::default();
    table(&transaction(&captured))
        .put_key(&record)
        .await
        .unwrap();
    assert_eq!(
        summary(&taken(&captured)),
        [
            format!("put KEY#{} KEY if attribute_not_exists(PK)", record.digest),
            format!(
                "put TENANT#acme#KEYS {} if attribute_not_exists(PK)",
                record.id
            ),
        ]
    );
}

#[tokio::test]
async fn the_reasons_of_a_cancelled_transaction_decide_what_it_was() {
    let (registration, version) = admission(None, &["text"]);
    let outcome = async |codes: &[&'static str]| {
        table(&cancelled(codes))
            .admit(&registration, &version, None)
            .await
            .unwrap_err()
    };
    for codes in [
        &["None", "ConditionalCheckFailed"][..],
        &["TransactionConflict", "None"],
        &["ThrottlingError", "ConditionalCheckFailed"],
    ] {
        let error = outcome(codes).await;
        assert!(matches!(error, Error::Conflict { .. }), "{error:?}");
    }
    for codes in [
        &["None", "ThrottlingError"][..],
        &["ProvisionedThroughputExceeded"],
        &[],
    ] {
        let error = outcome(codes).await;
        assert!(matches!(error, Error::Transient { .. }), "{error:?}");
    }
    let error = outcome(&["ValidationError", "ConditionalCheckFailed"]).await;
    assert!(matches!(error, Error::Rejected { .. }), "{error:?}");
    let error = outcome(&["AccessDenied"]).await;
    assert!(matches!(error, Error::Denied { .. }), "{error:?}");
}
