//! The implementations, and the resources a check needs of one.

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    TimeToLiveSpecification,
};
use serde_json::json;
use tdev_aws::{Error, SdkConfig, Table};
use tdev_testing::{FakeAws, Response};
use uuid::Uuid;

/// An implementation of AWS.
pub(crate) struct Stack {
    pub(crate) name: String,
    pub(crate) config: SdkConfig,
}

/// The implementations that run as servers.
pub(crate) fn servers() -> Vec<Stack> {
    let Ok(endpoints) = std::env::var("TDEV_CONFORMANCE_ENDPOINTS") else {
        eprintln!(
            "skipped for all but the in-memory fake: TDEV_CONFORMANCE_ENDPOINTS (name=url,…) is \
             not set; `cargo local test` starts the servers and sets it"
        );
        return Vec::new();
    };
    endpoints
        .split(',')
        .map(|endpoint| {
            let (name, url) = endpoint.split_once('=').expect("name=url,name=url");
            let credentials =
                aws_sdk_dynamodb::config::Credentials::new("test", "test", None, None, "test");
            let config = aws_sdk_dynamodb::config::SharedCredentialsProvider::new(credentials);
            Stack {
                name: name.to_owned(),
                config: SdkConfig::builder()
                    .behavior_version(BehaviorVersion::latest())
                    .region(Region::new("us-east-1"))
                    .credentials_provider(config)
                    .retry_config(RetryConfig::standard())
                    .http_client(aws_smithy_http_client::Builder::new().build_http())
                    .endpoint_url(url)
                    .build(),
            }
        })
        .collect()
}

/// Every implementation: the servers and the fake.
pub(crate) fn all() -> Vec<Stack> {
    let fake = FakeAws::in_memory();
    for operation in ["CreateTable", "UpdateTimeToLive"] {
        fake.on(&format!("DynamoDB.{operation}"), |_| {
            Response::json(&json!({}))
        });
    }
    let mut stacks = servers();
    stacks.push(Stack {
        name: "in-memory".to_owned(),
        config: fake.config(),
    });
    stacks
}

impl Stack {
    /// A new table with the keys and the TTL attribute of the platform's.
    pub(crate) async fn table(&self) -> (Table, String) {
        eprintln!("checking {}", self.name);
        let client = aws_sdk_dynamodb::Client::new(&self.config);
        let name = random("state");
        let mut table = client
            .create_table()
            .table_name(&name)
            .billing_mode(BillingMode::PayPerRequest);
        for (attribute, kind) in [("PK", KeyType::Hash), ("SK", KeyType::Range)] {
            let definition = AttributeDefinition::builder()
                .attribute_name(attribute)
                .attribute_type(ScalarAttributeType::S)
                .build();
            let key = KeySchemaElement::builder()
                .attribute_name(attribute)
                .key_type(kind)
                .build();
            table = table
                .attribute_definitions(definition.unwrap())
                .key_schema(key.unwrap());
        }
        table.send().await.expect("create a table");
        let ttl = TimeToLiveSpecification::builder()
            .attribute_name("expires_at")
            .enabled(true)
            .build();
        client
            .update_time_to_live()
            .table_name(&name)
            .time_to_live_specification(ttl.unwrap())
            .send()
            .await
            .expect("enable TTL");
        (Table::new(&self.config, &name), name)
    }
}

/// A name that nothing has yet.
pub(crate) fn random(prefix: &str) -> String {
    format!("{prefix}-{}", Uuid::new_v4().simple())
}

pub(crate) fn assert_conflict(result: &tdev_aws::Result<()>) {
    assert!(matches!(result, Err(Error::Conflict { .. })), "{result:?}");
}
