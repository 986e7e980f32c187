//! The part of DynamoDB's expression language that the platform uses.

use std::cmp::Ordering;

use serde_json::{Map, Value};

/// An expression this fake cannot read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unreadable;

/// Whether `expression` holds of `item`, which may be absent. `values` are the expression's own.
///
/// `OR` binds less than `AND`; both are evaluated in full. A comparison with a missing attribute,
/// or between types, does not hold.
pub(crate) fn holds(
    expression: &str,
    item: Option<&Map<String, Value>>,
    values: &Value,
) -> Result<bool, Unreadable> {
    let spaced = ["(", ")", ","]
        .iter()
        .fold(expression.to_owned(), |text, mark| {
            text.replace(mark, &format!(" {mark} "))
        });
    let mut evaluation = Evaluation {
        tokens: spaced
            .split_whitespace()
            .collect::<Vec<_>>()
            .into_iter()
            .peekable(),
        item,
        values,
    };
    let result = evaluation.disjunction()?;
    evaluation
        .tokens
        .next()
        .map_or(Ok(result), |_| Err(Unreadable))
}

struct Evaluation<'a> {
    tokens: std::iter::Peekable<std::vec::IntoIter<&'a str>>,
    item: Option<&'a Map<String, Value>>,
    values: &'a Value,
}

impl<'a> Evaluation<'a> {
    fn disjunction(&mut self) -> Result<bool, Unreadable> {
        let mut result = self.conjunction()?;
        while self.tokens.next_if_eq(&"OR").is_some() {
            result |= self.conjunction()?;
        }
        Ok(result)
    }

    fn conjunction(&mut self) -> Result<bool, Unreadable> {
        let mut result = self.term()?;
        while self.tokens.next_if_eq(&"AND").is_some() {
            result &= self.term()?;
        }
        Ok(result)
    }

    fn term(&mut self) -> Result<bool, Unreadable> {
        match self.token()? {
            "(" => {
                let result = self.disjunction()?;
                self.expect(")")?;
                Ok(result)
            }
            "attribute_exists" => Ok(self.argument()?.is_some()),
            "attribute_not_exists" => Ok(self.argument()?.is_none()),
            "begins_with" => {
                self.expect("(")?;
                let text = self.operand()?.and_then(|v| v["S"].as_str());
                self.expect(",")?;
                let prefix = self.operand()?.and_then(|v| v["S"].as_str());
                self.expect(")")?;
                Ok(text.zip(prefix).is_some_and(|(t, p)| t.starts_with(p)))
            }
            name => {
                let left = self.value(name)?;
                let comparison = self.token()?;
                let order = left.zip(self.operand()?).and_then(|(l, r)| compare(l, r));
                if comparison == "BETWEEN" {
                    self.expect("AND")?;
                    let upper = left.zip(self.operand()?).and_then(|(l, r)| compare(l, r));
                    return Ok(
                        order.is_some_and(Ordering::is_ge) && upper.is_some_and(Ordering::is_le)
                    );
                }
                match comparison {
                    "=" => Ok(order == Some(Ordering::Equal)),
                    "<=" => Ok(order.is_some_and(Ordering::is_le)),
                    "<" => Ok(order.is_some_and(Ordering::is_lt)),
                    ">=" => Ok(order.is_some_and(Ordering::is_ge)),
                    _ => Err(Unreadable),
                }
            }
        }
    }

    fn argument(&mut self) -> Result<Option<&'a Value>, Unreadable> {
        self.expect("(")?;
        let value = self.operand()?;
        self.expect(")")?;
        Ok(value)
    }

    fn operand(&mut self) -> Result<Option<&'a Value>, Unreadable> {
        let name = self.token()?;
        self.value(name)
    }

    /// A value of the expression (`:name`), which must be there, or an attribute of the item.
    fn value(&self, name: &str) -> Result<Option<&'a Value>, Unreadable> {
        if name.starts_with(':') {
            self.values.get(name).map(Some).ok_or(Unreadable)
        } else if name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            Ok(self.item.and_then(|item| item.get(name)))
        } else {
            Err(Unreadable)
        }
    }

    fn token(&mut self) -> Result<&'a str, Unreadable> {
        self.tokens.next().ok_or(Unreadable)
    }

    fn expect(&mut self, token: &str) -> Result<(), Unreadable> {
        if self.token()? == token {
            Ok(())
        } else {
            Err(Unreadable)
        }
    }
}

fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    if let (Some(left), Some(right)) = (left["S"].as_str(), right["S"].as_str()) {
        return Some(left.cmp(right));
    }
    let number = |value: &Value| value["N"].as_str()?.parse::<i64>().ok();
    Some(number(left)?.cmp(&number(right)?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(expression: &str) -> Result<bool, Unreadable> {
        let item = json!({"PK": {"S": "a#b"}, "revision": {"N": "10"}});
        let values = json!({":nine": {"N": "9"}, ":ten": {"N": "10"}, ":a": {"S": "a#"}});
        holds(expression, item.as_object(), &values)
    }

    #[test]
    fn evaluates_what_the_platform_writes() {
        for (expression, expected) in [
            ("attribute_not_exists(PK)", false),
            ("attribute_exists(PK)", true),
            ("attribute_exists(missing)", false),
            ("revision = :ten", true),
            ("revision = :nine", false),
            ("revision < :ten", false),
            ("revision >= :ten", true),
            ("revision < :ten OR revision >= :nine", true),
            ("revision <= :ten AND revision = :nine", false),
            (
                "revision <= :nine OR (revision = :ten AND begins_with(PK, :a))",
                true,
            ),
            ("missing <= :ten", false),
            ("PK = :ten", false),
            ("revision = :ten OR revision = :nine AND PK = :a", true),
        ] {
            assert_eq!(check(expression), Ok(expected), "{expression}");
        }
    }

    #[test]
    fn an_absent_item_has_no_attributes() {
        assert_eq!(
            holds("attribute_not_exists(PK)", None, &Value::Null),
            Ok(true)
        );
    }

    #[test]
    fn says_so_when_it_cannot_read_an_expression() {
        for expression in [
            "",
            "revision",
            "revision = :unknown",
            "revision > :ten",
            "(PK = :a",
            "PK = :a )",
            "size(PK) = :ten",
        ] {
            assert_eq!(check(expression), Err(Unreadable), "{expression}");
        }
    }
}
