//! The exact requests, and what becomes of the answers that no emulator gives.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_dynamodb::operation::get_item::{GetItemError, GetItemOutput};
use aws_sdk_dynamodb::operation::put_item::{PutItemInput, PutItemOutput};
use aws_sdk_dynamodb::operation::query::{QueryInput, QueryOutput};
use aws_sdk_dynamodb::operation::transact_write_items::{
    TransactWriteItemsInput, TransactWriteItemsOutput,
};
use aws_sdk_dynamodb::types::CancellationReason;
use aws_sdk_dynamodb::types::error::{
    ConditionalCheckFailedException, TransactionCanceledException,
};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use aws_smithy_types::error::ErrorMetadata;
use jiff::Timestamp;
use tdev_domain::{Agent, AgentVersion, ApiKeyId, KeyDigest, KeyRecord, Registration, State};

use super::item::{number, string};
use super::keys::{PK, SK};
use super::*;

#[path = "../../tests/conformance/fixtures.rs"]
mod fixtures;
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

fn refusal(stored: Option<Item>) -> PutItemError {
    PutItemError::ConditionalCheckFailedException(
        ConditionalCheckFailedException::builder()
            .set_item(stored)
            .meta(
                ErrorMetadata::builder()
                    .code("ConditionalCheckFailedException")
                    .build(),
            )
            .build(),
    )
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

#[tokio::test]
async fn each_revision_of_a_registration_is_conditional_on_the_one_before() {
    let accepted = accepted("word-count");
    let analysing = advance(&accepted, State::Analysing);
    for (registration, condition, value) in [
        (&accepted, "attribute_not_exists(PK)", None),
        (&analysing, "revision = :revision", Some(number(0))),
    ] {
        let captured: Captured<PutItemInput> = Captured::default();
        let rule = mock!(Client::put_item)
            .match_requests(capture(&captured))
            .then_output(|| PutItemOutput::builder().build());
        table(&rule).put_registration(registration).await.unwrap();
        let request = taken(&captured);
        assert_eq!(request.table_name(), Some("state"));
        assert_eq!(request.condition_expression(), Some(condition));
        let values = request.expression_attribute_values();
        assert_eq!(values.map(|values| values[":revision"].clone()), value);
        let expires_at = request.item().unwrap().get(keys::EXPIRES_AT);
        let a_day_later = number(accepted.created_at.as_second() + 86_400);
        assert_eq!(expires_at, value.is_none().then_some(&a_day_later));
    }
}

#[tokio::test]
async fn a_write_that_is_refused_because_it_succeeded_before_has_succeeded() {
    let registration = accepted("word-count");
    let stored = registrations::encode("test", &registration).unwrap();
    let mut other = stored.clone();
    other.insert("bytes".to_owned(), number(7));
    let outcome = async |stored: Option<Item>| {
        let rule = mock!(Client::put_item).then_error(move || refusal(stored.clone()));
        table(&rule).put_registration(&registration).await
    };
    outcome(Some(stored)).await.unwrap();
    for stored in [Some(other), None] {
        let result = outcome(stored).await;
        assert!(matches!(result, Err(Error::Conflict { .. })), "{result:?}");
    }
}

#[tokio::test]
async fn a_claim_is_conditional_on_the_key_being_free() {
    let captured: Captured<PutItemInput> = Captured::default();
    let rule = mock!(Client::put_item)
        .match_requests(capture(&captured))
        .then_output(|| PutItemOutput::builder().build());
    let now = Timestamp::from_millisecond(1_700_000_000_500).unwrap();
    let claim = table(&rule)
        .claim(&tenant(), "k", "f", now, Duration::from_secs(30))
        .await;
    assert_eq!(claim.unwrap(), Claim::Claimed);
    let request = taken(&captured);
    assert_eq!(
        request.condition_expression(),
        Some(
            "attribute_not_exists(PK) OR expires_at <= :now \
             OR (fingerprint = :fingerprint AND lease_until <= :now_ms)"
        )
    );
    let values = request.expression_attribute_values().unwrap();
    assert_eq!(values[":now"], number(1_700_000_000));
    assert_eq!(values[":now_ms"], number(1_700_000_000_500_i64));
    assert_eq!(values[":fingerprint"], string("f"));
    assert_eq!(
        request.return_values_on_condition_check_failure(),
        Some(&ReturnValuesOnConditionCheckFailure::AllOld)
    );
    let item = request.item().unwrap();
    assert_eq!(item["lease_until"], number(1_700_000_030_500_i64));
    assert_eq!(item[keys::EXPIRES_AT], number(1_700_086_400));
}

#[tokio::test]
async fn a_claim_that_cannot_tell_what_is_stored_is_a_conflict() {
    let outcome = async |stored: Option<Item>| {
        let rule = mock!(Client::put_item).then_error(move || refusal(stored.clone()));
        let now = Timestamp::UNIX_EPOCH;
        table(&rule)
            .claim(&tenant(), "k", "f", now, Duration::from_secs(1))
            .await
            .unwrap_err()
    };
    let error = outcome(None).await;
    assert!(matches!(error, Error::Conflict { .. }), "{error:?}");
    let error = outcome(Some(keys::health().attributes())).await;
    assert!(matches!(error, Error::Corrupt { .. }), "{error:?}");
}

#[tokio::test]
async fn reads_are_consistent_and_their_failures_typed() {
    let absent = mock!(Client::get_item)
        .match_requests(|request| request.consistent_read() == Some(true))
        .then_output(|| GetItemOutput::builder().build());
    let digest = KeyDigest::of("secret");
    assert_eq!(table(&absent).key(&digest).await.unwrap(), None);

    let denied = mock!(Client::get_item).then_error(|| {
        let code = "AccessDeniedException";
        GetItemError::generic(ErrorMetadata::builder().code(code).build())
    });
    let error = table(&denied).ping().await.unwrap_err();
    assert!(matches!(error, Error::Denied { .. }), "{error:?}");

    let corrupt = mock!(Client::get_item).then_output(|| {
        let item = keys::health().attributes();
        GetItemOutput::builder().set_item(Some(item)).build()
    });
    let error = table(&corrupt).key(&digest).await.unwrap_err();
    assert!(matches!(error, Error::Corrupt { .. }), "{error:?}");
}

/// A listing of `stored` agents of which the service returns at most `at_most` at once.
fn listing(captured: &Captured<QueryInput>, stored: usize, at_most: usize) -> Rule {
    mock!(Client::query)
        .match_requests(capture(captured))
        .then_compute_output(move |request: &QueryInput| {
            let limit = usize::try_from(request.limit().unwrap()).unwrap();
            let returned = stored.min(limit).min(at_most);
            let (_, version) = admission(None, &["text"]);
            let agent = Agent::admitting(None, &version);
            let items = (0..returned).map(|n| {
                let mut agent = agent.clone();
                agent.name = format!("a{n}").parse().unwrap();
                let key = keys::listed_agent(&tenant(), None, &agent.name);
                item::encode("test", &key, &agent, None).unwrap()
            });
            let more = returned == limit || returned < stored;
            QueryOutput::builder()
                .set_items(Some(items.collect()))
                .set_last_evaluated_key(more.then(|| keys::health().attributes()))
                .build()
        })
}

#[tokio::test]
async fn a_page_ends_where_the_listing_or_the_service_does() {
    for (stored, at_most, limit, returned, next) in [
        (3, 100, 3, 3, None),
        (4, 100, 3, 3, Some("a2")),
        (2, 100, 3, 2, None),
        (0, 100, 3, 0, None),
        // The service stops at a megabyte.
        (9, 2, 3, 2, Some("a1")),
        (9, 3, 3, 3, Some("a2")),
    ] {
        let captured = Captured::default();
        let after = Some("a".to_owned());
        let page = table(&listing(&captured, stored, at_most))
            .agents(&tenant(), None, &PageRequest { limit, after })
            .await
            .unwrap();
        assert_eq!(page.items.len(), returned);
        assert_eq!(page.next.as_deref(), next);
        let request = taken(&captured);
        assert_eq!(request.key_condition_expression(), Some("PK = :pk"));
        assert_eq!(request.consistent_read(), Some(true));
        let start = request.exclusive_start_key().unwrap();
        assert_eq!(text(start, PK), "TENANT#acme#AGENTS");
        assert_eq!(text(start, SK), "a");
    }
}

#[tokio::test]
async fn versions_are_asked_for_newest_first() {
    let captured = Captured::default();
    let page = PageRequest {
        limit: 5,
        after: Some("12".to_owned()),
    };
    let name = "word-count".parse().unwrap();
    table(&listing(&captured, 0, 0))
        .versions(&tenant(), &name, &page)
        .await
        .unwrap();
    let request = taken(&captured);
    assert_eq!(
        request.key_condition_expression(),
        Some("PK = :pk AND begins_with(SK, :prefix)")
    );
    let values = request.expression_attribute_values().unwrap();
    assert_eq!(values[":pk"], string("TENANT#acme#AGENT#word-count"));
    assert_eq!(values[":prefix"], string("VERSION#"));
    assert_eq!(request.scan_index_forward(), Some(false));
    assert_eq!(request.limit(), Some(6));
    let start = request.exclusive_start_key().unwrap();
    assert_eq!(text(start, SK), "VERSION#0000000012");
}
