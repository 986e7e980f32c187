//! The implementations, and the resources a check needs of one.

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, TimeToLiveSpecification,
};
use serde_json::json;
use tdev_aws::{Error, Objects, SdkConfig, Table};
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

/// The implementations that check and write at once, whoever else writes. Moto's server answers
/// requests in threads of their own and does not.
pub(crate) fn atomic() -> Vec<Stack> {
    let mut stacks = all();
    stacks.retain(|stack| stack.name != "moto");
    stacks
}

/// Every implementation: the servers and the fake.
pub(crate) fn all() -> Vec<Stack> {
    let fake = FakeAws::in_memory();
    for operation in ["CreateTable", "UpdateTimeToLive"] {
        fake.on(&format!("DynamoDB.{operation}"), |_| {
            Response::json(&json!({}))
        });
    }
    fake.on("KMS.CreateKey", |_| {
        let id = Uuid::new_v4().to_string();
        Response::json(&json!({"KeyMetadata": {"KeyId": id}}))
    });
    let mut stacks = servers();
    stacks.push(Stack {
        name: "in-memory".to_owned(),
        config: fake.config(),
    });
    stacks
}

impl Stack {
    /// A new table with the keys, the indexes and the TTL attribute of the platform's.
    pub(crate) async fn table(&self) -> (Table, String) {
        eprintln!("checking {}", self.name);
        let client = aws_sdk_dynamodb::Client::new(&self.config);
        let name = random("state");
        let mut table = client
            .create_table()
            .table_name(&name)
            .billing_mode(BillingMode::PayPerRequest)
            .set_key_schema(Some(keys("PK", "SK")))
            .global_secondary_indexes(index("agenda", "agenda_at", &[]))
            .global_secondary_indexes(index("listing", "listed_at", &LISTED));
        for attribute in ["PK", "SK", "agenda", "agenda_at", "listing", "listed_at"] {
            let definition = AttributeDefinition::builder()
                .attribute_name(attribute)
                .attribute_type(ScalarAttributeType::S)
                .build();
            table = table.attribute_definitions(definition.unwrap());
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

    /// A new bucket.
    pub(crate) async fn bucket(&self) -> String {
        let bucket = random("artifacts");
        let client = aws_sdk_s3::Client::new(&self.config);
        client.create_bucket().bucket(&bucket).send().await.unwrap();
        bucket
    }

    /// The objects of a new bucket.
    pub(crate) async fn objects(&self) -> Objects {
        Objects::new(&self.config, self.bucket().await)
    }
}

/// What the listing projects beside the keys.
const LISTED: [&str; 3] = ["agent_name", "status_name", "summary"];

fn keys(hash: &str, range: &str) -> Vec<KeySchemaElement> {
    [(hash, KeyType::Hash), (range, KeyType::Range)]
        .map(|(attribute, kind)| {
            let key = KeySchemaElement::builder()
                .attribute_name(attribute)
                .key_type(kind)
                .build();
            key.unwrap()
        })
        .to_vec()
}

/// An index that is called as its hash key, and projects `attributes` beside the keys.
fn index(hash: &str, range: &str, attributes: &[&str]) -> GlobalSecondaryIndex {
    let projection = if attributes.is_empty() {
        Projection::builder().projection_type(ProjectionType::KeysOnly)
    } else {
        let attributes = attributes.iter().map(|&name| name.to_owned()).collect();
        Projection::builder()
            .projection_type(ProjectionType::Include)
            .set_non_key_attributes(Some(attributes))
    };
    GlobalSecondaryIndex::builder()
        .index_name(hash)
        .set_key_schema(Some(keys(hash, range)))
        .projection(projection.build())
        .build()
        .unwrap()
}

/// A name that nothing has yet.
pub(crate) fn random(prefix: &str) -> String {
    format!("{prefix}-{}", Uuid::new_v4().simple())
}

pub(crate) fn assert_conflict(result: &tdev_aws::Result<()>) {
    assert!(matches!(result, Err(Error::Conflict { .. })), "{result:?}");
}
