//! The states that do the work of steps.

use serde_json::{Value, json};

use super::jsonata::{enclosed, ended};
use super::retry::retry;
use super::states::{Builder, then};
use crate::definition::{AgentRef, Kind, Wait, Work};
use crate::plan::{PlanStep, StepIndex};
use crate::template::Template;
use crate::{Expression, limits};

/// The most items of an inline map at once, which Step Functions sets.
const MAX_CONCURRENCY: u32 = 40;

const INVOKE: &str = "arn:aws:states:::lambda:invoke";
const INVOKE_AND_WAIT: &str = "arn:aws:states:::lambda:invoke.waitForTaskToken";

impl Builder<'_> {
    /// A task that calls `agent` with `input`, as long and as often as the step says.
    fn call(&self, index: StepIndex, agent: &AgentRef, input: &Value) -> Value {
        let planned = self.plan.step(index);
        let seconds = planned.timeout_seconds;
        let mut task = json!({
            "Type": "Task",
            "Resource": INVOKE,
            "Arguments": {
                "FunctionName": "${InvokeAgent}",
                "Payload": {"agent": {"name": agent.name}, "input": input},
            },
            "TimeoutSeconds": seconds.unwrap_or(limits::DEFAULT_TIMEOUT_SECONDS),
        });
        if let Some(version) = agent.version {
            task["Arguments"]["Payload"]["agent"]["version"] = version.get().into();
        }
        if let Some(retry) = retry(&planned.retry) {
            task["Retry"] = retry;
        }
        task
    }

    pub(super) fn agent(&mut self, index: StepIndex, agent: &AgentRef) -> Value {
        let planned = self.plan.step(index);
        let inputs = match &planned.inputs {
            Some(inputs) => self.template(index, "/inputs", inputs),
            None => json!({}),
        };
        let mut task = self.call(index, agent, &inputs);
        task["Output"] = completed(planned, "$states.result.Payload");
        task
    }

    pub(super) fn map(&mut self, index: StepIndex) -> Value {
        let planned = self.plan.step(index);
        let Kind::Map(map) = &planned.kind else {
            return Value::Null;
        };
        let Work::Agent(agent) = &map.work else {
            let message = "a map that calls no agent is not supported: a state machine has \
                neither a router nor nested workflows";
            self.refuse(index, "/map", message);
            return Value::Null;
        };
        let input = match &planned.inputs {
            Some(inputs) => self.template(index, "/inputs", inputs),
            None => enclosed("$states.context.Map.Item.Value"),
        };
        let over = self.expression(index, "/map/over", &map.over);
        if map.concurrency > MAX_CONCURRENCY {
            let message = format!("at most {MAX_CONCURRENCY} items run at once");
            self.note(index, "/map/concurrency", message);
        }
        let mut item = self.call(index, agent, &enclosed("$states.input.input"));
        item["Output"] = enclosed("$states.result.Payload");
        let name = format!("{} item", planned.id);
        json!({
            "Type": "Map",
            "Items": enclosed(&over),
            "MaxConcurrency": map.concurrency.min(MAX_CONCURRENCY),
            "ItemSelector": {"input": input},
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "INLINE"},
                "StartAt": name,
                "States": {name: then(item, None)},
            },
            "Output": completed(planned, "$states.result"),
        })
    }

    pub(super) fn wait(&mut self, index: StepIndex, wait: &Wait<Expression>) -> Value {
        let output = completed(self.plan.step(index), "null");
        match wait {
            Wait::Seconds(seconds) => {
                json!({"Type": "Wait", "Seconds": seconds, "Output": output})
            }
            Wait::Until(until) => {
                let message = "the point in time must be RFC 3339 text, no number";
                self.note(index, "/wait/until", message);
                let until = self.expression(index, "/wait/until", until);
                json!({"Type": "Wait", "Timestamp": enclosed(&until), "Output": output})
            }
        }
    }

    pub(super) fn approval(&mut self, index: StepIndex, message: Option<&Template>) -> Value {
        let planned = self.plan.step(index);
        let message = match message {
            Some(message) => self.template(index, "/approval/message", message),
            None => Value::Null,
        };
        let seconds = planned.timeout_seconds;
        json!({
            "Type": "Task",
            "Resource": INVOKE_AND_WAIT,
            "Arguments": {
                "FunctionName": "${RequestApproval}",
                "Payload": {
                    "step": planned.id,
                    "message": message,
                    "token": enclosed("$states.context.Task.Token"),
                },
            },
            "TimeoutSeconds": seconds.unwrap_or(limits::DEFAULT_APPROVAL_SECONDS),
            "Output": completed(planned, "$states.result"),
        })
    }
}

/// What goes on after `planned` has completed with `output`.
fn completed(planned: &PlanStep, output: &str) -> Value {
    let end = format!(r#"{{"status": "completed", "output": {output}}}"#);
    enclosed(&ended(planned.id.as_str(), &end))
}
