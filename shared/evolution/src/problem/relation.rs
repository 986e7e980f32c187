//! Metamorphic relations: how an output must change when the input does, whatever is right.

use std::collections::BTreeMap;

use rand::RngExt;
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value as Json};
use tdev_program::Value;

use super::metric;
use crate::Rng;

/// How far, as a share, numbers may be from what the relation says.
const SLACK: f64 = 1e-9;

/// A change of the input, and the change of the output that must follow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relation {
    /// What is changed: a place in the input, as a JSON pointer; the whole input if empty.
    #[serde(default)]
    pub argument: String,
    /// How it is changed.
    pub change: Change,
    /// What must happen to the output.
    pub output: Effect,
}

/// A change of a part of the input.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Change {
    /// A list gets another order.
    Permute,
    /// Every string becomes another, equal ones equal.
    Rename,
    /// Every number is multiplied by this.
    Scale(f64),
}

/// What must happen to the output.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Effect {
    /// Nothing.
    Same,
    /// It is a list and gets the same order.
    Permute,
    /// Its strings become what those of the input become.
    Rename,
    /// Every number in it is multiplied by this.
    Scale(f64),
}

/// What a change did, so that the same can be asked of the output.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    order: Vec<usize>,
    names: BTreeMap<String, String>,
}

impl Relation {
    /// What `input` becomes; none if there is nothing at that place that could change so.
    pub fn apply(&self, input: &Json, rng: &mut Rng) -> Option<(Json, Applied)> {
        let mut changed = input.clone();
        let mut applied = Applied {
            order: Vec::new(),
            names: BTreeMap::new(),
        };
        let place = changed.pointer_mut(&self.argument)?;
        match self.change {
            Change::Permute => {
                let items = place.as_array_mut()?;
                applied.order = (0..items.len()).collect();
                for at in (1..items.len()).rev() {
                    applied.order.swap(at, rng.random_range(0..=at));
                }
                *items = applied.order.iter().map(|at| items[*at].clone()).collect();
            }
            Change::Rename => rename(place, &mut |text| {
                let known = applied.names.len();
                let fresh = || format!("{text}{known}");
                applied
                    .names
                    .entry(text.to_owned())
                    .or_insert_with(fresh)
                    .clone()
            }),
            Change::Scale(factor) => scale(place, factor)?,
        }
        (changed != *input).then_some((changed, applied))
    }

    /// Whether `after` is what `before` must become.
    pub fn holds(&self, applied: &Applied, before: &Value, after: &Value) -> bool {
        match self.output {
            Effect::Same => is_near(before, after, 1.0),
            Effect::Scale(factor) => is_near(before, after, factor),
            Effect::Permute => match (before, after) {
                (Value::List(before), Value::List(after))
                | (Value::Tuple(before), Value::Tuple(after)) => {
                    let mut pairs = applied.order.iter().zip(after);
                    before.len() == applied.order.len()
                        && after.len() == before.len()
                        && pairs.all(|(from, after)| is_near(&before[*from], after, 1.0))
                }
                _ => false,
            },
            Effect::Rename => {
                let Ok(mut json) = before.to_json() else {
                    return false;
                };
                rename(&mut json, &mut |text| {
                    applied
                        .names
                        .get(text)
                        .cloned()
                        .unwrap_or_else(|| text.to_owned())
                });
                Value::from_json(&json).is_ok_and(|wanted| is_near(&wanted, after, 1.0))
            }
        }
    }
}

/// Calls `name` for every string that is no key.
fn rename(json: &mut Json, name: &mut dyn FnMut(&str) -> String) {
    match json {
        Json::String(text) => *text = name(text),
        Json::Array(items) => items.iter_mut().for_each(|item| rename(item, name)),
        Json::Object(fields) => fields.values_mut().for_each(|field| rename(field, name)),
        _ => {}
    }
}

/// Multiplies every number; integers stay integers where the product is one.
fn scale(json: &mut Json, factor: f64) -> Option<()> {
    match json {
        Json::Number(number) => {
            let product = number.as_f64()? * factor;
            let is_whole = number.is_i64() && product.fract() == 0.0 && product.abs() < 1e15;
            #[expect(clippy::cast_possible_truncation, reason = "whole and small")]
            let scaled = if is_whole {
                Number::from(product as i64)
            } else {
                Number::from_f64(product)?
            };
            *number = scaled;
        }
        Json::Array(items) => items.iter_mut().try_for_each(|item| scale(item, factor))?,
        Json::Object(fields) => fields
            .values_mut()
            .try_for_each(|field| scale(field, factor))?,
        _ => {}
    }
    Some(())
}

/// Whether `after` is `before` with every number multiplied by `factor`, save for rounding.
fn is_near(before: &Value, after: &Value, factor: f64) -> bool {
    if let (Some(before), Some(after)) = (metric::number(before), metric::number(after)) {
        let wanted = before * factor;
        return (wanted - after).abs() <= SLACK * wanted.abs().max(after.abs());
    }
    match (before, after) {
        (Value::List(a) | Value::Tuple(a), Value::List(b) | Value::Tuple(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_near(a, b, factor))
        }
        (Value::Dict(a), Value::Dict(b)) => {
            let found = |(key, value): &(Value, Value)| {
                b.iter().any(|(k, v)| k == key && is_near(value, v, factor))
            };
            a.len() == b.len() && a.iter().all(found)
        }
        _ => metric::is_same(before, after),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Purpose;

    fn relation(json: Json) -> Relation {
        serde_json::from_value(json).unwrap()
    }

    fn rng() -> Rng {
        Rng::keyed(5, 0, 0, Purpose::Split)
    }

    fn value(json: &Json) -> Value {
        Value::from_json(json).unwrap()
    }

    #[test]
    fn a_permutation_moves_the_output_with_it() {
        let same = relation(json!({"argument": "/xs", "change": "permute", "output": "same"}));
        let input = json!({"xs": [1, 2, 3, 4, 5], "y": [1, 2]});
        let (changed, applied) = same.apply(&input, &mut rng()).unwrap();
        assert_ne!(changed["xs"], input["xs"]);
        assert_eq!(changed["y"], input["y"]);
        assert!(same.holds(&applied, &value(&json!(15)), &value(&json!(15.0))));
        assert!(!same.holds(&applied, &value(&json!(15)), &value(&json!(16))));

        let moved = relation(json!({"argument": "/xs", "change": "permute", "output": "permute"}));
        let (changed, applied) = moved.apply(&input, &mut rng()).unwrap();
        let (before, after) = (value(&input["xs"]), value(&changed["xs"]));
        assert!(moved.holds(&applied, &before, &after));
        assert!(!moved.holds(&applied, &before, &before));
    }

    #[test]
    fn names_change_consistently() {
        let relation = relation(json!({"change": "rename", "output": "rename"}));
        let input = json!({"words": ["a", "b", "a"]});
        let (changed, applied) = relation.apply(&input, &mut rng()).unwrap();
        assert_eq!(changed["words"][0], changed["words"][2]);
        assert_ne!(changed["words"][0], changed["words"][1]);
        let output = |words: &Json| value(&json!({"first": words["words"][0], "n": 3}));
        assert!(relation.holds(&applied, &output(&input), &output(&changed)));
        assert!(!relation.holds(&applied, &output(&input), &output(&input)));
    }

    #[test]
    fn numbers_scale() {
        let area = relation(json!({"change": {"scale": 3.0}, "output": {"scale": 9.0}}));
        let input = json!([2, 0.5]);
        let (changed, applied) = area.apply(&input, &mut rng()).unwrap();
        assert_eq!(changed, json!([6, 1.5]));
        let product =
            |json: &Json| Value::Float(json[0].as_f64().unwrap() * json[1].as_f64().unwrap());
        assert!(area.holds(&applied, &product(&input), &product(&changed)));
        assert!(!area.holds(&applied, &product(&input), &Value::Float(8.9)));
    }

    #[test]
    fn what_is_not_there_does_not_change() {
        let relation = relation(json!({"argument": "/xs", "change": "permute", "output": "same"}));
        for input in [json!({}), json!({"xs": 3}), json!({"xs": [1]})] {
            assert_eq!(relation.apply(&input, &mut rng()), None, "{input}");
        }
    }
}
