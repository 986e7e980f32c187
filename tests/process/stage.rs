//! Resources of the test's own, so that what is deployed takes no part: a table like the deployed
//! one, queues that nothing reads, and buses whose events are kept.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::{Stack, output, variable};
use anyhow::{Context, Result, bail, ensure};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tdev_aws::{DUE_SHARDS, Due, DueInvocation, SdkConfig, Watermark};
use tdev_journal::Journals;

/// How often what is eventually there is asked for.
const ASKS: usize = 50;
/// How long a message that was received stays hidden, in seconds: longer than the test runs.
const HIDDEN: u32 = 3_600;

/// What all workers share.
#[derive(Debug)]
pub struct Stage {
    stack: Stack,
    /// The function's binary.
    pub program: PathBuf,
    /// That of the function that routes tasks.
    pub router: PathBuf,
    /// Where the local AWS is.
    pub endpoint: String,
    /// The table, the bucket, the key and the queue that runs are kept in.
    pub journal: tdev_journal::Config,
    /// Where messages go that are given up.
    pub dead_letter_queue_url: String,
    /// Where permits go.
    pub task_queue_url: String,
    /// Which nobody reads.
    pub train_queue_url: String,
    run: String,
    lanes: AtomicUsize,
}

/// A bus, and the queue that all its events go to.
#[derive(Debug)]
pub struct Bus {
    /// Its name, by which events are put on it.
    pub name: String,
    queue_url: String,
}

impl Stage {
    /// Makes everything.
    pub fn set() -> Result<Self> {
        // Two tests may begin in the same millisecond, in one process or in two.
        static TESTS: AtomicUsize = AtomicUsize::new(0);
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
        let test = TESTS.fetch_add(1, Ordering::Relaxed);
        let run = format!("{now}-{}-{test}", std::process::id());
        let mut stage = Self {
            stack: Stack::from_env()?,
            program: program("TDEV_E2E_WORKFLOW_STEP", "WorkflowStep")?,
            router: program("TDEV_E2E_ROUTE", "Route")?,
            endpoint: variable("TDEV_E2E_ENDPOINT")?
                .trim_end_matches('/')
                .to_owned(),
            journal: tdev_journal::Config {
                table: format!("process-{run}"),
                bucket: output("ArtifactsBucket")?,
                key: Some(output("KeyArn")?),
                step_queue_url: String::new(),
            },
            dead_letter_queue_url: String::new(),
            task_queue_url: String::new(),
            train_queue_url: String::new(),
            run,
            lanes: AtomicUsize::new(0),
        };
        stage.create_table(&output("TableName")?)?;
        stage.journal.step_queue_url = stage.queue(&stage.name())?;
        stage.dead_letter_queue_url = stage.queue(&stage.name())?;
        stage.task_queue_url = stage.queue(&stage.name())?;
        stage.train_queue_url = stage.queue(&stage.name())?;
        Ok(stage)
    }

    /// A name that nothing else has.
    pub fn name(&self) -> String {
        let lane = self.lanes.fetch_add(1, Ordering::Relaxed);
        format!("process-{}-{lane}", self.run)
    }

    /// The configuration of clients of the local AWS.
    pub async fn sdk(&self) -> SdkConfig {
        let config = tdev_aws::load_config().await;
        let builder = config.into_builder().endpoint_url(&self.endpoint);
        builder.build()
    }

    /// The environment of a function that speaks to the AWS on this port.
    pub fn environment(&self, port: u16) -> [(&'static str, String); 7] {
        [
            ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}")),
            ("TABLE_NAME", self.journal.table.clone()),
            ("ARTIFACTS_BUCKET", self.journal.bucket.clone()),
            ("STEP_QUEUE_URL", self.journal.step_queue_url.clone()),
            ("TASK_QUEUE_URL", self.task_queue_url.clone()),
            ("DEAD_LETTER_QUEUE_URL", self.dead_letter_queue_url.clone()),
            ("MAX_RECEIVES", "5".to_owned()),
        ]
    }

    fn aws(&self, service: &str, target: &str, body: &Value) -> Result<Value> {
        let answer = self.stack.aws(service, target, body)?;
        ensure!(answer["__type"].is_null(), "{target} answered {answer}");
        Ok(answer)
    }

    /// A table with the keys and indexes of the deployed one.
    fn create_table(&self, deployed: &str) -> Result<()> {
        let target = |operation: &str| format!("DynamoDB_20120810.{operation}");
        let described = json!({"TableName": deployed});
        let found = self.aws("dynamodb", &target("DescribeTable"), &described)?;
        let found = &found["Table"];
        let indexes = found["GlobalSecondaryIndexes"]
            .as_array()
            .with_context(|| format!("{deployed} has no indexes: {found}"))?;
        let indexes = indexes.iter().map(|index| {
            json!({
                "IndexName": index["IndexName"],
                "KeySchema": index["KeySchema"],
                "Projection": index["Projection"],
            })
        });
        let table = json!({
            "TableName": self.journal.table,
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": found["KeySchema"],
            "AttributeDefinitions": found["AttributeDefinitions"],
            "GlobalSecondaryIndexes": indexes.collect::<Value>(),
        });
        self.aws("dynamodb", &target("CreateTable"), &table)?;
        Ok(())
    }

    /// A new queue, by its URL. What nobody receives is soon gone.
    fn queue(&self, name: &str) -> Result<String> {
        let queue = json!({
            "QueueName": name,
            "Attributes": {"MessageRetentionPeriod": "300"},
        });
        let created = self.aws("sqs", "AmazonSQS.CreateQueue", &queue)?;
        let url = created["QueueUrl"].as_str().context("no queue")?;
        Ok(url.to_owned())
    }

    /// A new bus, and all its events kept.
    pub fn bus(&self, name: &str) -> Result<Bus> {
        let queue_url = self.queue(name)?;
        let asked = json!({"QueueUrl": queue_url, "AttributeNames": ["QueueArn"]});
        let attributes = self.aws("sqs", "AmazonSQS.GetQueueAttributes", &asked)?;
        let events = |operation: &str, body: Value| {
            self.aws("events", &format!("AWSEvents.{operation}"), &body)
        };
        events("CreateEventBus", json!({ "Name": name }))?;
        let pattern = json!({"source": [{"prefix": ""}]}).to_string();
        events(
            "PutRule",
            json!({"Name": "all", "EventBusName": name, "EventPattern": pattern}),
        )?;
        let target = json!({"Id": "kept", "Arn": attributes["Attributes"]["QueueArn"]});
        events(
            "PutTargets",
            json!({"Rule": "all", "EventBusName": name, "Targets": [target]}),
        )?;
        Ok(Bus {
            name: name.to_owned(),
            queue_url,
        })
    }

    /// The events that came to the bus since the last time, by idempotency key, once there are as
    /// many keys as expected.
    pub fn events(&self, bus: &Bus, expected: usize) -> Result<BTreeMap<String, Vec<Value>>> {
        let mut events: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for _ in 0..ASKS {
            let wait = u8::from(events.len() < expected);
            let received = json!({
                "QueueUrl": bus.queue_url,
                "MaxNumberOfMessages": 10,
                "VisibilityTimeout": HIDDEN,
                "WaitTimeSeconds": wait,
            });
            let received = self.aws("sqs", "AmazonSQS.ReceiveMessage", &received)?;
            let messages = received["Messages"].as_array().cloned().unwrap_or_default();
            if messages.is_empty() && events.len() >= expected {
                return Ok(events);
            }
            for message in messages {
                let event: Value = serde_json::from_str(message["Body"].as_str().unwrap_or("{}"))?;
                let key = event["detail"]["idempotency_key"]
                    .as_str()
                    .with_context(|| format!("an event without a key: {event}"))?;
                events.entry(key.to_owned()).or_default().push(event);
            }
        }
        bail!("{expected} events were put, and these came: {events:#?}")
    }

    /// What a keeper would find at the end of time.
    pub async fn left_over(&self) -> Result<Vec<String>> {
        let journals = Journals::new(&self.sdk().await, &self.journal);
        let far = Timestamp::now().checked_add(SignedDuration::from_hours(100_000))?;
        let mut found = Vec::new();
        for shard in 0..DUE_SHARDS {
            let mut watermark = Watermark::default();
            loop {
                let due = journals.due(shard, &watermark, far, 100).await?;
                for due in due.items {
                    let Due::Invocation(DueInvocation { tenant, id }) = due else {
                        found.push(format!("{due:?}"));
                        continue;
                    };
                    // What has ended stays on the agenda for as long as it is kept.
                    let record = journals.invocation(&tenant, &id).await?;
                    if !record.is_some_and(|record| record.status.is_final()) {
                        found.push(id.to_string());
                    }
                }
                watermark.after = due.next;
                if watermark.after.is_none() {
                    break;
                }
            }
        }
        Ok(found)
    }
}

/// Where a function's binary is: as `sam build` left it, unless a variable tells otherwise.
fn program(told: &str, function: &str) -> Result<PathBuf> {
    if let Ok(path) = variable(told) {
        return Ok(path.into());
    }
    let build = PathBuf::from(variable("TDEV_E2E_BUILD")?);
    Ok(build.join(function).join("bootstrap"))
}
