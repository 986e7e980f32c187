//! What steps start: agents, tasks and other runs.

use jiff::SignedDuration;
use serde_json::Value;
use tdev_domain::order::Priority;
use tdev_domain::{
    AgentName, AgentVersion, Callee, Invocation, InvocationChange, InvocationId, Run, RunId,
    StepError, StepErrorKind, StepTry, Task, TaskDraft, TaskId, TaskMessage, VersionNumber,
};
use tdev_invocation::{CommitError, Journal, WakeUp};
use tdev_run::limits::MAX_DEPTH;
use tdev_run::{Start, Store, Unavailable, World};
use tdev_workflow::TaskWork;

use super::{Runs, lost, no_agent};
use crate::tools::unavailable;

impl Runs<'_> {
    pub(super) async fn start_agent(
        &self,
        agent: &AgentName,
        version: VersionNumber,
        id: &InvocationId,
        start: &Start,
    ) -> Result<Result<(), StepError>, Unavailable> {
        let found = self.deps.table.version(self.tenant, agent, version).await;
        let Some(found): Option<AgentVersion> = found.map_err(unavailable)? else {
            return Ok(Err(no_agent(agent)));
        };
        let now = self.now();
        let (tenant, input) = (self.tenant.clone(), start.input.clone());
        let runs = Callee::from(&found);
        let record = Invocation {
            step: Some(start.of.clone()),
            ..tdev_invocation::accept(id.clone(), tenant, runs, input, now)
        };
        let journal = self.deps.journals.of(self.tenant);
        match journal.commit(&[InvocationChange::to(record)]).await {
            // Somebody started it before.
            Ok(()) | Err(CommitError::Conflict) => {}
            Err(CommitError::Unavailable(error)) => return Err(error),
        }
        let wake = WakeUp {
            invocation: id.clone(),
            at: now,
        };
        let called = self.deps.journals.wake(self.tenant, &wake, now).await;
        called.map_err(unavailable)?;
        Ok(Ok(()))
    }

    pub(super) async fn start_task(
        &self,
        id: &TaskId,
        start: &Start,
    ) -> Result<Result<(), StepError>, Unavailable> {
        let now = self.now();
        let TaskWork {
            capability,
            priority,
        } = start.task.clone().unwrap_or_default();
        let draft = TaskDraft {
            tenant: self.tenant.clone(),
            text: text_of(&start.input),
            input: start.input.clone(),
            capability,
            priority: priority.unwrap_or(Priority::NORMAL),
            deadline: None,
            retry: tdev_domain::retry::RetryPolicy::default(),
        };
        let table = &self.deps.table;
        let routing = table
            .routing::<Value>(self.tenant)
            .await
            .map_err(unavailable)?;
        let place = table
            .reserve_arrivals(self.tenant, &routing.fair_share, 0, now)
            .await;
        let (place, _) = place.map_err(unavailable)?;
        let task = Task {
            step: Some(start.of.clone()),
            ..draft.admit(id.clone(), place, now)
        };
        match table.write_task(&task).await {
            // Somebody sent it before.
            Ok(()) | Err(tdev_aws::Error::Conflict { .. }) => {}
            Err(error) => return Err(unavailable(error)),
        }
        let (tenant, task) = (self.tenant.clone(), id.clone());
        let permit = TaskMessage::Permit { tenant, task };
        self.deps
            .tasks
            .send(&permit, &[])
            .await
            .map_err(unavailable)?;
        Ok(Ok(()))
    }

    pub(super) async fn start_run(
        &self,
        parent: &Run,
        id: &RunId,
        start: &Start,
    ) -> Result<Result<(), StepError>, Unavailable> {
        if parent.depth >= MAX_DEPTH {
            let message = format!("workflows may start each other {MAX_DEPTH} deep");
            return Ok(Err(StepError::new(StepErrorKind::LimitExceeded, message)));
        }
        let Some((name, version)) = &start.workflow else {
            return Err(lost("a nested run names no workflow".to_owned()));
        };
        let table = &self.deps.table;
        let found = table.workflow_version(self.tenant, name, *version).await;
        let Some(found) = found.map_err(unavailable)? else {
            let message = format!("there is no workflow '{name}' in version {version}");
            return Ok(Err(StepError::new(StepErrorKind::Unavailable, message)));
        };
        let now = self.now();
        let mut nested = Run {
            id: id.clone(),
            workflow: name.clone(),
            version: found.version,
            definition: found.definition,
            steps: found.steps,
            input: start.input.clone(),
            parent: Some(StepTry::clone(&start.of)),
            depth: parent.depth + 1,
            resumed: 0,
            task_token: None,
            created_at: now,
            updated_at: now,
            ..parent.clone()
        };
        let plan = self.plan(&nested).await?;
        // It has the time of its own definition, within that of the run that waits for it.
        let time = i64::try_from(plan.deadline_seconds).map(SignedDuration::from_secs);
        let until = time.ok().and_then(|time| now.checked_add(time).ok());
        nested.deadline = until.map_or(nested.deadline, |until| until.min(nested.deadline));
        nested.latest = self.store().latest(&plan).await?;
        match self.store().put_run(&tdev_run::accept(nested, now)).await {
            // Somebody started it before.
            Ok(()) | Err(CommitError::Conflict) => {}
            Err(CommitError::Unavailable(error)) => return Err(error),
        }
        self.call(id, None, now).await?;
        Ok(Ok(()))
    }
}

/// What routing reads of the inputs of a step: their `text`, or all of them.
fn text_of(input: &Value) -> String {
    match (input, input.get("text")) {
        (Value::String(text), _) | (_, Some(Value::String(text))) => text.clone(),
        _ => input.to_string(),
    }
}
