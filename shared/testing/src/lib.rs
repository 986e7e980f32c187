//! Fakes for tests and benchmarks: **nothing in here is part of the product**, and no function
//! depends on it but to be tested.
//!
//! [`FakeAws`] stands in for AWS below the SDK, at the HTTP client. What is tested with it runs
//! the real wrappers and the SDK's own serialisation, signing and error parsing, with no network.
//!
//! ```
//! # use serde_json::json;
//! # use tdev_testing::{FakeAws, Response};
//! # async fn example() -> tdev_aws::Result<()> {
//! // Tables, buckets, queues and secrets that work, and a function that answers.
//! let aws = FakeAws::in_memory();
//! aws.on("Lambda.Invoke", |_| Response::json(&json!({"answer": 42})));
//! let function = tdev_aws::Function::new(&aws.config(), "workflow-step");
//! let answer: serde_json::Value = function.invoke(&json!({"question": "?"})).await?;
//! assert_eq!(answer["answer"], 42);
//! assert_eq!(aws.requests_of("Lambda.Invoke")[0].json()["question"], "?");
//!
//! // A failure at a chosen place.
//! aws.on("DynamoDB.GetItem", |_| Response::error(400, "ThrottlingException", "slow down"));
//! let error = tdev_aws::Table::new(&aws.config(), "state").ping().await;
//! assert!(matches!(error, Err(tdev_aws::Error::Transient { .. })));
//! # Ok(())
//! # }
//! ```

pub mod bill;
mod condition;
mod data_keys;
mod exchange;
mod fake;
mod logged;
mod memory;
mod query;
mod update;

pub use exchange::{Request, Response};
pub use fake::FakeAws;
pub use logged::Logged;
