//! Invoking another Lambda function and waiting for its answer.

use std::time::Duration;

use aws_sdk_lambda::config::timeout::TimeoutConfig;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::{Client, config};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tdev_domain::ErrorName;

use crate::config::CONNECT_TIMEOUT;
use crate::{Error, Result, SdkConfig};

const OPERATION: &str = "invoke a function";

/// How long an invocation may take, a cold start and every attempt included. It is longer than
/// any callee's own time-out, so that Lambda's account of a slow callee arrives.
const INVOKE_TIMEOUT: Duration = Duration::from_mins(2);

/// A function to invoke.
#[derive(Debug, Clone)]
pub struct Function {
    client: Client,
    name: String,
}

/// What Lambda returns in place of an answer when the function failed.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct FunctionError {
    error_type: String,
    error_message: String,
}

impl Function {
    /// The function with this name or ARN.
    pub fn new(config: &SdkConfig, name_or_arn: impl Into<String>) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_timeout(INVOKE_TIMEOUT)
            .disable_operation_attempt_timeout()
            .build();
        let config = config::Builder::from(config)
            .timeout_config(timeouts)
            .build();
        Self {
            client: Client::from_conf(config),
            name: name_or_arn.into(),
        }
    }

    /// Invokes the function and waits for its answer.
    ///
    /// Lambda may have begun an attempt whose answer was lost, and the SDK then makes another: the
    /// callee must be safe to run twice.
    ///
    /// # Errors
    /// [`Error::Callee`] if the function reported an error, [`Error::CalleeDied`] if it was killed
    /// or ran out of time, [`Error::Corrupt`] if its answer is not a `Resp`.
    pub async fn invoke<Req, Resp>(&self, request: &Req) -> Result<Resp>
    where
        Req: Serialize + Sync,
        Resp: DeserializeOwned,
    {
        let payload = serde_json::to_vec(request).map_err(|e| Error::rejected(OPERATION, e))?;
        let output = self
            .client
            .invoke()
            .function_name(&self.name)
            .payload(Blob::new(payload))
            .send()
            .await
            .map_err(|e| Error::from_sdk(OPERATION, e))?;
        let payload = output.payload().map(Blob::as_ref).unwrap_or_default();
        if output.function_error().is_some() {
            return Err(failure(payload));
        }
        serde_json::from_slice(payload).map_err(|e| Error::corrupt(OPERATION, e))
    }
}

/// Tells a function that reported an error from one that died.
fn failure(payload: &[u8]) -> Error {
    let FunctionError {
        error_type,
        error_message,
    } = serde_json::from_slice(payload).unwrap_or_else(|_| FunctionError {
        error_message: String::from_utf8_lossy(payload).into_owned(),
        ..FunctionError::default()
    });
    let reported = ErrorName::ALL
        .into_iter()
        .find(|name| name.as_str() == error_type);
    // A function may report a message that reads like a death; its type is the better witness.
    if let Some(name) = reported {
        return Error::Callee {
            operation: OPERATION,
            name,
            message: error_message,
        };
    }
    let died = error_type.starts_with("Runtime.")
        || error_type.starts_with("Sandbox.")
        || error_message.contains("Task timed out")
        || error_message.contains("Runtime exited");
    let message = format!("{error_type}: {error_message}");
    if died {
        Error::CalleeDied {
            operation: OPERATION,
            message,
        }
    } else {
        Error::Callee {
            operation: OPERATION,
            name: ErrorName::Internal,
            message,
        }
    }
}
