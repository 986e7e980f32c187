//! What varies, and what stands around it.

use sha2::{Digest, Sha256};
use tdev_domain::Source;
use tdev_program::{
    BlockError, Evolvable, Function, Module, ParseError, TopLevel, parse, parse_functions,
};

/// The functions of a block.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Genome {
    /// In the order in which they stand.
    pub functions: Vec<Function>,
}

impl Genome {
    /// The genome that `text`, the functions of a block, has.
    ///
    /// # Errors
    ///
    /// [`ParseError`] for anything but functions of the subset.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        parse_functions(text).map(|functions| Self { functions })
    }

    /// Its functions as Python.
    pub fn text(&self) -> String {
        let printed: Vec<String> = self.functions.iter().map(Function::to_string).collect();
        printed.join("\n\n")
    }

    /// How many nodes it has.
    pub fn size(&self) -> usize {
        self.functions.iter().map(Function::size).sum()
    }

    /// How many levels its functions nest.
    pub fn depth(&self) -> usize {
        let depths = self.functions.iter().map(Function::depth);
        depths.max().unwrap_or_default()
    }

    /// SHA-256 of its text.
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.text()).into()
    }
}

/// An agent's source around its block.
#[derive(Debug, Clone)]
pub struct Scaffold {
    evolvable: Evolvable,
    /// The whole agent; the functions of the block stand at `block`.
    module: Module,
    block: std::ops::Range<usize>,
}

/// Why an agent cannot evolve.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScaffoldError {
    /// It has no block, or more than one.
    #[error("the source has no block that can evolve")]
    Block(#[source] BlockError),
    /// The source is outside the subset that the evolution tier runs.
    #[error("the source is outside the subset of Python that can evolve")]
    Parse(#[source] ParseError),
    /// There is no function in the block.
    #[error("the block has no function")]
    Empty,
}

impl Scaffold {
    /// Takes an agent apart.
    ///
    /// # Errors
    ///
    /// [`ScaffoldError`] says why it cannot evolve.
    pub fn of(source: &Source) -> Result<(Self, Genome), ScaffoldError> {
        let evolvable = Evolvable::split(source).map_err(ScaffoldError::Block)?;
        let functions = evolvable.functions().map_err(ScaffoldError::Parse)?;
        let first = functions.first().ok_or(ScaffoldError::Empty)?;
        let module = parse(source.as_str()).map_err(ScaffoldError::Parse)?;
        let is_first =
            |item: &TopLevel| matches!(item, TopLevel::Function(f) if f.name == first.name);
        let start = module
            .items
            .iter()
            .position(is_first)
            .ok_or(ScaffoldError::Empty)?;
        let block = start..start + functions.len();
        let scaffold = Self {
            evolvable,
            module,
            block,
        };
        Ok((scaffold, Genome { functions }))
    }

    /// The whole agent with that block, as a tree.
    pub fn module(&self, genome: &Genome) -> Module {
        let (before, after) = (
            &self.module.items[..self.block.start],
            &self.module.items[self.block.end..],
        );
        let functions = genome.functions.iter().cloned().map(TopLevel::Function);
        let items = before
            .iter()
            .cloned()
            .chain(functions)
            .chain(after.iter().cloned());
        Module {
            items: items.collect(),
        }
    }

    /// The whole agent with that block, as a source.
    ///
    /// # Errors
    ///
    /// [`BlockError`] if it would be too large or otherwise no source.
    pub fn source(&self, genome: &Genome) -> Result<Source, BlockError> {
        self.evolvable.with_functions(&genome.functions)
    }

    /// What stands around the block, its two parts told apart.
    pub fn surroundings(&self) -> String {
        [self.evolvable.before(), "\0", self.evolvable.after()].concat()
    }

    /// How many parameters the agent's function of that name has.
    pub fn parameters(&self, function: &str) -> Option<usize> {
        self.module.function(function).map(|f| f.params.len())
    }

    /// How many bytes the block may have for the agent to stay within its limit.
    pub fn room(&self) -> usize {
        let around = self.evolvable.before().len() + self.evolvable.after().len();
        tdev_domain::MAX_AGENT_BYTES.saturating_sub(around)
    }
}
