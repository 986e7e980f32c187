//! Queries of the table and of its two indexes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::Response;
use crate::condition::holds;
use crate::memory::{Item, key, name, unreadable};

/// The keys by which a query is ordered, the hash key first.
fn order(body: &Value) -> &'static [&'static str] {
    match body["IndexName"].as_str() {
        Some("agenda") => &["agenda", "agenda_at", "PK", "SK"],
        Some("listing") => &["listing", "listed_at", "PK", "SK"],
        _ => &["PK", "SK"],
    }
}

/// Answers a query. `items` are all there are, by table, `PK` and `SK`.
pub(crate) fn query(items: &BTreeMap<[String; 3], Item>, body: &Value) -> Response {
    let keys = order(body);
    let place =
        |item: &Value| -> Vec<String> { keys.iter().map(|k| name(&item[k]["S"])).collect() };
    let values = &body["ExpressionAttributeValues"];
    let matches = |expression: &Value, item: &Item| match expression.as_str() {
        Some(expression) => holds(expression, Some(item), values),
        None => Ok(true),
    };
    let table = key(body, &Value::Null)[0].clone();
    let mut found = Vec::new();
    for (_, item) in items.iter().filter(|(key, _)| key[0] == table) {
        match matches(&body["KeyConditionExpression"], item) {
            Ok(true) => found.push(Value::Object(item.clone())),
            Ok(false) => {}
            Err(_) => return unreadable(),
        }
    }
    found.sort_by_key(place);
    let backwards = body["ScanIndexForward"] == false;
    if backwards {
        found.reverse();
    }
    if body["ExclusiveStartKey"].is_object() {
        let start = place(&body["ExclusiveStartKey"]);
        found.retain(|item| {
            if backwards {
                place(item) < start
            } else {
                place(item) > start
            }
        });
    }
    let limit = body["Limit"]
        .as_u64()
        .map_or(usize::MAX, |n| usize::try_from(n).unwrap_or(usize::MAX));
    found.truncate(limit);
    // As DynamoDB does, without looking whether anything follows.
    let last = found.last().filter(|_| found.len() == limit).map(|last| {
        let keys = keys.iter().map(|&key| (key.to_owned(), last[key].clone()));
        Value::Object(keys.collect())
    });
    // What is filtered out has been read, and counted.
    let mut wanted = Vec::new();
    for item in found {
        let Some(fields) = item.as_object() else {
            continue;
        };
        match matches(&body["FilterExpression"], fields) {
            Ok(true) if body["IndexName"] == "agenda" => {
                let keys = keys.iter().map(|&key| (key.to_owned(), item[key].clone()));
                wanted.push(Value::Object(keys.collect()));
            }
            Ok(true) => wanted.push(item),
            Ok(false) => {}
            Err(_) => return unreadable(),
        }
    }
    let mut answer = json!({"Count": wanted.len(), "Items": wanted});
    if let Some(last) = last {
        answer["LastEvaluatedKey"] = last;
    }
    Response::json(&answer)
}
