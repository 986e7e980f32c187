//! Functions that lanes may stand in for.

use tdev_program::{Builtin, Expr, Function, MAX_DEPTH, Node, Stmt, Target, UnaryOp};

/// Whether a function is one of numbers that surely compiles, needs little fuel and yields a
/// number that is no boolean: assignments, conditions and returns, without loops, calls of other
/// functions, or names that are not its own.
///
/// What lanes compute of such a function is what the program would yield; of others the program
/// itself has to say whether it compiles, and how much it takes.
pub(super) fn is_plain(function: &Function) -> bool {
    let mut names: Vec<&str> = function.params.iter().map(|p| p.name.as_str()).collect();
    let distinct = |names: &[&str]| (1..names.len()).all(|at| !names[..at].contains(&names[at]));
    if !distinct(&names) {
        return false;
    }
    collect(&function.body, &mut names);
    let (params, assigned) = names.split_at(function.params.len());
    let is_hidden = |name: &&str| Builtin::from_name(name).is_some() || *name == "math";
    if names.iter().any(is_hidden) {
        return false;
    }
    let unchanged = |name: &str| params.contains(&name) && !assigned.contains(&name);
    let mut nodes = function.body.iter().map(Node::Stmt);
    nodes.all(|node| is_plain_node(node, &names, 1)) && returns_number(&function.body, &unchanged)
}

fn collect<'a>(body: &'a [Stmt], names: &mut Vec<&'a str>) {
    for stmt in body {
        match stmt {
            Stmt::Assign(Target::Name(name), _) => names.push(name),
            Stmt::If(arms, otherwise) => {
                for arm in arms {
                    collect(&arm.body, names);
                }
                collect(otherwise, names);
            }
            _ => {}
        }
    }
}

fn is_plain_node(node: Node<'_>, names: &[&str], depth: usize) -> bool {
    let is_one = match node {
        Node::Stmt(stmt) => match stmt {
            Stmt::Assign(Target::Name(_), _) | Stmt::Return(Some(_)) | Stmt::Pass => true,
            Stmt::Expr(value) => return matches!(value, Expr::Str(_)),
            Stmt::If(arms, _) => !arms.is_empty(),
            _ => false,
        },
        Node::Expr(expr) => match expr {
            Expr::Bool(_)
            | Expr::Int(_)
            | Expr::Float(_)
            | Expr::Constant(_)
            | Expr::Unary(..)
            | Expr::Binary(..)
            | Expr::If(_) => true,
            Expr::Name(name) => names.contains(&name.as_str()),
            Expr::Compare(_, rest) => !rest.is_empty(),
            Expr::And(operands) | Expr::Or(operands) => !operands.is_empty(),
            Expr::Builtin(builtin, arguments) => {
                let (least, most) = builtin.arity();
                (least..=most).contains(&arguments.len()) && arguments.len() <= 8
            }
            _ => false,
        },
    };
    let mut all = is_one && depth < MAX_DEPTH;
    if all {
        node.for_each_child(&mut |child| all = all && is_plain_node(child, names, depth + 1));
    }
    all
}

/// Whether every `return` yields a number by its form.
fn returns_number(body: &[Stmt], is_float: &impl Fn(&str) -> bool) -> bool {
    body.iter().all(|stmt| match stmt {
        Stmt::Return(Some(value)) => is_number(value, is_float),
        Stmt::If(arms, otherwise) => {
            arms.iter().all(|arm| returns_number(&arm.body, is_float))
                && returns_number(otherwise, is_float)
        }
        _ => true,
    })
}

fn is_number(expr: &Expr, is_float: &impl Fn(&str) -> bool) -> bool {
    match expr {
        Expr::Name(name) => is_float(name),
        Expr::Int(_) | Expr::Float(_) | Expr::Constant(_) | Expr::Binary(..) => true,
        Expr::Unary(op, _) => *op != UnaryOp::Not,
        Expr::If(three) => is_number(&three[1], is_float) && is_number(&three[2], is_float),
        Expr::Builtin(Builtin::Min | Builtin::Max, arguments) => arguments
            .iter()
            .all(|argument| is_number(argument, is_float)),
        Expr::Builtin(builtin, _) => *builtin != Builtin::Bool,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use tdev_program::parse_functions;

    use super::*;

    fn plain(text: &str) -> bool {
        is_plain(&parse_functions(text).unwrap()[0])
    }

    #[test]
    fn numbers_in_and_a_number_out() {
        assert!(plain(
            "def f(x, y):\n    return x * y + 1 if x > y else max(x - 1, -y)\n"
        ));
        assert!(plain(
            "def f(x):\n    \"\"\"Text.\"\"\"\n    g = x / 2\n    if g > 1 and x < 5:\n        return g * 1.0\n    return -g\n"
        ));
    }

    #[test]
    fn a_parameter_is_a_number_unless_it_is_assigned() {
        assert!(plain("def f(x):\n    return x\n"));
        assert!(!plain("def f(x):\n    x = x > 1\n    return x\n"));
    }

    #[test]
    fn what_the_program_must_say_is_not_plain() {
        for text in [
            "def f(x):\n    return x > 1\n",
            "def f(x):\n    return True\n",
            "def f(x):\n    return not x\n",
            "def f(x):\n    y = x > 1\n    return y\n",
            "def f(x):\n    return x + absent\n",
            "def f(x):\n    return x + 1\n    return absent\n",
            "def f(x):\n    return 1 + g(x)\n",
            "def f(abs):\n    return 1 + abs\n",
            "def f(x):\n    for i in range(9):\n        x = x + 1\n    return x + 0\n",
            "def f(x):\n    return len([x])\n",
        ] {
            assert!(!plain(text), "{text}");
        }
    }
}
