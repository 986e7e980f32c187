//! Functions and statements.

use ruff_python_ast::{self as py};
use ruff_text_size::Ranged;

use super::{Reader, Result};
use crate::ast::{Arm, Exception, Expr, Function, Param, Stmt, Target, Type};

impl Reader<'_> {
    pub(super) fn function(&self, def: &py::StmtFunctionDef) -> Result<Function> {
        let outside = |construct: &str| Err(self.outside(def.range, construct));
        if def.is_async {
            return outside("an async function");
        }
        if !def.decorator_list.is_empty() {
            return outside("a decorator");
        }
        if def.type_params.is_some() {
            return outside("a type parameter");
        }
        let all = &def.parameters;
        if all.vararg.is_some() || all.kwarg.is_some() || !all.kwonlyargs.is_empty() {
            return outside("a parameter that is not positional");
        }
        if !all.posonlyargs.is_empty() {
            return outside("a positional-only parameter");
        }
        self.check_name(def.name.range, &def.name)?;
        let param = |param: &py::ParameterWithDefault| {
            if param.default.is_some() {
                return Err(self.outside(param.range, "a default value"));
            }
            let name = &param.parameter.name;
            self.check_name(name.range, name)?;
            Ok(Param {
                name: name.id.clone(),
                ty: Self::annotation(param.parameter.annotation.as_deref()),
            })
        };
        Ok(Function {
            name: def.name.id.clone(),
            params: all.args.iter().map(param).collect::<Result<_>>()?,
            returns: match Self::annotation(def.returns.as_deref()) {
                Type::None => Type::None,
                other => other,
            },
            body: self.body(&def.body, 0)?,
        })
    }

    fn body(&self, body: &[py::Stmt], depth: usize) -> Result<Vec<Stmt>> {
        body.iter().map(|stmt| self.stmt(stmt, depth)).collect()
    }

    fn stmt(&self, stmt: &py::Stmt, depth: usize) -> Result<Stmt> {
        self.check_depth(stmt.range(), depth)?;
        let below = depth + 1;
        Ok(match stmt {
            py::Stmt::Assign(assign) => {
                let [target] = &assign.targets[..] else {
                    return Err(self.outside(assign.range, "a chained assignment"));
                };
                Stmt::Assign(
                    self.target(target, below)?,
                    self.expr(&assign.value, below)?,
                )
            }
            py::Stmt::AnnAssign(assign) => match (&assign.value, assign.simple) {
                (Some(value), true) => Stmt::Assign(
                    self.target(&assign.target, below)?,
                    self.expr(value, below)?,
                ),
                _ => return Err(self.outside(assign.range, "a declaration without a value")),
            },
            py::Stmt::AugAssign(assign) => {
                let target = self.target(&assign.target, below)?;
                let op = self.operator(assign.range, assign.op)?;
                Stmt::Augment(target, op, self.expr(&assign.value, below)?)
            }
            py::Stmt::Expr(stmt) => Stmt::Expr(self.expr(&stmt.value, below)?),
            py::Stmt::If(stmt) => self.conditional(stmt, below)?,
            py::Stmt::While(stmt) => {
                if !stmt.orelse.is_empty() {
                    return Err(self.outside(stmt.range, "`else` after a loop"));
                }
                Stmt::While(self.expr(&stmt.test, below)?, self.body(&stmt.body, below)?)
            }
            py::Stmt::For(stmt) => {
                if stmt.is_async || !stmt.orelse.is_empty() {
                    return Err(self.outside(stmt.range, "`async` or `else` with a loop"));
                }
                Stmt::For(
                    self.target(&stmt.target, below)?,
                    self.expr(&stmt.iter, below)?,
                    self.body(&stmt.body, below)?,
                )
            }
            py::Stmt::Return(stmt) => {
                let value = stmt.value.as_deref().map(|value| self.expr(value, below));
                Stmt::Return(value.transpose()?)
            }
            py::Stmt::Raise(stmt) => self.raise(stmt, below)?,
            py::Stmt::Break(_) => Stmt::Break,
            py::Stmt::Continue(_) => Stmt::Continue,
            py::Stmt::Pass(_) => Stmt::Pass,
            other => return Err(self.outside(other.range(), construct(other))),
        })
    }

    fn conditional(&self, stmt: &py::StmtIf, depth: usize) -> Result<Stmt> {
        let mut arms = vec![Arm {
            test: self.expr(&stmt.test, depth)?,
            body: self.body(&stmt.body, depth)?,
        }];
        let mut otherwise = Vec::new();
        for clause in &stmt.elif_else_clauses {
            let body = self.body(&clause.body, depth)?;
            match &clause.test {
                Some(test) => arms.push(Arm {
                    test: self.expr(test, depth)?,
                    body,
                }),
                None => otherwise = body,
            }
        }
        Ok(Stmt::If(arms, otherwise))
    }

    fn raise(&self, stmt: &py::StmtRaise, depth: usize) -> Result<Stmt> {
        let outside = || self.outside(stmt.range, "`raise` of anything but a common exception");
        if stmt.cause.is_some() {
            return Err(outside());
        }
        let (class, message) = match stmt.exc.as_deref() {
            Some(py::Expr::Call(call)) if call.arguments.keywords.is_empty() => {
                match &call.arguments.args[..] {
                    [] => (&*call.func, None),
                    [message] => (&*call.func, Some(self.expr(message, depth)?)),
                    _ => return Err(outside()),
                }
            }
            Some(class) => (class, None),
            None => return Err(outside()),
        };
        let exception = match class {
            py::Expr::Name(name) => Exception::from_name(name.id()),
            _ => None,
        };
        Ok(Stmt::Raise(exception.ok_or_else(outside)?, message))
    }

    pub(super) fn target(&self, target: &py::Expr, depth: usize) -> Result<Target> {
        self.check_depth(target.range(), depth)?;
        let several = |items: &[py::Expr]| {
            let targets = items.iter().map(|item| self.target(item, depth + 1));
            targets.collect::<Result<_>>().map(Target::Tuple)
        };
        match target {
            py::Expr::Name(name) => {
                self.check_name(name.range, name.id())?;
                Ok(Target::Name(name.id().clone()))
            }
            py::Expr::Tuple(tuple) if !tuple.elts.is_empty() => several(&tuple.elts),
            py::Expr::List(list) if !list.elts.is_empty() => several(&list.elts),
            py::Expr::Subscript(subscript) => {
                if subscript.slice.is_slice_expr() {
                    return Err(self.outside(subscript.range, "an assignment to a slice"));
                }
                let pair: [Expr; 2] = [
                    self.expr(&subscript.value, depth)?,
                    self.expr(&subscript.slice, depth)?,
                ];
                Ok(Target::Index(Box::new(pair)))
            }
            other => Err(self.outside(other.range(), "an assignment to anything else")),
        }
    }
}

/// What people call the statement.
pub(super) fn construct(stmt: &py::Stmt) -> &'static str {
    match stmt {
        py::Stmt::FunctionDef(_) => "a function inside a function",
        py::Stmt::ClassDef(_) => "a class",
        py::Stmt::Delete(_) => "`del`",
        py::Stmt::With(_) => "`with`",
        py::Stmt::Match(_) => "`match`",
        py::Stmt::Try(_) => "`try`",
        py::Stmt::Assert(_) => "`assert`",
        py::Stmt::Import(_) | py::Stmt::ImportFrom(_) => "an import of this kind",
        py::Stmt::Global(_) | py::Stmt::Nonlocal(_) => "`global` or `nonlocal`",
        py::Stmt::TypeAlias(_) => "a type alias",
        py::Stmt::Raise(_) => "`raise`",
        py::Stmt::For(_) | py::Stmt::While(_) => "a loop",
        py::Stmt::If(_) => "`if`",
        py::Stmt::Return(_) => "`return`",
        py::Stmt::AugAssign(_) | py::Stmt::AnnAssign(_) => "such an assignment",
        _ => "such a statement",
    }
}
