//! The tools, as this function offers them to runs that are not durable.

use jiff::Timestamp;
use serde_json::{Value, json};
use tdev_domain::Tool;
use tdev_sandbox::{Host, ToolCall, ToolError};

/// What [`Trial`] draws, always the same so that two runs can be compared.
const DRAWN: f64 = 0.5;

/// Answers tool calls with nothing but a clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock;

impl Host for Clock {
    fn call(&mut self, call: &ToolCall) -> Result<Value, ToolError> {
        match call.tool {
            // The sandbox keeps the line.
            Tool::Log => Ok(Value::Null),
            Tool::Now => Ok(json!(Timestamp::now())),
            tool => Err(ToolError::new(format!(
                "'{tool}' is for durable invocations"
            ))),
        }
    }
}

/// A world in which nothing changes and nothing can be changed, for running an example.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trial {
    /// The time at which the clock stands.
    pub(crate) now: Timestamp,
    /// The first tool called whose effect is not for a trial, if any was.
    pub(crate) stopped_at: Option<Tool>,
}

impl Host for Trial {
    fn call(&mut self, call: &ToolCall) -> Result<Value, ToolError> {
        match call.tool {
            // The sandbox keeps the line; and time does not pass.
            Tool::Log | Tool::Sleep => Ok(Value::Null),
            Tool::Now => Ok(json!(self.now)),
            Tool::Random => Ok(json!(DRAWN)),
            tool => {
                self.stopped_at.get_or_insert(tool);
                Err(ToolError::new(format!("'{tool}' is not for a trial")))
            }
        }
    }
}
