//! The tools, as a trial run of an agent has them: none has an effect.

use jiff::Timestamp;
use serde_json::{Value, json};
use tdev_domain::Tool;
use tdev_sandbox::ToolCall;

/// What `random` answers, always the same so that two runs can be compared.
const DRAWN: f64 = 0.5;

/// What `call` is answered in a trial, with the clock standing at `now`; nothing if its effect is
/// not for a trial, which then ends there.
pub(crate) fn answer(call: &ToolCall, now: Timestamp) -> Option<Value> {
    match call.tool {
        // The sandbox keeps the line; and time does not pass.
        Tool::Log | Tool::Sleep => Some(Value::Null),
        Tool::Now => Some(json!(now)),
        Tool::Random => Some(json!(DRAWN)),
        Tool::WaitFor
        | Tool::CallAgent
        | Tool::Remember
        | Tool::Recall
        | Tool::Forget
        | Tool::Emit
        | Tool::HttpGet
        | Tool::HttpPost
        | Tool::Llm => None,
    }
}
