//! How an entity becomes an item and back.
//!
//! An entity's fields are the item's attributes, so that conditions and people can read them –
//! except the few that hold JSON of a client's making, which are stored as JSON text. DynamoDB's
//! own numbers and documents would change it: `1.0` comes back as `1`, `1e200` is out of range,
//! and nesting ends at 32 levels.

use std::collections::HashMap;
use std::str::FromStr;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_dynamo::aws_sdk_dynamodb_1::{from_attribute_value, to_attribute_value};
use serde_json::{Map, Value};
use tdev_domain::Invalid;

use super::keys::{EXPIRES_AT, Key, PK, SK};
use crate::{Error, Result};

pub(super) type Item = HashMap<String, AttributeValue>;

/// The fields, of whatever entity, that hold JSON of a client's making.
const JSON_FIELDS: [&str; 3] = ["manifest", "report", "submitted"];

/// The largest item DynamoDB stores, in bytes.
const MAX_ITEM_BYTES: usize = 400 * 1024;

pub(super) fn number(n: impl Into<i64>) -> AttributeValue {
    AttributeValue::N(n.into().to_string())
}

/// A number that only grows.
pub(super) fn count(n: u64) -> AttributeValue {
    AttributeValue::N(n.to_string())
}

pub(super) fn string(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

/// An attribute that every item of its kind has as text.
pub(super) fn text<'a>(
    operation: &'static str,
    item: &'a Item,
    name: &'static str,
) -> Result<&'a str> {
    let text = item.get(name).and_then(|value| value.as_s().ok());
    text.map(String::as_str)
        .ok_or_else(|| Error::corrupt(operation, format!("{name} is not text")))
}

/// What the text of an attribute stands for.
pub(super) fn parsed<T: FromStr<Err = Invalid>>(
    operation: &'static str,
    item: &Item,
    name: &'static str,
) -> Result<T> {
    let parsed = text(operation, item, name)?.parse();
    parsed.map_err(|e: Invalid| Error::corrupt(operation, e))
}

/// When the item expires, in epoch seconds, if it does.
pub(super) fn expires_at(item: &Item) -> Option<i64> {
    item.get(EXPIRES_AT)?.as_n().ok()?.parse().ok()
}

/// An attribute that holds JSON text.
pub(super) fn json<T: DeserializeOwned>(
    operation: &'static str,
    item: &Item,
    name: &'static str,
) -> Result<T> {
    serde_json::from_str(text(operation, item, name)?).map_err(|e| Error::corrupt(operation, e))
}

/// The item of `entity` under `key`, to be deleted some time after `expires_at` (epoch seconds)
/// if that is given.
pub(super) fn encode<T: Serialize>(
    operation: &'static str,
    key: &Key,
    entity: &T,
    expires_at: Option<i64>,
) -> Result<Item> {
    let fields = match serde_json::to_value(entity) {
        Ok(Value::Object(fields)) => fields,
        Ok(_) => return Err(Error::rejected(operation, "an entity must be an object")),
        Err(e) => return Err(Error::rejected(operation, e)),
    };
    let mut item = key.attributes();
    for (name, value) in fields {
        let value = if JSON_FIELDS.contains(&name.as_str()) {
            string(value.to_string())
        } else {
            to_attribute_value(value).map_err(|e| Error::rejected(operation, e))?
        };
        item.insert(name, value);
    }
    if let Some(expires_at) = expires_at {
        item.insert(EXPIRES_AT.to_owned(), number(expires_at));
    }
    checked(operation, item)
}

/// The item, if it is not too large to be stored.
pub(super) fn checked(operation: &'static str, item: Item) -> Result<Item> {
    let bytes = size(&item);
    if bytes > MAX_ITEM_BYTES {
        return Err(Error::TooLarge {
            operation,
            bytes,
            limit: MAX_ITEM_BYTES,
        });
    }
    Ok(item)
}

/// The entity of an item.
pub(super) fn decode<T: DeserializeOwned>(operation: &'static str, item: Item) -> Result<T> {
    let mut fields = Map::new();
    for (name, value) in item {
        if [PK, SK, EXPIRES_AT].contains(&name.as_str()) {
            continue;
        }
        let value = match value {
            AttributeValue::S(text) if JSON_FIELDS.contains(&name.as_str()) => {
                serde_json::from_str(&text).map_err(|e| Error::corrupt(operation, e))?
            }
            value => from_attribute_value(value).map_err(|e| Error::corrupt(operation, e))?,
        };
        fields.insert(name, value);
    }
    serde_json::from_value(Value::Object(fields)).map_err(|e| Error::corrupt(operation, e))
}

/// The size of an item as DynamoDB counts it, rounded up: attribute names and values in UTF-8,
/// with one byte for each element of a list or map and three for the list or map itself.
pub(super) fn size(item: &Item) -> usize {
    item.iter()
        .map(|(name, value)| name.len() + value_size(value))
        .sum()
}

fn value_size(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) | AttributeValue::N(text) => text.len(),
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::L(list) => {
            3 + list
                .iter()
                .map(|value| 1 + value_size(value))
                .sum::<usize>()
        }
        AttributeValue::M(map) => {
            3 + map
                .iter()
                .map(|(name, value)| 1 + name.len() + value_size(value))
                .sum::<usize>()
        }
        AttributeValue::Ss(texts) | AttributeValue::Ns(texts) => {
            texts.iter().map(String::len).sum()
        }
        AttributeValue::Bs(blobs) => blobs.iter().map(|blob| blob.as_ref().len()).sum(),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;
    use serde_json::json;

    use super::*;
    use crate::table::keys;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Entity {
        revision: u32,
        label: String,
        tags: Vec<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        report: Option<Value>,
    }

    fn entity(report: Value) -> Entity {
        Entity {
            revision: 7,
            label: "ü".to_owned(),
            tags: vec![String::new()],
            report: Some(report),
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".*".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(".*", inner, 0..6)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    #[test]
    fn fields_are_attributes_and_foreign_json_is_text() {
        let item = encode("test", &keys::health(), &entity(json!({"x": 1.0})), Some(9)).unwrap();
        assert_eq!(item["PK"], string("HEALTH"));
        assert_eq!(item["revision"], number(7));
        assert_eq!(item["label"], string("ü"));
        assert_eq!(item["report"], string(r#"{"x":1.0}"#));
        assert_eq!(item["expires_at"], number(9));
        assert_eq!(item.len(), 7);
    }

    #[test]
    fn an_item_that_does_not_parse_is_corrupt() {
        let good = encode("test", &keys::health(), &entity(json!(1)), None).unwrap();
        let mut cases = vec![good.clone(), good.clone(), good];
        cases[0].insert("report".to_owned(), string("{"));
        cases[1].insert("revision".to_owned(), string("7"));
        cases[2].remove("label");
        for item in cases {
            let error = decode::<Entity>("test", item).unwrap_err();
            assert!(matches!(error, Error::Corrupt { .. }), "{error:?}");
        }
    }

    #[test]
    fn size_is_counted_as_dynamodb_does() {
        let item = Item::from([
            ("text".to_owned(), string("ü")),
            (
                "list".to_owned(),
                AttributeValue::L(vec![string("ab"), AttributeValue::Null(true)]),
            ),
            (
                "map".to_owned(),
                AttributeValue::M(Item::from([("k".to_owned(), AttributeValue::Bool(true))])),
            ),
        ]);
        assert_eq!(
            size(&item),
            (4 + 2) + (4 + 3 + (1 + 2) + (1 + 1)) + (3 + 3 + (1 + 1 + 1))
        );
    }

    #[test]
    fn the_limit_is_inclusive() {
        let fixed = size(&encode("test", &keys::health(), &entity(json!("")), None).unwrap());
        let room = MAX_ITEM_BYTES - fixed;
        let of = |bytes| {
            encode(
                "test",
                &keys::health(),
                &entity(json!("x".repeat(bytes))),
                None,
            )
        };
        assert_eq!(size(&of(room).unwrap()), MAX_ITEM_BYTES);
        let error = of(room + 1).unwrap_err();
        assert!(
            matches!(error, Error::TooLarge { bytes, limit, .. } if bytes == limit + 1),
            "{error:?}"
        );
    }

    proptest! {
        #[test]
        fn any_json_comes_back_as_it_was(report in any_json()) {
            let before = entity(report);
            let item = encode("test", &keys::health(), &before, None).unwrap();
            // A report that is null reads as an absent one; no entity has such a field.
            let report = before.report.clone().filter(|report| !report.is_null());
            let after: Entity = decode("test", item).unwrap();
            prop_assert_eq!(after, Entity { report, ..before });
        }
    }
}
