//! What runtime expressions look at, and what becomes of them.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::jq::{self, Condition, Operand, Path, Root, Segment};
use super::node::{Found, Node};
use crate::limits;
use crate::problem::Code;

/// A value that is known when the workflow runs, written as a template, if it can be.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Data {
    /// The template. A string of it is either one whole expression, or a literal.
    Known(Arc<Value>),
    /// It depends on how the run goes, for the reason given.
    Unknown(&'static str),
}

/// A value and what a condition says of it.
struct Term {
    text: String,
    /// Whether it is true or false, and nothing else.
    is_boolean: bool,
}

impl Data {
    /// What the template `value` gives.
    pub(super) fn known(value: Value) -> Self {
        Self::Known(Arc::new(value))
    }

    /// What the expression `text` gives.
    pub(super) fn expression(text: &str) -> Self {
        Self::known(format!("${{{text}}}").into())
    }

    /// What the step `id` has given.
    pub(super) fn output_of(id: &str) -> Self {
        Self::expression(&format!("steps.{}.output", name(id)))
    }
}

/// What the expressions of a task see.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    /// `.`
    pub(super) data: Data,
    /// The variables, without their `$`.
    pub(super) variables: BTreeMap<String, Data>,
}

/// Turns runtime expressions into templates and conditions, as long as they stay small: a value
/// that is set once and used often is written out wherever it is used.
pub(super) struct Folder {
    left: usize,
}

impl Folder {
    pub(super) const fn new() -> Self {
        Self {
            left: limits::MAX_TEXT_BYTES,
        }
    }

    /// The template for `node`, in whose strings `${ … }` is a runtime expression.
    pub(super) fn template(&mut self, node: &Node<'_>, scope: &Scope) -> Found<Value> {
        self.fold(node, node.value, scope)
    }

    fn fold(&mut self, at: &Node<'_>, value: &Value, scope: &Scope) -> Found<Value> {
        match value {
            Value::String(text) => match enclosed(text) {
                Some(expression) => self.value(at, expression, scope),
                None => Ok(text.replace("${", "$${").into()),
            },
            Value::Array(items) => items.iter().map(|i| self.fold(at, i, scope)).collect(),
            Value::Object(fields) => {
                let folded = fields
                    .iter()
                    .map(|(name, field)| Ok((name.clone(), self.fold(at, field, scope)?)));
                Ok(Value::Object(folded.collect::<Found<Map<_, _>>>()?))
            }
            other => Ok(other.clone()),
        }
    }

    /// The JMESPath expression for the one that `node` is, with or without `${ … }`.
    pub(super) fn expression(&mut self, node: &Node<'_>, scope: &Scope) -> Found<String> {
        let text = node.text()?;
        let value = self.value(node, enclosed(text).unwrap_or(text), scope)?;
        written(&value).ok_or_else(|| {
            node.unsupported(
                format_args!("the expression {text:?}"),
                "what it stands for has been set together from several values",
            )
        })
    }

    /// The JMESPath condition for the one that `node` is, with or without `${ … }`.
    pub(super) fn condition(&mut self, node: &Node<'_>, scope: &Scope) -> Found<String> {
        let text = node.text()?;
        let text = enclosed(text).unwrap_or(text);
        let condition =
            jq::condition(text).map_err(|why| node.unsupported(format_args!("{text:?}"), why))?;
        let term = self.term(node, &condition, scope)?;
        Ok(holds(term))
    }

    fn term(&mut self, node: &Node<'_>, condition: &Condition, scope: &Scope) -> Found<Term> {
        let boolean = |text| Term {
            text,
            is_boolean: true,
        };
        Ok(match condition {
            Condition::Operand(operand) => self.operand(node, operand, scope)?,
            Condition::Compare(left, operator, right) => {
                let left = self.operand(node, left, scope)?.text;
                let right = self.operand(node, right, scope)?.text;
                boolean(format!("{left} {operator} {right}"))
            }
            Condition::Not(inner) => {
                let inner = self.term(node, inner, scope)?;
                boolean(format!("!({})", holds(inner)))
            }
            Condition::Join(left, operator, right) => {
                let left = holds(self.term(node, left, scope)?);
                let right = holds(self.term(node, right, scope)?);
                boolean(format!("({left}) {operator} ({right})"))
            }
        })
    }

    fn operand(&mut self, node: &Node<'_>, operand: &Operand, scope: &Scope) -> Found<Term> {
        let value = match operand {
            Operand::Literal(value) => literal(value),
            Operand::Path(path) => self.path(node, path, scope)?,
        };
        let text = written(&value).ok_or_else(|| {
            node.unsupported(
                "the comparison",
                "one side of it has been set together from several values",
            )
        })?;
        let is_boolean = value.is_boolean();
        Ok(Term { text, is_boolean })
    }

    fn value(&mut self, node: &Node<'_>, text: &str, scope: &Scope) -> Found<Value> {
        let path = jq::path(text)
            .map_err(|why| node.unsupported(format_args!("the expression {text:?}"), why))?;
        self.path(node, &path, scope)
    }

    fn path(&mut self, node: &Node<'_>, path: &Path, scope: &Scope) -> Found<Value> {
        let (shown, data) = match &path.root {
            Root::Data => (".".to_owned(), Some(&scope.data)),
            Root::Variable(name) => (format!("${name}"), scope.variables.get(name)),
        };
        let mut segments = path.segments.as_slice();
        let data = match (&path.root, data) {
            (Root::Variable(name), None) if name == "workflow" => match segments.split_first() {
                Some((Segment::Field(field), rest)) if field == "input" => {
                    segments = rest;
                    &Data::expression("input")
                }
                _ => {
                    let why = "of the workflow only $workflow.input is known";
                    return Err(node.unsupported(shown, why));
                }
            },
            (_, Some(data)) => data,
            (_, None) => return Err(node.unsupported(shown, "no such variable is known here")),
        };
        let root = match data {
            Data::Known(root) => root,
            Data::Unknown(why) => return Err(node.unsupported(shown, why)),
        };
        let value = follow(root, segments).ok_or_else(|| {
            let message = format!("{shown} has nothing that this path could lead to");
            node.problem(Code::TypeMismatch, message)
        })?;
        let size = value.to_string().len();
        self.left = self.left.checked_sub(size).ok_or_else(|| {
            let message = "what is set is used so often that the workflow becomes too long";
            node.problem(Code::TooLarge, message)
        })?;
        Ok(value)
    }
}

/// What is between `${` and `}`.
fn enclosed(text: &str) -> Option<&str> {
    let inner = text.trim().strip_prefix("${")?.strip_suffix('}')?;
    Some(inner.trim())
}

/// The template of what `segments` lead to from `value`; `None` if that cannot be.
fn follow(mut value: &Value, segments: &[Segment]) -> Option<Value> {
    for (n, segment) in segments.iter().enumerate() {
        value = match (value, segment) {
            (Value::Null, _) => return Some(Value::Null),
            (Value::Object(fields), Segment::Field(field)) => {
                fields.get(field).unwrap_or(&Value::Null)
            }
            (Value::Array(items), Segment::Index(index)) => {
                let from_end = usize::try_from(index.unsigned_abs()).ok()?;
                let place = if *index < 0 {
                    items.len().checked_sub(from_end)
                } else {
                    Some(from_end)
                };
                place.and_then(|p| items.get(p)).unwrap_or(&Value::Null)
            }
            (Value::String(text), _) if text.starts_with("${") => {
                let mut longer = text[2..text.len() - 1].to_owned();
                for segment in &segments[n..] {
                    // Writing to a string does not fail.
                    let _ = match segment {
                        Segment::Field(field) => write!(longer, ".{}", name(field)),
                        Segment::Index(index) => write!(longer, "[{index}]"),
                    };
                }
                return Some(format!("${{{longer}}}").into());
            }
            _ => return None,
        };
    }
    Some(value.clone())
}

/// `field` as a name in JMESPath.
pub(super) fn name(field: &str) -> String {
    let plain = field.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && field
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if plain {
        field.to_owned()
    } else {
        Value::from(field).to_string()
    }
}

/// `value` as a template.
fn literal(value: &Value) -> Value {
    match value {
        Value::String(text) => text.replace("${", "$${").into(),
        other => other.clone(),
    }
}

/// The template `value` as an expression, if it is one or has none in it.
fn written(value: &Value) -> Option<String> {
    if let Value::String(text) = value
        && text.starts_with("${")
    {
        return Some(text[2..text.len() - 1].to_owned());
    }
    let json = unescaped(value)?.to_string().replace('`', "\\u0060");
    Some(format!("`{json}`"))
}

/// What the template `value` stands for, if there is no expression in it.
fn unescaped(value: &Value) -> Option<Value> {
    match value {
        Value::String(text) if text.starts_with("${") => None,
        Value::String(text) => Some(text.replace("$${", "${").into()),
        Value::Array(items) => items.iter().map(unescaped).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, field)| Some((name.clone(), unescaped(field)?)))
            .collect::<Option<Map<_, _>>>()
            .map(Value::Object),
        other => Some(other.clone()),
    }
}

/// A condition that holds if `term` is neither null nor false.
fn holds(term: Term) -> String {
    let Term { text, is_boolean } = term;
    if is_boolean {
        text
    } else {
        format!("{text} != `null` && {text} != `false`")
    }
}
