//! The interpreter, as the engine of durable invocation sees it: a run in the worker process.

use std::collections::BTreeSet;
use std::io;

use tdev_domain::{Answer, Call, Invocation, RunReport, Source, Tool};
use tdev_invocation::{Machine, MachineError, Turn};
use tdev_sandbox::{ToolCall, ToolError, Worker, WorkerRun};
use tokio::sync::OwnedMutexGuard;

use crate::handler::Deps;
use crate::tools::unavailable;

/// The worker process for one delivery; nobody else has it meanwhile.
#[derive(Debug)]
pub(crate) struct Sandbox<'a> {
    deps: &'a Deps,
    worker: Option<OwnedMutexGuard<Worker>>,
    report: RunReport,
}

impl<'a> Sandbox<'a> {
    /// The worker, once it is free.
    pub(crate) async fn of(deps: &'a Deps) -> Self {
        Self {
            deps,
            worker: Some(deps.worker().await),
            report: RunReport::default(),
        }
    }

    /// Has the worker do something, off the runtime's own threads.
    async fn with<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Worker) -> io::Result<T> + Send + 'static,
    ) -> Result<T, MachineError> {
        let Some(mut worker) = self.worker.take() else {
            return Err(lost("the worker is gone").into());
        };
        let (worker, result) = tokio::task::spawn_blocking(move || {
            let result = work(&mut worker);
            (worker, result)
        })
        .await
        .map_err(unavailable)?;
        self.worker = Some(worker);
        Ok(result.map_err(unavailable)?)
    }

    fn turned(&mut self, turn: tdev_sandbox::Turn) -> Turn {
        match turn {
            tdev_sandbox::Turn::Called(calls) => {
                let call = |call: ToolCall| Call {
                    tool: call.tool.as_str().to_owned(),
                    args: call.args,
                };
                Turn::Called(calls.into_iter().map(call).collect())
            }
            tdev_sandbox::Turn::Ended(WorkerRun {
                run, compile_us, ..
            }) => {
                self.report = RunReport {
                    logs: run.logs,
                    compile_us,
                    run_us: run.run_us,
                };
                Turn::Ended(run.outcome)
            }
        }
    }
}

/// What the invocation runs, and the tools it was granted.
async fn agent(
    deps: &Deps,
    invocation: &Invocation,
) -> Result<(Source, BTreeSet<Tool>), MachineError> {
    let callee = &invocation.callee;
    let found = deps.source(&callee.artifact).await;
    let Some(source) = found.map_err(unavailable)? else {
        let gone = format!("the artifact {} is not stored", callee.artifact);
        return Err(MachineError::Snapshot(gone));
    };
    Ok((source, callee.tools.clone()))
}

fn lost(what: &'static str) -> tdev_invocation::Unavailable {
    unavailable(io::Error::other(what))
}

impl Machine for Sandbox<'_> {
    async fn start(&mut self, invocation: &Invocation) -> Result<Turn, MachineError> {
        let (source, tools) = agent(self.deps, invocation).await?;
        let (input, limits) = (invocation.input.clone(), invocation.callee.limits);
        let turn = self
            .with(move |worker| worker.start(&source, &tools, &input, &limits))
            .await?;
        Ok(self.turned(turn))
    }

    async fn restore(
        &mut self,
        invocation: &Invocation,
        snapshot: Vec<u8>,
    ) -> Result<(), MachineError> {
        let (source, tools) = agent(self.deps, invocation).await?;
        self.with(move |worker| worker.restore(&source, &tools, &snapshot))
            .await?
            .map_err(|failure| MachineError::Snapshot(failure.to_string()))
    }

    async fn snapshot(&mut self) -> Result<Vec<u8>, MachineError> {
        self.with(Worker::snapshot)
            .await?
            .map_err(|failure| MachineError::Snapshot(failure.to_string()))
    }

    async fn answer(&mut self, answers: &[Answer]) -> Result<Turn, MachineError> {
        let answer = |answer: &Answer| match answer {
            Answer::Value(value) => Ok(value.clone()),
            Answer::Error(error) => Err(ToolError::new(error.to_string())),
        };
        let answers = answers.iter().map(answer).collect();
        let turn = self.with(move |worker| worker.answer(answers)).await?;
        Ok(self.turned(turn))
    }

    fn report(&self) -> RunReport {
        self.report.clone()
    }
}
