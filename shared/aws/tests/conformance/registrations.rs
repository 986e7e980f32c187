use aws_sdk_dynamodb::types::AttributeValue;
use tdev_aws::Error;
use tdev_domain::{
    AnalysisMethod, ErrorName, Finding, Registration, Report, Severity, State, TenantId,
};

use crate::fixtures::{accepted, advance, tenant};
use crate::stack::{self, Stack, assert_conflict};

#[tokio::test]
async fn a_registration_comes_back_as_it_was() {
    for stack in stack::all() {
        let (table, _) = stack.table().await;
        let registration = accepted("word-count");
        let id = &registration.id;
        assert_eq!(table.registration(&tenant(), id).await.unwrap(), None);
        table.put_registration(&registration).await.unwrap();
        let stored = table.registration(&tenant(), id).await.unwrap();
        assert_eq!(stored, Some(registration.clone()), "{}", stack.name);

        let moved = advance(&registration, State::Analysing).with_report(report("a finding"));
        table.put_registration(&moved).await.unwrap();
        let stored = table.registration(&tenant(), id).await.unwrap();
        assert_eq!(stored, Some(moved), "{}", stack.name);

        let stranger: TenantId = "stranger".parse().unwrap();
        assert_eq!(table.registration(&stranger, id).await.unwrap(), None);
    }
}

#[tokio::test]
async fn each_revision_is_written_once() {
    for stack in stack::all() {
        let (table, _) = stack.table().await;
        let registration = accepted("word-count");
        let mut rival = registration.clone();
        rival.bytes += 1;
        let analysing = advance(&registration, State::Analysing);
        assert_conflict(&table.put_registration(&analysing).await);

        table.put_registration(&registration).await.unwrap();
        assert_conflict(&table.put_registration(&rival).await);

        table.put_registration(&analysing).await.unwrap();
        let rival = advance(&rival, State::Analysing);
        assert_conflict(&table.put_registration(&rival).await);
        let skipping = advance(&advance(&analysing, State::Analysing), State::Probing);
        assert_conflict(&table.put_registration(&skipping).await);

        let stored = table
            .registration(&tenant(), &registration.id)
            .await
            .unwrap();
        assert_eq!(stored, Some(analysing));
    }
}

#[tokio::test]
async fn the_same_write_again_is_no_conflict() {
    for stack in stack::all() {
        let (table, _) = stack.table().await;
        let registration = accepted("word-count");
        for _ in 0..2 {
            table.put_registration(&registration).await.unwrap();
        }
        let analysing = advance(&registration, State::Analysing);
        for _ in 0..2 {
            table.put_registration(&analysing).await.unwrap();
        }
    }
}

#[tokio::test]
async fn only_an_accepted_registration_expires() {
    for stack in stack::all() {
        let (table, name) = stack.table().await;
        let registration = accepted("word-count");
        table.put_registration(&registration).await.unwrap();
        let a_day_later = registration.created_at.as_second() + 86_400;
        assert_eq!(
            expires_at(&stack, &name, &registration).await,
            Some(AttributeValue::N(a_day_later.to_string()))
        );
        let analysing = advance(&registration, State::Analysing);
        table.put_registration(&analysing).await.unwrap();
        assert_eq!(expires_at(&stack, &name, &registration).await, None);
    }
}

#[tokio::test]
async fn a_report_too_large_for_an_item_is_refused_and_nothing_changes() {
    for stack in stack::all() {
        let (table, _) = stack.table().await;
        let registration = accepted("word-count");
        table.put_registration(&registration).await.unwrap();
        let analysing = advance(&registration, State::Analysing);

        let large = analysing.clone().with_report(report(&"x".repeat(390_000)));
        let huge = analysing.with_report(report(&"x".repeat(410_000)));
        let error = table.put_registration(&huge).await.unwrap_err();
        assert!(matches!(error, Error::TooLarge { .. }), "{error:?}");
        assert_eq!(error.name(), ErrorName::InvalidInput);
        let stored = table.registration(&tenant(), &registration.id).await;
        assert_eq!(stored.unwrap(), Some(registration));

        table.put_registration(&large).await.unwrap();
        let stored = table.registration(&tenant(), &large.id).await;
        assert_eq!(stored.unwrap(), Some(large));
    }
}

fn report(message: &str) -> Report {
    Report {
        method: AnalysisMethod::Static,
        findings: vec![Finding {
            rule: "SEC001".to_owned(),
            severity: Severity::Warning,
            line: Some(3),
            column: None,
            message: message.to_owned(),
            advice: String::new(),
            excerpt: None,
        }],
        probe: None,
        quality: None,
    }
}

async fn expires_at(
    stack: &Stack,
    table: &str,
    registration: &Registration,
) -> Option<AttributeValue> {
    let key = format!("TENANT#acme#REGISTRATION#{}", registration.id);
    let output = aws_sdk_dynamodb::Client::new(&stack.config)
        .get_item()
        .table_name(table)
        .key("PK", AttributeValue::S(key))
        .key("SK", AttributeValue::S("REGISTRATION".to_owned()))
        .consistent_read(true)
        .send()
        .await
        .unwrap();
    output.item.unwrap().remove("expires_at")
}
