//! The seam to what steps start, and to whoever waits for a run.

use std::future::Future;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;
use tdev_domain::{
    AgentName, Place, Run, RunId, StepError, StepTry, VersionNumber, Work, WorkflowName,
};
use tdev_workflow::Plan;

use crate::Unavailable;

/// What is to be started for a try of a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Start {
    /// The try, which names what is started: to start it twice is to start it once.
    pub of: StepTry,
    /// What.
    pub work: Work,
    /// What the work is called with.
    pub input: Value,
    /// For work that is routed, what is asked of the agent.
    pub task: Option<tdev_workflow::TaskWork>,
    /// For a nested run, the workflow, and its version.
    pub workflow: Option<(WorkflowName, VersionNumber)>,
}

/// How far what was started has come.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress {
    /// It is not there: it was never started.
    Absent,
    /// It runs, or waits.
    Running,
    /// It is over.
    Ended(Result<Value, StepError>),
}

/// Agents, tasks and runs; the clock; the cache; messages.
pub trait World: Sync {
    /// The time.
    fn now(&self) -> Timestamp;

    /// The plan of a run.
    fn plan(&self, run: &Run) -> impl Future<Output = Result<Arc<Plan>, Unavailable>> + Send;

    /// Starts the work, unless it was started before; or says why it never will be.
    fn start(
        &self,
        run: &Run,
        start: &Start,
    ) -> impl Future<Output = Result<Result<(), StepError>, Unavailable>> + Send;

    /// How far it has come, by a strongly consistent read.
    fn progress(
        &self,
        run: &Run,
        work: &Work,
    ) -> impl Future<Output = Result<Progress, Unavailable>> + Send;

    /// Calls it off, if it is there and not over. It may take its time to end.
    fn cancel(
        &self,
        run: &Run,
        work: &Work,
    ) -> impl Future<Output = Result<(), Unavailable>> + Send;

    /// Sees to it that somebody sees to the step then.
    fn wake(
        &self,
        run: &RunId,
        place: Place,
        at: Timestamp,
    ) -> impl Future<Output = Result<(), Unavailable>> + Send;

    /// Tells whoever waits for the run where it stands now: the state machine that holds it, and
    /// once it is final the run that started it. May be told twice.
    fn tell(&self, run: &Run) -> impl Future<Output = Result<(), Unavailable>> + Send;

    /// What `agent` gave for `input` not longer ago than the cache was to keep it.
    fn cached(
        &self,
        agent: (&AgentName, VersionNumber),
        input: &Value,
    ) -> impl Future<Output = Result<Option<Value>, Unavailable>> + Send;

    /// Keeps what `agent` gave for `input`, until then.
    fn keep(
        &self,
        agent: (&AgentName, VersionNumber),
        input: &Value,
        output: &Value,
        until: Timestamp,
    ) -> impl Future<Output = Result<(), Unavailable>> + Send;

    /// Keeps the list that a map goes over. To keep it twice is to keep it once.
    fn keep_items(
        &self,
        run: &RunId,
        step: u32,
        items: &[Value],
    ) -> impl Future<Output = Result<(), Unavailable>> + Send;

    /// One item of a list that was kept.
    fn item(
        &self,
        run: &RunId,
        place: Place,
    ) -> impl Future<Output = Result<Value, Unavailable>> + Send;
}
