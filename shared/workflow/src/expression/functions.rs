//! What is known of JMESPath's functions before they are called.

use jmespath::ast::Ast;

use crate::schema::Types;

/// One function.
pub(super) struct Function {
    /// The fewest arguments.
    pub(super) least: usize,
    /// The most arguments; `None` if there is no bound.
    pub(super) most: Option<usize>,
    /// Which argument is an expression, written with `&`.
    pub(super) expression: Option<usize>,
    /// What it gives.
    returns: Types,
}

/// The function called `name`.
pub(super) fn function(name: &str) -> Option<Function> {
    let (least, most, expression, returns) = match name {
        "abs" | "avg" | "ceil" | "floor" | "sum" => (1, Some(1), None, Types::NUMBER),
        "length" => (1, Some(1), None, Types::INTEGER),
        "contains" | "ends_with" | "starts_with" => (2, Some(2), None, Types::BOOLEAN),
        "join" => (2, Some(2), None, Types::STRING),
        "keys" | "sort" | "values" | "to_array" => (1, Some(1), None, Types::ARRAY),
        "map" => (2, Some(2), Some(0), Types::ARRAY),
        "sort_by" => (2, Some(2), Some(1), Types::ARRAY),
        "max_by" | "min_by" => (2, Some(2), Some(1), Types::ANY),
        "max" | "min" | "to_number" => (1, Some(1), None, Types::ANY),
        "reverse" => (1, Some(1), None, Types::ARRAY.or(Types::STRING)),
        "to_string" | "type" => (1, Some(1), None, Types::STRING),
        "merge" => (1, None, None, Types::OBJECT),
        "not_null" => (1, None, None, Types::ANY),
        _ => return None,
    };
    Some(Function {
        least,
        most,
        expression,
        returns,
    })
}

/// The types of what the function called `name` gives.
pub(crate) fn returns(name: &str) -> Types {
    function(name).map_or(Types::ANY, |function| function.returns)
}

/// What is wrong with a call of `name` with `args`.
pub(super) fn complaint(name: &str, args: &[Ast]) -> Option<String> {
    let Some(function) = function(name) else {
        return Some(format!("there is no function {name}"));
    };
    if args.len() < function.least || function.most.is_some_and(|most| args.len() > most) {
        let expected = if function.most.is_none() {
            "at least ".to_owned() + &function.least.to_string()
        } else {
            function.least.to_string()
        };
        return Some(format!(
            "{name} takes {expected} argument(s) and is given {}",
            args.len()
        ));
    }
    let position = function.expression?;
    let given = args.get(position)?;
    (!matches!(given, Ast::Expref { .. })).then(|| {
        format!(
            "argument {} of {name} is an expression, written with '&'",
            position + 1
        )
    })
}
