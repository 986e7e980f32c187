//! Which name means what where: Python's scopes, imports and built-ins.

use std::collections::{HashMap, HashSet};

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{
    Alias, Comprehension, ExceptHandler, Expr, ExprContext, ModModule, Parameters, Pattern, Stmt,
    StmtFunctionDef,
};
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
    /// Names declared `global` or `nonlocal`.
    outer: HashSet<&'a str>,
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
        let mut collector = Collector {
            scopes: Self {
                scopes: Vec::new(),
                by_node: HashMap::new(),
            },
            current: ScopeId::MODULE,
            conditional: 0,
        };
        collector.scopes.push(Kind::Module, None);
        collector.visit_body(&module.body);
        collector.scopes
    }

    fn push(&mut self, kind: Kind, parent: Option<ScopeId>) -> ScopeId {
        self.scopes.push(Scope {
            kind,
            parent,
            bindings: HashMap::new(),
            outer: HashSet::new(),
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
            let skipped = (data.kind == Kind::Class && id != scope) || data.outer.contains(name);
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
        self.scopes.iter().any(|scope| scope.bindings.contains_key(name))
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
    let deleted = bound.iter().any(|b| matches!(b.what, Binding::Other) && !b.unconditional);
    let firm = bound
        .iter()
        .any(|b| b.unconditional && (!same_scope || b.end <= place));
    firm && !deleted
}

struct Collector<'a> {
    scopes: Scopes<'a>,
    current: ScopeId,
    /// How many conditional statements are open in the current scope.
    conditional: u32,
}

impl<'a> Collector<'a> {
    fn bind_at(&mut self, scope: ScopeId, name: &'a str, what: Binding<'a>, end: TextSize) {
        let unconditional = self.conditional == 0;
        if let Some(scope) = self.scopes.scopes.get_mut(scope.0) {
            scope.bindings.entry(name).or_default().push(Bound {
                what,
                end,
                unconditional,
            });
        }
    }

    fn bind(&mut self, name: &'a str, what: Binding<'a>, end: TextSize) {
        let mut scope = self.current;
        if let Some(data) = self.scopes.scopes.get(scope.0)
            && data.outer.contains(name)
        {
            // `global` binds in the module; `nonlocal` is near enough to be treated alike.
            scope = ScopeId::MODULE;
        }
        self.bind_at(scope, name, what, end);
    }

    /// Binds every name in an assignment target.
    fn bind_target(&mut self, target: &'a Expr, what: Binding<'a>, end: TextSize) {
        match target {
            Expr::Name(name) => self.bind(name.id.as_str(), what, end),
            Expr::Tuple(tuple) => {
                for element in &tuple.elts {
                    self.bind_target(element, Binding::Other, end);
                }
            }
            Expr::List(list) => {
                for element in &list.elts {
                    self.bind_target(element, Binding::Other, end);
                }
            }
            Expr::Starred(starred) => self.bind_target(&starred.value, Binding::Other, end),
            _ => {}
        }
    }

    /// Binds the target of `:=`, which belongs to the scope around any comprehension.
    fn bind_named(&mut self, target: &'a Expr, end: TextSize) {
        let current = self.current;
        while let Some(scope) = self.scopes.scopes.get(self.current.0)
            && scope.kind == Kind::Comprehension
            && let Some(parent) = scope.parent
        {
            self.current = parent;
        }
        self.bind_target(target, Binding::Other, end);
        self.current = current;
    }

    fn bind_alias(&mut self, alias: &'a Alias, module: Option<&'a str>, end: TextSize) {
        let name = alias.name.id.as_str();
        let bound_as = alias.asname.as_ref().map(|asname| asname.id.as_str());
        match module {
            Some(module) => self.bind(bound_as.unwrap_or(name), Binding::Member(module, name), end),
            None => {
                // `import a.b` binds `a`; `import a.b as c` binds `a.b`.
                let root = name.split('.').next().unwrap_or(name);
                let (bound, module) = bound_as.map_or((root, root), |bound| (bound, name));
                self.bind(bound, Binding::Module(module), end);
            }
        }
    }

    /// Opens a scope for `node`, binds its parameters and runs `body` inside.
    fn within(
        &mut self,
        kind: Kind,
        node: TextRange,
        parameters: Option<&'a Parameters>,
        body: impl FnOnce(&mut Self),
    ) {
        let scope = self.scopes.push(kind, Some(self.current));
        self.scopes.by_node.insert(node, scope);
        let outer = std::mem::replace(&mut self.current, scope);
        let conditional = std::mem::take(&mut self.conditional);
        for parameter in parameters.iter().flat_map(|p| p.iter()) {
            self.bind(parameter.name().id.as_str(), Binding::Parameter, node.start());
        }
        body(self);
        self.current = outer;
        self.conditional = conditional;
    }

    fn comprehension(&mut self, node: TextRange, generators: &'a [Comprehension], elements: &[&'a Expr]) {
        if let Some(first) = generators.first() {
            self.visit_expr(&first.iter);
        }
        self.within(Kind::Comprehension, node, None, |this| {
            for (i, generator) in generators.iter().enumerate() {
                if i > 0 {
                    this.visit_expr(&generator.iter);
                }
                this.bind_target(&generator.target, Binding::Other, node.start());
                for condition in &generator.ifs {
                    this.visit_expr(condition);
                }
            }
            for element in elements {
                this.visit_expr(element);
            }
        });
    }

    /// Binds what a statement of one line binds.
    fn bind_simple(&mut self, stmt: &'a Stmt) {
        let end = stmt.end();
        match stmt {
            Stmt::Assign(assign) => {
                for target in &assign.targets {
                    self.bind_target(target, Binding::Value(&assign.value), end);
                }
            }
            Stmt::AnnAssign(assign) => {
                if let Some(value) = &assign.value {
                    self.bind_target(&assign.target, Binding::Value(value), end);
                }
            }
            Stmt::AugAssign(assign) => self.bind_target(&assign.target, Binding::Other, end),
            Stmt::Delete(delete) => {
                self.conditional += 1;
                for target in &delete.targets {
                    self.bind_target(target, Binding::Other, end);
                }
                self.conditional -= 1;
            }
            Stmt::Import(import) => {
                for alias in &import.names {
                    self.bind_alias(alias, None, end);
                }
            }
            Stmt::ImportFrom(import) => {
                let module = import.module.as_ref().map_or("", |module| module.id.as_str());
                for alias in &import.names {
                    self.bind_alias(alias, Some(module), end);
                }
            }
            Stmt::Global(global) => self.declare_outer(global.names.iter().map(|n| n.id.as_str())),
            Stmt::Nonlocal(names) => self.declare_outer(names.names.iter().map(|n| n.id.as_str())),
            _ => {}
        }
    }

    fn declare_outer(&mut self, names: impl Iterator<Item = &'a str>) {
        if self.current != ScopeId::MODULE
            && let Some(scope) = self.scopes.scopes.get_mut(self.current.0)
        {
            scope.outer.extend(names);
        }
    }
}

impl<'a> Visitor<'a> for Collector<'a> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        self.bind_simple(stmt);
        match stmt {
            Stmt::FunctionDef(def) => {
                self.bind(def.name.id.as_str(), Binding::Function(def), def.end());
                for decorator in &def.decorator_list {
                    self.visit_decorator(decorator);
                }
                self.visit_parameters(&def.parameters);
                self.within(Kind::Function, def.range, Some(&def.parameters), |this| {
                    this.visit_body(&def.body);
                });
            }
            Stmt::ClassDef(class) => {
                self.bind(class.name.id.as_str(), Binding::Class, class.end());
                for decorator in &class.decorator_list {
                    self.visit_decorator(decorator);
                }
                if let Some(arguments) = &class.arguments {
                    self.visit_arguments(arguments);
                }
                self.within(Kind::Class, class.range, None, |this| {
                    this.visit_body(&class.body);
                });
            }
            Stmt::For(_) | Stmt::While(_) | Stmt::If(_) | Stmt::With(_) | Stmt::Match(_)
            | Stmt::Try(_) => {
                self.conditional += 1;
                if let Stmt::For(for_) = stmt {
                    self.bind_target(&for_.target, Binding::Other, for_.target.end());
                }
                visitor::walk_stmt(self, stmt);
                self.conditional -= 1;
            }
            _ => visitor::walk_stmt(self, stmt),
        }
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Lambda(lambda) => {
                let parameters = lambda.parameters.as_deref();
                if let Some(parameters) = parameters {
                    self.visit_parameters(parameters);
                }
                self.within(Kind::Function, lambda.range, parameters, |this| {
                    this.visit_expr(&lambda.body);
                });
            }
            Expr::ListComp(c) => self.comprehension(c.range, &c.generators, &[&*c.elt]),
            Expr::SetComp(c) => self.comprehension(c.range, &c.generators, &[&*c.elt]),
            Expr::Generator(c) => self.comprehension(c.range, &c.generators, &[&*c.elt]),
            Expr::DictComp(c) => {
                let elements: Vec<&Expr> = c.key.iter().chain([&c.value]).map(|e| &**e).collect();
                self.comprehension(c.range, &c.generators, &elements);
            }
            Expr::Named(named) => {
                self.bind_named(&named.target, expr.end());
                visitor::walk_expr(self, expr);
            }
            _ => visitor::walk_expr(self, expr),
        }
    }

    fn visit_with_item(&mut self, item: &'a ruff_python_ast::WithItem) {
        if let Some(target) = &item.optional_vars {
            self.bind_target(target, Binding::Other, item.end());
        }
        visitor::walk_with_item(self, item);
    }

    fn visit_except_handler(&mut self, handler: &'a ExceptHandler) {
        let ExceptHandler::ExceptHandler(handler_data) = handler;
        if let Some(name) = &handler_data.name {
            self.bind(name.id.as_str(), Binding::Other, name.end());
        }
        visitor::walk_except_handler(self, handler);
    }

    fn visit_pattern(&mut self, pattern: &'a Pattern) {
        let name = match pattern {
            Pattern::MatchAs(capture) => capture.name.as_ref(),
            Pattern::MatchStar(star) => star.name.as_ref(),
            Pattern::MatchMapping(mapping) => mapping.rest.as_ref(),
            _ => None,
        };
        if let Some(name) = name {
            self.bind(name.id.as_str(), Binding::Other, name.end());
        }
        visitor::walk_pattern(self, pattern);
    }

    fn visit_expr_context(&mut self, _: &'a ExprContext) {}
}
