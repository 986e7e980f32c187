//! The walk that collects bindings.

use std::collections::HashMap;

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{
    Alias, Comprehension, ExceptHandler, Expr, Identifier, ModModule, Parameters, Pattern, Stmt,
    WithItem,
};
use ruff_text_size::{Ranged, TextRange, TextSize};

use super::{Binding, Bound, Kind, ScopeId, Scopes};

/// Every scope of `module`, with its bindings.
pub(super) fn collect(module: &ModModule) -> Scopes<'_> {
    let mut collector = Collector {
        scopes: Scopes {
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
        while let Some(data) = self.scopes.scopes.get(scope.0)
            && let Some(of_module) = data.outer.get(name)
        {
            // A name declared `nonlocal` belongs to the next function around that binds it.
            scope = match data.parent {
                Some(parent) if !of_module => parent,
                _ => ScopeId::MODULE,
            };
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
        if let Some(module) = module {
            self.bind(bound_as.unwrap_or(name), Binding::Member(module, name), end);
        } else {
            // `import a.b` binds `a`; `import a.b as c` binds `a.b`.
            let root = name.split('.').next().unwrap_or(name);
            let (bound, module) = bound_as.map_or((root, root), |bound| (bound, name));
            self.bind(bound, Binding::Module(module), end);
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
            self.bind(
                parameter.name().id.as_str(),
                Binding::Parameter,
                node.start(),
            );
        }
        body(self);
        self.current = outer;
        self.conditional = conditional;
    }

    fn comprehension(
        &mut self,
        node: TextRange,
        generators: &'a [Comprehension],
        elements: &[&'a Expr],
    ) {
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
                let module = import
                    .module
                    .as_ref()
                    .map_or("", |module| module.id.as_str());
                for alias in &import.names {
                    self.bind_alias(alias, Some(module), end);
                }
            }
            Stmt::Global(global) => self.declare_outer(&global.names, true),
            Stmt::Nonlocal(nonlocal) => self.declare_outer(&nonlocal.names, false),
            _ => {}
        }
    }

    fn declare_outer(&mut self, names: &'a [Identifier], of_module: bool) {
        if self.current != ScopeId::MODULE
            && let Some(scope) = self.scopes.scopes.get_mut(self.current.0)
        {
            scope
                .outer
                .extend(names.iter().map(|name| (name.id.as_str(), of_module)));
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
            Stmt::For(_)
            | Stmt::While(_)
            | Stmt::If(_)
            | Stmt::With(_)
            | Stmt::Match(_)
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

    fn visit_with_item(&mut self, item: &'a WithItem) {
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
}
