//! JSON to the interpreter's values and back, within the limits.

use std::io;

use monty_types::{FormatFloat, MontyObject};
use serde_json::{Map, Number, Value};
use tdev_domain::limits::{MAX_INPUT_BYTES, MAX_JSON_DEPTH, MAX_OUTPUT_BYTES};
use tdev_domain::{AgentFailure, FailureKind};

use crate::failure;

/// The interpreter's form of `input`.
pub(crate) fn input(input: &Value) -> Result<MontyObject, AgentFailure> {
    check_input(input)?;
    Ok(to_object(input))
}

/// Whether `input` is within the limits of an input.
pub(crate) fn check_input(input: &Value) -> Result<(), AgentFailure> {
    let too_large = |message: String| Err(failure::new(FailureKind::InputTooLarge, &message));
    if !nests_within(input, MAX_JSON_DEPTH) {
        return too_large(format!("the input nests deeper than {MAX_JSON_DEPTH}"));
    }
    if !fits(input, MAX_INPUT_BYTES) {
        return too_large(format!(
            "the input is larger than {MAX_INPUT_BYTES} bytes as JSON"
        ));
    }
    Ok(())
}

/// The interpreter's form of a tool's `answer`, which has the limits of an input.
pub(crate) fn answer(answer: &Value) -> Option<MontyObject> {
    check_input(answer).is_ok().then(|| to_object(answer))
}

/// `object`, which has been walked and found bounded, as JSON within the limits of an output.
pub(crate) fn output(object: MontyObject) -> Result<Value, AgentFailure> {
    let too_large = |message: String| failure::new(FailureKind::OutputTooLarge, &message);
    let cyclic = contains_cycle(&object);
    let value = match from_object(object, MAX_JSON_DEPTH) {
        Ok(value) => value,
        Err(Unfit::Deep) if cyclic => return Err(not_json("a value that contains itself")),
        Err(Unfit::Deep) => {
            return Err(too_large(format!(
                "the output nests deeper than {MAX_JSON_DEPTH}"
            )));
        }
        Err(Unfit::NotJson(what)) => return Err(not_json(&what)),
    };
    if fits(&value, MAX_OUTPUT_BYTES) {
        Ok(value)
    } else {
        Err(output_too_large())
    }
}

/// The output has more bytes than it may.
pub(crate) fn output_too_large() -> AgentFailure {
    failure::new(
        FailureKind::OutputTooLarge,
        &format!("the output is larger than {MAX_OUTPUT_BYTES} bytes as JSON"),
    )
}

/// The output is or contains `what`.
pub(crate) fn not_json(what: &str) -> AgentFailure {
    failure::new(
        FailureKind::OutputNotJson,
        &format!("the output is not JSON: it contains {what}"),
    )
}

/// Why a value has no JSON form.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// It nests too deep.
    Deep,
    /// It is or contains this.
    NotJson(String),
}

fn to_object(value: &Value) -> MontyObject {
    match value {
        Value::Null => MontyObject::None,
        Value::Bool(b) => MontyObject::Bool(*b),
        Value::Number(number) => number_to_object(number),
        Value::String(text) => MontyObject::String(text.clone()),
        Value::Array(items) => MontyObject::List(items.iter().map(to_object).collect()),
        Value::Object(members) => {
            let pairs = members
                .iter()
                .map(|(key, value)| (MontyObject::String(key.clone()), to_object(value)));
            MontyObject::dict(pairs.collect::<Vec<_>>())
        }
    }
}

fn number_to_object(number: &Number) -> MontyObject {
    if let Some(int) = number.as_i64() {
        MontyObject::Int(int)
    } else if let Some(int) = number.as_u64() {
        MontyObject::BigInt(int.into())
    } else {
        MontyObject::Float(number.as_f64().unwrap_or(f64::NAN))
    }
}

/// `object` as JSON. Tuples become arrays, and keys that Python's `json` takes become strings.
pub(crate) fn from_object(object: MontyObject, depth: usize) -> Result<Value, Unfit> {
    Ok(match object {
        MontyObject::None => Value::Null,
        MontyObject::Bool(b) => Value::Bool(b),
        MontyObject::Int(int) => int.into(),
        MontyObject::BigInt(int) => u64::try_from(int)
            .map_err(|_| Unfit::NotJson("an integer of more than 64 bits".to_owned()))?
            .into(),
        MontyObject::Float(float) => Number::from_f64(float)
            .map(Value::Number)
            .ok_or_else(|| Unfit::NotJson(format!("the float {}", FormatFloat(float))))?,
        MontyObject::String(text) => Value::String(text),
        MontyObject::List(items)
        | MontyObject::Tuple(items)
        | MontyObject::NamedTuple { values: items, .. } => {
            let depth = depth.checked_sub(1).ok_or(Unfit::Deep)?;
            let items: Result<_, _> = items.into_iter().map(|i| from_object(i, depth)).collect();
            Value::Array(items?)
        }
        MontyObject::Dict(pairs) => {
            let depth = depth.checked_sub(1).ok_or(Unfit::Deep)?;
            let mut members = Map::new();
            for (key, value) in pairs {
                let key = key_text(key)?;
                let value = from_object(value, depth)?;
                if members.insert(key.clone(), value).is_some() {
                    let what = format!("a dict with two keys that are {key:?} in JSON");
                    return Err(Unfit::NotJson(what));
                }
            }
            Value::Object(members)
        }
        MontyObject::Cycle(..) => {
            return Err(Unfit::NotJson("a value that contains itself".to_owned()));
        }
        MontyObject::Repr(_) => return Err(Unfit::Deep),
        other => return Err(Unfit::NotJson(other.to_string())),
    })
}

fn key_text(key: MontyObject) -> Result<String, Unfit> {
    match key {
        MontyObject::String(text) => Ok(text),
        MontyObject::Int(int) => Ok(int.to_string()),
        MontyObject::BigInt(int) => Ok(int.to_string()),
        MontyObject::Bool(b) => Ok(b.to_string()),
        MontyObject::None => Ok("null".to_owned()),
        MontyObject::Float(float) if float.is_finite() => Ok(FormatFloat(float).to_string()),
        other => Err(Unfit::NotJson(format!("the dict key {other}"))),
    }
}

/// Whether the interpreter broke a cycle somewhere in `object`.
fn contains_cycle(object: &MontyObject) -> bool {
    match object {
        MontyObject::Cycle(..) => true,
        MontyObject::List(items)
        | MontyObject::Tuple(items)
        | MontyObject::NamedTuple { values: items, .. } => items.iter().any(contains_cycle),
        MontyObject::Dict(pairs) => pairs.into_iter().any(|(_, value)| contains_cycle(value)),
        _ => false,
    }
}

/// Whether `value` nests at most `depth` arrays and objects.
fn nests_within(value: &Value, depth: usize) -> bool {
    match value {
        Value::Array(items) => depth > 0 && items.iter().all(|item| nests_within(item, depth - 1)),
        Value::Object(members) => {
            depth > 0 && members.values().all(|item| nests_within(item, depth - 1))
        }
        _ => true,
    }
}

/// Whether `value` has at most `limit` bytes as compact JSON.
fn fits(value: &Value, limit: usize) -> bool {
    at_most(value) <= limit || serde_json::to_writer(Room(limit), value).is_ok()
}

/// A number of bytes that `value` does not exceed as compact JSON, found without writing it.
fn at_most(value: &Value) -> usize {
    // A control character takes six bytes; a float or an integer at most 25.
    let text = |text: &str| 6 * text.len() + 3;
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 25,
        Value::String(string) => text(string),
        Value::Array(items) => items.iter().map(|item| at_most(item) + 1).sum::<usize>() + 2,
        Value::Object(members) => {
            let sizes = members
                .iter()
                .map(|(key, item)| text(key) + at_most(item) + 1);
            sizes.sum::<usize>() + 2
        }
    }
}

/// A writer that takes so many bytes and no more.
struct Room(usize);

impl io::Write for Room {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self
            .0
            .checked_sub(bytes.len())
            .ok_or(io::ErrorKind::FileTooLarge)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn nested(depth: usize) -> Value {
        (0..depth).fold(json!(1), |inner, _| json!([inner]))
    }

    #[test]
    fn the_depth_limit_is_inclusive() {
        assert!(input(&nested(MAX_JSON_DEPTH)).is_ok());
        let failure = input(&nested(MAX_JSON_DEPTH + 1)).unwrap_err();
        assert_eq!(failure.kind, FailureKind::InputTooLarge);
    }

    #[test]
    fn the_size_limit_is_inclusive() {
        assert!(input(&json!("x".repeat(MAX_INPUT_BYTES - 2))).is_ok());
        let failure = input(&json!("x".repeat(MAX_INPUT_BYTES - 1))).unwrap_err();
        assert_eq!(failure.kind, FailureKind::InputTooLarge);
    }

    #[test]
    fn the_bound_holds_without_writing() {
        for value in [
            json!(null),
            json!(-1.797_693_134_862_315_7e308),
            json!(u64::MAX),
            json!("\u{1}\u{2}é"),
            json!([[], {}, [1, 2]]),
            json!({"\u{1}": {"": false}, "b": [null]}),
        ] {
            assert!(at_most(&value) >= value.to_string().len(), "{value}");
        }
    }

    #[test]
    fn keys_become_strings_as_in_pythons_json() {
        let object = MontyObject::dict(vec![
            (MontyObject::Int(1), MontyObject::None),
            (MontyObject::Bool(true), MontyObject::None),
            (MontyObject::None, MontyObject::None),
            (MontyObject::Float(1.5), MontyObject::None),
        ]);
        assert_eq!(
            from_object(object, 1),
            Ok(json!({"1": null, "true": null, "null": null, "1.5": null}))
        );
    }

    #[test]
    fn keys_that_become_one_are_refused() {
        let object = MontyObject::dict(vec![
            (MontyObject::Int(1), MontyObject::None),
            (MontyObject::String("1".to_owned()), MontyObject::None),
        ]);
        assert!(matches!(from_object(object, 1), Err(Unfit::NotJson(_))));
    }

    #[test]
    fn integers_of_64_bits_pass_and_no_larger_ones() {
        for int in [json!(u64::MAX), json!(i64::MIN), json!(i64::MAX)] {
            assert_eq!(from_object(input(&int).unwrap(), 0), Ok(int));
        }
        let MontyObject::BigInt(max) = input(&json!(u64::MAX)).unwrap() else {
            panic!("not a large integer");
        };
        assert!(from_object(MontyObject::BigInt(max.clone() + 1), 0).is_err());
        assert!(from_object(MontyObject::BigInt(-max), 0).is_err());
    }

    #[test]
    fn what_json_lacks_is_named() {
        for (object, what) in [
            (MontyObject::Float(f64::NAN), "nan"),
            (MontyObject::Float(f64::INFINITY), "inf"),
            (MontyObject::Bytes(vec![1]), "b'"),
            (MontyObject::Cycle(0, "[...]".to_owned()), "itself"),
        ] {
            let failure = output(object).unwrap_err();
            assert_eq!(failure.kind, FailureKind::OutputNotJson);
            assert!(failure.message.contains(what), "{}", failure.message);
        }
    }

    #[test]
    fn the_output_size_is_that_of_the_json() {
        // Each control character takes six bytes as JSON.
        let text = "\u{1}".repeat(MAX_OUTPUT_BYTES / 6 + 1);
        let failure = output(MontyObject::String(text)).unwrap_err();
        assert_eq!(failure.kind, FailureKind::OutputTooLarge);
    }
}
