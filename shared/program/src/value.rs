//! Values that go into a program and come out of it, and their JSON.

use serde_json::{Map, Number, Value as Json};

use crate::MAX_DEPTH;

/// A value, as plain data.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// `None`
    #[default]
    None,
    /// A boolean.
    Bool(bool),
    /// An integer of 64 bits.
    Int(i64),
    /// A float.
    Float(f64),
    /// A string.
    Str(String),
    /// A list.
    List(Vec<Value>),
    /// A tuple.
    Tuple(Vec<Value>),
    /// A dict, its keys in the order in which they were added.
    Dict(Vec<(Value, Value)>),
}

/// Why a value has no equal in JSON, or the other way round.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// A number that is neither an integer of 64 bits nor a float.
    #[error("{0} is no integer of 64 bits")]
    Number(String),
    /// NaN or an infinity.
    #[error("NaN and infinities have no JSON")]
    NotFinite,
    /// A key that is no string.
    #[error("a key of a dict is no string")]
    Key,
    /// It nests deeper than values may.
    #[error("it nests deeper than {MAX_DEPTH} levels")]
    TooDeep,
}

impl Value {
    /// The value of `json`.
    ///
    /// # Errors
    ///
    /// [`JsonError`] for integers of more than 64 bits and for deep nesting.
    pub fn from_json(json: &Json) -> Result<Self, JsonError> {
        from_json(json, MAX_DEPTH)
    }

    /// The JSON of this value. Tuples become arrays.
    ///
    /// # Errors
    ///
    /// [`JsonError`] for NaN, infinities, keys that are no strings, and deep nesting.
    pub fn to_json(&self) -> Result<Json, JsonError> {
        to_json(self, MAX_DEPTH)
    }

    /// The same number, type and text, floats compared by their bits and NaN equal to NaN.
    pub fn is_identical(&self, other: &Self) -> bool {
        let all = |a: &[Self], b: &[Self]| {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.is_identical(b))
        };
        match (self, other) {
            (Self::Float(a), Self::Float(b)) => {
                a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
            }
            (Self::List(a), Self::List(b)) | (Self::Tuple(a), Self::Tuple(b)) => all(a, b),
            (Self::Dict(a), Self::Dict(b)) => {
                let same = |((k, v), (l, w)): (&(Self, Self), &(Self, Self))| {
                    k.is_identical(l) && v.is_identical(w)
                };
                a.len() == b.len() && a.iter().zip(b).all(same)
            }
            _ => self == other,
        }
    }
}

fn from_json(json: &Json, levels: usize) -> Result<Value, JsonError> {
    let levels = levels.checked_sub(1).ok_or(JsonError::TooDeep)?;
    Ok(match json {
        Json::Null => Value::None,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(value), _) => Value::Int(value),
            (None, Some(value)) if number.is_f64() => Value::Float(value),
            _ => return Err(JsonError::Number(number.to_string())),
        },
        Json::String(text) => Value::Str(text.clone()),
        Json::Array(items) => {
            let items = items.iter().map(|item| from_json(item, levels));
            Value::List(items.collect::<Result<_, _>>()?)
        }
        Json::Object(fields) => {
            let fields = fields
                .iter()
                .map(|(key, value)| Ok((Value::Str(key.clone()), from_json(value, levels)?)));
            Value::Dict(fields.collect::<Result<_, _>>()?)
        }
    })
}

fn to_json(value: &Value, levels: usize) -> Result<Json, JsonError> {
    let levels = levels.checked_sub(1).ok_or(JsonError::TooDeep)?;
    Ok(match value {
        Value::None => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Int(value) => Json::from(*value),
        Value::Float(value) => Json::Number(Number::from_f64(*value).ok_or(JsonError::NotFinite)?),
        Value::Str(text) => Json::from(text.as_str()),
        Value::List(items) | Value::Tuple(items) => {
            let items = items.iter().map(|item| to_json(item, levels));
            Json::Array(items.collect::<Result<_, _>>()?)
        }
        Value::Dict(pairs) => {
            let mut fields = Map::new();
            for (key, value) in pairs {
                let Value::Str(key) = key else {
                    return Err(JsonError::Key);
                };
                fields.insert(key.clone(), to_json(value, levels)?);
            }
            Json::Object(fields)
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_goes_in_and_out() {
        let json =
            json!({"b": [1, 2.5, null, true, "x"], "a": {"n": -9_223_372_036_854_775_808_i64}});
        let value = Value::from_json(&json).unwrap();
        assert_eq!(value.to_json().unwrap(), json);
        let tuple = Value::Tuple(vec![Value::Int(1), Value::Float(2.0)]);
        assert_eq!(tuple.to_json().unwrap(), json!([1, 2.0]));
    }

    #[test]
    fn what_json_or_values_lack_is_refused() {
        let large = json!(u64::MAX);
        assert_eq!(
            Value::from_json(&large),
            Err(JsonError::Number(u64::MAX.to_string()))
        );
        assert_eq!(Value::Float(f64::NAN).to_json(), Err(JsonError::NotFinite));
        let keyed = Value::Dict(vec![(Value::Int(1), Value::None)]);
        assert_eq!(keyed.to_json(), Err(JsonError::Key));
        let deep = (0..MAX_DEPTH).fold(json!(1), |inner, _| json!([inner]));
        assert_eq!(Value::from_json(&deep), Err(JsonError::TooDeep));
    }

    #[test]
    fn identity_tells_zeros_and_types_apart() {
        assert!(Value::Float(f64::NAN).is_identical(&Value::Float(f64::NAN)));
        assert!(!Value::Float(0.0).is_identical(&Value::Float(-0.0)));
        assert!(!Value::Float(1.0).is_identical(&Value::Int(1)));
        assert!(!Value::List(vec![]).is_identical(&Value::Tuple(vec![])));
    }
}
