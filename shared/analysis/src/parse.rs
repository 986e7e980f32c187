//! From source to syntax tree, within bounds that make walking the tree safe.

use ruff_python_ast::ModModule;
use ruff_python_ast::token::TokenKind;
use ruff_python_parser::{Mode, ParseErrorType, ParseOptions, Parsed, lexer, parse_unchecked};
use ruff_text_size::Ranged;

use crate::report::Report;
use crate::rules;

/// How deep brackets, blocks and prefix operators may nest. The parser and every walk over the
/// tree recurse, and must do so on a stack of 2 MiB; people nest a tenth of this.
const MAX_NESTING: u16 = 100;

/// How many operators, calls, subscripts and attributes may follow one another in an expression.
/// The parser reads such a chain in a loop, but leaves a tree as deep as the chain is long.
const MAX_CHAIN: u32 = 150;

/// Parses `source`; on failure the report says why.
pub(crate) fn parse(source: &str, report: &mut Report) -> Option<Parsed<ModModule>> {
    if has_over_long_chain(source) {
        report.add_whole(
            &rules::TOO_NESTED,
            format!("an expression chains more than {MAX_CHAIN} operators"),
        );
        return None;
    }
    let options = ParseOptions::from(Mode::Module).with_max_recursion_depth(MAX_NESTING);
    let parsed = parse_unchecked(source, options).try_into_module()?;
    if parsed.errors().is_empty() {
        return Some(parsed);
    }
    for error in parsed.errors() {
        if matches!(error.error, ParseErrorType::RecursionLimitExceeded) {
            let message = format!("nests deeper than {MAX_NESTING} levels");
            report.add_with_excerpt(&rules::TOO_NESTED, error.range(), message);
        } else {
            report.add_with_excerpt(&rules::SYNTAX, error.range(), error.error.to_string());
        }
    }
    None
}

/// Whether a chain of operators exceeds [`MAX_CHAIN`], the chains around it included.
///
/// Counts tokens, so that nothing recursive sees such a source.
fn has_over_long_chain(source: &str) -> bool {
    let mut lexer = lexer::lex(source, Mode::Module);
    let mut outer: Vec<u32> = Vec::new();
    let mut chain = 0u32;
    loop {
        match lexer.next_token() {
            TokenKind::EndOfFile => return false,
            TokenKind::Lpar | TokenKind::Lsqb | TokenKind::Lbrace => {
                outer.push(chain);
                chain += 1;
            }
            TokenKind::Rpar | TokenKind::Rsqb | TokenKind::Rbrace => {
                // The bracket itself may be a call or subscript, one more link of the chain.
                chain = outer.pop().map_or(0, |chain| chain + 1);
            }
            TokenKind::Comma | TokenKind::Colon => {
                chain = outer.last().map_or(0, |chain| chain + 1);
            }
            TokenKind::Newline | TokenKind::Semi => {
                outer.clear();
                chain = 0;
            }
            kind if is_link(kind) => chain += 1,
            _ => {}
        }
        if chain > MAX_CHAIN {
            return true;
        }
    }
}

fn is_link(kind: TokenKind) -> bool {
    matches!(
        kind,
        TokenKind::Dot
            | TokenKind::Plus
            | TokenKind::Minus
            | TokenKind::Star
            | TokenKind::DoubleStar
            | TokenKind::Slash
            | TokenKind::DoubleSlash
            | TokenKind::Percent
            | TokenKind::At
            | TokenKind::Vbar
            | TokenKind::Amper
            | TokenKind::CircumFlex
            | TokenKind::LeftShift
            | TokenKind::RightShift
            | TokenKind::Tilde
            | TokenKind::Not
    )
}
