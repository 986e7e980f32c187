//! Endless iterators, and what consumes them whole.

use ruff_python_ast::{Comprehension, Expr, Stmt};

use super::loops::MAX_ROUNDS;
use crate::rules;
use crate::scope::Binding;
use crate::tree;
use crate::walk::Walk;

/// Functions that take every element before they return.
const CONSUMERS: &[&str] = &[
    "list",
    "tuple",
    "set",
    "frozenset",
    "dict",
    "sum",
    "max",
    "min",
    "sorted",
    "len",
    "bytes",
    "bytearray",
    "collections.deque",
    "collections.Counter",
    "math.prod",
    "math.fsum",
    "functools.reduce",
    "statistics.mean",
    "all",
    "any",
];

/// How deep wrappers such as `map` and `enumerate` are looked through.
const MAX_WRAPPERS: u32 = 8;

pub(super) fn stmt<'a>(walk: &mut Walk<'a, '_>, stmt: &'a Stmt) {
    match stmt {
        Stmt::For(for_) if is_endless(walk, &for_.iter, MAX_WRAPPERS) && !leaves(&for_.body) => {
            let message = "nothing leaves the loop over an endless iterator";
            walk.add(&rules::ENDLESS_ITERATOR, stmt, message);
        }
        Stmt::Assign(assign) => {
            let unpacked = assign
                .targets
                .iter()
                .any(|t| matches!(t, Expr::Tuple(_) | Expr::List(_)));
            if unpacked && is_endless(walk, &assign.value, MAX_WRAPPERS) {
                walk.add(
                    &rules::ENDLESS_ITERATOR,
                    stmt,
                    "an endless iterator is unpacked",
                );
            }
        }
        _ => {}
    }
}

/// Whether the body of a loop has any statement that leaves it.
fn leaves(body: &[Stmt]) -> bool {
    let mut found = false;
    tree::each_stmt(body, &mut |stmt| {
        found |= matches!(stmt, Stmt::Break(_) | Stmt::Return(_) | Stmt::Raise(_));
    });
    found || tree::any_own_expr(body, |expr| matches!(expr, Expr::Yield(_)))
}

pub(super) fn expr<'a>(walk: &mut Walk<'a, '_>, expr: &'a Expr) {
    let consumed: Vec<&'a Expr> = match expr {
        Expr::Call(call) => {
            let path = walk.path(&call.func).unwrap_or_default();
            let join = matches!(&*call.func, Expr::Attribute(method)
                if matches!(method.attr.id.as_str(), "join" | "extend" | "update" | "fromkeys"));
            if join || CONSUMERS.contains(&path.as_str()) {
                call.arguments.args.iter().collect()
            } else {
                call.arguments
                    .args
                    .iter()
                    .filter(|a| matches!(a, Expr::Starred(_)))
                    .collect()
            }
        }
        Expr::ListComp(c) => sources(&c.generators),
        Expr::SetComp(c) => sources(&c.generators),
        Expr::DictComp(c) => sources(&c.generators),
        Expr::List(list) => list
            .elts
            .iter()
            .filter(|e| matches!(e, Expr::Starred(_)))
            .collect(),
        Expr::Tuple(tuple) => tuple
            .elts
            .iter()
            .filter(|e| matches!(e, Expr::Starred(_)))
            .collect(),
        Expr::Set(set) => set
            .elts
            .iter()
            .filter(|e| matches!(e, Expr::Starred(_)))
            .collect(),
        Expr::Compare(compare) => {
            let membership = compare.ops.iter().any(|op| op.is_in() || op.is_not_in());
            if membership {
                compare.comparators.iter().collect()
            } else {
                Vec::new()
            }
        }
        _ => Vec::new(),
    };
    for source in consumed {
        let source = match source {
            Expr::Starred(starred) => &starred.value,
            other => other,
        };
        if is_endless(walk, source, MAX_WRAPPERS) {
            walk.add(
                &rules::ENDLESS_ITERATOR,
                expr,
                "an endless iterator is consumed whole",
            );
        } else if let Expr::Call(_) = expr
            && let Some(rounds) = rounds(walk, source)
            && rounds >= MAX_ROUNDS
        {
            walk.add(
                &rules::HUGE_WORK,
                expr,
                format!("{rounds:.0} elements are consumed"),
            );
        }
    }
}

fn sources(generators: &[Comprehension]) -> Vec<&Expr> {
    generators.iter().map(|generator| &generator.iter).collect()
}

/// How many elements something yields, where that is constant: the products of its parts.
fn rounds<'a>(walk: &Walk<'a, '_>, source: &'a Expr) -> Option<f64> {
    let over = |generators: &'a [Comprehension]| {
        generators
            .iter()
            .map(|generator| walk.fold(&generator.iter)?.len())
            .product::<Option<f64>>()
    };
    match source {
        Expr::Generator(c) => over(&c.generators),
        Expr::ListComp(c) => over(&c.generators),
        Expr::Call(call) => {
            let path = walk.path(&call.func)?;
            let len = |argument: &'a Expr| walk.fold(argument).and_then(|items| items.len());
            let arguments = &call.arguments.args;
            match path.as_str() {
                "itertools.product" => {
                    let product: f64 = arguments.iter().map(len).product::<Option<f64>>()?;
                    let repeat = call.arguments.find_keyword("repeat");
                    let repeat = repeat.and_then(|k| walk.number(&k.value)).unwrap_or(1.0);
                    Some(product.powf(repeat))
                }
                "map" | "filter" => rounds(walk, arguments.get(1)?),
                "enumerate" | "reversed" | "iter" => rounds(walk, arguments.first()?),
                _ => walk.fold(source)?.len(),
            }
        }
        _ => walk.fold(source)?.len(),
    }
}

/// Whether an expression makes an iterator that never ends.
fn is_endless<'a>(walk: &Walk<'a, '_>, expr: &'a Expr, depth: u32) -> bool {
    let Some(depth) = depth.checked_sub(1) else {
        return false;
    };
    let call = match expr {
        Expr::Call(call) => call,
        Expr::Generator(c) => {
            return c
                .generators
                .iter()
                .any(|g| is_endless(walk, &g.iter, depth));
        }
        Expr::Name(name) => {
            let bindings = walk.scopes.bindings(walk.scope, name.id.as_str());
            return matches!(bindings.as_slice(), [Binding::Value(value)] if is_endless(walk, value, depth));
        }
        _ => return false,
    };
    let arguments = &call.arguments.args;
    let any = || {
        arguments
            .iter()
            .any(|argument| is_endless(walk, argument, depth))
    };
    let path = walk.path(&call.func).unwrap_or_default();
    match path.as_str() {
        "itertools.count" => true,
        "itertools.cycle" => arguments
            .first()
            .is_none_or(|items| walk.fold(items).is_none_or(|items| items.truth())),
        "itertools.repeat" => arguments.len() == 1 && call.arguments.keywords.is_empty(),
        "iter" => match &**arguments {
            // `iter(int, 1)`: a type called without arguments gives its zero for ever.
            [callable, sentinel] => {
                let zero = match walk.unbound(callable) {
                    Some("int" | "float" | "bool") => Some(0.0),
                    Some("str" | "list" | "dict" | "tuple") => None,
                    _ => return matches!(callable, Expr::Lambda(l) if walk.fold(&l.body).is_some()),
                };
                zero.is_none_or(|zero| walk.number(sentinel) != Some(zero))
            }
            _ => any(),
        },
        "map"
        | "filter"
        | "itertools.starmap"
        | "itertools.accumulate"
        | "enumerate"
        | "itertools.chain"
        | "itertools.dropwhile"
        | "itertools.filterfalse"
        | "itertools.pairwise"
        | "itertools.zip_longest"
        | "itertools.batched"
        | "itertools.chain.from_iterable" => any(),
        "zip" => !arguments.is_empty() && arguments.iter().all(|a| is_endless(walk, a, depth)),
        _ => tree::name(&call.func).is_some_and(|name| is_endless_generator(walk, name)),
    }
}

/// Whether `name` is a generator of the agent whose loop nothing leaves.
fn is_endless_generator(walk: &Walk<'_, '_>, name: &str) -> bool {
    let bindings = walk.scopes.bindings(crate::scope::ScopeId::MODULE, name);
    let [Binding::Function(def)] = bindings.as_slice() else {
        return false;
    };
    tree::is_generator(def)
        && def.body.iter().any(|stmt| match stmt {
            Stmt::While(while_) => {
                let always = matches!(&*while_.test, Expr::BooleanLiteral(b) if b.value)
                    || matches!(&*while_.test, Expr::NumberLiteral(_));
                let mut left = false;
                tree::each_stmt(&while_.body, &mut |stmt| {
                    left |= matches!(stmt, Stmt::Break(_) | Stmt::Return(_) | Stmt::Raise(_));
                });
                always && !left
            }
            _ => false,
        })
}
