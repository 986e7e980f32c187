//! From source to tree.

mod expr;
mod stmt;

use ruff_python_ast::{self as py};
use ruff_python_parser::{Mode, ParseErrorType, ParseOptions, Parsed, parse_unchecked};
use ruff_text_size::{Ranged, TextRange, TextSize};
use tdev_analysis::{MarkerError, Markers, evolve_markers, over_long_chain};

use crate::ast::{Expr, Function, MAX_DEPTH, Module, TopLevel, Type};

/// How deep brackets, blocks and prefix operators may nest for the parser, which recurses. More
/// than any printed tree of [`MAX_DEPTH`] levels needs.
const MAX_NESTING: u16 = 150;

/// How many operators and brackets may lead to one place of an expression, so that neither the
/// parser nor its tree goes deeper than a stack of 2 MiB holds.
const MAX_CHAIN: usize = 200;

/// Why a source is no program of the subset.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// It is not Python.
    #[error("line {line}: {message}")]
    Syntax {
        /// The line, from 1.
        line: usize,
        /// What the parser says.
        message: String,
    },
    /// It is Python, but not of the subset.
    #[error("line {line}: {construct} is outside the subset")]
    Outside {
        /// The line, from 1.
        line: usize,
        /// What is there.
        construct: String,
    },
    /// It nests deeper, or chains more operators, than [`MAX_DEPTH`](crate::MAX_DEPTH).
    #[error("line {line}: nests or chains more than {MAX_DEPTH} levels")]
    TooDeep {
        /// The line, from 1; lines inside a string are not counted.
        line: usize,
    },
}

type Result<T> = std::result::Result<T, ParseError>;

/// Parses a module.
///
/// # Errors
///
/// [`ParseError`], which names the line.
pub fn parse(source: &str) -> Result<Module> {
    let reader = Reader { source };
    let parsed = reader.read(source, Mode::Module)?;
    let py::Mod::Module(module) = parsed.into_syntax() else {
        return Err(reader.outside(TextRange::default(), "an expression"));
    };
    let items = module.body.iter().map(|stmt| reader.top_level(stmt));
    Ok(Module {
        items: items.collect::<Result<_>>()?,
    })
}

/// Parses the functions of a block; anything else in it is an error.
///
/// # Errors
///
/// [`ParseError`], which names the line.
pub fn parse_functions(source: &str) -> Result<Vec<Function>> {
    let reader = Reader { source };
    let parsed = reader.read(source, Mode::Module)?;
    let py::Mod::Module(module) = parsed.into_syntax() else {
        return Err(reader.outside(TextRange::default(), "an expression"));
    };
    let function = |stmt: &py::Stmt| match stmt {
        py::Stmt::FunctionDef(def) => reader.function(def),
        other => Err(reader.outside(other.range(), "a block with more than functions")),
    };
    module.body.iter().map(function).collect()
}

/// Parses one expression.
///
/// # Errors
///
/// [`ParseError`], which names the line.
pub fn parse_expr(source: &str) -> Result<Expr> {
    let reader = Reader { source };
    match reader.read(source, Mode::Expression)?.into_syntax() {
        py::Mod::Expression(expression) => reader.expr(&expression.body, 0),
        py::Mod::Module(module) => Err(reader.outside(module.range, "a statement")),
    }
}

/// Finds the markers of a source that is Python.
pub(crate) fn markers(source: &str) -> Result<std::result::Result<Option<Markers>, MarkerError>> {
    let parsed = Reader { source }.read(source, Mode::Module)?;
    Ok(evolve_markers(source, parsed.tokens()))
}

/// Reads the syntax tree of a source.
struct Reader<'a> {
    source: &'a str,
}

impl Reader<'_> {
    fn read(&self, source: &str, mode: Mode) -> Result<Parsed<py::Mod>> {
        if let Some(line) = over_long_chain(self.source, mode, MAX_CHAIN) {
            return Err(ParseError::TooDeep { line });
        }
        let options = ParseOptions::from(mode).with_max_recursion_depth(MAX_NESTING);
        let parsed = parse_unchecked(source, options);
        if let Some(error) = parsed.errors().first() {
            let line = self.line(error.range().start());
            return Err(match &error.error {
                ParseErrorType::RecursionLimitExceeded => ParseError::TooDeep { line },
                other => ParseError::Syntax {
                    line,
                    message: other.to_string(),
                },
            });
        }
        Ok(parsed)
    }

    fn line(&self, at: TextSize) -> usize {
        let before = self.source.get(..at.to_usize()).unwrap_or(self.source);
        before.matches('\n').count() + 1
    }

    fn outside(&self, range: TextRange, construct: impl Into<String>) -> ParseError {
        ParseError::Outside {
            line: self.line(range.start()),
            construct: construct.into(),
        }
    }

    /// Checks that a node may stand below `depth` others.
    fn check_depth(&self, range: TextRange, depth: usize) -> Result<()> {
        if depth < MAX_DEPTH {
            return Ok(());
        }
        let line = self.line(range.start());
        Err(ParseError::TooDeep { line })
    }

    fn top_level(&self, stmt: &py::Stmt) -> Result<TopLevel> {
        match stmt {
            py::Stmt::FunctionDef(def) => Ok(TopLevel::Function(self.function(def)?)),
            py::Stmt::Import(import) => match &import.names[..] {
                [alias] if alias.name.as_str() == "math" && alias.asname.is_none() => {
                    Ok(TopLevel::ImportMath)
                }
                _ => Err(self.outside(import.range, "an import of anything but `math`")),
            },
            py::Stmt::Expr(stmt) => match self.expr(&stmt.value, 0)? {
                Expr::Str(text) => Ok(TopLevel::Text(text)),
                _ => Err(self.outside(stmt.range, "an expression at the top level")),
            },
            py::Stmt::Assign(assign) => match &assign.targets[..] {
                [py::Expr::Name(name)] => {
                    self.check_name(name.range, name.id())?;
                    let value = self.expr(&assign.value, 0)?;
                    Ok(TopLevel::Constant(name.id().clone(), value))
                }
                _ => Err(self.outside(
                    assign.range,
                    "an assignment to more than a name at the top level",
                )),
            },
            other => Err(self.outside(
                other.range(),
                format!("{} at the top level", stmt::construct(other)),
            )),
        }
    }

    fn check_name(&self, range: TextRange, name: &str) -> Result<()> {
        match name {
            "math" => Err(self.outside(range, "a variable named `math`")),
            _ => Ok(()),
        }
    }

    /// What an annotation says; one that says nothing we know is read as none.
    fn annotation(annotation: Option<&py::Expr>) -> Type {
        match annotation {
            Some(py::Expr::NoneLiteral(_)) => Type::None,
            Some(py::Expr::Name(name)) => match name.id().as_str() {
                "bool" => Type::Bool,
                "int" => Type::Int,
                "float" => Type::Float,
                "str" => Type::Str,
                "list" => Type::List(Type::Any.as_item()),
                "tuple" => Type::Tuple(Type::Any.as_item()),
                "dict" => Type::Dict(Type::Any.as_item()),
                _ => Type::Any,
            },
            Some(py::Expr::Subscript(subscript)) => {
                let item = match &*subscript.slice {
                    py::Expr::Tuple(tuple) => match &tuple.elts[..] {
                        [item, py::Expr::EllipsisLiteral(_)] => Some(item),
                        [py::Expr::Name(key), item] if key.id() == "str" => Some(item),
                        _ => None,
                    },
                    item => Some(item),
                };
                let item = Self::annotation(item).as_item();
                match Self::annotation(Some(&subscript.value)) {
                    Type::List(_) => Type::List(item),
                    Type::Tuple(_) => Type::Tuple(item),
                    Type::Dict(_) => Type::Dict(item),
                    other => other,
                }
            }
            _ => Type::Any,
        }
    }
}
