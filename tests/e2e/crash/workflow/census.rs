//! Everything there is of a run: it and those that it started, their steps, and what these started.

use anyhow::Result;
use serde_json::{Map, Value, json};
use tdev_domain::{
    Compensation, Invocation, InvocationId, Part, Run, RunId, RunState, StepRecord, StepState,
    StepTry, Task, Work,
};
use tdev_invocation::Journal;
use tdev_run::Store;
use tdev_run::limits::COMPENSATION_TRIES;

use crate::rig::Rig;

/// All records, as they stand.
#[derive(Debug, Default)]
pub(crate) struct Census {
    pub(crate) runs: Vec<Run>,
    pub(crate) steps: Vec<(RunId, StepRecord)>,
    pub(crate) invocations: Vec<Invocation>,
    pub(crate) tasks: Vec<Task>,
}

impl Census {
    /// Reads all of it.
    pub(crate) fn of(rig: &Rig<'_>, root: &RunId) -> Result<Self> {
        let mut census = Self::default();
        let mut known = vec![root.clone()];
        while let Some(id) = known.pop() {
            rig.runtime.block_on(census.run(rig, &id, &mut known))?;
        }
        Ok(census)
    }

    async fn run(&mut self, rig: &Rig<'_>, id: &RunId, known: &mut Vec<RunId>) -> Result<()> {
        let Some(run) = rig.runs.run(id).await? else {
            return Ok(());
        };
        self.runs.push(run);
        let mut steps = rig.runs.all_steps(id).await?;
        for place in 0..steps.len() {
            let works = steps[place].tries.iter().map(|one| &one.work);
            if works.clone().any(|work| matches!(work, Work::Map { .. })) {
                steps.extend(rig.runs.items(id, steps[place].place.step).await?);
            }
        }
        for step in steps {
            for one in &step.tries {
                match &one.work {
                    Work::Agent { invocation, .. } => {
                        self.invocation(rig, invocation).await?;
                    }
                    Work::Task { task } => self.task(rig, task).await?,
                    Work::Run { run } => known.push(run.clone()),
                    Work::Map { .. } => {}
                }
            }
            self.compensations(rig, id, &step).await?;
            self.steps.push((id.clone(), step));
        }
        Ok(())
    }

    async fn invocation(&mut self, rig: &Rig<'_>, id: &InvocationId) -> Result<bool> {
        let found = rig.journal.load(id).await?;
        let is_there = found.is_some();
        self.invocations.extend(found);
        Ok(is_there)
    }

    async fn task(&mut self, rig: &Rig<'_>, id: &tdev_domain::TaskId) -> Result<()> {
        let Some(task) = rig.table().task(&rig.tenant, id).await? else {
            return Ok(());
        };
        for attempt in &task.attempts {
            self.invocation(rig, &attempt.invocation).await?;
        }
        self.tasks.push(task);
        Ok(())
    }

    /// What undid the step, or was to.
    async fn compensations(&mut self, rig: &Rig<'_>, run: &RunId, step: &StepRecord) -> Result<()> {
        if step.compensation.is_none() {
            return Ok(());
        }
        for number in 1..=COMPENSATION_TRIES {
            let of = StepTry {
                run: run.clone(),
                place: step.place,
                part: Part::Compensation,
                number,
            };
            if !self.invocation(rig, &InvocationId::started_by(&of)).await? {
                break;
            }
        }
        Ok(())
    }

    /// Whether nothing of it goes on, or ever will.
    pub(crate) fn is_at_rest(&self) -> bool {
        let over = |run: &Run| run.status.state().is_final() && run.due_at.is_none();
        self.runs.iter().all(over)
            && self.steps.iter().all(|(_, step)| step.state.is_over())
            && self.invocations.iter().all(|one| one.status.is_final())
            && self.tasks.iter().all(|task| task.status.state().is_final())
    }

    /// The step with this name.
    pub(crate) fn step(&self, is_it: impl Fn(&StepRecord) -> bool) -> Option<&(RunId, StepRecord)> {
        self.steps.iter().find(|(_, step)| is_it(step))
    }

    /// Whether a step waits for the end of `invocation`.
    pub(crate) fn awaits(&self, invocation: &InvocationId) -> bool {
        let is_it =
            |work: &Work| matches!(work, Work::Agent { invocation: id, .. } if id == invocation);
        self.steps.iter().any(|(_, step)| match &step.compensation {
            Some(Compensation::Running { work, .. }) => is_it(work),
            _ => {
                step.state == StepState::Running
                    && step.tries.last().is_some_and(|last| is_it(&last.work))
            }
        })
    }

    /// What all of it came to: what must be the same however it was disturbed.
    pub(crate) fn ending(&self) -> Value {
        let runs = self.runs.iter().map(|run| {
            let completed = run.status.state() == RunState::Completed;
            let of_run = self.steps.iter().filter(|(id, _)| *id == run.id);
            // Whether what did not run is on record, depends on who finds that the run fails.
            let skipped = |step: &StepRecord| matches!(step.state, StepState::Skipped { .. });
            let steps: Map<String, Value> = of_run
                .filter(|(_, step)| completed || !skipped(step))
                .map(|(_, step)| {
                    let ended = json!({
                        "state": step.state,
                        "tries": step.tries.len(),
                        "undone": step.compensation,
                    });
                    (format!("{} {}", step.id, step.place), ended)
                })
                .collect();
            (
                run.workflow.to_string(),
                json!({"status": run.status, "steps": steps}),
            )
        });
        Value::Object(runs.collect())
    }
}
