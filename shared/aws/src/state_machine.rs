//! Starting executions of a Step Functions state machine, and telling them what they wait for.

use aws_sdk_sfn::Client;
use aws_sdk_sfn::error::ProvideErrorMetadata;
use serde::Serialize;

use crate::{Error, Result, SdkConfig};

/// The most characters of an error's name that Step Functions takes, and of its cause.
const MAX_ERROR_CHARS: usize = 256;
const MAX_CAUSE_CHARS: usize = 32_768;

/// A state machine of the standard type.
#[derive(Debug, Clone)]
pub struct StateMachine {
    client: Client,
    arn: String,
}

/// What became of telling an execution something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// It knows.
    Heard,
    /// It waits for that no longer: it was told before, has given up or is over.
    Gone,
}

impl StateMachine {
    /// The state machine with this ARN.
    pub fn new(config: &SdkConfig, arn: impl Into<String>) -> Self {
        Self {
            client: Client::new(config),
            arn: arn.into(),
        }
    }

    /// Starts the execution called `name` (1 to 80 letters, digits, `-` and `_`), unless there is
    /// or was one of that name in the last 90 days. `input` has at most 256 KiB as JSON.
    pub async fn start_execution(&self, name: &str, input: &(impl Serialize + Sync)) -> Result<()> {
        const OPERATION: &str = "start an execution";
        let input = serde_json::to_string(input).map_err(|e| Error::rejected(OPERATION, e))?;
        let started = self
            .client
            .start_execution()
            .state_machine_arn(&self.arn)
            .name(name)
            .input(input)
            .send()
            .await;
        match started {
            Ok(_) => Ok(()),
            Err(e) if e.code() == Some("ExecutionAlreadyExists") => Ok(()),
            Err(e) => Err(Error::from_sdk(OPERATION, e)),
        }
    }
}

/// The executions that wait to be told of the end of a task, whichever state machine they are of.
#[derive(Debug, Clone)]
pub struct TaskTokens(Client);

impl TaskTokens {
    /// Those of the account.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self(Client::new(config))
    }

    /// Tells whoever waits with `token` that the task has succeeded. `output` has at most 256 KiB
    /// as JSON.
    pub async fn send_task_success(
        &self,
        token: &str,
        output: &(impl Serialize + Sync),
    ) -> Result<Told> {
        const OPERATION: &str = "tell of a task's success";
        let output = serde_json::to_string(output).map_err(|e| Error::rejected(OPERATION, e))?;
        let sent = self
            .0
            .send_task_success()
            .task_token(token)
            .output(output)
            .send()
            .await;
        match sent {
            Ok(_) => Ok(Told::Heard),
            Err(e) if is_gone(&e) => Ok(Told::Gone),
            Err(e) => Err(Error::from_sdk(OPERATION, e)),
        }
    }

    /// Tells whoever waits with `token` that the task has failed. `error` is a name by which the
    /// state machine may catch it; what is too long of it or of the `cause` is cut off.
    pub async fn send_task_failure(&self, token: &str, error: &str, cause: &str) -> Result<Told> {
        let sent = self
            .0
            .send_task_failure()
            .task_token(token)
            .error(cut(error, MAX_ERROR_CHARS))
            .cause(cut(cause, MAX_CAUSE_CHARS))
            .send()
            .await;
        match sent {
            Ok(_) => Ok(Told::Heard),
            Err(e) if is_gone(&e) => Ok(Told::Gone),
            Err(e) => Err(Error::from_sdk("tell of a task's failure", e)),
        }
    }
}

fn is_gone(error: &impl ProvideErrorMetadata) -> bool {
    let gone = ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"];
    error.code().is_some_and(|code| gone.contains(&code))
}

fn cut(text: &str, chars: usize) -> &str {
    match text.char_indices().nth(chars) {
        Some((end, _)) => text.get(..end).unwrap_or_default(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_sfn::operation::send_task_failure::{SendTaskFailureError, SendTaskFailureOutput};
    use aws_sdk_sfn::operation::send_task_success::{SendTaskSuccessError, SendTaskSuccessOutput};
    use aws_sdk_sfn::operation::start_execution::{StartExecutionError, StartExecutionOutput};
    use aws_sdk_sfn::primitives::DateTime;
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
    use aws_smithy_types::error::ErrorMetadata;
    use serde_json::json;

    use super::*;

    const ARN: &str = "arn:aws:states:us-east-1:1:stateMachine:run";

    fn machine(rule: &Rule) -> StateMachine {
        StateMachine {
            client: mock_client!(aws_sdk_sfn, RuleMode::MatchAny, &[rule]),
            arn: ARN.to_owned(),
        }
    }

    fn tokens(rule: &Rule) -> TaskTokens {
        TaskTokens(mock_client!(aws_sdk_sfn, RuleMode::MatchAny, &[rule]))
    }

    fn code(code: &'static str) -> ErrorMetadata {
        ErrorMetadata::builder().code(code).build()
    }

    #[tokio::test]
    async fn an_execution_is_started_by_its_name() {
        let rule = mock!(Client::start_execution)
            .match_requests(|request| {
                request.state_machine_arn() == Some(ARN)
                    && request.name() == Some("run_1")
                    && request.input() == Some(r#"{"tenant":"acme"}"#)
            })
            .then_output(|| {
                StartExecutionOutput::builder()
                    .execution_arn("arn")
                    .start_date(DateTime::from_secs(0))
                    .build()
                    .unwrap()
            });
        let input = json!({"tenant": "acme"});
        machine(&rule)
            .start_execution("run_1", &input)
            .await
            .unwrap();
        assert_eq!(rule.num_calls(), 1);
    }

    #[tokio::test]
    async fn what_was_started_before_is_started() {
        let start = async |failure: &'static str| {
            let rule = mock!(Client::start_execution)
                .then_error(move || StartExecutionError::generic(code(failure)));
            machine(&rule).start_execution("run_1", &json!({})).await
        };
        start("ExecutionAlreadyExists").await.unwrap();
        let error = start("ExecutionLimitExceeded").await;
        assert!(matches!(error, Err(Error::Transient { .. })), "{error:?}");
        let error = start("StateMachineDoesNotExist").await;
        assert!(matches!(error, Err(Error::NotFound { .. })), "{error:?}");
        let error = start("InvalidName").await;
        assert!(matches!(error, Err(Error::Rejected { .. })), "{error:?}");
    }

    #[tokio::test]
    async fn whoever_waits_is_told() {
        let rule = mock!(Client::send_task_success)
            .match_requests(|request| {
                request.task_token() == Some("token") && request.output() == Some(r#"{"n":1}"#)
            })
            .then_output(|| SendTaskSuccessOutput::builder().build());
        let told = tokens(&rule)
            .send_task_success("token", &json!({"n": 1}))
            .await;
        assert_eq!(told.unwrap(), Told::Heard);

        let rule = mock!(Client::send_task_failure)
            .match_requests(|request| {
                request.task_token() == Some("token")
                    && request.error() == Some("RunFailed")
                    && request.cause().unwrap() == "ü".repeat(MAX_CAUSE_CHARS)
            })
            .then_output(|| SendTaskFailureOutput::builder().build());
        let cause = "ü".repeat(MAX_CAUSE_CHARS + 1);
        let told = tokens(&rule)
            .send_task_failure("token", "RunFailed", &cause)
            .await;
        assert_eq!(told.unwrap(), Told::Heard);
    }

    #[tokio::test]
    async fn that_nobody_waits_any_more_is_no_error() {
        let tell = async |failure: &'static str| {
            let success = mock!(Client::send_task_success)
                .then_error(move || SendTaskSuccessError::generic(code(failure)));
            let success = tokens(&success)
                .send_task_success("token", &json!({}))
                .await;
            let failure = mock!(Client::send_task_failure)
                .then_error(move || SendTaskFailureError::generic(code(failure)));
            let failure = tokens(&failure).send_task_failure("token", "e", "c").await;
            [success, failure]
        };
        for gone in ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"] {
            for told in tell(gone).await {
                assert_eq!(told.unwrap(), Told::Gone, "{gone}");
            }
        }
        for told in tell("ThrottlingException").await {
            assert!(matches!(told, Err(Error::Transient { .. })), "{told:?}");
        }
    }
}
