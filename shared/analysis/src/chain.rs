//! Chains of operators, bounded before anything recursive sees them.

use ruff_python_ast::token::TokenKind;
use ruff_python_parser::{Mode, lexer};

/// The line, from 1, on which a chain of operators, calls, subscripts and attributes becomes
/// longer than `most`, the chains around it included; `None` if none does.
///
/// The parser reads such a chain in a loop, but leaves a tree as deep as the chain is long. This
/// counts tokens, so that no tree is made of such a source.
#[must_use]
pub fn over_long_chain(source: &str, mode: Mode, most: usize) -> Option<usize> {
    let mut lexer = lexer::lex(source, mode);
    let mut outer: Vec<usize> = Vec::new();
    let mut chain = 0_usize;
    let mut line = 1;
    loop {
        let token = lexer.next_token();
        if matches!(token, TokenKind::Newline | TokenKind::NonLogicalNewline) {
            line += 1;
        }
        match token {
            TokenKind::EndOfFile => return None,
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
        if chain > most {
            return Some(line);
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
            | TokenKind::If
            | TokenKind::Lambda
    )
}
