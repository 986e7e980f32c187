//! Lists that grow while a loop waits for their end.

use ruff_python_ast::comparable::ComparableExpr;
use ruff_python_ast::{CmpOp, Expr, Operator, Stmt, StmtWhile};

use crate::tree;

/// Whether the loop goes on while a list is not empty, and only ever adds to it.
pub(super) fn only_grows(while_: &StmtWhile) -> bool {
    let name = match &*while_.test {
        Expr::Compare(compare) if matches!(&*compare.ops, [CmpOp::Gt | CmpOp::GtE]) => {
            measured(&compare.left)
        }
        test => tree::name(test).or_else(|| measured(test)),
    };
    let Some(name) = name else { return false };
    let (mut grown, mut other) = (false, false);
    tree::each_stmt(&while_.body, &mut |stmt| grown |= grows(stmt, name));
    tree::each_expr(&while_.body, &mut |expr| {
        other |= match expr {
            Expr::Name(n) => n.id == name && !n.ctx.is_load(),
            Expr::Subscript(s) => !s.ctx.is_load() && tree::root_name(&s.value) == Some(name),
            Expr::Call(call) => {
                let method = matches!(&*call.func, Expr::Attribute(method)
                    if tree::root_name(&method.value) == Some(name)
                        && !GROWERS.contains(&method.attr.id.as_str()));
                method
                    || call
                        .arguments
                        .args
                        .iter()
                        .any(|a| tree::name(a) == Some(name))
            }
            _ => false,
        };
    });
    grown && !other
}

/// The name in `len(name)`.
fn measured(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Call(call) if tree::name(&call.func) == Some("len") => {
            call.arguments.args.first().and_then(tree::name)
        }
        _ => None,
    }
}

/// Methods that only add to a list.
const GROWERS: &[&str] = &["append", "extend", "insert", "appendleft"];

/// Whether a statement adds to `name`.
pub(super) fn grows(stmt: &Stmt, name: &str) -> bool {
    match stmt {
        Stmt::Expr(expr) => match &*expr.value {
            Expr::Call(call) => matches!(&*call.func, Expr::Attribute(method)
                if tree::name(&method.value) == Some(name)
                    && GROWERS.contains(&method.attr.id.as_str())),
            _ => false,
        },
        Stmt::AugAssign(assign) => {
            assign.op == Operator::Add
                && tree::name(&assign.target) == Some(name)
                && matches!(&*assign.value, Expr::List(list) if !list.elts.is_empty())
        }
        _ => false,
    }
}

/// Whether a statement adds to what the expression `list` gives.
pub(super) fn grows_same(stmt: &Stmt, list: &Expr) -> bool {
    let list = ComparableExpr::from(list);
    match stmt {
        Stmt::Expr(expr) => matches!(&*expr.value, Expr::Call(call)
            if matches!(&*call.func, Expr::Attribute(method)
                if GROWERS.contains(&method.attr.id.as_str())
                    && ComparableExpr::from(&*method.value) == list)),
        _ => false,
    }
}
