//! Constant folding: what an expression is worth, where that follows from the source alone.
//!
//! Names bound once to a constant are followed, so that text hidden in pieces, in codes or in an
//! encoding is seen as what it becomes, and sizes are known before anything has that size.

mod call;
mod codec;
mod operator;
mod value;

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};

use ruff_python_ast::{
    BoolOp, CmpOp, Comprehension, Expr, ExprSlice, FStringPart, InterpolatedStringElement,
    ModModule, Number, UnaryOp,
};
use ruff_text_size::{Ranged, TextRange};

pub(crate) use codec::{decoded_bytes, decodings, rot13};
pub(crate) use value::Value;

use crate::scope::{Binding, Resolved, ScopeId, Scopes};
use crate::tree;

/// How deep folding recurses, through expressions and the names they mention.
const MAX_DEPTH: u32 = 170;

/// How many expressions are folded for one value inside comprehensions and functions, where
/// nothing is remembered.
const MAX_STEPS: u32 = 20_000;

/// How many are folded so in all.
const MAX_STEPS_IN_ALL: u32 = 500_000;

/// Folds expressions, each at most once.
pub(crate) struct Folder<'a, 's> {
    scopes: &'s Scopes<'a>,
    /// Names of lists, dicts and sets that something in the module may change in place.
    changed: HashSet<&'a str>,
    known: RefCell<HashMap<(TextRange, ScopeId), Option<Value>>>,
    /// Steps taken for the present value, and in all.
    steps: Cell<(u32, u32)>,
}

/// Where an expression is folded: its scope and the comprehension variables bound around it.
#[derive(Clone)]
struct Env<'v> {
    scope: ScopeId,
    variables: Vec<(&'v str, Value)>,
    depth: u32,
}

impl<'a, 's> Folder<'a, 's> {
    pub(crate) fn new(module: &'a ModModule, scopes: &'s Scopes<'a>) -> Self {
        Self {
            scopes,
            changed: changed_in_place(module),
            known: RefCell::default(),
            steps: Cell::default(),
        }
    }

    /// Whether constants cost more to work out than those of any honest agent.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.steps.get().1 >= MAX_STEPS_IN_ALL
    }

    /// Counts a step; false if none is left.
    fn take_step(&self) -> bool {
        let (value, all) = self.steps.get();
        self.steps.set((value + 1, all + 1));
        value < MAX_STEPS && all < MAX_STEPS_IN_ALL
    }

    /// The value of `expr` in `scope`, if it is constant.
    pub(crate) fn fold(&self, expr: &'a Expr, scope: ScopeId) -> Option<Value> {
        self.steps.set((0, self.steps.get().1));
        self.value(
            expr,
            &Env {
                scope,
                variables: Vec::new(),
                depth: 0,
            },
        )
    }

    /// The values of `expr` as `variable` takes those of `items` one by one.
    pub(crate) fn fold_each(
        &self,
        expr: &'a Expr,
        scope: ScopeId,
        variable: &'a str,
        items: &Value,
    ) -> Option<Vec<Value>> {
        let mut env = Env {
            scope,
            variables: Vec::new(),
            depth: 0,
        };
        let mut values = Vec::new();
        for item in items.elements()? {
            env.variables = vec![(variable, item)];
            values.push(self.value(expr, &env)?);
        }
        Some(values)
    }

    fn value(&self, expr: &'a Expr, env: &Env<'a>) -> Option<Value> {
        if env.depth > MAX_DEPTH {
            return None;
        }
        let env = Env {
            depth: env.depth + 1,
            ..env.clone()
        };
        if !env.variables.is_empty() {
            if !self.take_step() {
                return None;
            }
            return self.compute(expr, &env).map(Value::bounded);
        }
        let key = (expr.range(), env.scope);
        if let Some(known) = self.known.borrow().get(&key) {
            return known.clone();
        }
        // A name that leads back to itself is met again before it is known: not a constant.
        self.known.borrow_mut().insert(key, None);
        let value = self.compute(expr, &env).map(Value::bounded);
        self.known.borrow_mut().insert(key, value.clone());
        value
    }

    fn compute(&self, expr: &'a Expr, env: &Env<'a>) -> Option<Value> {
        match expr {
            Expr::NoneLiteral(_) => Some(Value::None),
            Expr::BooleanLiteral(literal) => Some(Value::Bool(literal.value)),
            Expr::NumberLiteral(literal) => number(&literal.value),
            Expr::StringLiteral(literal) => Some(Value::Str(literal.value.to_str().to_owned())),
            Expr::BytesLiteral(literal) => Some(Value::Bytes(literal.value.bytes().collect())),
            Expr::FString(_) => self.f_string(expr, env),
            Expr::Name(name) => self.name(name.id.as_str(), expr, env),
            Expr::List(list) => self.sequence(&list.elts, env),
            Expr::Tuple(tuple) => self.sequence(&tuple.elts, env),
            Expr::Set(set) => self.sequence(&set.elts, env),
            Expr::UnaryOp(unary) => self.unary(unary.op, &unary.operand, env),
            Expr::BinOp(binary) => {
                let left = self.value(&binary.left, env)?;
                let right = self.value(&binary.right, env)?;
                operator::binary(binary.op, &left, &right)
            }
            Expr::BoolOp(boolean) => self.boolean(boolean.op, &boolean.values, env),
            Expr::Compare(compare) => {
                let [op] = &*compare.ops else { return None };
                let [right] = &*compare.comparators else {
                    return None;
                };
                self.compare(*op, &compare.left, right, env)
            }
            Expr::If(choice) => {
                let test = self.value(&choice.test, env)?.truth();
                self.value(if test { &choice.body } else { &choice.orelse }, env)
            }
            Expr::Named(named) => self.value(&named.value, env),
            Expr::Subscript(subscript) => self.subscript(&subscript.value, &subscript.slice, env),
            Expr::ListComp(c) => self.comprehension(&c.elt, &c.generators, env),
            Expr::SetComp(c) => self.comprehension(&c.elt, &c.generators, env),
            Expr::Generator(c) => self.comprehension(&c.elt, &c.generators, env),
            Expr::Call(call) => self.call(call, env),
            _ => None,
        }
    }

    fn name(&self, name: &str, expr: &Expr, env: &Env<'a>) -> Option<Value> {
        if let Some((_, value)) = env.variables.iter().rev().find(|(bound, _)| *bound == name) {
            return Some(value.clone());
        }
        let (scope, value) = self.constant(name, expr, env.scope)?;
        self.value(
            value,
            &Env {
                scope,
                variables: Vec::new(),
                depth: env.depth,
            },
        )
    }

    /// The expression a name stands for, if it is bound once, and the scope that binds it.
    fn constant(&self, name: &str, place: &Expr, scope: ScopeId) -> Option<(ScopeId, &'a Expr)> {
        match self.scopes.resolve(scope, name, place.start()) {
            Resolved::Bound(scope, bindings) | Resolved::Perhaps(scope, bindings) => {
                match bindings.as_slice() {
                    [Binding::Value(value)] if !self.changed.contains(name) => Some((scope, value)),
                    _ => None,
                }
            }
            Resolved::Unbound => None,
        }
    }

    fn sequence(&self, elements: &'a [Expr], env: &Env<'a>) -> Option<Value> {
        elements
            .iter()
            .map(|element| self.value(element, env))
            .collect::<Option<_>>()
            .map(Value::Seq)
    }

    fn unary(&self, op: UnaryOp, operand: &'a Expr, env: &Env<'a>) -> Option<Value> {
        let value = self.value(operand, env)?;
        match (op, &value) {
            (UnaryOp::Not, _) => Some(Value::Bool(!value.truth())),
            (UnaryOp::USub, Value::Float(f)) => Some(Value::Float(-f)),
            (UnaryOp::USub, _) => value.int()?.checked_neg().map(Value::Int),
            (UnaryOp::Invert, _) => Some(Value::Int(!value.int()?)),
            (UnaryOp::UAdd, _) => Some(value),
        }
    }

    fn boolean(&self, op: BoolOp, values: &'a [Expr], env: &Env<'a>) -> Option<Value> {
        let mut last = None;
        for value in values {
            let value = self.value(value, env)?;
            let decided = value.truth() == matches!(op, BoolOp::Or);
            last = Some(value);
            if decided {
                break;
            }
        }
        last
    }

    fn compare(&self, op: CmpOp, left: &'a Expr, right: &'a Expr, env: &Env<'a>) -> Option<Value> {
        let (left, right) = (self.value(left, env)?, self.value(right, env)?);
        let by_number = left.number().zip(right.number());
        let result = match (op, by_number) {
            (CmpOp::Lt, Some((l, r))) => l < r,
            (CmpOp::LtE, Some((l, r))) => l <= r,
            (CmpOp::Gt, Some((l, r))) => l > r,
            (CmpOp::GtE, Some((l, r))) => l >= r,
            (CmpOp::Eq | CmpOp::Is, _) => left == right,
            (CmpOp::NotEq | CmpOp::IsNot, _) => left != right,
            _ => return None,
        };
        Some(Value::Bool(result))
    }

    fn subscript(&self, value: &'a Expr, index: &'a Expr, env: &Env<'a>) -> Option<Value> {
        if let Expr::Slice(slice) = index {
            let [from, to, by] = self.slice(slice, env)?;
            return operator::slice(&self.value(value, env)?, from, to, by);
        }
        let index = self.value(index, env)?;
        if let Some(items) = self.dict_items(value, env.scope) {
            let found = items.iter().find(|item| {
                item.key
                    .as_ref()
                    .is_some_and(|key| self.value(key, env).as_ref() == Some(&index))
            });
            return self.value(&found?.value, env);
        }
        operator::index(&self.value(value, env)?, index.int()?)
    }

    /// The items of a dict display, or of a name bound once to one.
    fn dict_items(
        &self,
        expr: &'a Expr,
        scope: ScopeId,
    ) -> Option<&'a [ruff_python_ast::DictItem]> {
        match expr {
            Expr::Dict(dict) => Some(&dict.items),
            Expr::Name(name) => match self.constant(name.id.as_str(), expr, scope)? {
                (_, Expr::Dict(dict)) => Some(&dict.items),
                _ => None,
            },
            _ => None,
        }
    }

    fn slice(&self, slice: &'a ExprSlice, env: &Env<'a>) -> Option<[Option<i128>; 3]> {
        let part = |part: &'a Option<Box<Expr>>| match part {
            None => Some(None),
            Some(expr) => match self.value(expr, env)? {
                Value::None => Some(None),
                value => value.int().map(Some),
            },
        };
        Some([part(&slice.lower)?, part(&slice.upper)?, part(&slice.step)?])
    }

    fn comprehension(
        &self,
        element: &'a Expr,
        generators: &'a [Comprehension],
        env: &Env<'a>,
    ) -> Option<Value> {
        let [generator] = generators else { return None };
        let items = self.value(&generator.iter, env)?;
        if generator.ifs.is_empty()
            && let Some(len) = items.len()
            && items.elements().is_none()
        {
            return Some(Value::Long(len));
        }
        let (mut values, mut weight, mut total) = (Vec::new(), 0, 0.0);
        for item in items.elements()? {
            let mut inner = env.clone();
            bind(&generator.target, item, &mut inner.variables)?;
            let kept = generator
                .ifs
                .iter()
                .map(|test| self.value(test, &inner).map(|value| value.truth()))
                .collect::<Option<Vec<_>>>()?;
            if kept.into_iter().all(|kept| kept) {
                let value = self.value(element, &inner)?;
                weight += value.weight();
                total += value.total().unwrap_or(1.0);
                // Past the limit only the number of elements is kept.
                if weight <= value::MAX_WEIGHT {
                    values.push(value);
                }
            }
        }
        Some(if weight > value::MAX_WEIGHT {
            Value::Long(total)
        } else {
            Value::Seq(values)
        })
    }

    fn f_string(&self, expr: &'a Expr, env: &Env<'a>) -> Option<Value> {
        let Expr::FString(string) = expr else {
            return None;
        };
        let mut text = String::new();
        for part in string.value.as_slice() {
            match part {
                FStringPart::Literal(literal) => text.push_str(&literal.value),
                FStringPart::FString(string) => {
                    for element in &string.elements {
                        match element {
                            InterpolatedStringElement::Literal(literal) => {
                                text.push_str(&literal.value);
                            }
                            InterpolatedStringElement::Interpolation(inner) => {
                                if inner.format_spec.is_some() || !inner.conversion.is_none() {
                                    return None;
                                }
                                let value = self.value(&inner.expression, env)?;
                                text.push_str(&operator::display(&value)?);
                            }
                        }
                    }
                }
            }
        }
        Some(Value::Str(text))
    }
}

/// The names whose values something may change in place: a method that does, an assignment to an
/// element, or a function of the agent they are passed to.
fn changed_in_place(module: &ModModule) -> HashSet<&str> {
    let functions: HashSet<&str> = tree::functions(&module.body)
        .iter()
        .map(|def| def.name.id.as_str())
        .collect();
    let mut changed = HashSet::new();
    tree::each_expr(&module.body, &mut |expr| match expr {
        Expr::Subscript(subscript) if !subscript.ctx.is_load() => {
            changed.extend(tree::root_name(&subscript.value));
        }
        Expr::Call(call) => {
            if let Expr::Attribute(method) = &*call.func
                && tree::MUTATORS.contains(&method.attr.id.as_str())
            {
                changed.extend(tree::root_name(&method.value));
            }
            if tree::name(&call.func).is_some_and(|name| functions.contains(name)) {
                changed.extend(call.arguments.args.iter().filter_map(tree::name));
            }
        }
        _ => {}
    });
    changed
}

/// Binds a comprehension's target: a name, or names unpacked from a sequence.
fn bind<'a>(target: &'a Expr, item: Value, variables: &mut Vec<(&'a str, Value)>) -> Option<()> {
    match target {
        Expr::Name(name) => variables.push((name.id.as_str(), item)),
        Expr::Tuple(tuple) => {
            let parts = item.elements()?;
            if parts.len() != tuple.elts.len() {
                return None;
            }
            for (target, part) in tuple.elts.iter().zip(parts) {
                bind(target, part, variables)?;
            }
        }
        _ => return None,
    }
    Some(())
}

fn number(number: &Number) -> Option<Value> {
    match number {
        Number::Int(int) => Some(int.as_u64().map_or_else(
            || {
                // A literal past 64 bits is kept as it is written.
                let digits = int.to_string().replace('_', "").to_ascii_lowercase();
                call::integer_text(&digits)
                    .map_or(Value::Huge(value::count(digits.len())), Value::Int)
            },
            |small| Value::Int(small.into()),
        )),
        Number::Float(float) => Some(Value::Float(*float)),
        Number::Complex { .. } => None,
    }
}
