//! The one walk over the tree, on which every rule about a statement or expression is tried.

use std::collections::BTreeSet;

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{
    Comprehension, Expr, ModModule, Pattern, PatternKeyword, Stmt, StmtFunctionDef,
};
use ruff_text_size::{Ranged, TextRange};
use tdev_domain::Tool;

use crate::fold::{Folder, Value};
use crate::report::Report;
use crate::rules::Rule;
use crate::scope::{Resolved, ScopeId, Scopes};
use crate::{quality, security, tools};

/// A loop or comprehension around the place being looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Loop {
    /// How often it runs, where that is constant; infinite for `while True`.
    pub(crate) times: Option<f64>,
    /// Whether it is a `while`.
    pub(crate) is_while: bool,
}

/// Where the walk stands, and what rules ask of it.
pub(crate) struct Walk<'a, 's> {
    pub(crate) module: &'a ModModule,
    pub(crate) scopes: &'s Scopes<'a>,
    pub(crate) folder: Folder<'a, 's>,
    pub(crate) report: &'s mut Report,
    pub(crate) tools: BTreeSet<Tool>,
    pub(crate) scope: ScopeId,
    /// The functions around, outermost first; empty while the module loads.
    pub(crate) functions: Vec<&'a StmtFunctionDef>,
    /// The loops around, in the same function.
    pub(crate) loops: Vec<Loop>,
    /// How many lambdas are around.
    pub(crate) lambdas: u32,
    /// Expressions that the expression around them makes harmless, or already accounts for.
    excused: Vec<TextRange>,
}

impl<'a, 's> Walk<'a, 's> {
    pub(crate) fn new(
        module: &'a ModModule,
        scopes: &'s Scopes<'a>,
        report: &'s mut Report,
    ) -> Self {
        Self {
            module,
            scopes,
            folder: Folder::new(module, scopes),
            report,
            tools: BTreeSet::new(),
            scope: ScopeId::MODULE,
            functions: Vec::new(),
            loops: Vec::new(),
            lambdas: 0,
            excused: Vec::new(),
        }
    }

    /// Reports a finding at `node`.
    pub(crate) fn add(&mut self, rule: &Rule, node: impl Ranged, message: impl Into<String>) {
        self.report.add(rule, node.range(), message);
    }

    /// The constant value of `expr`, if it has one.
    pub(crate) fn fold(&self, expr: &'a Expr) -> Option<Value> {
        self.folder.fold(expr, self.scope)
    }

    /// The constant text of `expr`, if it has one.
    pub(crate) fn text(&self, expr: &'a Expr) -> Option<String> {
        self.fold(expr)?.text().map(str::to_owned)
    }

    /// The constant number `expr` is, if it is one.
    pub(crate) fn number(&self, expr: &'a Expr) -> Option<f64> {
        self.fold(expr)?.number()
    }

    /// The dotted path `expr` stands for, imports followed.
    pub(crate) fn path(&self, expr: &Expr) -> Option<String> {
        self.scopes.path(expr, self.scope)
    }

    /// The name, if `expr` is one that nothing in the source reliably binds: a built-in or tool.
    pub(crate) fn unbound<'e>(&self, expr: &'e Expr) -> Option<&'e str> {
        let Expr::Name(name) = expr else { return None };
        match self
            .scopes
            .resolve(self.scope, name.id.as_str(), expr.start())
        {
            Resolved::Bound(..) => None,
            Resolved::Unbound | Resolved::Perhaps(..) => Some(name.id.as_str()),
        }
    }

    /// The tool that `expr` names, if it names one.
    pub(crate) fn tool(&self, expr: &Expr) -> Option<Tool> {
        self.unbound(expr)?.parse().ok()
    }

    /// Whether the module is still loading: no function or lambda is around.
    pub(crate) fn at_import_time(&self) -> bool {
        self.functions.is_empty() && self.lambdas == 0
    }

    /// Marks `node` as dealt with by the rule that looked at what is around it.
    pub(crate) fn excuse(&mut self, node: impl Ranged) {
        self.excused.push(node.range());
    }

    /// Whether `node` was marked by [`Self::excuse`], or lies within a marked one.
    pub(crate) fn is_excused(&self, node: impl Ranged) -> bool {
        let range = node.range();
        self.excused
            .iter()
            .any(|excused| excused.contains_range(range))
    }

    /// How often the loops around run in all, as far as that is constant.
    pub(crate) fn repetitions(&self) -> f64 {
        self.loops
            .iter()
            .filter_map(|around| around.times)
            .product()
    }

    fn within(&mut self, scope: TextRange, body: impl FnOnce(&mut Self)) {
        let inner = self.scopes.opened_by(scope).unwrap_or(self.scope);
        let outer = std::mem::replace(&mut self.scope, inner);
        body(self);
        self.scope = outer;
    }

    fn within_loop(&mut self, around: Loop, body: impl FnOnce(&mut Self)) {
        self.loops.push(around);
        body(self);
        self.loops.pop();
    }

    fn function(&mut self, def: &'a StmtFunctionDef) {
        for decorator in &def.decorator_list {
            self.visit_decorator(decorator);
        }
        self.visit_parameters(&def.parameters);
        if let Some(returns) = &def.returns {
            self.visit_annotation(returns);
        }
        let loops = std::mem::take(&mut self.loops);
        self.functions.push(def);
        self.within(def.range, |walk| walk.visit_body(&def.body));
        self.functions.pop();
        self.loops = loops;
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
        let outer = self.loops.len();
        self.within(node, |walk| {
            for (i, generator) in generators.iter().enumerate() {
                if i > 0 {
                    walk.visit_expr(&generator.iter);
                }
                walk.visit_expr(&generator.target);
                let times = walk.fold(&generator.iter).and_then(|items| items.len());
                walk.loops.push(Loop {
                    times,
                    is_while: false,
                });
                for condition in &generator.ifs {
                    walk.visit_expr(condition);
                }
            }
            for element in elements {
                walk.visit_expr(element);
            }
        });
        self.loops.truncate(outer);
    }
}

impl<'a> Visitor<'a> for Walk<'a, '_> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        security::stmt(self, stmt);
        quality::stmt(self, stmt);
        match stmt {
            Stmt::FunctionDef(def) => self.function(def),
            Stmt::ClassDef(class) => {
                for decorator in &class.decorator_list {
                    self.visit_decorator(decorator);
                }
                if let Some(arguments) = &class.arguments {
                    self.visit_arguments(arguments);
                }
                self.within(class.range, |walk| walk.visit_body(&class.body));
            }
            Stmt::For(for_) => {
                self.visit_expr(&for_.iter);
                self.visit_expr(&for_.target);
                let times = self.fold(&for_.iter).and_then(|items| items.len());
                let around = Loop {
                    times,
                    is_while: false,
                };
                self.within_loop(around, |walk| walk.visit_body(&for_.body));
                self.visit_body(&for_.orelse);
            }
            Stmt::While(while_) => {
                self.visit_expr(&while_.test);
                let endless = self.fold(&while_.test).is_some_and(|test| test.truth());
                let around = Loop {
                    times: endless.then_some(f64::INFINITY),
                    is_while: true,
                };
                self.within_loop(around, |walk| walk.visit_body(&while_.body));
                self.visit_body(&while_.orelse);
            }
            _ => visitor::walk_stmt(self, stmt),
        }
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        security::expr(self, expr);
        quality::expr(self, expr);
        tools::expr(self, expr);
        match expr {
            Expr::Lambda(lambda) => {
                if let Some(parameters) = &lambda.parameters {
                    self.visit_parameters(parameters);
                }
                self.lambdas += 1;
                self.within(lambda.range, |walk| walk.visit_expr(&lambda.body));
                self.lambdas -= 1;
            }
            Expr::ListComp(c) => self.comprehension(c.range, &c.generators, &[&*c.elt]),
            Expr::SetComp(c) => self.comprehension(c.range, &c.generators, &[&*c.elt]),
            Expr::Generator(c) => self.comprehension(c.range, &c.generators, &[&*c.elt]),
            Expr::DictComp(c) => {
                let elements: Vec<&Expr> = c.key.iter().chain([&c.value]).map(|e| &**e).collect();
                self.comprehension(c.range, &c.generators, &elements);
            }
            _ => visitor::walk_expr(self, expr),
        }
    }

    fn visit_pattern(&mut self, pattern: &'a Pattern) {
        visitor::walk_pattern(self, pattern);
    }

    fn visit_pattern_keyword(&mut self, keyword: &'a PatternKeyword) {
        security::attribute_name(self, keyword.attr.id.as_str(), keyword.range);
        visitor::walk_pattern_keyword(self, keyword);
    }
}
