//! Which name means what where: Python's scopes, imports and built-ins.

mod collect;

use std::collections::HashMap;

use ruff_python_ast::{Expr, ModModule, StmtFunctionDef};
use ruff_text_size::{Ranged, TextRange, TextSize};

/// A scope, as an index into [`Scopes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ScopeId(usize);

impl ScopeId {
    /// The module's own scope.
    pub(crate) const MODULE: Self = Self(0);
}

/// What a name is bound to in a scope.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Binding<'a> {
    /// `import module`, with or without `as`.
    Module(&'a str),
    /// `from module import name`.
    Member(&'a str, &'a str),
    /// `name = value`, the value being this expression.
    Value(&'a Expr),
    /// `def name(…)`.
    Function(&'a StmtFunctionDef),
    /// `class name`.
    Class,
    /// A parameter.
    Parameter,
    /// Anything else: unpacking, loop variable, `with`, `except`, `+=`, `del` …
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Module,
    Class,
    /// Function or lambda.
    Function,
    Comprehension,
}

impl Kind {
    /// Whether an unbound local is an error here rather than a look at the built-ins.
    const fn is_closed(self) -> bool {
        matches!(self, Self::Function | Self::Comprehension)
    }
}

/// A binding, where it stands and whether it always happens.
#[derive(Debug, Clone, Copy)]
struct Bound<'a> {
    what: Binding<'a>,
    end: TextSize,
    /// Stands directly in the scope's body, not under a condition.
    unconditional: bool,
}

struct Scope<'a> {
    kind: Kind,
    parent: Option<ScopeId>,
    bindings: HashMap<&'a str, Vec<Bound<'a>>>,
    /// Names declared `global` or `nonlocal`, and whether they are the module's.
    outer: HashMap<&'a str, bool>,
}

/// What a name used somewhere refers to.
#[derive(Debug)]
pub(crate) enum Resolved<'a> {
    /// Nothing binds it: a built-in, a tool, or a mistake.
    Unbound,
    /// A scope binds it, but perhaps not always: a built-in of that name is still in reach.
    Perhaps(ScopeId, Vec<Binding<'a>>),
    /// A scope binds it.
    Bound(ScopeId, Vec<Binding<'a>>),
}

/// All scopes of a module.
pub(crate) struct Scopes<'a> {
    scopes: Vec<Scope<'a>>,
    by_node: HashMap<TextRange, ScopeId>,
}

impl<'a> Scopes<'a> {
    /// Collects every binding of `module`.
    pub(crate) fn of(module: &'a ModModule) -> Self {
        collect::collect(module)
    }

    fn push(&mut self, kind: Kind, parent: Option<ScopeId>) -> ScopeId {
        self.scopes.push(Scope {
            kind,
            parent,
            bindings: HashMap::new(),
            outer: HashMap::new(),
        });
        ScopeId(self.scopes.len() - 1)
    }

    /// The scope that a function, class, lambda or comprehension with this range opens.
    pub(crate) fn opened_by(&self, node: TextRange) -> Option<ScopeId> {
        self.by_node.get(&node).copied()
    }

    /// What `name`, used in `scope` at `place`, refers to.
    pub(crate) fn resolve(&self, scope: ScopeId, name: &str, place: TextSize) -> Resolved<'a> {
        let mut perhaps = None;
        let mut current = Some(scope);
        while let Some(id) = current
            && let Some(data) = self.scopes.get(id.0)
        {
            current = data.parent;
            let skipped =
                (data.kind == Kind::Class && id != scope) || data.outer.contains_key(name);
            let Some(bound) = data.bindings.get(name).filter(|_| !skipped) else {
                continue;
            };
            let bindings = bound.iter().map(|b| b.what).collect();
            if data.kind.is_closed() || hides(bound, id == scope, place) {
                return Resolved::Bound(id, bindings);
            }
            perhaps.get_or_insert((id, bindings));
        }
        perhaps.map_or(Resolved::Unbound, |(id, bindings)| {
            Resolved::Perhaps(id, bindings)
        })
    }

    /// The dotted path an expression stands for, imports and plain aliases followed: `b64decode`
    /// after `from base64 import b64decode` is `base64.b64decode`, an unbound name is itself.
    pub(crate) fn path(&self, expr: &Expr, scope: ScopeId) -> Option<String> {
        self.path_within(expr, scope, 16)
    }

    fn path_within(&self, expr: &Expr, scope: ScopeId, depth: u32) -> Option<String> {
        let depth = depth.checked_sub(1)?;
        match expr {
            Expr::Attribute(attribute) => {
                let value = self.path_within(&attribute.value, scope, depth)?;
                Some(format!("{value}.{}", attribute.attr.id))
            }
            Expr::Name(name) => match self.resolve(scope, name.id.as_str(), expr.start()) {
                Resolved::Unbound => Some(name.id.to_string()),
                Resolved::Perhaps(scope, bindings) | Resolved::Bound(scope, bindings) => {
                    bindings.iter().find_map(|binding| match binding {
                        Binding::Module(module) => Some((*module).to_owned()),
                        Binding::Member(module, name) => Some(format!("{module}.{name}")),
                        Binding::Value(value) if bindings.len() == 1 => {
                            self.path_within(value, scope, depth)
                        }
                        _ => None,
                    })
                }
            },
            _ => None,
        }
    }

    /// Whether any scope binds `name`, however conditionally.
    pub(crate) fn binds_anywhere(&self, name: &str) -> bool {
        self.scopes
            .iter()
            .any(|scope| scope.bindings.contains_key(name))
    }

    /// The bindings of `name` in `scope` itself.
    pub(crate) fn bindings(&self, scope: ScopeId, name: &str) -> Vec<Binding<'a>> {
        self.scopes
            .get(scope.0)
            .and_then(|scope| scope.bindings.get(name))
            .map(|bound| bound.iter().map(|b| b.what).collect())
            .unwrap_or_default()
    }
}

/// Whether module- or class-level bindings put a built-in of their name out of reach.
fn hides(bound: &[Bound<'_>], same_scope: bool, place: TextSize) -> bool {
    let deleted = bound
        .iter()
        .any(|b| matches!(b.what, Binding::Other) && !b.unconditional);
    let firm = bound
        .iter()
        .any(|b| b.unconditional && (!same_scope || b.end <= place));
    firm && !deleted
}
