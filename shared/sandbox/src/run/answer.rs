//! Answers on their way into the interpreter.

use monty_types::{ExcType, ExtFunctionResult, MontyException, MontyObject};
use serde_json::Value;

use crate::json;

/// What the agent is told in place of an answer that exceeds the limits of an input.
pub(crate) const ANSWER_TOO_LARGE: &str = "the tool's answer is too large";

/// What the agent is told in place of an answer that was not given.
pub(super) const NO_ANSWER: &str = "the tool gave no answer";

/// An answer as the host function gives it.
pub(super) fn told(answer: Result<Value, String>) -> ExtFunctionResult {
    match answer.and_then(|value| object(&value)) {
        Ok(object) => ExtFunctionResult::Return(object),
        Err(message) => raise(ExcType::RuntimeError, &message),
    }
}

/// An answer as the wrapper takes it that awaits it.
pub(super) fn told_later(answer: Result<Value, String>) -> ExtFunctionResult {
    let (good, answer) = match answer.and_then(|value| object(&value)) {
        Ok(object) => (true, object),
        Err(message) => (false, MontyObject::String(message)),
    };
    ExtFunctionResult::Return(MontyObject::Tuple(vec![MontyObject::Bool(good), answer]))
}

fn object(value: &Value) -> Result<MontyObject, String> {
    json::answer(value).ok_or_else(|| ANSWER_TOO_LARGE.to_owned())
}

/// An exception in place of an answer.
pub(super) fn raise(exception: ExcType, message: &str) -> ExtFunctionResult {
    ExtFunctionResult::Error(MontyException::new(exception, Some(message.to_owned())))
}
