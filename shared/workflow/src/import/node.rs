//! Places of the document that is imported.

use std::fmt::Display;

use serde_json::{Map, Value};

use crate::pointer;
use crate::problem::{Code, Problem};

/// What is found at a place, or what is wrong there.
pub(super) type Found<T> = Result<T, Problem>;

/// A value of the document, and where it is.
#[derive(Debug, Clone)]
pub(super) struct Node<'a> {
    pub(super) value: &'a Value,
    pub(super) pointer: String,
}

impl<'a> Node<'a> {
    pub(super) fn root(value: &'a Value) -> Self {
        Self {
            value,
            pointer: String::new(),
        }
    }

    fn below(&self, token: impl Display, value: &'a Value) -> Self {
        let mut pointer = self.pointer.clone();
        pointer::push(&mut pointer, token);
        Self { value, pointer }
    }

    /// The field `name`, if it is there and not null.
    pub(super) fn get(&self, name: &str) -> Option<Self> {
        let value = self.value.get(name).filter(|value| !value.is_null())?;
        Some(self.below(name, value))
    }

    /// The field `name`, which must be there.
    pub(super) fn require(&self, name: &str) -> Found<Self> {
        self.get(name)
            .ok_or_else(|| self.malformed(format!("{name} is needed here")))
    }

    pub(super) fn text(&self) -> Found<&'a str> {
        let text = self.value.as_str();
        text.ok_or_else(|| self.malformed("text is needed here"))
    }

    pub(super) fn fields(&self) -> Found<&'a Map<String, Value>> {
        let fields = self.value.as_object();
        fields.ok_or_else(|| self.malformed("an object is needed here"))
    }

    pub(super) fn items(&self) -> Found<Vec<Self>> {
        let items = self.value.as_array();
        let items = items.ok_or_else(|| self.malformed("a list is needed here"))?;
        let items = items.iter().enumerate();
        Ok(items.map(|(n, item)| self.below(n, item)).collect())
    }

    /// The name and the value of an object with one field, as tasks and cases are written.
    pub(super) fn named(&self) -> Found<(&'a str, Self)> {
        let mut fields = self.fields()?.iter();
        match (fields.next(), fields.next()) {
            (Some((name, value)), None) => Ok((name, self.below(name, value))),
            _ => Err(self.malformed("an object with one field, the name, is needed here")),
        }
    }

    /// Refuses every field but those `known`; `what` it is a field of.
    pub(super) fn only(&self, what: &str, known: &[&str]) -> Found<()> {
        for (name, value) in self.fields()? {
            if !known.contains(&name.as_str()) && !value.is_null() {
                let place = self.below(name, value);
                return Err(place.unsupported(format!("{name} of {what}"), "it has no counterpart"));
            }
        }
        Ok(())
    }

    pub(super) fn problem(&self, code: Code, message: impl Into<String>) -> Problem {
        Problem::new(code, self.pointer.as_str(), message)
    }

    pub(super) fn malformed(&self, message: impl Into<String>) -> Problem {
        self.problem(Code::Malformed, message)
    }

    /// `what` is not supported, for the reason `why`.
    pub(super) fn unsupported(&self, what: impl Display, why: impl Display) -> Problem {
        self.problem(Code::Unsupported, format!("{what} is not supported: {why}"))
    }
}
