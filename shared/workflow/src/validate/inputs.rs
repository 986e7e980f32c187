//! Whether what a template gives can be what is taken.

use std::collections::HashSet;

use serde_json::Value;

use super::Problems;
use super::expressions::Look;
use super::infer::Inference;
use super::infer::{Seen, Shape};
use crate::expression::Expression;
use crate::pointer;
use crate::problem::Code;
use crate::schema::{Schema, Types};
use crate::template::{Node, Piece};

/// One template at a place of the definition.
pub(super) struct Inputs<'a, 'p> {
    pub(super) seen: Seen<'a>,
    /// The item, in the inputs of a map.
    pub(super) item: Option<Shape<'a>>,
    /// Where it is; made longer and shorter on the way through it.
    pub(super) pointer: String,
    /// The steps that are looked at, as often as they are.
    pub(super) looks: &'p mut Vec<Look>,
    pub(super) problems: &'p mut Problems,
}

impl<'a> Inputs<'a, '_> {
    /// Checks `node` against what is `taken`.
    pub(super) fn node(&mut self, node: &Node, taken: Option<Schema<'_>>) {
        match node {
            Node::Literal(value) => self.literal(value, taken),
            Node::Expression(expression) => {
                let shape = self.expression(expression);
                self.types(shape.types(), taken);
            }
            Node::Text(pieces) => {
                for piece in pieces {
                    if let Piece::Expression(expression) = piece {
                        self.expression(expression);
                    }
                }
                self.types(Types::STRING, taken);
            }
            Node::List(items) => {
                self.types(Types::ARRAY, taken);
                let item = taken.and_then(Schema::items);
                for (index, node) in items.iter().enumerate() {
                    self.below(index, |inputs| inputs.node(node, item));
                }
            }
            Node::Object(fields) => {
                let names = fields.iter().map(|(name, _)| name.as_str());
                if self.types(Types::OBJECT, taken) {
                    self.properties(names, taken);
                }
                for (name, node) in fields {
                    let field = taken.and_then(|taken| taken.declared(name));
                    self.below(name, |inputs| inputs.node(node, field));
                }
            }
        }
    }

    /// Checks a part without expressions.
    pub(super) fn literal(&mut self, value: &Value, taken: Option<Schema<'_>>) {
        if !self.types(Types::of(value), taken) {
            return;
        }
        match value {
            Value::Array(items) => {
                let Some(item) = taken.and_then(Schema::items) else {
                    return;
                };
                for (index, value) in items.iter().enumerate() {
                    self.below(index, |inputs| inputs.literal(value, Some(item)));
                }
            }
            Value::Object(fields) => {
                self.properties(fields.keys().map(String::as_str), taken);
                for (name, value) in fields {
                    if let Some(field) = taken.and_then(|taken| taken.declared(name)) {
                        self.below(name, |inputs| inputs.literal(value, Some(field)));
                    }
                }
            }
            _ => {}
        }
    }

    fn below(&mut self, token: impl std::fmt::Display, f: impl FnOnce(&mut Self)) {
        let length = self.pointer.len();
        pointer::push(&mut self.pointer, token);
        f(self);
        self.pointer.truncate(length);
    }

    fn expression(&mut self, expression: &Expression) -> Shape<'a> {
        Inference {
            seen: self.seen,
            item: self.item,
            pointer: &self.pointer,
            looks: self.looks,
            problems: self.problems,
        }
        .expression(expression)
    }

    /// Checks that a value of one of the types `given` may be `taken`.
    pub(super) fn types(&mut self, given: Types, taken: Option<Schema<'_>>) -> bool {
        let Some(wanted) = taken.map(Schema::types) else {
            return true;
        };
        let fits = !given.excludes(wanted);
        if !fits {
            let message = format!("{wanted} is needed, and this is {given}");
            self.problems
                .add(Code::TypeMismatch, self.pointer.as_str(), message);
        }
        fits
    }

    /// Checks that an object has the properties it must have, and none that it must not.
    fn properties<'n>(
        &mut self,
        names: impl Iterator<Item = &'n str> + Clone,
        taken: Option<Schema<'_>>,
    ) {
        let Some(taken) = taken else { return };
        let given: HashSet<&str> = names.clone().collect();
        for required in taken.required().filter(|name| !given.contains(name)) {
            let message = format!("the property {required} is required, and is not given");
            self.problems
                .add(Code::TypeMismatch, self.pointer.as_str(), message);
        }
        for name in names.filter(|name| taken.forbids(name)) {
            let message = format!("there is no property {name} in the schema");
            self.below(name, |inputs| {
                inputs
                    .problems
                    .add(Code::TypeMismatch, inputs.pointer.as_str(), message);
            });
        }
    }
}
