//! How DynamoDB counts what is written to the table and read from it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Line, Units, chunks};
use crate::condition::holds;
use crate::memory::{Item, key, name};
use crate::query::query;
use crate::update::updated;

/// The indexes: hash key, range key, and what else is projected.
const INDEXES: [(&str, &str, &[&str]); 2] = [
    ("agenda", "agenda_at", &[]),
    (
        "listing",
        "listed_at",
        &["summary", "agent_name", "status_name"],
    ),
];

/// What is stored, as far as the meter has seen it written.
#[derive(Default)]
pub(super) struct Table(BTreeMap<[String; 3], Item>);

/// One write.
struct Write<'a> {
    body: &'a Value,
    key: [String; 3],
    item: Option<&'a Item>,
}

impl<'a> Write<'a> {
    fn put(body: &'a Value) -> Self {
        let item = body["Item"].as_object();
        let key = key(body, &body["Item"]);
        Self { body, key, item }
    }

    fn delete(body: &'a Value) -> Self {
        let key = key(body, &body["Key"]);
        let item = None;
        Self { body, key, item }
    }
}

impl Table {
    /// What a request comes to; `None` if the operation is not known.
    pub(super) fn lines(&mut self, operation: &str, body: &Value) -> Option<Vec<Line>> {
        Some(match operation {
            "GetItem" => vec![self.get("GetItem", body)],
            "BatchGetItem" => {
                let tables = body["RequestItems"].as_object().into_iter().flatten();
                let gets = tables.flat_map(|(table, request)| {
                    let keys = request["Keys"].as_array().into_iter().flatten();
                    keys.map(move |key| {
                        let consistent = &request["ConsistentRead"];
                        json!({"TableName": table, "Key": key, "ConsistentRead": consistent})
                    })
                });
                gets.map(|get| self.get(operation, &get)).collect()
            }
            "UpdateItem" => {
                let key = key(body, &body["Key"]);
                let item = updated(self.0.get(&key), body).ok()?;
                let item = Some(&item);
                self.write(operation, &[Write { body, key, item }], 1.0)
            }
            "Query" => vec![self.query(body)],
            "PutItem" => self.write(operation, &[Write::put(body)], 1.0),
            "DeleteItem" => self.write(operation, &[Write::delete(body)], 1.0),
            "TransactWriteItems" => {
                let items = body["TransactItems"].as_array().into_iter().flatten();
                let writes: Vec<_> = items
                    .map(|write| match &write["Put"] {
                        Value::Null => Write::delete(&write["Delete"]),
                        put => Write::put(put),
                    })
                    .collect();
                self.write(operation, &writes, 2.0)
            }
            _ => return None,
        })
    }

    fn get(&self, operation: &str, body: &Value) -> Line {
        let key = key(body, &body["Key"]);
        let found = self.0.get(&key).map_or(0, size);
        let weight = if body["ConsistentRead"] == true {
            1.0
        } else {
            0.5
        };
        Line {
            what: format!("{operation} {}, {}", entity(&key), kilobytes(found)),
            units: Units::read(chunks(found, 4 * 1024) * weight),
        }
    }

    fn query(&self, body: &Value) -> Line {
        // What a filter leaves out is read all the same.
        let mut unfiltered = body.clone();
        if let Some(fields) = unfiltered.as_object_mut() {
            fields.remove("FilterExpression");
        }
        let answer = query(&self.0, &unfiltered).render("DynamoDB.Query");
        let answer: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        let items = answer["Items"].as_array().into_iter().flatten();
        let index = body["IndexName"].as_str();
        let read = items.filter_map(Value::as_object).map(|item| match index {
            Some(index) => projected(item, index).as_ref().map_or(0, size),
            None => size(item),
        });
        let read = read.sum();
        let weight = if body["ConsistentRead"] == true {
            1.0
        } else {
            0.5
        };
        Line {
            what: format!("Query {}, {}", index.unwrap_or("table"), kilobytes(read)),
            units: Units::read(chunks(read, 4 * 1024) * weight),
        }
    }

    /// Does `writes`, all or none, and says what each comes to. A write that is refused is billed
    /// by what is stored, and changes no index.
    fn write(&mut self, operation: &str, writes: &[Write<'_>], weight: f64) -> Vec<Line> {
        let passes = |write: &Write<'_>| {
            let expression = write.body["ConditionExpression"].as_str();
            let values = &write.body["ExpressionAttributeValues"];
            expression.is_none_or(|e| holds(e, self.0.get(&write.key), values) == Ok(true))
        };
        let all_pass = writes.iter().all(passes);
        let mut lines = Vec::new();
        for write in writes {
            let before = self.0.get(&write.key);
            let after = write.item.filter(|_| all_pass);
            let larger = before.map_or(0, size).max(after.map_or(0, size));
            let mut what = format!("{operation} {}, {}", entity(&write.key), kilobytes(larger));
            let mut units = chunks(larger, 1024) * weight;
            if all_pass {
                for (index, _, _) in INDEXES {
                    let written = index_units(before, after, index);
                    if written > 0.0 {
                        what = format!("{what}, {written} in {index}");
                    }
                    units += written;
                }
            } else {
                what.push_str(", refused");
            }
            let units = Units::write(units);
            lines.push(Line { what, units });
        }
        if all_pass {
            for write in writes {
                match write.item {
                    Some(item) => self.0.insert(write.key.clone(), item.clone()),
                    None => self.0.remove(&write.key),
                };
            }
        }
        lines
    }
}

/// What keeping an index up to date costs when an item changes.
fn index_units(before: Option<&Item>, after: Option<&Item>, index: &str) -> f64 {
    let entry = |item: Option<&Item>| item.and_then(|item| projected(item, index));
    let cost = |entry: &Item| chunks(size(entry), 1024);
    match (entry(before), entry(after)) {
        (None, None) => 0.0,
        (Some(entry), None) | (None, Some(entry)) => cost(&entry),
        (Some(before), Some(after)) if before == after => 0.0,
        (Some(before), Some(after)) => {
            let moved =
                INDEXES
                    .iter()
                    .filter(|(hash, ..)| *hash == index)
                    .any(|(hash, range, _)| {
                        before.get(*hash) != after.get(*hash)
                            || before.get(*range) != after.get(*range)
                    });
            if moved {
                cost(&before) + cost(&after)
            } else {
                cost(&before).max(cost(&after))
            }
        }
    }
}

/// What an index has of an item; `None` if it lacks the item.
fn projected(item: &Item, index: &str) -> Option<Item> {
    let (hash, range, others) = INDEXES.iter().find(|(hash, ..)| *hash == index)?;
    let has_keys = item.contains_key(*hash) && item.contains_key(*range);
    let names = [*hash, *range, "PK", "SK"]
        .into_iter()
        .chain(others.iter().copied());
    has_keys.then(|| {
        names
            .filter_map(|name| Some((name.to_owned(), item.get(name)?.clone())))
            .collect()
    })
}

/// The kind of item that a key is of: its keys without tenants, names and identifiers.
fn entity(key: &[String; 3]) -> String {
    let [_, partition, sort] = key;
    let kind = match partition.strip_prefix("TENANT#") {
        Some(rest) => rest.split('#').nth(1).unwrap_or_default(),
        None => partition.as_str(),
    };
    let sort = sort.split('#').next().unwrap_or_default();
    let is_word = sort.chars().all(|c| c.is_ascii_uppercase());
    if is_word && sort != kind {
        format!("{kind} {sort}")
    } else {
        kind.to_owned()
    }
}

fn kilobytes(bytes: usize) -> String {
    format!("{bytes} B")
}

/// The size of an item as DynamoDB counts it: names and values, one byte for each element of a
/// list or map and three for the list or map itself.
pub(super) fn size(item: &Item) -> usize {
    item.iter()
        .map(|(name, value)| name.len() + value_size(value))
        .sum()
}

fn value_size(value: &Value) -> usize {
    let Some((kind, value)) = value.as_object().and_then(|value| value.iter().next()) else {
        return 0;
    };
    let text = name(value);
    match kind.as_str() {
        "S" => text.len(),
        // Two digits a byte, and one.
        "N" => text.len().div_ceil(2) + 1,
        "B" => text.trim_end_matches('=').len() * 3 / 4,
        "L" => {
            let elements = value.as_array().into_iter().flatten();
            3 + elements
                .map(|element| 1 + value_size(element))
                .sum::<usize>()
        }
        "M" => {
            let fields = value.as_object().into_iter().flatten();
            3 + fields
                .map(|(name, field)| 1 + name.len() + value_size(field))
                .sum::<usize>()
        }
        "SS" | "NS" | "BS" => {
            let elements = value.as_array().into_iter().flatten();
            elements.map(|element| name(element).len()).sum()
        }
        _ => 1,
    }
}
