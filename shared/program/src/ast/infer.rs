//! The types of operations.

use super::{BinaryOp, Builtin, Item, Method, Type};

pub(super) fn binary(op: BinaryOp, left: Type, right: Type) -> Type {
    let numbers = left.is_number() && right.is_number();
    let float = left == Type::Float || right == Type::Float;
    match (op, left, right) {
        (BinaryOp::Div, ..) => Type::Float,
        (BinaryOp::Pow, Type::Int | Type::Bool, _) if !float => Type::Any,
        _ if float => Type::Float,
        (BinaryOp::BitAnd | BinaryOp::BitOr | BinaryOp::BitXor, Type::Bool, Type::Bool) => {
            Type::Bool
        }
        _ if numbers => Type::Int,
        (BinaryOp::Add, Type::Any, _) | (BinaryOp::Add, _, Type::Any) => Type::Any,
        (BinaryOp::Add, ..) => left.join(right),
        (BinaryOp::Mul, Type::Int | Type::Bool, sequence)
        | (BinaryOp::Mul, sequence, Type::Int | Type::Bool) => sequence,
        _ => Type::Any,
    }
}

pub(super) fn call(builtin: Builtin, types: &[Type]) -> Type {
    let first = types.first().copied().unwrap_or_default();
    match builtin {
        Builtin::All | Builtin::Any | Builtin::Bool => Type::Bool,
        Builtin::Chr | Builtin::Str => Type::Str,
        Builtin::Int | Builtin::Len | Builtin::Ord | Builtin::Ceil | Builtin::MathFloor => {
            Type::Int
        }
        Builtin::Abs if first == Type::Bool => Type::Int,
        Builtin::Dict => Type::Dict(Item::Any),
        Builtin::Range => Type::List(Item::Int),
        Builtin::Reversed | Builtin::Sorted | Builtin::SortedReverse | Builtin::List => {
            Type::List(first.iterated().as_item())
        }
        Builtin::Tuple => Type::Tuple(first.iterated().as_item()),
        Builtin::Enumerate | Builtin::Zip => Type::List(Item::Any),
        Builtin::Max | Builtin::Min if types.len() == 1 => first.iterated(),
        Builtin::Max | Builtin::Min => types.iter().copied().reduce(Type::join).unwrap_or_default(),
        Builtin::Round if types.len() == 1 => Type::Int,
        Builtin::Abs | Builtin::Round => first,
        Builtin::Sum => match first.iterated() {
            Type::Bool => Type::Int,
            other => other,
        },
        _ => Type::Float,
    }
}

pub(super) fn invoke(method: Method, types: &[Type]) -> Type {
    let receiver = types.first().copied().unwrap_or_default();
    match method {
        Method::Count | Method::Find | Method::Index => Type::Int,
        Method::EndsWith
        | Method::StartsWith
        | Method::IsAlnum
        | Method::IsAlpha
        | Method::IsDigit
        | Method::IsLower
        | Method::IsSpace
        | Method::IsUpper => Type::Bool,
        Method::Join
        | Method::Lower
        | Method::LStrip
        | Method::Replace
        | Method::RStrip
        | Method::Strip
        | Method::Upper => Type::Str,
        Method::Split => Type::List(Item::Str),
        Method::Copy => receiver,
        Method::Pop | Method::SetDefault => receiver.indexed(),
        Method::Get => match types {
            [Type::Dict(item), _, default] => Type::from(*item).join(*default),
            _ => Type::Any,
        },
        Method::Values => match receiver {
            Type::Dict(item) => Type::List(item),
            _ => Type::List(Item::Any),
        },
        Method::Keys | Method::Items => Type::List(Item::Any),
        Method::Append
        | Method::Clear
        | Method::Extend
        | Method::Insert
        | Method::Remove
        | Method::Reverse
        | Method::Sort => Type::None,
    }
}
