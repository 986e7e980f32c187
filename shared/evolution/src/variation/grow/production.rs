//! What an expression of a type can be made of.

use tdev_program::{BinaryOp, Builtin, CompareOp, Item, Method, Name, Type};

use crate::Scope;

const INT: Type = Type::Int;
const FLOAT: Type = Type::Float;
const BOOL: Type = Type::Bool;
const STR: Type = Type::Str;
const WORDS: Type = Type::List(Item::Str);

/// The root of an expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Root {
    Binary(BinaryOp),
    Negated,
    Compare(CompareOp),
    Not,
    And,
    Or,
    Conditional,
    Builtin(Builtin),
    Method(Method),
    Call(Name),
    Index,
    /// With bounds that are drawn when it is made.
    Slice,
    List,
    Comprehension,
}

/// A root, and the types of what stands below it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Production {
    pub(super) root: Root,
    pub(super) below: Vec<Type>,
}

/// The types of arguments with which `builtin` yields a `ty`.
pub(in crate::variation) fn builtin_arguments(
    builtin: Builtin,
    ty: Type,
    types: &[Type],
) -> Vec<Vec<Type>> {
    let lists = || {
        types
            .iter()
            .copied()
            .filter(|ty| matches!(ty, Type::List(_)))
    };
    let mut all = Vec::new();
    match (builtin, ty) {
        (Builtin::Abs, INT | FLOAT) => all.push(vec![ty]),
        (Builtin::Max | Builtin::Min, INT | FLOAT) => {
            all.extend([vec![ty, ty], vec![Type::List(ty.as_item())]]);
        }
        (Builtin::Sum, INT | FLOAT) => all.push(vec![Type::List(ty.as_item())]),
        (Builtin::All | Builtin::Any, BOOL) => all.push(vec![Type::List(Item::Bool)]),
        (Builtin::Len, INT) => {
            let is_sized = |ty: &Type| matches!(ty, Type::List(_) | Type::Dict(_) | Type::Str);
            all.extend(types.iter().copied().filter(is_sized).map(|ty| vec![ty]));
        }
        (Builtin::Ord, INT) | (Builtin::List, WORDS) => all.push(vec![STR]),
        (Builtin::Chr, STR) | (Builtin::Float, FLOAT) => all.push(vec![INT]),
        (Builtin::Str, STR) => all.extend([vec![INT], vec![FLOAT]]),
        (Builtin::Int, INT) => all.extend([vec![FLOAT], vec![STR]]),
        (Builtin::Sorted | Builtin::SortedReverse, Type::List(_)) => {
            all.extend(lists().filter(|list| *list == ty).map(|list| vec![list]));
        }
        (Builtin::Pow, FLOAT) => all.push(vec![FLOAT, FLOAT]),
        (Builtin::Round | Builtin::MathFloor | Builtin::Ceil, INT)
        | (
            Builtin::Cos
            | Builtin::Exp
            | Builtin::Log
            | Builtin::Sin
            | Builtin::Sqrt
            | Builtin::Tan
            | Builtin::Tanh,
            FLOAT,
        ) => all.push(vec![FLOAT]),
        _ => {}
    }
    all
}

/// The types of the receiver and the arguments with which `method` yields a `ty`.
pub(in crate::variation) fn method_arguments(
    method: Method,
    ty: Type,
    types: &[Type],
) -> Vec<Vec<Type>> {
    let items = || {
        types.iter().copied().filter_map(|ty| match ty {
            Type::List(item) => Some((ty, Type::from(item))),
            _ => None,
        })
    };
    let mut all = Vec::new();
    match (method, ty) {
        (Method::Count, INT) => {
            all.push(vec![STR, STR]);
            all.extend(items().map(|(list, item)| vec![list, item]));
        }
        (Method::Index, INT) => all.extend(items().map(|(list, item)| vec![list, item])),
        (Method::Find, INT) | (Method::EndsWith | Method::StartsWith, BOOL) => {
            all.push(vec![STR, STR]);
        }
        (
            Method::IsAlnum
            | Method::IsAlpha
            | Method::IsDigit
            | Method::IsLower
            | Method::IsSpace
            | Method::IsUpper,
            BOOL,
        )
        | (Method::Lower | Method::Upper | Method::Strip | Method::LStrip | Method::RStrip, STR) => {
            all.push(vec![STR]);
        }
        (Method::Join, STR) => all.push(vec![STR, WORDS]),
        (Method::Replace, STR) => all.push(vec![STR, STR, STR]),
        (Method::Split, WORDS) => all.extend([vec![STR], vec![STR, STR]]),
        (Method::Get, _) => {
            let dict = Type::Dict(ty.as_item());
            all.extend(types.contains(&dict).then(|| vec![dict, STR, ty]));
        }
        _ => {}
    }
    all
}

/// What an expression of type `ty` can be made of in `scope`, by functions of `callable`.
pub(super) fn productions(
    ty: Type,
    scope: &Scope,
    callable: &[(Name, usize, Type)],
) -> Vec<Production> {
    let words = &scope.vocabulary;
    let types = &words.types[..];
    let mut all = Vec::new();
    let mut add = |root: Root, below: Vec<Type>| {
        if below.iter().all(|ty| types.contains(ty)) {
            all.push(Production { root, below });
        }
    };
    for op in &words.binary {
        for below in operands(*op, ty) {
            add(Root::Binary(*op), below);
        }
    }
    for builtin in &words.builtins {
        for below in builtin_arguments(*builtin, ty, types) {
            add(Root::Builtin(*builtin), below);
        }
    }
    for method in &words.methods {
        for below in method_arguments(*method, ty, types) {
            add(Root::Method(*method), below);
        }
    }
    for (name, _, returns) in callable {
        let params = scope.params.iter().find(|(known, _)| known == name);
        if let (true, Some((_, params))) = (*returns == ty, params) {
            add(Root::Call(name.clone()), params.clone());
        }
    }
    for container in types.iter().filter(|container| container.indexed() == ty) {
        let key = if matches!(container, Type::Dict(_)) {
            STR
        } else {
            INT
        };
        add(Root::Index, vec![*container, key]);
    }
    if matches!(ty, INT | FLOAT) && words.binary.contains(&BinaryOp::Sub) {
        add(Root::Negated, vec![ty]);
    }
    if words.logic {
        logic(ty, types, &mut add);
    }
    if matches!(ty, STR | Type::List(_)) {
        add(Root::Slice, vec![ty]);
    }
    if let Type::List(item) = ty
        && item != Item::Any
    {
        add(Root::List, vec![item.into()]);
        add(Root::List, vec![item.into(), item.into()]);
        if words.loops {
            add(Root::Comprehension, vec![item.into()]);
        }
    }
    all
}

fn logic(ty: Type, types: &[Type], add: &mut impl FnMut(Root, Vec<Type>)) {
    add(Root::Conditional, vec![BOOL, ty, ty]);
    if ty != BOOL {
        return;
    }
    add(Root::Not, vec![BOOL]);
    add(Root::And, vec![BOOL, BOOL]);
    add(Root::Or, vec![BOOL, BOOL]);
    for compared in types.iter().copied() {
        use CompareOp::{Eq, Ge, Gt, In, Le, Lt, Ne};
        let ops: &[CompareOp] = match compared {
            INT => &[Lt, Le, Gt, Ge, Eq, Ne],
            FLOAT => &[Lt, Le, Gt, Ge],
            STR => &[Eq, Ne, In],
            Type::List(_) => &[Eq],
            _ => &[],
        };
        for op in ops {
            add(Root::Compare(*op), vec![compared, compared]);
        }
        if let Type::List(item) = compared
            && item != Item::Any
        {
            add(Root::Compare(In), vec![item.into(), compared]);
        }
    }
}

/// The types of operands with which `op` yields a `ty`.
pub(in crate::variation) fn operands(op: BinaryOp, ty: Type) -> Vec<Vec<Type>> {
    use BinaryOp::{Add, Div, FloorDiv, Mod, Mul, Pow, Sub};
    match (op, ty) {
        (Add, STR | Type::List(_)) => vec![vec![ty, ty]],
        (Mul, STR | Type::List(_)) => vec![vec![ty, INT]],
        (Div, FLOAT) => vec![
            vec![FLOAT, FLOAT],
            vec![FLOAT, INT],
            vec![INT, FLOAT],
            vec![INT, INT],
        ],
        // What an integer to an integer's power is depends on its sign.
        (Div | Pow, INT) => vec![],
        (Add | Sub | Mul | FloorDiv | Mod | Pow, FLOAT) => {
            vec![vec![FLOAT, FLOAT], vec![FLOAT, INT], vec![INT, FLOAT]]
        }
        (_, INT) => vec![vec![INT, INT]],
        _ => vec![],
    }
}
