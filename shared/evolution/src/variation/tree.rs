//! Walks over trees that nodes by number do not serve.

use tdev_program::{Expr, Function, Name, Node, Stmt, Target};

/// Calls `visit` with every name of a variable in `expr`, those that comprehensions bind included.
pub(super) fn each_name(expr: &mut Expr, visit: &mut impl FnMut(&mut Name)) {
    match expr {
        Expr::Name(name) => visit(name),
        Expr::List(items)
        | Expr::Tuple(items)
        | Expr::And(items)
        | Expr::Or(items)
        | Expr::Call(_, items)
        | Expr::Builtin(_, items)
        | Expr::Method(_, items) => items.iter_mut().for_each(|item| each_name(item, visit)),
        Expr::Dict(items) => {
            for item in items.iter_mut().flatten() {
                each_name(item, visit);
            }
        }
        Expr::Unary(_, operand) => each_name(operand, visit),
        Expr::Binary(_, pair) | Expr::Index(pair) => {
            pair.iter_mut().for_each(|item| each_name(item, visit));
        }
        Expr::Compare(first, rest) => {
            each_name(first, visit);
            for (_, item) in rest {
                each_name(item, visit);
            }
        }
        Expr::If(three) => three.iter_mut().for_each(|item| each_name(item, visit)),
        Expr::Slice(slice) => {
            each_name(&mut slice.value, visit);
            let bounds = [&mut slice.lower, &mut slice.upper, &mut slice.step];
            for bound in bounds.into_iter().flatten() {
                each_name(bound, visit);
            }
        }
        Expr::Comprehension(all) => {
            each_name(&mut all.element, visit);
            each_target_name(&mut all.target, visit);
            each_name(&mut all.iterable, visit);
            all.conditions
                .iter_mut()
                .for_each(|item| each_name(item, visit));
        }
        Expr::None
        | Expr::Bool(_)
        | Expr::Int(_)
        | Expr::Float(_)
        | Expr::Str(_)
        | Expr::Constant(_) => {}
    }
}

fn each_target_name(target: &mut Target, visit: &mut impl FnMut(&mut Name)) {
    match target {
        Target::Name(name) => visit(name),
        Target::Index(pair) => pair.iter_mut().for_each(|item| each_name(item, visit)),
        Target::Tuple(targets) => targets
            .iter_mut()
            .for_each(|target| each_target_name(target, visit)),
    }
}

/// Calls `visit` with every name of a variable in `stmt`, read or assigned.
pub(super) fn each_stmt_name(stmt: &mut Stmt, visit: &mut impl FnMut(&mut Name)) {
    match stmt {
        Stmt::Assign(target, value) | Stmt::Augment(target, _, value) => {
            each_target_name(target, visit);
            each_name(value, visit);
        }
        Stmt::Expr(value) => each_name(value, visit),
        Stmt::If(arms, otherwise) => {
            for arm in arms {
                each_name(&mut arm.test, visit);
                each_body_name(&mut arm.body, visit);
            }
            each_body_name(otherwise, visit);
        }
        Stmt::While(test, body) => {
            each_name(test, visit);
            each_body_name(body, visit);
        }
        Stmt::For(target, iterable, body) => {
            each_target_name(target, visit);
            each_name(iterable, visit);
            each_body_name(body, visit);
        }
        Stmt::Return(value) | Stmt::Raise(_, value) => {
            if let Some(value) = value {
                each_name(value, visit);
            }
        }
        Stmt::Break | Stmt::Continue | Stmt::Pass => {}
    }
}

fn each_body_name(body: &mut [Stmt], visit: &mut impl FnMut(&mut Name)) {
    for stmt in body {
        each_stmt_name(stmt, visit);
    }
}

/// The names that a target gives values to.
pub(super) fn target_names<'a>(target: &'a Target, names: &mut Vec<&'a Name>) {
    match target {
        Target::Name(name) => names.push(name),
        Target::Index(_) => {}
        Target::Tuple(targets) => targets
            .iter()
            .for_each(|target| target_names(target, names)),
    }
}

/// The names that a node by itself, not what is below it, gives values to.
pub(super) fn assigned_by<'a>(node: Node<'a>, names: &mut Vec<&'a Name>) {
    match node {
        Node::Stmt(Stmt::Assign(target, _) | Stmt::For(target, ..)) => target_names(target, names),
        Node::Expr(Expr::Comprehension(all)) => target_names(&all.target, names),
        _ => {}
    }
}

/// How many nodes stand in a target.
fn target_size(target: &Target) -> usize {
    match target {
        Target::Name(_) => 0,
        Target::Index(pair) => pair.iter().map(Expr::size).sum(),
        Target::Tuple(targets) => targets.iter().map(target_size).sum(),
    }
}

fn body_size(body: &[Stmt]) -> usize {
    body.iter().map(Stmt::size).sum()
}

/// The body that the statement of that number stands in, and its place there.
pub(super) fn body_of(body: &mut Vec<Stmt>, mut left: usize) -> Option<(&mut Vec<Stmt>, usize)> {
    for place in 0..body.len() {
        if left == 0 {
            return Some((body, place));
        }
        let size = body[place].size();
        if left >= size {
            left -= size;
            continue;
        }
        left -= 1;
        return match &mut body[place] {
            Stmt::If(arms, otherwise) => {
                for arm in arms {
                    left = left.checked_sub(arm.test.size())?;
                    let size = body_size(&arm.body);
                    if left < size {
                        return body_of(&mut arm.body, left);
                    }
                    left -= size;
                }
                body_of(otherwise, left)
            }
            Stmt::While(test, inner) => body_of(inner, left.checked_sub(test.size())?),
            Stmt::For(target, iterable, inner) => {
                let before = target_size(target) + iterable.size();
                body_of(inner, left.checked_sub(before)?)
            }
            _ => None,
        };
    }
    None
}

/// Whether `stmt` has a `break` or `continue` that belongs to a loop around it.
pub(super) fn leaves_loop(stmt: &Stmt) -> bool {
    match stmt {
        Stmt::Break | Stmt::Continue => true,
        Stmt::If(arms, otherwise) => {
            let bodies = arms.iter().map(|arm| &arm.body).chain([otherwise]);
            bodies.flatten().any(leaves_loop)
        }
        _ => false,
    }
}

/// More bytes than `function` has as text.
pub(super) fn bytes_at_most(function: &Function) -> usize {
    fn of(node: Node<'_>, indent: usize) -> usize {
        let own = match node {
            Node::Stmt(Stmt::If(arms, _)) => (1 + arms.len()) * (indent + 16),
            Node::Stmt(_) => indent + 64,
            Node::Expr(Expr::Str(text)) => 6 * text.len() + 8,
            Node::Expr(Expr::Name(name)) => name.len() + 8,
            Node::Expr(Expr::Call(name, _)) => name.len() + 12,
            // The longest floats, functions and operators.
            Node::Expr(_) => 40,
        };
        let mut names = Vec::new();
        assigned_by(node, &mut names);
        if let Node::Stmt(Stmt::Augment(target, ..)) = node {
            target_names(target, &mut names);
        }
        let mut bytes = own + names.iter().map(|name| name.len() + 4).sum::<usize>();
        let below = indent + if matches!(node, Node::Stmt(_)) { 4 } else { 0 };
        node.for_each_child(&mut |child| bytes += of(child, below));
        bytes
    }
    let params = function.params.iter();
    let signature: usize = params.map(|param| param.name.len() + 32).sum();
    let body = function.body.iter().map(|stmt| of(Node::Stmt(stmt), 4));
    function.name.len() + 48 + signature + body.sum::<usize>()
}
