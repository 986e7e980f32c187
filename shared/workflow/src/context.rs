//! What expressions see.

use std::collections::BTreeMap;
use std::sync::Arc;

use jmespath::{Rcvar, Variable};
use serde_json::{Number, Value};

use crate::expression::from_json;

/// What expressions see.
///
/// It is converted once, when it is made, and shared by all evaluations.
#[derive(Debug, Clone)]
pub struct Context(Rcvar);

impl Context {
    /// The context of a step: an object with `input`, the run's input; `steps`, with
    /// `{status, output, error}` of the steps it refers to, under their ids; and `run`, with its
    /// `id`, `workflow` and `version`.
    #[must_use]
    pub fn new(seen: &Value) -> Self {
        Self(from_json(seen))
    }

    /// The same for one item of a map, which besides has `item` and `index`, from 0.
    #[must_use]
    pub fn with_item(&self, item: &Value, index: u32) -> Self {
        let mut fields = match &*self.0 {
            Variable::Object(fields) => fields.clone(),
            _ => BTreeMap::new(),
        };
        fields.insert("item".to_owned(), from_json(item));
        let index = Variable::Number(Number::from(index));
        fields.insert("index".to_owned(), Arc::new(index));
        Self(Arc::new(Variable::Object(fields)))
    }

    /// The value that expressions begin with.
    pub(crate) const fn root(&self) -> &Rcvar {
        &self.0
    }
}
