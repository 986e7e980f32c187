//! What an agent's source names, and the few names it may not use.

use std::collections::BTreeSet;

use ruff_python_ast::visitor::source_order::{self, SourceOrderVisitor};
use ruff_python_ast::{ExceptHandler, Expr, ExprContext, Identifier, Stmt};
use ruff_text_size::{Ranged, TextSize};
use tdev_domain::AgentFailure;

use crate::failure;

/// Every name of the wrapper the sandbox puts around an agent begins so.
pub(crate) const RESERVED: &str = "__tdev";

/// The names in a source, as far as the wrapper depends on them.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// Names called as plain functions, in any scope.
    pub(crate) called: BTreeSet<String>,
    /// Names bound at module level.
    pub(crate) globals: BTreeSet<String>,
    /// Modules imported anywhere.
    pub(crate) modules: BTreeSet<String>,
    /// Names written anywhere: assigned, defined, imported, deleted, used as attribute.
    pub(crate) written: BTreeSet<String>,
}

impl Names {
    /// Reads the names of `text`, and refuses what the wrapper could not hold against:
    ///
    /// - a name that begins with `__tdev`, after the normalisation Python applies to identifiers;
    /// - `return` at module level, which would skip the check of the result;
    /// - unbinding a global name that is also called: calling an unbound global would hand its
    ///   arguments to the host before anything had bounded them.
    pub(crate) fn of(text: &str) -> Result<Self, AgentFailure> {
        let module = ruff_python_parser::parse_module(text).map_err(|error| {
            failure::invalid_source(text, error.location.start(), error.error.to_string())
        })?;
        let mut visitor = Visitor::default();
        visitor.visit_body(&module.syntax().body);
        visitor.finish(text)
    }
}

#[derive(Default)]
struct Visitor {
    names: Names,
    /// How many functions, classes, lambdas and comprehensions enclose the current node.
    depth: u32,
    /// How many functions enclose it.
    functions: u32,
    declared_global: BTreeSet<String>,
    unbound: Vec<(String, TextSize, bool)>,
    refused: Option<(TextSize, String)>,
}

impl Visitor {
    fn finish(mut self, text: &str) -> Result<Names, AgentFailure> {
        let unbound = self.unbound.into_iter().find(|(name, _, at_module_level)| {
            self.names.called.contains(name)
                && (*at_module_level || self.declared_global.contains(name))
        });
        if let Some((name, at, _)) = unbound {
            let message = format!("the global name '{name}' is called, so it may not be unbound");
            self.refused.get_or_insert((at, message));
        }
        if let Some((at, message)) = self.refused {
            return Err(failure::invalid_source(text, at, message));
        }
        self.names.globals.append(&mut self.declared_global);
        Ok(self.names)
    }

    fn refuse(&mut self, at: TextSize, message: impl Into<String>) {
        self.refused.get_or_insert((at, message.into()));
    }

    fn check(&mut self, name: &str, at: TextSize) {
        if name.starts_with(RESERVED) {
            self.refuse(
                at,
                format!("names beginning with '{RESERVED}' are reserved"),
            );
        }
    }

    fn bind(&mut self, name: &str) {
        self.names.written.insert(name.to_owned());
        if self.depth == 0 {
            self.names.globals.insert(name.to_owned());
        }
    }

    fn unbind(&mut self, name: &str, at: TextSize) {
        self.unbound.push((name.to_owned(), at, self.depth == 0));
    }

    fn nested(&mut self, function: bool, walk: impl FnOnce(&mut Self)) {
        self.depth += 1;
        self.functions += u32::from(function);
        walk(self);
        self.functions -= u32::from(function);
        self.depth -= 1;
    }
}

impl SourceOrderVisitor<'_> for Visitor {
    fn visit_stmt(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::FunctionDef(def) => {
                self.bind(&def.name);
                self.nested(true, |v| source_order::walk_stmt(v, stmt));
            }
            Stmt::ClassDef(def) => {
                self.bind(&def.name);
                self.nested(false, |v| source_order::walk_stmt(v, stmt));
            }
            _ => {
                match stmt {
                    Stmt::Return(_) if self.functions == 0 => {
                        self.refuse(stmt.start(), "'return' outside function");
                    }
                    Stmt::Global(global) => {
                        let names = global.names.iter().map(|name| name.as_str().to_owned());
                        self.declared_global.extend(names);
                    }
                    Stmt::Import(import) => {
                        for alias in &import.names {
                            self.names.modules.insert(alias.name.to_string());
                            self.bind(alias.asname.as_ref().unwrap_or(&alias.name));
                        }
                    }
                    Stmt::ImportFrom(import) => {
                        let module = import.module.iter().map(ToString::to_string);
                        self.names.modules.extend(module);
                        for alias in &import.names {
                            self.bind(alias.asname.as_ref().unwrap_or(&alias.name));
                        }
                    }
                    _ => {}
                }
                source_order::walk_stmt(self, stmt);
            }
        }
    }

    fn visit_expr(&mut self, expr: &Expr) {
        match expr {
            Expr::Name(name) => {
                self.check(&name.id, name.start());
                match name.ctx {
                    ExprContext::Store => self.bind(&name.id),
                    ExprContext::Del => {
                        self.names.written.insert(name.id.to_string());
                        self.unbind(&name.id, name.start());
                    }
                    ExprContext::Load | ExprContext::Invalid => {}
                }
            }
            Expr::Call(call) => {
                if let Expr::Name(name) = call.func.as_ref() {
                    self.names.called.insert(name.id.to_string());
                }
                source_order::walk_expr(self, expr);
            }
            Expr::Lambda(_) => self.nested(true, |v| source_order::walk_expr(v, expr)),
            Expr::ListComp(_) | Expr::SetComp(_) | Expr::DictComp(_) | Expr::Generator(_) => {
                self.nested(false, |v| source_order::walk_expr(v, expr));
            }
            _ => source_order::walk_expr(self, expr),
        }
    }

    fn visit_except_handler(&mut self, handler: &ExceptHandler) {
        let ExceptHandler::ExceptHandler(except) = handler;
        if let Some(name) = &except.name {
            self.bind(name);
            self.unbind(name, name.start());
        }
        source_order::walk_except_handler(self, handler);
    }

    fn visit_identifier(&mut self, identifier: &Identifier) {
        // An imported module's name is dotted; each part is an identifier.
        for part in identifier.as_str().split('.') {
            self.check(part, identifier.start());
            self.names.written.insert(part.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use tdev_domain::FailureKind;

    use super::*;

    #[test]
    fn a_reserved_name_is_refused_wherever_an_identifier_can_stand() {
        for source in [
            "x = __tdev_call",
            "__tdev_call = 1",
            "x.__tdev_call",
            "f(__tdev_x=1)",
            "def __tdev_f(): pass",
            "def f(__tdev_a): pass",
            "def f(*__tdev_a): pass",
            "def f(**__tdev_a): pass",
            "def f(*, __tdev_a=1): pass",
            "lambda __tdev_a: 1",
            "class __tdev_C: pass",
            "import __tdev_m",
            "import a.__tdev_m",
            "import a as __tdev_m",
            "from __tdev_m import a",
            "from a import __tdev_m",
            "from a import b as __tdev_m",
            "def f():\n    global __tdev_g",
            "def f():\n    def g():\n        nonlocal __tdev_g",
            "try:\n    pass\nexcept E as __tdev_e:\n    pass",
            "for __tdev_i in x: pass",
            "with a as __tdev_w: pass",
            "[1 for __tdev_i in x]",
            "(__tdev_w := 1)",
            "del __tdev_d",
            "match x:\n    case __tdev_m: pass",
            "match x:\n    case [*__tdev_m]: pass",
            "match x:\n    case {**__tdev_m}: pass",
            "match x:\n    case C(__tdev_m=1): pass",
            "match x:\n    case 1 as __tdev_m: pass",
            "type __tdev_t = int",
            "def f[__tdev_T](): pass",
            "@__tdev_d\ndef f(): pass",
            "f'{__tdev_call}'",
            "f'{x:{__tdev_call}}'",
            "x: __tdev_t = 1",
            "_\u{ff3f}tdev_call",
            "__t\u{ff44}ev_call",
            "_\u{ff3f}\u{ff54}\u{ff44}\u{ff45}\u{ff56}",
        ] {
            let failure = Names::of(source).unwrap_err();
            assert_eq!(failure.kind, FailureKind::InvalidSource, "{source}");
            assert!(
                failure.message.contains("reserved"),
                "{source}: {}",
                failure.message
            );
            assert!(failure.line.is_some(), "{source}");
        }
    }

    #[test]
    fn names_that_only_resemble_it_are_free() {
        for source in ["_tdev = 1", "tdev__ = 1", "'__tdev_call'", "# __tdev"] {
            Names::of(source).unwrap();
        }
    }

    #[test]
    fn module_level_return_is_refused() {
        assert!(Names::of("return 1").is_err());
        assert!(Names::of("class C:\n    return 1").is_err());
        assert!(Names::of("if True:\n    return").is_err());
        Names::of("def f():\n    return 1").unwrap();
    }

    #[test]
    fn a_called_global_may_not_be_unbound() {
        for source in [
            "f = 1\ndel f\nf(1)",
            "try:\n    pass\nexcept E as f:\n    pass\nf(1)",
            "def g():\n    global f\n    del f\nf(1)",
        ] {
            let failure = Names::of(source).unwrap_err();
            assert!(failure.message.contains("unbound"), "{source}");
        }
        for source in [
            "def g(x):\n    f = x\n    f()\n    del f",
            "x = 1\ndel x",
            "def g(d):\n    del d['f']\nf(1)",
        ] {
            Names::of(source).unwrap();
        }
    }

    #[test]
    fn scopes_are_told_apart() {
        let names = Names::of("import os.path as p\nA = 1\ndef f(a):\n    b = 1\n    [c for c in a]\n    global G\n    G = len(a)\n").unwrap();
        let globals: Vec<_> = names.globals.iter().map(String::as_str).collect();
        assert_eq!(globals, ["A", "G", "f", "p"]);
        assert!(names.modules.contains("os.path"));
        assert!(names.called.contains("len"));
        assert!(names.written.contains("b") && names.written.contains("c"));
    }
}
