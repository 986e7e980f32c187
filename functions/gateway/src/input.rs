//! The bounds of an agent's input.

use std::collections::VecDeque;
use std::io;

use serde_json::Value;
use tdev_domain::limits;

use crate::problem::{Problem, ProblemType};

/// Refuses an input that is too large or nests too deep for any agent.
pub(crate) fn check_size(input: &Value) -> Result<(), Problem> {
    let (bytes, depth) = (json_bytes(input), json_depth(input));
    if bytes > limits::MAX_INPUT_BYTES {
        let limit = limits::MAX_INPUT_BYTES;
        return Err(Problem::new(
            ProblemType::InputTooLarge,
            format!("The input has {bytes} bytes as JSON; the limit is {limit}."),
        )
        .with("bytes", bytes)
        .with("limit", limit));
    }
    if depth > limits::MAX_JSON_DEPTH {
        let limit = limits::MAX_JSON_DEPTH;
        return Err(Problem::new(
            ProblemType::InputTooLarge,
            format!("The input nests {depth} deep; the limit is {limit}."),
        )
        .with("depth", depth)
        .with("limit", limit));
    }
    Ok(())
}

/// Counts what is written and keeps none of it.
struct Count(usize);

impl io::Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How many bytes `value` has as JSON.
pub(crate) fn json_bytes(value: &Value) -> usize {
    let mut count = Count(0);
    match serde_json::to_writer(&mut count, value) {
        Ok(()) => count.0,
        Err(_) => usize::MAX,
    }
}

/// How deep `value` nests: 0 for a scalar, 1 for a flat array or object.
fn json_depth(value: &Value) -> usize {
    let mut deepest = 0;
    let mut level = VecDeque::from([(value, 0)]);
    while let Some((value, depth)) = level.pop_front() {
        deepest = deepest.max(depth);
        match value {
            Value::Array(items) => {
                deepest = deepest.max(depth + 1);
                level.extend(items.iter().map(|item| (item, depth + 1)));
            }
            Value::Object(fields) => {
                deepest = deepest.max(depth + 1);
                level.extend(fields.values().map(|field| (field, depth + 1)));
            }
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn depth_counts_arrays_and_objects() {
        for (value, depth) in [
            (json!(1), 0),
            (json!([]), 1),
            (json!({"a": 1}), 1),
            (json!({"a": [1, {"b": []}], "c": {}}), 4),
        ] {
            assert_eq!(json_depth(&value), depth, "{value}");
        }
    }

    #[test]
    fn the_limits_are_inclusive() {
        let text = |bytes: usize| Value::String("x".repeat(bytes - 2));
        assert!(check_size(&text(limits::MAX_INPUT_BYTES)).is_ok());
        assert!(check_size(&text(limits::MAX_INPUT_BYTES + 1)).is_err());
        let nested = |depth| (0..depth).fold(json!(1), |value, _| json!([value]));
        assert!(check_size(&nested(limits::MAX_JSON_DEPTH)).is_ok());
        assert!(check_size(&nested(limits::MAX_JSON_DEPTH + 1)).is_err());
    }
}
