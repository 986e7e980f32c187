//! From tree to register program.

mod call;
mod expr;
mod function;
mod op;
mod stmt;

use std::fmt;

use crate::ast::{Builtin, Expr, Function, MAX_DEPTH, Module, Name, Node, Stmt, TopLevel};
use crate::vm::{Error, Heap, MAX_MEMORY, Machine, Val};

use function::Compiler;
pub(crate) use op::{Code, Op, Pool};

/// What evaluating the constants of a module may take.
const CONSTANTS_FUEL: u64 = 1_000_000;
const CONSTANTS_MEMORY: usize = 1 << 20;

/// A program that can be run any number of times, by several threads at once.
pub struct Program {
    pub(crate) codes: Vec<Code>,
    pub(crate) pool: Pool,
    /// The values of the constants, with which every run begins.
    pub(crate) image: Heap,
}

/// A function of a [`Program`], found by its name once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry(pub(crate) u16);

/// Why a tree does not compile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    /// A name that nothing has a value for.
    #[error("{function}: `{name}` is not defined")]
    UndefinedName {
        /// Where it is used; empty for a constant of the module.
        function: String,
        /// The name.
        name: String,
    },
    /// A call of a function that is not there, or that a variable hides.
    #[error("{function}: there is no function `{name}`")]
    UndefinedFunction {
        /// Where it is called.
        function: String,
        /// The name.
        name: String,
    },
    /// A call with too many or too few arguments.
    #[error("{function}: `{name}` takes another number of arguments")]
    Arity {
        /// Where it is called.
        function: String,
        /// What is called.
        name: String,
    },
    /// Two functions or constants have one name, or one has the name of a built-in function.
    #[error("`{0}` is defined twice, or is a built-in function")]
    Duplicate(String),
    /// Two parameters have one name.
    #[error("{0}: two parameters have one name")]
    DuplicateParameter(String),
    /// What can only be iterated, such as a `range`, is used otherwise.
    #[error("{function}: `{name}(…)` can only be iterated here; `list` makes a list of it")]
    Iterator {
        /// Where.
        function: String,
        /// What makes it.
        name: String,
    },
    /// `break` or `continue` outside a loop, an `if` without arms, `is` without `None`, a
    /// comparison, `and` or method without operands.
    #[error("{0}: a statement or expression that means nothing")]
    Malformed(String),
    /// A constant of the module calls a function of the module.
    #[error("the constant `{0}` calls a function")]
    CallInConstant(String),
    /// A constant of the module has no value.
    #[error("the constant `{name}` has no value")]
    Constant {
        /// Its name.
        name: String,
        /// Why.
        source: Error,
    },
    /// A function nests deeper than [`MAX_DEPTH`].
    #[error("{0}: nests deeper than {MAX_DEPTH} levels")]
    TooDeep(String),
    /// A function, or the whole, is larger than the machine's instructions can address.
    #[error("{0}: too large")]
    TooLarge(String),
}

type Result<T> = std::result::Result<T, CompileError>;

/// What the compiler knows of the module.
struct Globals<'a> {
    functions: Vec<(&'a Name, usize)>,
    constants: Vec<(&'a Name, Val)>,
}

/// What is being built.
#[derive(Default)]
struct Build {
    pool: Pool,
    image: Heap,
}

impl Program {
    /// Compiles `module` and evaluates its constants.
    ///
    /// # Errors
    ///
    /// [`CompileError`], which names the function.
    pub fn compile(module: &Module) -> Result<Self> {
        let mut globals = Globals::of(module)?;
        let mut machine = Machine::new();
        let mut build = Build::default();
        machine.heap.refill(CONSTANTS_FUEL, CONSTANTS_MEMORY);
        for item in &module.items {
            if let TopLevel::Constant(name, value) = item {
                check_depth(name, [Node::Expr(value)].into_iter())?;
                build.image = std::mem::take(&mut machine.heap);
                let code = Compiler::constant(name, value, &globals, &mut build)?;
                machine.heap = std::mem::take(&mut build.image);
                let outcome = machine.evaluate(&code, &build.pool);
                let value = outcome.map_err(|source| CompileError::Constant {
                    name: name.to_string(),
                    source,
                })?;
                globals.constants.push((name, value));
                build.pool.globals.push(value);
            }
        }
        build.image = std::mem::take(&mut machine.heap);
        let functions = module.functions();
        let codes = functions.map(|f| Compiler::function(f, &globals, &mut build));
        let codes = codes.collect::<Result<_>>()?;
        if build.image.text.len() > MAX_MEMORY {
            return Err(CompileError::TooLarge("the module".to_owned()));
        }
        Ok(Self {
            codes,
            pool: build.pool,
            image: build.image,
        })
    }

    /// The function of that name.
    pub fn entry(&self, name: &str) -> Option<Entry> {
        let at = self.codes.iter().position(|code| code.name == name)?;
        u16::try_from(at).ok().map(Entry)
    }

    /// How many instructions the program has.
    pub fn instructions(&self) -> usize {
        self.codes.iter().map(|code| code.ops.len()).sum()
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program")
            .field("codes", &self.codes)
            .field("pool", &self.pool)
            .finish_non_exhaustive()
    }
}

impl<'a> Globals<'a> {
    fn of(module: &'a Module) -> Result<Self> {
        let mut names: Vec<&Name> = Vec::new();
        let mut functions = Vec::new();
        for item in &module.items {
            let name = match item {
                TopLevel::Constant(name, _) => name,
                TopLevel::Function(function) => {
                    functions.push((&function.name, function.params.len()));
                    check_params(function)?;
                    let stmts = function.body.iter().map(Node::Stmt);
                    check_depth(&function.name, stmts)?;
                    &function.name
                }
                TopLevel::Text(_) | TopLevel::ImportMath => continue,
            };
            if names.contains(&name) || Builtin::from_name(name).is_some() || name == "math" {
                return Err(CompileError::Duplicate(name.to_string()));
            }
            names.push(name);
        }
        Ok(Self {
            functions,
            constants: Vec::new(),
        })
    }
}

fn check_params(function: &Function) -> Result<()> {
    for (index, param) in function.params.iter().enumerate() {
        if function.params[..index]
            .iter()
            .any(|p| p.name == param.name)
        {
            return Err(CompileError::DuplicateParameter(function.name.to_string()));
        }
    }
    Ok(())
}

fn check_depth<'a>(name: &Name, mut nodes: impl Iterator<Item = Node<'a>>) -> Result<()> {
    if nodes.any(|node| node.depth_up_to(MAX_DEPTH + 1) > MAX_DEPTH) {
        return Err(CompileError::TooDeep(name.to_string()));
    }
    Ok(())
}

/// Calls `visit` with every statement of a body, those inside others included.
fn each_stmt<'a>(body: &'a [Stmt], visit: &mut impl FnMut(&'a Stmt)) {
    for stmt in body {
        visit(stmt);
        match stmt {
            Stmt::If(arms, otherwise) => {
                for arm in arms {
                    each_stmt(&arm.body, visit);
                }
                each_stmt(otherwise, visit);
            }
            Stmt::While(_, body) | Stmt::For(_, _, body) => each_stmt(body, visit),
            _ => {}
        }
    }
}

/// Whether an expression, if it stands in a place that consumes it, need not be a value.
fn makes_iterator(expr: &Expr) -> Option<&'static str> {
    match expr {
        Expr::Builtin(builtin, _) if builtin.makes_iterator() => Some(builtin.as_str()),
        Expr::Method(method, _) if method.makes_iterator() => Some(method.as_str()),
        _ => None,
    }
}
