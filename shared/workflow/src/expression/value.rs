//! Between JSON and the values that expressions work on.

use std::sync::Arc;

use jmespath::{Rcvar, Variable};
use serde_json::{Map, Value};

use super::Error;
use crate::limits;

/// `value` for expressions to read. It recurses as deep as the value nests.
pub(crate) fn from_json(value: &Value) -> Rcvar {
    Arc::new(match value {
        Value::Null => Variable::Null,
        Value::Bool(bool) => Variable::Bool(*bool),
        Value::Number(number) => Variable::Number(number.clone()),
        Value::String(text) => Variable::String(text.clone()),
        Value::Array(items) => Variable::Array(items.iter().map(from_json).collect()),
        Value::Object(fields) => Variable::Object(
            fields
                .iter()
                .map(|(key, value)| (key.clone(), from_json(value)))
                .collect(),
        ),
    })
}

/// `value` as JSON, which takes about its number of bytes from `left`.
///
/// A value may share its parts and so be far larger written out than it is in memory.
pub(crate) fn to_json(value: &Rcvar, left: &mut usize) -> Result<Value, Error> {
    convert(value, left, 0)
}

fn convert(value: &Rcvar, left: &mut usize, depth: usize) -> Result<Value, Error> {
    if depth > limits::MAX_DEPTH {
        return Err(Error::TooDeep);
    }
    let mut take = |bytes: usize| {
        *left = left.checked_sub(bytes).ok_or(Error::TooLarge)?;
        Ok(())
    };
    take(4)?;
    Ok(match &**value {
        Variable::Bool(bool) => Value::Bool(*bool),
        Variable::Number(number) => Value::Number(number.clone()),
        Variable::String(text) => {
            take(text.len())?;
            Value::String(text.clone())
        }
        Variable::Array(items) => items
            .iter()
            .map(|item| convert(item, left, depth + 1))
            .collect::<Result<_, _>>()?,
        Variable::Object(fields) => {
            let mut object = Map::with_capacity(fields.len());
            for (key, field) in fields {
                *left = left.checked_sub(key.len()).ok_or(Error::TooLarge)?;
                object.insert(key.clone(), convert(field, left, depth + 1)?);
            }
            Value::Object(object)
        }
        // An expression is no value; none gets here, since it may only be an argument.
        Variable::Null | Variable::Expref(_) => Value::Null,
    })
}
