//! Expressions and templates in JSONata, which state machines evaluate.

use std::fmt::Write;

use jmespath::ast::{Ast, Comparator};
use serde_json::{Map, Value};

use crate::Expression;
use crate::template::{Node, Piece, Template};

/// Why an expression has no counterpart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unsupported(pub(super) &'static str);

type Written = Result<String, Unsupported>;

const SHAPE: Unsupported = Unsupported(
    "paths, literals, comparisons, &&, || and ! have a counterpart, and nothing else has",
);

/// Writes the expressions of one workflow.
pub(super) struct Writer<'a> {
    /// The workflow's name.
    pub(super) workflow: &'a str,
}

/// One part of a path.
enum Segment<'a> {
    Field(&'a str),
    Index(i32),
}

/// `expression` as a field of a state.
pub(super) fn enclosed(expression: &str) -> Value {
    format!("{{% {expression} %}}").into()
}

/// What the step `id` is known by, in the state's input.
pub(super) fn step(id: &str) -> String {
    // An id has no backticks.
    format!("$states.input.`{id}`")
}

/// The state's input, and that `id` has ended as `end` says.
pub(super) fn ended(id: &str, end: &str) -> String {
    format!("$merge([$states.input, {{{}: {end}}}])", Value::from(id))
}

impl Writer<'_> {
    /// What `expression` gives, as an expression.
    pub(super) fn expression(&self, expression: &Expression) -> Written {
        self.value(expression.ast())
    }

    /// What `template` gives, as the field of a state.
    pub(super) fn template(&self, template: &Template) -> Result<Value, Unsupported> {
        self.node(template.root())
    }

    fn node(&self, node: &Node) -> Result<Value, Unsupported> {
        Ok(match node {
            Node::Literal(value) => literal(value),
            Node::Expression(expression) => enclosed(&self.expression(expression)?),
            Node::Text(pieces) => {
                let pieces = pieces.iter().map(|piece| match piece {
                    Piece::Literal(text) => Ok(Value::from(text.as_str()).to_string()),
                    Piece::Expression(expression) => {
                        Ok(format!("$string({})", self.expression(expression)?))
                    }
                });
                enclosed(&pieces.collect::<Result<Vec<_>, Unsupported>>()?.join(" & "))
            }
            Node::List(items) => {
                let items = items.iter().map(|item| self.node(item));
                Value::Array(items.collect::<Result<_, _>>()?)
            }
            Node::Object(fields) => {
                let fields = fields
                    .iter()
                    .map(|(name, field)| Ok((name.clone(), self.node(field)?)));
                Value::Object(fields.collect::<Result<Map<_, _>, Unsupported>>()?)
            }
        })
    }

    fn value(&self, ast: &Ast) -> Written {
        let mut path = Vec::new();
        if segments(ast, &mut path) {
            return self.path(&path);
        }
        Ok(match ast {
            Ast::Literal { value, .. } => {
                serde_json::to_string(&**value).map_err(|_| Unsupported("a literal is no JSON"))?
            }
            Ast::Comparison {
                comparator,
                lhs,
                rhs,
                ..
            } => {
                let operator = match comparator {
                    Comparator::Equal => "=",
                    Comparator::NotEqual => "!=",
                    Comparator::LessThan => "<",
                    Comparator::LessThanEqual => "<=",
                    Comparator::GreaterThan => ">",
                    Comparator::GreaterThanEqual => ">=",
                };
                format!("({} {operator} {})", self.value(lhs)?, self.value(rhs)?)
            }
            Ast::Not { node, .. } => format!("$not({})", self.truth(node)?),
            Ast::And { lhs, rhs, .. } if is_boolean(lhs) && is_boolean(rhs) => {
                format!("({} and {})", self.value(lhs)?, self.value(rhs)?)
            }
            Ast::Or { lhs, rhs, .. } if is_boolean(lhs) && is_boolean(rhs) => {
                format!("({} or {})", self.value(lhs)?, self.value(rhs)?)
            }
            Ast::And { lhs, rhs, .. } => format!(
                "($l := {}; {} ? {} : $l)",
                self.value(lhs)?,
                truth("$l"),
                self.value(rhs)?
            ),
            Ast::Or { lhs, rhs, .. } => format!(
                "($l := {}; {} ? $l : {})",
                self.value(lhs)?,
                truth("$l"),
                self.value(rhs)?
            ),
            _ => return Err(SHAPE),
        })
    }

    /// Whether `ast` counts as true.
    fn truth(&self, ast: &Ast) -> Written {
        let value = self.value(ast)?;
        Ok(if is_boolean(ast) {
            value
        } else {
            format!("($l := {value}; {})", truth("$l"))
        })
    }

    fn path(&self, path: &[Segment<'_>]) -> Written {
        let (mut text, rest) = match path {
            [Segment::Field("steps"), Segment::Field(id), rest @ ..] => (step(id), rest),
            [Segment::Field("input"), rest @ ..] => {
                ("$states.context.Execution.Input".to_owned(), rest)
            }
            [Segment::Field("item"), rest @ ..] => {
                ("$states.context.Map.Item.Value".to_owned(), rest)
            }
            [Segment::Field("index")] => {
                return Ok("$states.context.Map.Item.Index".to_owned());
            }
            [Segment::Field("run"), Segment::Field("id")] => {
                return Ok("$states.context.Execution.Name".to_owned());
            }
            [Segment::Field("run"), Segment::Field("workflow")] => {
                return Ok(Value::from(self.workflow).to_string());
            }
            [Segment::Field("run"), ..] => {
                let why = "of the run only its id and workflow are known to a state machine";
                return Err(Unsupported(why));
            }
            _ => return Err(SHAPE),
        };
        for segment in rest {
            // Writing to a string does not fail.
            let _ = match segment {
                Segment::Field(field) if field.contains('`') => {
                    return Err(Unsupported("a name with a backtick cannot be written"));
                }
                Segment::Field(field) => write!(text, ".`{field}`"),
                Segment::Index(index) => write!(text, "[{index}]"),
            };
        }
        // What is not there is null, where JSONata would have nothing at all.
        Ok(format!("($v := {text}; $exists($v) ? $v : null)"))
    }
}

/// Whether the value of `ast` is true or false, or cannot be had.
fn is_boolean(ast: &Ast) -> bool {
    match ast {
        Ast::Comparison { .. } | Ast::Not { .. } => true,
        Ast::And { lhs, rhs, .. } | Ast::Or { lhs, rhs, .. } => is_boolean(lhs) && is_boolean(rhs),
        _ => false,
    }
}

/// Whether the value of `variable` counts as true in JMESPath.
fn truth(variable: &str) -> String {
    let empty = ["null", "false", "\"\"", "[]", "{}"];
    let is_empty = empty.map(|empty| format!("{variable} = {empty}"));
    format!("$not({})", is_empty.join(" or "))
}

/// Whether `ast` is a path, which is put into `path`.
fn segments<'a>(ast: &'a Ast, path: &mut Vec<Segment<'a>>) -> bool {
    match ast {
        Ast::Field { name, .. } => path.push(Segment::Field(name)),
        Ast::Index { idx, .. } => path.push(Segment::Index(*idx)),
        Ast::Subexpr { lhs, rhs, .. } => return segments(lhs, path) && segments(rhs, path),
        _ => return false,
    }
    true
}

/// `value` where strings in `{% … %}` would be expressions.
fn literal(value: &Value) -> Value {
    match value {
        Value::String(text) if text.starts_with("{%") => enclosed(&value.to_string()),
        Value::Array(items) => items.iter().map(literal).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, field)| (name.clone(), literal(field)))
            .collect::<Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}
