//! Evaluation that is paid for.
//!
//! JMESPath always ends, but within what time and memory is another matter: thirty times
//! `[@, @] |` gives a value of a thousand million parts. So every value that is read or made is
//! counted, and what a function reads is measured before it is called.

use std::collections::BTreeMap;
use std::sync::Arc;

use jmespath::ast::Ast;
use jmespath::{Context, DEFAULT_RUNTIME, ErrorReason, JmespathError, Rcvar, Variable};

use super::{Error, Expression};
use crate::limits;

/// One evaluation, of one expression or of all in a template.
pub(crate) struct Evaluator {
    left: u64,
}

/// Why an evaluation stopped.
enum Stop {
    Spent,
    Function(String),
}

type Outcome = Result<Rcvar, Stop>;

impl Evaluator {
    /// An evaluation that may do as much work as there may be.
    pub(crate) const fn new() -> Self {
        Self::bounded(limits::MAX_WORK)
    }

    /// An evaluation that may do so much work.
    pub(crate) const fn bounded(work: u64) -> Self {
        Self { left: work }
    }

    /// What `expression` gives on `root`.
    pub(crate) fn expression(
        &mut self,
        expression: &Expression,
        root: &Rcvar,
    ) -> Result<Rcvar, Error> {
        self.node(root, expression.ast()).map_err(|stop| {
            let expression = expression.as_str().to_owned();
            match stop {
                Stop::Spent => Error::TooMuchWork { expression },
                Stop::Function(message) => Error::Function {
                    message,
                    expression,
                },
            }
        })
    }

    fn take(&mut self, units: u64) -> Result<(), Stop> {
        self.left = self.left.checked_sub(units).ok_or(Stop::Spent)?;
        Ok(())
    }

    /// Takes what it costs to read all of `value`. It may nest as deep as it was made to, so
    /// this does not recurse.
    fn take_whole(&mut self, value: &Rcvar) -> Result<(), Stop> {
        let mut open = vec![value];
        while let Some(value) = open.pop() {
            self.take(1)?;
            match &**value {
                Variable::String(text) => self.take(text_units(text.len()))?,
                Variable::Array(items) => open.extend(items),
                Variable::Object(fields) => {
                    self.take(fields.keys().map(|key| text_units(key.len())).sum())?;
                    open.extend(fields.values());
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn node(&mut self, data: &Rcvar, node: &Ast) -> Outcome {
        self.take(1)?;
        match node {
            Ast::Identity { .. } => Ok(data.clone()),
            Ast::Literal { value, .. } => Ok(value.clone()),
            Ast::Field { name, .. } => Ok(data.get_field(name)),
            Ast::Index { idx, .. } => Ok(index(data, *idx)),
            Ast::Subexpr { lhs, rhs, .. } => {
                let left = self.node(data, lhs)?;
                self.node(&left, rhs)
            }
            Ast::Or { lhs, rhs, .. } => match self.node(data, lhs)? {
                left if left.is_truthy() => Ok(left),
                _ => self.node(data, rhs),
            },
            Ast::And { lhs, rhs, .. } => match self.node(data, lhs)? {
                left if left.is_truthy() => self.node(data, rhs),
                left => Ok(left),
            },
            Ast::Not { node, .. } => {
                let value = self.node(data, node)?;
                Ok(Arc::new(Variable::Bool(!value.is_truthy())))
            }
            Ast::Condition {
                predicate, then, ..
            } => match self.node(data, predicate)? {
                holds if holds.is_truthy() => self.node(data, then),
                _ => Ok(null()),
            },
            Ast::Comparison {
                comparator,
                lhs,
                rhs,
                ..
            } => {
                let (left, right) = (self.node(data, lhs)?, self.node(data, rhs)?);
                self.take_whole(&left)?;
                self.take_whole(&right)?;
                let answer = left.compare(comparator, &right);
                Ok(answer.map_or_else(null, |holds| Arc::new(Variable::Bool(holds))))
            }
            Ast::Slice {
                start, stop, step, ..
            } => {
                self.take(data.as_array().map_or(0, |items| count(items.len())))?;
                let items = data.slice(*start, *stop, *step);
                Ok(items.map_or_else(null, |items| Arc::new(Variable::Array(items))))
            }
            Ast::Function { name, args, .. } => self.call(data, name, args),
            other => self.collection(data, other),
        }
    }

    /// What gives a list or an object.
    fn collection(&mut self, data: &Rcvar, node: &Ast) -> Outcome {
        match node {
            Ast::ObjectValues { node, .. } => match &*self.node(data, node)? {
                Variable::Object(fields) => {
                    self.take(count(fields.len()))?;
                    Ok(list(fields.values().cloned().collect()))
                }
                _ => Ok(null()),
            },
            Ast::Projection { lhs, rhs, .. } => match self.node(data, lhs)?.as_array() {
                Some(items) => {
                    let mut kept = Vec::new();
                    for item in items {
                        let value = self.node(item, rhs)?;
                        if !value.is_null() {
                            kept.push(value);
                        }
                    }
                    Ok(list(kept))
                }
                None => Ok(null()),
            },
            Ast::Flatten { node, .. } => match self.node(data, node)?.as_array() {
                Some(items) => {
                    let mut flat = Vec::new();
                    for item in items {
                        let inner = item.as_array().map_or(std::slice::from_ref(item), |v| v);
                        self.take(1 + count(inner.len()))?;
                        flat.extend_from_slice(inner);
                    }
                    Ok(list(flat))
                }
                None => Ok(null()),
            },
            Ast::MultiList { elements, .. } if !data.is_null() => {
                let items: Result<_, _> = elements.iter().map(|e| self.node(data, e)).collect();
                Ok(list(items?))
            }
            Ast::MultiHash { elements, .. } if !data.is_null() => {
                let mut fields = BTreeMap::new();
                for pair in elements {
                    fields.insert(pair.key.clone(), self.node(data, &pair.value)?);
                }
                Ok(Arc::new(Variable::Object(fields)))
            }
            // An expression stands only in a call, which looks at it there.
            _ => Ok(null()),
        }
    }

    fn call(&mut self, data: &Rcvar, name: &str, args: &[Ast]) -> Outcome {
        match (name, args) {
            ("map", [Ast::Expref { ast, .. }, items]) => {
                let items = self.items(data, name, items)?;
                let mapped: Result<_, _> = items.iter().map(|item| self.node(item, ast)).collect();
                return Ok(list(mapped?));
            }
            ("sort_by" | "max_by" | "min_by", [items, Ast::Expref { ast, .. }]) => {
                let items = self.items(data, name, items)?;
                return self.by_key(name, items, ast);
            }
            _ => {}
        }
        let mut values = Vec::with_capacity(args.len());
        for arg in args {
            values.push(self.node(data, arg)?);
        }
        for value in &values {
            self.take_whole(value)?;
        }
        if let ("join", [glue, items]) = (name, &values[..])
            && let (Some(glue), Some(items)) = (glue.as_string(), items.as_array())
        {
            self.take(count(items.len()).saturating_mul(text_units(glue.len())))?;
        }
        let function = DEFAULT_RUNTIME
            .get_function(name)
            .ok_or_else(|| Stop::Function(format!("there is no function {name}")))?;
        function
            .evaluate(&values, &mut Context::new("", &DEFAULT_RUNTIME))
            .map_err(|error| Stop::Function(format!("{name}: {}", reason(&error))))
    }

    fn items(&mut self, data: &Rcvar, name: &str, node: &Ast) -> Result<Vec<Rcvar>, Stop> {
        let value = self.node(data, node)?;
        let items = value.as_array().ok_or_else(|| {
            let found = value.get_type();
            Stop::Function(format!("{name}: a list is needed, and {found} is given"))
        })?;
        self.take(count(items.len()))?;
        Ok(items.clone())
    }

    /// Sorts `items`, or picks one of them, by what `ast` gives on each.
    fn by_key(&mut self, name: &str, items: Vec<Rcvar>, ast: &Ast) -> Outcome {
        let mut keyed = Vec::with_capacity(items.len());
        for item in items {
            let key = self.node(&item, ast)?;
            // Keys are compared about as often as there are digits in their number.
            let reads = u64::from(usize::BITS - keyed.len().leading_zeros()) + 1;
            let length = key.as_string().map_or(1, |text| text_units(text.len()));
            self.take(reads.saturating_mul(length))?;
            keyed.push((key, item));
        }
        let all = |is: fn(&Rcvar) -> bool| keyed.iter().all(|(key, _)| is(key));
        if !all(|key| key.is_string()) && !all(|key| key.is_number()) {
            return Err(Stop::Function(format!(
                "{name}: the expression must give strings only, or numbers only"
            )));
        }
        // Of equal ones the first is picked.
        Ok(match name {
            "sort_by" => {
                keyed.sort_by(|(a, _), (b, _)| a.cmp(b));
                list(keyed.into_iter().map(|(_, item)| item).collect())
            }
            "max_by" => keyed
                .into_iter()
                .reduce(|best, next| if next.0 > best.0 { next } else { best })
                .map_or_else(null, |(_, item)| item),
            _ => keyed
                .into_iter()
                .reduce(|best, next| if next.0 < best.0 { next } else { best })
                .map_or_else(null, |(_, item)| item),
        })
    }
}

/// What is said of a failed call: the reason, without where.
fn reason(error: &JmespathError) -> String {
    match &error.reason {
        ErrorReason::Parse(text) => text.clone(),
        ErrorReason::Runtime(error) => error.to_string(),
    }
}

fn index(data: &Rcvar, index: i32) -> Rcvar {
    let distance = usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX);
    if index < 0 {
        data.get_negative_index(distance)
    } else {
        data.get_index(distance)
    }
}

fn list(items: Vec<Rcvar>) -> Rcvar {
    Arc::new(Variable::Array(items))
}

fn null() -> Rcvar {
    Arc::new(Variable::Null)
}

fn count(items: usize) -> u64 {
    u64::try_from(items).unwrap_or(u64::MAX)
}

fn text_units(bytes: usize) -> u64 {
    count(bytes / 16 + 1)
}
