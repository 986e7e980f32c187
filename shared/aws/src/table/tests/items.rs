//! Requests about one item, and listings.

use std::time::Duration;

use aws_sdk_dynamodb::operation::get_item::{GetItemError, GetItemOutput};
use aws_sdk_dynamodb::operation::put_item::{PutItemInput, PutItemOutput};
use aws_sdk_dynamodb::operation::query::{QueryInput, QueryOutput};
use aws_sdk_dynamodb::types::error::ConditionalCheckFailedException;

use super::*;
use crate::table::item::string;

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
    assert!(matches!(claim.unwrap(), Claim::Claimed(_)));
    let request = taken(&captured);
    assert_eq!(
        request.condition_expression(),
        Some("attribute_not_exists(PK) OR expires_at <= :now")
    );
    let values = request.expression_attribute_values().unwrap();
    assert_eq!(values[":now"], number(1_700_000_000));
    assert_eq!(
        request.return_values_on_condition_check_failure(),
        Some(&ReturnValuesOnConditionCheckFailure::AllOld)
    );
    let item = request.item().unwrap();
    assert_eq!(item["lease_until"], number(1_700_000_030_500_i64));
    assert_eq!(item[keys::EXPIRES_AT], number(1_700_086_400));
}

#[tokio::test]
async fn a_claim_is_taken_over_on_condition_that_nobody_else_has() {
    let captured: Captured<PutItemInput> = Captured::default();
    let call = CallId::generate();
    let text = serde_json::to_value(call).unwrap();
    let claim = "c7a5a0fe-9f0e-4c55-8c43-5d9f1e9b7a11";
    let stored = Item::from([
        ("progress".to_owned(), string("in_progress")),
        ("fingerprint".to_owned(), string("f")),
        ("lease_until".to_owned(), number(500)),
        ("claim".to_owned(), string(claim)),
        ("call".to_owned(), string(text.as_str().unwrap())),
    ]);
    let held = mock!(Client::put_item)
        .match_requests(|request| request.condition_expression().unwrap().contains("PK"))
        .then_error(move || refusal(Some(stored.clone())));
    let left = mock!(Client::put_item)
        .match_requests(capture(&captured))
        .then_output(|| PutItemOutput::builder().build());
    let table = Table {
        client: mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, &[&held, &left]),
        name: "state".to_owned(),
    };
    let now = Timestamp::from_millisecond(500).unwrap();
    let lease = Duration::from_secs(30);
    let claimed = table.claim(&tenant(), "k", "f", now, lease).await;
    assert_eq!(claimed.unwrap(), Claim::Claimed(call));
    let request = taken(&captured);
    assert_eq!(
        request.condition_expression(),
        Some("claim = :claim AND lease_until = :until")
    );
    let values = request.expression_attribute_values().unwrap();
    assert_eq!(values[":claim"], string(claim));
    assert_eq!(values[":until"], number(500));
    assert_eq!(request.item().unwrap()["lease_until"], number(30_500));
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
