//! The tools, as this function offers them.

use jiff::Timestamp;
use serde_json::Value;
use tdev_domain::Tool;
use tdev_sandbox::{Host, ToolCall, ToolError};

/// Answers tool calls with nothing but a clock.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Clock {
    /// The time of the call.
    Wall,
    /// Always this time, so that two runs can be compared.
    Stopped(Timestamp),
}

impl Host for Clock {
    fn call(&mut self, call: &ToolCall) -> Result<Value, ToolError> {
        match call.tool {
            // The sandbox keeps the line.
            Tool::Log => Ok(Value::Null),
            Tool::Now => {
                let now = match self {
                    Self::Wall => Timestamp::now(),
                    Self::Stopped(at) => *at,
                };
                Ok(Value::String(now.to_string()))
            }
        }
    }
}
