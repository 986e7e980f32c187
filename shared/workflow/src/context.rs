//! What expressions see.

use std::collections::BTreeMap;
use std::sync::Arc;

use jmespath::{Rcvar, Variable};
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};
use tdev_domain::{RunId, StepId, VersionNumber, WorkflowName};

use crate::expression::from_json;

/// What the expressions of one step see: `input`, `steps`, `run` and, in a map, `item` and
/// `index`.
///
/// Values are converted once, when they are put in, and are shared by all evaluations.
#[derive(Debug, Clone)]
pub struct Context {
    input: Rcvar,
    run: Rcvar,
    /// An object, shared until it grows.
    steps: Rcvar,
    item: Option<(Rcvar, u64)>,
}

/// What expressions see of a step that has ended, as `steps.<id>`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    /// How it ended.
    pub status: EndStatus,
    /// What it gave, if it completed; else `null`.
    pub output: Value,
    /// Why it failed, if it did; else `null`.
    pub error: Value,
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndStatus {
    /// It did its work.
    Completed,
    /// It did not run.
    Skipped,
    /// It failed for good.
    Failed,
}

impl EndStatus {
    /// The status as expressions see it: `completed`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
        }
    }
}

impl Context {
    /// The context of a run's first steps.
    #[must_use]
    pub fn new(
        run: &RunId,
        workflow: &WorkflowName,
        version: VersionNumber,
        input: &Value,
    ) -> Self {
        let run = object([
            ("id", text(run.as_str())),
            ("workflow", text(workflow.as_str())),
            ("version", number(version.get().into())),
        ]);
        Self {
            input: from_json(input),
            run,
            steps: object([]),
            item: None,
        }
    }

    /// A context in which there is nothing, for expressions that look at nothing.
    pub(crate) fn empty() -> Self {
        Self {
            input: Arc::new(Variable::Null),
            run: Arc::new(Variable::Null),
            steps: object([]),
            item: None,
        }
    }

    /// Adds a step that has ended. A step need only see those it refers to.
    pub fn add_step(&mut self, id: &StepId, ended: &Ended) {
        let seen = object([
            ("status", text(ended.status.as_str())),
            ("output", from_json(&ended.output)),
            ("error", from_json(&ended.error)),
        ]);
        if let Variable::Object(steps) = Arc::make_mut(&mut self.steps) {
            steps.insert(id.as_str().to_owned(), seen);
        }
    }

    /// The context of one item of a map, `index` from 0.
    #[must_use]
    pub fn with_item(&self, item: &Value, index: u64) -> Self {
        Self {
            item: Some((from_json(item), index)),
            ..self.clone()
        }
    }

    /// The value that expressions begin with.
    pub(crate) fn root(&self) -> Rcvar {
        let mut fields = BTreeMap::from([
            ("input".to_owned(), self.input.clone()),
            ("run".to_owned(), self.run.clone()),
            ("steps".to_owned(), self.steps.clone()),
        ]);
        if let Some((item, index)) = &self.item {
            fields.insert("item".to_owned(), item.clone());
            fields.insert("index".to_owned(), number(*index));
        }
        Arc::new(Variable::Object(fields))
    }
}

fn object<const N: usize>(fields: [(&str, Rcvar); N]) -> Rcvar {
    let fields = fields.map(|(key, value)| (key.to_owned(), value));
    Arc::new(Variable::Object(BTreeMap::from(fields)))
}

fn text(text: &str) -> Rcvar {
    Arc::new(Variable::String(text.to_owned()))
}

fn number(number: u64) -> Rcvar {
    Arc::new(Variable::Number(Number::from(number)))
}
