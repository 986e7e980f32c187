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

#[cfg(test)]
mod tests {
    use aws_sdk_lambda::operation::invoke::{InvokeError, InvokeOutput};
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
    use aws_smithy_types::error::ErrorMetadata;
    use serde_json::{Value, json};

    use super::*;

    async fn invoke(rule: Rule) -> Result<Value> {
        let function = Function {
            client: mock_client!(aws_sdk_lambda, RuleMode::MatchAny, &[&rule]),
            name: "workflow-step".to_owned(),
        };
        function.invoke(&json!({"n": 1})).await
    }

    fn answers(function_error: Option<&'static str>, payload: &'static str) -> Rule {
        mock!(Client::invoke)
            .match_requests(|request| {
                request.function_name() == Some("workflow-step")
                    && request.payload().unwrap().as_ref() == br#"{"n":1}"#
                    && request.invocation_type().is_none()
            })
            .then_output(move || {
                InvokeOutput::builder()
                    .status_code(200)
                    .set_function_error(function_error.map(str::to_owned))
                    .payload(Blob::new(payload))
                    .build()
            })
    }

    #[tokio::test]
    async fn the_answer_is_parsed() {
        let answer = invoke(answers(None, r#"{"m": 2}"#)).await;
        assert_eq!(answer.unwrap(), json!({"m": 2}));
        let answer = invoke(answers(None, "")).await;
        assert!(matches!(answer, Err(Error::Corrupt { .. })), "{answer:?}");
    }

    #[tokio::test]
    async fn what_the_function_reports_keeps_its_name() {
        for (payload, expected) in [
            (
                r#"{"errorType": "Conflict", "errorMessage": "moved"}"#,
                (ErrorName::Conflict, "moved"),
            ),
            // A name of the closed set is believed, whatever the message quotes.
            (
                r#"{"errorType": "Transient", "errorMessage": "Task timed out"}"#,
                (ErrorName::Transient, "Task timed out"),
            ),
            (
                r#"{"errorType": "alloc::Error", "errorMessage": "odd"}"#,
                (ErrorName::Internal, "alloc::Error: odd"),
            ),
            ("not JSON", (ErrorName::Internal, ": not JSON")),
        ] {
            let error = invoke(answers(Some("Unhandled"), payload))
                .await
                .unwrap_err();
            let Error::Callee { name, message, .. } = &error else {
                panic!("{error:?}");
            };
            assert_eq!((*name, message.as_str()), expected);
            assert_eq!(error.name(), expected.0);
        }
    }

    #[tokio::test]
    async fn a_function_that_died_is_told_from_one_that_failed() {
        for payload in [
            r#"{"errorType": "Runtime.ExitError", "errorMessage": "RequestId: 1 Error: Runtime exited with error: signal: killed"}"#,
            r#"{"errorType": "Sandbox.Timedout", "errorMessage": "RequestId: 1 Error: Task timed out after 3.00 seconds"}"#,
            r#"{"errorMessage": "2026-01-01T00:00:00Z 1 Task timed out after 3.00 seconds"}"#,
        ] {
            let error = invoke(answers(Some("Unhandled"), payload))
                .await
                .unwrap_err();
            assert!(matches!(error, Error::CalleeDied { .. }), "{error:?}");
            assert_eq!(error.name(), ErrorName::Internal);
        }
    }

    #[tokio::test]
    async fn throttling_by_lambda_itself_is_transient() {
        let error = invoke(mock!(Client::invoke).then_error(|| {
            let code = "TooManyRequestsException";
            InvokeError::generic(ErrorMetadata::builder().code(code).build())
        }))
        .await
        .unwrap_err();
        assert!(matches!(error, Error::Transient { .. }), "{error:?}");
    }
}
