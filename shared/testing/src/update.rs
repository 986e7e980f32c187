//! The part of DynamoDB's update expressions that the platform uses: `SET`, and `ADD` to a set of
//! numbers.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::condition::Unreadable;
use crate::memory::Item;

/// What `body`, an `UpdateItem`, makes of `item`, which may be absent.
pub(crate) fn updated(item: Option<&Item>, body: &Value) -> Result<Item, Unreadable> {
    let mut item = match item {
        Some(item) => item.clone(),
        None => body["Key"].as_object().cloned().ok_or(Unreadable)?,
    };
    let expression = body["UpdateExpression"].as_str().ok_or(Unreadable)?;
    let spaced = expression.replace(',', " , ");
    let mut tokens = spaced.split_whitespace().peekable();
    let mut clause = tokens.next().ok_or(Unreadable)?;
    loop {
        let name = tokens.next().ok_or(Unreadable)?;
        match clause {
            "SET" if tokens.next() == Some("=") => {
                let value = value(body, tokens.next())?.clone();
                item.insert(name.to_owned(), value);
            }
            "ADD" => {
                let sum = union(item.get(name), value(body, tokens.next())?)?;
                item.insert(name.to_owned(), sum);
            }
            _ => return Err(Unreadable),
        }
        match tokens.next() {
            None => return Ok(item),
            Some(",") => {}
            Some(next) => clause = next,
        }
    }
}

fn value<'a>(body: &'a Value, name: Option<&str>) -> Result<&'a Value, Unreadable> {
    let name = name.ok_or(Unreadable)?;
    body["ExpressionAttributeValues"]
        .get(name)
        .ok_or(Unreadable)
}

/// Both sets of numbers in one; the first may be absent.
fn union(found: Option<&Value>, added: &Value) -> Result<Value, Unreadable> {
    let mut all = BTreeSet::new();
    for set in found.into_iter().chain([added]) {
        let numbers = set["NS"].as_array().filter(|numbers| !numbers.is_empty());
        for number in numbers.ok_or(Unreadable)? {
            all.insert(number.as_str().ok_or(Unreadable)?);
        }
    }
    Ok(json!({"NS": all}))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(item: Option<&Item>, expression: &str) -> Result<Value, Unreadable> {
        let body = json!({
            "Key": {"PK": {"S": "a"}},
            "UpdateExpression": expression,
            "ExpressionAttributeValues": {":n": {"NS": ["3"]}, ":t": {"BOOL": true}},
        });
        updated(item, &body).map(Value::Object)
    }

    #[test]
    fn a_number_is_in_a_set_once_and_what_is_set_is_replaced() {
        let both = "SET x = :t, y = :t ADD members :n";
        let first = update(None, both).unwrap();
        let expected = json!({"PK": {"S": "a"}, "x": {"BOOL": true}, "y": {"BOOL": true},
            "members": {"NS": ["3"]}});
        assert_eq!(first, expected);
        assert_eq!(update(first.as_object(), both), Ok(first.clone()));
        let mut found = expected;
        found["x"] = json!({"N": "1"});
        found["members"] = json!({"NS": ["12", "4"]});
        let next = update(found.as_object(), "ADD members :n SET x = :t").unwrap();
        assert_eq!(next["members"], json!({"NS": ["12", "3", "4"]}));
        assert_eq!(next["x"], json!({"BOOL": true}));
    }

    #[test]
    fn says_so_when_it_cannot_read_an_expression() {
        let item = json!({"PK": {"S": "a"}, "members": {"S": "x"}});
        for expression in [
            "",
            "SET",
            "SET x",
            "SET x = :unknown",
            "SET x = :t,",
            "ADD x :t",
            "ADD members :n",
            "REMOVE x",
        ] {
            let read = update(item.as_object(), expression);
            assert_eq!(read, Err(Unreadable), "{expression}");
        }
    }
}
