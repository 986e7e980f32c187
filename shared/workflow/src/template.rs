//! Templates: JSON with expressions in its strings.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::context::Context;
use crate::expression::{Error, Evaluator, Expression, SyntaxError, to_json};
use crate::{limits, pointer};

/// JSON in whose strings `${ … }` is an expression.
///
/// A string that is one whole expression stands for the value it gives, of whatever type. In a
/// longer string, what it gives is put in as text: a string as it is, anything else as JSON.
/// `$${` stands for `${`. Keys are taken as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Node);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node {
    Literal(Value),
    Expression(Expression),
    Text(Vec<Piece>),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    Literal(String),
    Expression(Expression),
}

/// Why a template cannot be parsed, and where in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the template cannot be parsed at {pointer:?}")]
pub struct TemplateError {
    /// The place, as a JSON pointer from the template's root.
    pub pointer: String,
    /// What is wrong there.
    pub source: SyntaxError,
}

impl Template {
    /// Parses `value`, and gives every error in it.
    pub fn parse(value: &Value) -> Result<Self, Vec<TemplateError>> {
        let mut errors = Vec::new();
        let node = parse(value, &mut String::new(), 0, &mut errors);
        if errors.is_empty() {
            Ok(Self(node))
        } else {
            Err(errors)
        }
    }

    /// What it gives in `context`.
    pub fn evaluate(&self, context: &Context) -> Result<Value, Error> {
        let mut evaluation = Evaluation {
            root: context.root(),
            evaluator: Evaluator::new(),
            left: limits::MAX_VALUE_BYTES,
        };
        evaluation.node(&self.0)
    }

    /// Its expressions, in the order in which they are written.
    pub fn expressions(&self) -> impl Iterator<Item = &Expression> {
        let mut found = Vec::new();
        self.0.visit(&mut |expression| found.push(expression));
        found.into_iter()
    }

    pub(crate) const fn root(&self) -> &Node {
        &self.0
    }
}

impl Node {
    fn visit<'a>(&'a self, each: &mut impl FnMut(&'a Expression)) {
        match self {
            Self::Literal(_) => {}
            Self::Expression(expression) => each(expression),
            Self::Text(pieces) => {
                for piece in pieces {
                    if let Piece::Expression(expression) = piece {
                        each(expression);
                    }
                }
            }
            Self::List(items) => items.iter().for_each(|item| item.visit(each)),
            Self::Object(fields) => fields.iter().for_each(|(_, field)| field.visit(each)),
        }
    }

    /// The template as it may be written.
    fn to_json(&self) -> Value {
        match self {
            Self::Literal(value) => escaped(value),
            Self::Expression(expression) => Value::String(format!("${{{expression}}}")),
            Self::Text(pieces) => pieces
                .iter()
                .map(|piece| match piece {
                    Piece::Literal(text) => text.replace("${", "$${"),
                    Piece::Expression(expression) => format!("${{{expression}}}"),
                })
                .collect::<String>()
                .into(),
            Self::List(items) => items.iter().map(Self::to_json).collect(),
            Self::Object(fields) => fields
                .iter()
                .map(|(key, field)| (key.clone(), field.to_json()))
                .collect::<Map<_, _>>()
                .into(),
        }
    }
}

/// `value` with its strings written as they are in a template.
fn escaped(value: &Value) -> Value {
    match value {
        Value::String(text) => text.replace("${", "$${").into(),
        Value::Array(items) => items.iter().map(escaped).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(key, field)| (key.clone(), escaped(field)))
            .collect::<Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

struct Evaluation<'a> {
    root: &'a jmespath::Rcvar,
    evaluator: Evaluator,
    left: usize,
}

impl Evaluation<'_> {
    fn node(&mut self, node: &Node) -> Result<Value, Error> {
        match node {
            Node::Literal(value) => Ok(value.clone()),
            Node::Expression(expression) => self.expression(expression),
            Node::Text(pieces) => {
                let mut text = String::new();
                for piece in pieces {
                    match piece {
                        Piece::Literal(literal) => text.push_str(literal),
                        Piece::Expression(expression) => match self.expression(expression)? {
                            Value::String(value) => text.push_str(&value),
                            value => text.push_str(&value.to_string()),
                        },
                    }
                }
                Ok(text.into())
            }
            Node::List(items) => items.iter().map(|item| self.node(item)).collect(),
            Node::Object(fields) => {
                let mut object = Map::with_capacity(fields.len());
                for (key, field) in fields {
                    object.insert(key.clone(), self.node(field)?);
                }
                Ok(object.into())
            }
        }
    }

    fn expression(&mut self, expression: &Expression) -> Result<Value, Error> {
        let value = self.evaluator.expression(expression, self.root)?;
        to_json(&value, &mut self.left)
    }
}

fn parse(value: &Value, at: &mut String, depth: usize, errors: &mut Vec<TemplateError>) -> Node {
    if depth > limits::MAX_DEPTH {
        errors.push(TemplateError {
            pointer: at.clone(),
            source: SyntaxError::at("", 0, format!("it nests deeper than {}", limits::MAX_DEPTH)),
        });
        return Node::Literal(Value::Null);
    }
    let node = match value {
        Value::String(text) if text.contains("${") => parse_text(text).unwrap_or_else(|source| {
            errors.push(TemplateError {
                pointer: at.clone(),
                source,
            });
            Node::Literal(Value::Null)
        }),
        Value::Array(items) => Node::List(
            items
                .iter()
                .enumerate()
                .map(|(i, item)| pointer::within(at, i, |at| parse(item, at, depth + 1, errors)))
                .collect(),
        ),
        Value::Object(fields) => Node::Object(
            fields
                .iter()
                .map(|(key, field)| {
                    let node = pointer::within(at, key, |at| parse(field, at, depth + 1, errors));
                    (key.clone(), node)
                })
                .collect(),
        ),
        other => Node::Literal(other.clone()),
    };
    literal_if_constant(node)
}

/// `node` as one literal, if there is no expression in it.
fn literal_if_constant(node: Node) -> Node {
    let value = |node: &Node| match node {
        Node::Literal(value) => Some(value.clone()),
        _ => None,
    };
    match &node {
        Node::List(items) => items
            .iter()
            .map(value)
            .collect::<Option<Vec<_>>>()
            .map(Value::from),
        Node::Object(fields) => fields
            .iter()
            .map(|(key, field)| Some((key.clone(), value(field)?)))
            .collect::<Option<Map<_, _>>>()
            .map(Value::from),
        _ => None,
    }
    .map_or(node, Node::Literal)
}

fn parse_text(text: &str) -> Result<Node, SyntaxError> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, opened) = rest.split_at(at);
        if let Some(before) = before.strip_suffix('$') {
            literal.push_str(before);
            literal.push_str("${");
            rest = &opened[2..];
            continue;
        }
        literal.push_str(before);
        let inner = &opened[2..];
        let offset = text.len() - inner.len();
        let length = expression_length(inner)
            .ok_or_else(|| SyntaxError::at(text, offset - 2, "this '${' is not closed by a '}'"))?;
        if !literal.is_empty() {
            pieces.push(Piece::Literal(std::mem::take(&mut literal)));
        }
        pieces.push(Piece::Expression(Expression::parse(&inner[..length])?));
        rest = &inner[length + 1..];
    }
    literal.push_str(rest);
    if pieces.is_empty() {
        return Ok(Node::Literal(literal.into()));
    }
    if !literal.is_empty() {
        pieces.push(Piece::Literal(literal));
    }
    Ok(match pieces.pop() {
        Some(Piece::Expression(whole)) if pieces.is_empty() => Node::Expression(whole),
        last => Node::Text(pieces.into_iter().chain(last).collect()),
    })
}

/// Where the expression ends that `text` begins with: at the first `}` that is neither quoted nor
/// closes a `{` of the expression.
fn expression_length(text: &str) -> Option<usize> {
    let mut open = 0_usize;
    let mut bytes = text.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\'' | b'"' | b'`' => crate::expression::skip_quoted(byte, &mut bytes),
            b'{' => open += 1,
            b'}' if open == 0 => return Some(at),
            b'}' => open -= 1,
            _ => {}
        }
    }
    None
}

impl Serialize for Template {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.to_json().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Self::parse(&value).map_err(|errors| {
            let first = errors.into_iter().next();
            serde::de::Error::custom(first.map_or_else(String::new, |e| e.source.to_string()))
        })
    }
}

#[cfg(test)]
mod tests;
