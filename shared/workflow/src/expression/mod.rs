//! Expressions: JMESPath, parsed once and evaluated within bounds.

mod evaluate;
mod functions;
mod guard;
mod value;

use std::fmt;

use jmespath::ast::Ast;
use jmespath::{ErrorReason, JmespathError};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::context::Context;
use crate::limits;
pub(crate) use evaluate::Evaluator;
pub(crate) use functions::returns;
pub(crate) use guard::skip_quoted;
pub(crate) use value::{from_json, to_json};

/// A JMESPath expression that has been parsed.
///
/// Only the functions of the JMESPath specification are known, and `&` stands only before an
/// argument of one that takes an expression.
#[derive(Clone)]
pub struct Expression {
    source: String,
    ast: Ast,
}

/// Why an expression cannot be parsed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {message}")]
pub struct SyntaxError {
    /// Where, in characters from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// The expression, and below it a caret under the column.
    pub excerpt: String,
}

impl SyntaxError {
    /// `message` about byte `offset` of `source`.
    pub(crate) fn at(source: &str, offset: usize, message: impl Into<String>) -> Self {
        const AROUND: usize = 40;
        let before = source
            .char_indices()
            .take_while(|(at, _)| *at < offset)
            .count();
        let skipped = before.saturating_sub(AROUND);
        // A line break or a tab would set the caret off from its column.
        let shown: String = source
            .chars()
            .skip(skipped)
            .take(2 * AROUND)
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        let indent = " ".repeat(before - skipped);
        Self {
            column: before + 1,
            message: message.into(),
            excerpt: format!("{shown}\n{indent}^"),
        }
    }
}

/// Why an expression or a template gives no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A function was called with what it does not take, or gives what is no number.
    #[error("{message} in {expression:?}")]
    Function {
        /// What is wrong.
        message: String,
        /// The expression.
        expression: String,
    },
    /// It does more work than [`limits::MAX_WORK`].
    #[error("too much work in {expression:?}")]
    TooMuchWork {
        /// The expression.
        expression: String,
    },
    /// The value is larger than [`limits::MAX_VALUE_BYTES`].
    #[error("the value is larger than {} bytes", limits::MAX_VALUE_BYTES)]
    TooLarge,
    /// The value nests deeper than [`limits::MAX_DEPTH`].
    #[error("the value nests deeper than {}", limits::MAX_DEPTH)]
    TooDeep,
    /// A condition gives something else than `true` or `false`.
    #[error("{expression:?} gives {found} where true or false is needed")]
    NotBoolean {
        /// The expression.
        expression: String,
        /// The JSON type of what it gives.
        found: &'static str,
    },
}

impl Expression {
    /// Parses `source`, which must be within the bounds of [`limits`].
    pub fn parse(source: &str) -> Result<Self, SyntaxError> {
        guard::check_text(source)?;
        let ast = jmespath::parse(source).map_err(|error| syntax_error(source, &error))?;
        guard::check_tree(source, &ast)?;
        Ok(Self {
            source: source.to_owned(),
            ast,
        })
    }

    /// The expression as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// What it gives in `context`. What is not there gives `null`.
    pub fn evaluate(&self, context: &Context) -> Result<Value, Error> {
        let mut evaluator = Evaluator::new();
        let value = evaluator.expression(self, context.root())?;
        to_json(&value, &mut { limits::MAX_VALUE_BYTES })
    }

    /// Whether it holds in `context`.
    ///
    /// # Errors
    /// Also if it gives something else than `true` or `false`.
    pub fn holds(&self, context: &Context) -> Result<bool, Error> {
        let value = self.evaluate(context)?;
        value.as_bool().ok_or_else(|| Error::NotBoolean {
            expression: self.source.clone(),
            found: json_type(&value),
        })
    }

    /// What it gives whatever the context, if it looks at nothing and is quick to evaluate.
    pub(crate) fn constant(&self) -> Option<Result<Value, Error>> {
        const WORK: u64 = 4 * 1024;
        let mut open = vec![&self.ast];
        while let Some(node) = open.pop() {
            if matches!(
                node,
                Ast::Identity { .. } | Ast::Field { .. } | Ast::Index { .. } | Ast::Slice { .. }
            ) {
                return None;
            }
            guard::for_each_child(node, |child| open.push(child));
        }
        let nothing = from_json(&Value::Object(serde_json::Map::new()));
        let value = match Evaluator::bounded(WORK).expression(self, &nothing) {
            Err(Error::TooMuchWork { .. }) => return None,
            other => other,
        };
        Some(value.and_then(|value| to_json(&value, &mut { limits::MAX_VALUE_BYTES })))
    }

    pub(crate) const fn ast(&self) -> &Ast {
        &self.ast
    }
}

/// The name of a value's JSON type.
pub(crate) const fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The parser's error, in words that do not speak of its insides.
fn syntax_error(source: &str, error: &JmespathError) -> SyntaxError {
    let reason = match &error.reason {
        ErrorReason::Parse(text) => text.as_str(),
        ErrorReason::Runtime(_) => "",
    };
    let what = reason.split(" -- found ").next().unwrap_or_default();
    // The end is where nothing is left to be found.
    let message = if error.offset >= source.len() {
        "the expression ends too early"
    } else if what.contains("must be followed by numbers") {
        "'-' is not part of a name: a name with '-' is quoted, as in steps.\"my-step\".output"
    } else {
        match what {
            "Unexpected nud token" => "an operand is expected here",
            "Unexpected led token" | "Did not parse the complete expression" => {
                "an operator or the end is expected here"
            }
            other => other,
        }
    };
    SyntaxError::at(source, error.offset, message)
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expression").field(&self.source).finish()
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Expression {}

impl Serialize for Expression {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.source)
    }
}

impl<'de> Deserialize<'de> for Expression {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let source = String::deserialize(deserializer)?;
        Self::parse(&source).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
