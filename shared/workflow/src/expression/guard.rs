//! What is refused before an expression is parsed, and after.
//!
//! The parser recurses with every bracket, projection and negation, and takes a few hundred bytes
//! to a few kilobytes of stack for each; so their number is bounded first. A chain of fields or
//! operators it parses in a loop, but the tree of it is as deep as the chain is long; so the
//! depth is bounded too.

use jmespath::ast::Ast;

use super::{SyntaxError, functions};
use crate::limits;

/// The largest number that may stand in an index or a slice. Larger ones overflow where slices are
/// stepped through.
const MAX_INDEX: i32 = 1_000_000_000;

/// Refuses what is too long, or may nest too deep, to be parsed.
pub(super) fn check_text(source: &str) -> Result<(), SyntaxError> {
    if source.len() > limits::MAX_EXPRESSION_BYTES {
        let message = format!(
            "the expression is longer than {} bytes",
            limits::MAX_EXPRESSION_BYTES
        );
        return Err(SyntaxError::at(source, 0, message));
    }
    let mut nesting = 0;
    let mut bytes = source.bytes().enumerate().peekable();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\'' | b'"' | b'`' => skip_quoted(byte, &mut bytes),
            // A conjunction is not recursed into.
            b'&' if bytes.next_if(|(_, next)| *next == b'&').is_some() => {}
            b'[' | b'(' | b'{' | b'!' | b'*' | b'&' => {
                nesting += 1;
                if nesting > limits::MAX_EXPRESSION_NESTING {
                    let message = format!(
                        "more than {} brackets, projections and negations",
                        limits::MAX_EXPRESSION_NESTING
                    );
                    return Err(SyntaxError::at(source, at, message));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Goes on behind the closing `quote`. A backslash keeps what follows it from closing.
pub(crate) fn skip_quoted(quote: u8, bytes: &mut impl Iterator<Item = (usize, u8)>) {
    while let Some((_, byte)) = bytes.next() {
        if byte == b'\\' {
            bytes.next();
        } else if byte == quote {
            return;
        }
    }
}

/// Refuses a tree that is too deep, calls a function that is not there or with the wrong number
/// of arguments, or has `&` where it means nothing.
pub(super) fn check_tree(source: &str, root: &Ast) -> Result<(), SyntaxError> {
    let mut open = vec![(root, 1, false)];
    while let Some((node, depth, is_argument)) = open.pop() {
        if depth > limits::MAX_EXPRESSION_DEPTH {
            let message = format!(
                "a chain of more than {} operations",
                limits::MAX_EXPRESSION_DEPTH
            );
            return Err(SyntaxError::at(source, 0, message));
        }
        if let Some((offset, message)) = complaint(source, node, is_argument) {
            return Err(SyntaxError::at(source, offset, message));
        }
        match node {
            Ast::Function { name, args, .. } => {
                let expression = functions::function(name).and_then(|f| f.expression);
                let args = args.iter().enumerate();
                open.extend(args.map(|(i, arg)| (arg, depth + 1, expression == Some(i))));
            }
            other => for_each_child(other, |child| open.push((child, depth + 1, false))),
        }
    }
    Ok(())
}

fn complaint(source: &str, node: &Ast, is_argument: bool) -> Option<(usize, String)> {
    let too_large = |index: &i32| index.unsigned_abs() > MAX_INDEX.unsigned_abs();
    match node {
        Ast::Function { offset, name, args } => {
            let message = functions::complaint(name, args)?;
            // The offset given is that of the bracket.
            let before = source.get(..*offset).unwrap_or_default();
            Some((before.rfind(name.as_str()).unwrap_or(*offset), message))
        }
        Ast::Expref { offset, .. } if !is_argument => Some((
            *offset,
            "'&' stands only before an argument of map, sort_by, max_by and min_by".to_owned(),
        )),
        Ast::Slice {
            offset, step: 0, ..
        } => Some((*offset, "the step of a slice is not 0".to_owned())),
        Ast::Slice {
            offset,
            start,
            stop,
            step,
        } if [*start, *stop, Some(*step)].iter().flatten().any(too_large) => {
            Some((*offset, format!("an index is at most {MAX_INDEX}")))
        }
        _ => None,
    }
}

/// Calls `each` on every node directly below `node`.
pub(crate) fn for_each_child<'a>(node: &'a Ast, mut each: impl FnMut(&'a Ast)) {
    match node {
        Ast::Comparison { lhs, rhs, .. }
        | Ast::Projection { lhs, rhs, .. }
        | Ast::And { lhs, rhs, .. }
        | Ast::Or { lhs, rhs, .. }
        | Ast::Subexpr { lhs, rhs, .. } => {
            each(lhs);
            each(rhs);
        }
        Ast::Condition {
            predicate, then, ..
        } => {
            each(predicate);
            each(then);
        }
        Ast::Expref { ast, .. } => each(ast),
        Ast::Flatten { node, .. } | Ast::Not { node, .. } | Ast::ObjectValues { node, .. } => {
            each(node);
        }
        Ast::Function { args, .. } => args.iter().for_each(each),
        Ast::MultiList { elements, .. } => elements.iter().for_each(each),
        Ast::MultiHash { elements, .. } => elements.iter().for_each(|pair| each(&pair.value)),
        Ast::Identity { .. }
        | Ast::Field { .. }
        | Ast::Index { .. }
        | Ast::Literal { .. }
        | Ast::Slice { .. } => {}
    }
}
