//! How far an output is from the expected one.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tdev_domain::limits::MAX_OUTPUT_BYTES;
use tdev_program::Value;

use crate::Loss;

/// The longest string or list, in characters or items, whose edit distance is taken.
pub const MAX_EDIT_LENGTH: usize = 4096;

/// How far an output is from the expected one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Metric {
    /// 0 for the same value, 1 for another. Integers and floats of one value are the same;
    /// booleans are no numbers.
    Exact,
    /// The absolute difference of two numbers; of two lists of numbers as long, their mean.
    Absolute,
    /// The squared difference; of lists, the mean.
    Squared,
    /// How many characters of a string, or items of a list, must be put in, taken out or replaced.
    EditDistance,
    /// 0 within `absolute + relative × |expected|`, beyond it the absolute difference; of lists,
    /// the mean.
    Tolerance {
        /// In units of the output.
        #[serde(default)]
        absolute: f64,
        /// As a share of what is expected.
        #[serde(default)]
        relative: f64,
    },
    /// The sum over fields of a dict, each with a metric of its own.
    Fields {
        /// The fields. Others are not looked at.
        fields: Vec<Field>,
    },
}

/// A field of an output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// How far it is from the expected one.
    pub metric: Metric,
    /// What its loss is multiplied by, more than 0.
    #[serde(default = "one")]
    pub weight: f64,
}

fn one() -> f64 {
    1.0
}

/// The number that a value is; booleans are none.
#[expect(
    clippy::cast_precision_loss,
    reason = "losses of integers beyond 2^53 need not be exact"
)]
pub(super) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Int(value) => Some(*value as f64),
        Value::Float(value) => value.is_finite().then_some(*value),
        _ => None,
    }
}

fn items(value: &Value) -> Option<&[Value]> {
    match value {
        Value::List(items) | Value::Tuple(items) => Some(items),
        _ => None,
    }
}

/// The same value in JSON: tuples are lists, integers and floats of one value are the same, the
/// order of keys does not matter.
pub(super) fn is_same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => a == b,
        (Value::List(a) | Value::Tuple(a), Value::List(b) | Value::Tuple(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same(a, b))
        }
        (Value::Dict(a), Value::Dict(b)) => {
            let found = |(key, value): &(Value, Value)| {
                b.iter().any(|(k, v)| k == key && is_same(value, v))
            };
            a.len() == b.len() && a.iter().all(found)
        }
        _ => match (number(a), number(b)) {
            (Some(a), Some(b)) => a.total_cmp(&b).is_eq() || a == 0.0 && b == 0.0,
            (None, None) => a == b,
            _ => false,
        },
    }
}

/// About how many bytes a value has as JSON; stops counting beyond `most`.
fn json_bytes(value: &Value, most: usize) -> usize {
    let sum = |parts: &mut dyn Iterator<Item = &Value>| {
        let mut bytes = 2_usize;
        for part in parts {
            if bytes > most {
                break;
            }
            bytes = bytes.saturating_add(json_bytes(part, most - bytes.min(most)) + 1);
        }
        bytes
    };
    match value {
        Value::Str(text) => text.len() + 2,
        Value::List(items) | Value::Tuple(items) => sum(&mut items.iter()),
        Value::Dict(pairs) => sum(&mut pairs.iter().flat_map(|(key, value)| [key, value])),
        _ => 4,
    }
}

/// Whether a value may be an output: no larger than one may be, and without NaN, infinities and
/// keys that are no strings.
pub(super) fn is_output(value: &Value) -> bool {
    fn has_json(value: &Value) -> bool {
        match value {
            Value::Float(value) => value.is_finite(),
            Value::List(items) | Value::Tuple(items) => items.iter().all(has_json),
            Value::Dict(pairs) => {
                let is_field =
                    |(key, value): &(Value, Value)| matches!(key, Value::Str(_)) && has_json(value);
                pairs.iter().all(is_field)
            }
            _ => true,
        }
    }
    json_bytes(value, MAX_OUTPUT_BYTES) <= MAX_OUTPUT_BYTES && has_json(value)
}

impl Metric {
    /// The loss of `output` where `expected` is right. What has another type or shape, is not
    /// finite, or is too large to be an output has [`Loss::WORST`].
    pub fn loss(&self, expected: &Value, output: &Value) -> Loss {
        if is_output(output) {
            self.distance(expected, output)
                .map_or(Loss::WORST, Loss::or_worst)
        } else {
            Loss::WORST
        }
    }

    /// The loss of a number where a number is right.
    pub(super) fn loss_of_number(&self, expected: f64, output: f64) -> Loss {
        if output.is_finite() {
            self.difference(expected, output)
                .map_or(Loss::WORST, Loss::or_worst)
        } else {
            Loss::WORST
        }
    }

    /// Whether it looks at the difference of two numbers alone.
    pub(super) fn is_numeric(&self) -> bool {
        self.difference(0.0, 0.0).is_some()
    }

    fn difference(&self, expected: f64, output: f64) -> Option<f64> {
        let difference = (expected - output).abs();
        match self {
            Self::Absolute => Some(difference),
            Self::Squared => Some(difference * difference),
            Self::Tolerance { absolute, relative } => {
                let is_within = difference <= absolute + relative * expected.abs();
                Some(if is_within { 0.0 } else { difference })
            }
            Self::Exact | Self::EditDistance | Self::Fields { .. } => None,
        }
    }

    fn distance(&self, expected: &Value, output: &Value) -> Option<f64> {
        match self {
            Self::Exact => Some(if is_same(expected, output) { 0.0 } else { 1.0 }),
            Self::EditDistance => edit_distance(expected, output),
            Self::Fields { fields } => fields.iter().try_fold(0.0, |sum, field| {
                let expected = get(expected, &field.name)?;
                let output = get(output, &field.name)?;
                Some(sum + field.weight * field.metric.distance(expected, output)?)
            }),
            Self::Absolute | Self::Squared | Self::Tolerance { .. } => {
                match (items(expected), items(output)) {
                    (None, None) => self.difference(number(expected)?, number(output)?),
                    (Some(a), Some(b)) if a.len() == b.len() => {
                        let pairs = a.iter().zip(b);
                        let sum = pairs.map(|(a, b)| self.difference(number(a)?, number(b)?));
                        let sum = sum.sum::<Option<f64>>()?;
                        #[expect(clippy::cast_precision_loss, reason = "few items")]
                        Some(sum / a.len().max(1) as f64)
                    }
                    _ => None,
                }
            }
        }
    }

    /// What is wrong with an expected output for this metric, if anything is.
    pub(super) fn objection(&self, expected: &Json) -> Option<String> {
        let numbers = |json: &Json| match json {
            Json::Number(_) => true,
            Json::Array(items) => items.iter().all(Json::is_number),
            _ => false,
        };
        let wanted = match self {
            Self::Exact => return None,
            Self::Absolute | Self::Squared | Self::Tolerance { .. } => {
                (!numbers(expected)).then_some("a number or a list of numbers")
            }
            Self::EditDistance => match expected {
                Json::String(text) if text.chars().count() <= MAX_EDIT_LENGTH => None,
                Json::Array(items) if items.len() <= MAX_EDIT_LENGTH => None,
                _ => Some("a string or list of at most 4096 characters or items"),
            },
            Self::Fields { fields } => {
                return fields
                    .iter()
                    .find_map(|field| match expected.get(&field.name) {
                        None => Some(format!("there is no field `{}`", field.name)),
                        Some(value) => field
                            .metric
                            .objection(value)
                            .map(|inner| format!("field `{}`: {inner}", field.name)),
                    });
            }
        };
        wanted.map(|wanted| format!("the metric takes {wanted}"))
    }
}

fn get<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let Value::Dict(pairs) = value else {
        return None;
    };
    let is_named = |(key, _): &&(Value, Value)| matches!(key, Value::Str(key) if key == name);
    pairs.iter().find(is_named).map(|(_, value)| value)
}

/// Values to compare as items of a list.
struct Items<'a>(&'a [Value]);

#[derive(Clone, Copy)]
struct Item<'a>(&'a Value);

impl PartialEq for Item<'_> {
    fn eq(&self, other: &Self) -> bool {
        is_same(self.0, other.0)
    }
}

impl<'a> IntoIterator for &Items<'a> {
    type Item = Item<'a>;
    type IntoIter = std::iter::Map<std::slice::Iter<'a, Value>, fn(&'a Value) -> Item<'a>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter().map(Item)
    }
}

fn edit_distance(expected: &Value, output: &Value) -> Option<f64> {
    let distance = match (expected, output) {
        (Value::Str(a), Value::Str(b)) if b.chars().count() <= MAX_EDIT_LENGTH => {
            strsim::levenshtein(a, b)
        }
        _ => {
            let (a, b) = (items(expected)?, items(output)?);
            if b.len() > MAX_EDIT_LENGTH {
                return None;
            }
            strsim::generic_levenshtein(&Items(a), &Items(b))
        }
    };
    #[expect(clippy::cast_precision_loss, reason = "at most MAX_EDIT_LENGTH")]
    Some(distance as f64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn value(json: &Json) -> Value {
        Value::from_json(json).unwrap()
    }

    fn loss(metric: &Metric, expected: &Json, output: &Json) -> Option<f64> {
        let loss = metric.loss(&value(expected), &value(output));
        (loss != Loss::WORST).then_some(loss.value())
    }

    #[test]
    fn each_metric_measures_what_it_says() {
        let tolerance = Metric::Tolerance {
            absolute: 0.1,
            relative: 0.01,
        };
        let table = [
            (
                Metric::Exact,
                json!({"a": [1, "x"]}),
                json!({"a": [1.0, "x"]}),
                Some(0.0),
            ),
            (Metric::Exact, json!(1), json!(true), Some(1.0)),
            (Metric::Exact, json!(0), json!(-0.0), Some(0.0)),
            (Metric::Absolute, json!(3), json!(-1.5), Some(4.5)),
            (Metric::Absolute, json!([1, 2]), json!([2, 4]), Some(1.5)),
            (Metric::Absolute, json!([1, 2]), json!([1]), None),
            (Metric::Absolute, json!(1), json!(true), None),
            (Metric::Absolute, json!(1), json!("1"), None),
            (Metric::Squared, json!(3), json!(5), Some(4.0)),
            (tolerance.clone(), json!(100), json!(101.05), Some(0.0)),
            (tolerance, json!(100), json!(102), Some(2.0)),
            (
                Metric::EditDistance,
                json!("kitten"),
                json!("sitting"),
                Some(3.0),
            ),
            (
                Metric::EditDistance,
                json!([1, 2, 3]),
                json!([1, 3.0]),
                Some(1.0),
            ),
            (Metric::EditDistance, json!("abc"), json!(["a"]), None),
        ];
        for (metric, expected, output, wanted) in table {
            let found = loss(&metric, &expected, &output);
            assert_eq!(found, wanted, "{metric:?} {expected} {output}");
        }
    }

    #[test]
    fn fields_are_weighed() {
        let metric: Metric = serde_json::from_value(json!({"kind": "fields", "fields": [
            {"name": "n", "metric": {"kind": "absolute"}, "weight": 2.0},
            {"name": "s", "metric": {"kind": "edit-distance"}},
        ]}))
        .unwrap();
        let expected = json!({"n": 1, "s": "ab"});
        let with = |output: &Json| loss(&metric, &expected, output);
        assert_eq!(with(&json!({"s": "abc", "n": 3, "score": 0})), Some(5.0));
        assert_eq!(with(&json!({"s": "abc"})), None);
        assert_eq!(with(&json!([1, "ab"])), None);
    }

    #[test]
    fn what_is_no_output_is_worst() {
        let nested = |value| Value::List(vec![Value::Dict(vec![(Value::Str("k".into()), value)])]);
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let output = Value::Float(bad);
            assert_eq!(
                Metric::Absolute.loss(&Value::Float(1.0), &output),
                Loss::WORST
            );
            let nested = nested(output);
            assert_eq!(Metric::Exact.loss(&nested.clone(), &nested), Loss::WORST);
        }
        let oversize = Value::List(vec![Value::Int(1); MAX_OUTPUT_BYTES]);
        assert_eq!(Metric::Exact.loss(&Value::Int(1), &oversize), Loss::WORST);
        let keyed = Value::Dict(vec![(Value::Int(1), Value::None)]);
        assert_eq!(Metric::Exact.loss(&keyed, &keyed), Loss::WORST);
        let overflow = Metric::Squared.loss(&Value::Float(-1e300), &Value::Float(1e300));
        assert_eq!(overflow, Loss::WORST);
    }

    proptest! {
        #[test]
        fn no_number_is_nearer_than_the_right_one(expected in any::<f64>(), output in any::<f64>()) {
            for metric in [Metric::Absolute, Metric::Squared] {
                let of = |output| metric.loss(&Value::Float(expected), &Value::Float(output));
                prop_assert!(of(output) >= Loss::ZERO);
                if expected.is_finite() {
                    prop_assert_eq!(of(expected), Loss::ZERO);
                    // The square of a tiny difference may be too small for a float.
                    let is_equal = expected.total_cmp(&output).is_eq() || expected.abs() + output.abs() == 0.0;
                    prop_assert!((of(output) == Loss::ZERO) <= (metric == Metric::Squared || is_equal));
                }
                prop_assert_eq!(of(output), metric.loss_of_number(expected, output));
            }
        }
    }
}
