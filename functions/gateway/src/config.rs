//! The environment of the function.

use std::str::FromStr;

use http::{HeaderValue, Uri};
use tdev_lambda::env::Env;
use tower_http::cors::AllowOrigin;

/// What the function is configured with. Every variable but `CORS_ALLOWED_ORIGINS` is required.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `TABLE_NAME`: the table of the platform's state.
    pub table: String,
    /// `ARTIFACTS_BUCKET`: the bucket agents are stored in.
    pub artifacts_bucket: String,
    /// `REGISTER_QUEUE_URL`: the queue of registrations to work on.
    pub register_queue_url: String,
    /// `STEP_QUEUE_URL`: the queue of invocations that can go on.
    pub step_queue_url: String,
    /// `TASK_QUEUE_URL`: the queue of what there is to do about tasks.
    pub task_queue_url: String,
    /// `TRAIN_QUEUE_URL`: the queue of tenants whose model may be out of date.
    pub train_queue_url: String,
    /// `WORKFLOW_STEP_FUNCTION`: the name or ARN of the function that runs agents.
    pub workflow_step_function: String,
    /// `ROUTE_FUNCTION`: the name or ARN of the function that chooses agents for tasks.
    pub route_function: String,
    /// `TRIGGER_EVOLUTION_FUNCTION`: the name or ARN of the function that has evolutions begin.
    pub trigger_evolution_function: String,
    /// `RUN_STATE_MACHINE_ARN`: the state machine that holds runs of workflows.
    pub run_state_machine: String,
    /// `ENVIRONMENT`: `dev`, `staging`, `prod`, …, as the health check names it.
    pub environment: String,
    /// `CORS_ALLOWED_ORIGINS`: the web origins whose pages may call the API. None if unset.
    pub cors_allowed_origins: Origins,
}

impl Config {
    /// Reads the configuration.
    pub fn read(env: &mut Env) -> Option<Self> {
        let table = env.var("TABLE_NAME");
        let artifacts_bucket = env.var("ARTIFACTS_BUCKET");
        let register_queue_url = env.var("REGISTER_QUEUE_URL");
        let step_queue_url = env.var("STEP_QUEUE_URL");
        let task_queue_url = env.var("TASK_QUEUE_URL");
        let train_queue_url = env.var("TRAIN_QUEUE_URL");
        let workflow_step_function = env.var("WORKFLOW_STEP_FUNCTION");
        let route_function = env.var("ROUTE_FUNCTION");
        let trigger_evolution_function = env.var("TRIGGER_EVOLUTION_FUNCTION");
        let run_state_machine = env.var("RUN_STATE_MACHINE_ARN");
        let environment = env.var("ENVIRONMENT");
        let cors_allowed_origins = env.var_or("CORS_ALLOWED_ORIGINS", Origins::default());
        Some(Self {
            table: table?,
            artifacts_bucket: artifacts_bucket?,
            register_queue_url: register_queue_url?,
            step_queue_url: step_queue_url?,
            task_queue_url: task_queue_url?,
            train_queue_url: train_queue_url?,
            workflow_step_function: workflow_step_function?,
            route_function: route_function?,
            trigger_evolution_function: trigger_evolution_function?,
            run_state_machine: run_state_machine?,
            environment: environment?,
            cors_allowed_origins: cors_allowed_origins?,
        })
    }
}

/// Web origins: `*`, or a list separated by commas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origins {
    /// Any origin.
    Any,
    /// These and no others.
    Listed(Vec<HeaderValue>),
}

/// A text that is no list of origins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected '*', or origins like https://example.org separated by commas")]
pub struct NotOrigins;

impl Default for Origins {
    fn default() -> Self {
        Self::Listed(Vec::new())
    }
}

impl FromStr for Origins {
    type Err = NotOrigins;

    fn from_str(text: &str) -> Result<Self, NotOrigins> {
        if text.trim() == "*" {
            return Ok(Self::Any);
        }
        text.split(',')
            .map(|origin| parse_origin(origin.trim()).ok_or(NotOrigins))
            .collect::<Result<_, _>>()
            .map(Self::Listed)
    }
}

/// An origin is a scheme and an authority, and nothing after them.
fn parse_origin(text: &str) -> Option<HeaderValue> {
    let uri: Uri = text.parse().ok()?;
    let (scheme, authority) = (uri.scheme_str()?, uri.authority()?);
    let is_web = matches!(scheme, "http" | "https");
    (is_web && text == format!("{scheme}://{authority}"))
        .then(|| HeaderValue::from_str(text).ok())
        .flatten()
}

impl From<&Origins> for AllowOrigin {
    fn from(origins: &Origins) -> Self {
        match origins {
            Origins::Any => Self::any(),
            Origins::Listed(listed) => Self::list(listed.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_environment() {
        let config = Env::of([
            ("TABLE_NAME", "platform"),
            ("ARTIFACTS_BUCKET", "artifacts"),
            ("REGISTER_QUEUE_URL", "https://sqs/register"),
            ("STEP_QUEUE_URL", "https://sqs/step"),
            ("TASK_QUEUE_URL", "https://sqs/task"),
            ("TRAIN_QUEUE_URL", "https://sqs/train"),
            ("WORKFLOW_STEP_FUNCTION", "workflow-step"),
            ("ROUTE_FUNCTION", "route"),
            ("TRIGGER_EVOLUTION_FUNCTION", "trigger-evolution"),
            (
                "RUN_STATE_MACHINE_ARN",
                "arn:aws:states:eu-central-1:1:stateMachine:run",
            ),
            ("ENVIRONMENT", "dev"),
        ])
        .load(Config::read)
        .unwrap();
        assert_eq!(config.cors_allowed_origins, Origins::Listed(Vec::new()));
        assert_eq!(config.environment, "dev");
    }

    #[test]
    fn names_everything_that_is_missing_or_bad() {
        let error = Env::of([("TABLE_NAME", "platform"), ("CORS_ALLOWED_ORIGINS", "x")])
            .load(Config::read)
            .unwrap_err();
        let names: Vec<_> = error.problems.iter().map(|problem| problem.name).collect();
        assert_eq!(
            names,
            [
                "ARTIFACTS_BUCKET",
                "REGISTER_QUEUE_URL",
                "STEP_QUEUE_URL",
                "TASK_QUEUE_URL",
                "TRAIN_QUEUE_URL",
                "WORKFLOW_STEP_FUNCTION",
                "ROUTE_FUNCTION",
                "TRIGGER_EVOLUTION_FUNCTION",
                "RUN_STATE_MACHINE_ARN",
                "ENVIRONMENT",
                "CORS_ALLOWED_ORIGINS"
            ]
        );
    }

    #[test]
    fn origins_have_no_path() {
        assert_eq!("*".parse(), Ok(Origins::Any));
        assert_eq!(
            "https://a.example, http://localhost:3000".parse(),
            Ok(Origins::Listed(vec![
                HeaderValue::from_static("https://a.example"),
                HeaderValue::from_static("http://localhost:3000"),
            ]))
        );
        for bad in [
            "https://a.example/",
            "a.example",
            "ftp://a.example",
            "https://a,*",
            "",
        ] {
            assert_eq!(bad.parse::<Origins>(), Err(NotOrigins), "{bad}");
        }
    }
}
