//! What candidates are made of and judged by in one evolution. Pure but for the clock it is given.

use std::time::{Duration, Instant};

use tdev_domain::Source;
use tdev_domain::evolution::StopReason;
use tdev_evolution::problem::{Case, EXECUTE, Evaluator, Judge, Part, Problem, Workbench};
use tdev_evolution::search::{Child, Population, Reason, Search, Status, Step, Used};
use tdev_evolution::{Genome, Scaffold, Scope, Settings, search, variation};
use tdev_lambda::Error;
use tdev_program::{Item, Type};

/// How many children are made between two looks at the clock.
const BATCH: u32 = 64;

/// An evolution's agent, problem and settings.
pub(crate) struct Lab {
    pub(crate) source: Source,
    pub(crate) scaffold: Scaffold,
    pub(crate) parent: Genome,
    pub(crate) problem: Problem,
    pub(crate) train: Vec<Case>,
    pub(crate) scorer: Option<Source>,
    pub(crate) settings: Settings,
    pub(crate) evaluator: Box<dyn Evaluator>,
}

/// What became of a generation.
pub(crate) enum Made {
    /// It was made.
    Generation(Box<Step>),
    /// It is not to be made.
    Stopped(StopReason),
    /// It takes too long; so many children were made by then.
    Unfinished {
        /// How many.
        made: u32,
        /// Of how many.
        of: u32,
    },
}

/// The clock, and what an evolution has used up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Watch {
    /// Since when what follows has not been counted.
    pub(crate) since: Instant,
    /// When the call has to end.
    pub(crate) until: Instant,
    /// What was counted before.
    pub(crate) counted: Used,
    /// What a second costs, in dollars.
    pub(crate) dollars_per_second: f64,
}

impl Watch {
    /// What is not counted yet.
    pub(crate) fn uncounted(&self) -> Duration {
        self.since.elapsed()
    }

    fn used(&self) -> Used {
        let seconds = self.uncounted().as_secs_f64();
        Used {
            seconds: self.counted.seconds + seconds,
            dollars: self.counted.dollars + seconds * self.dollars_per_second,
        }
    }

    pub(crate) fn is_late(&self) -> bool {
        Instant::now() >= self.until
    }
}

/// An agent, a problem or settings that nothing can be searched with.
fn unfit(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::invalid_input("the agent cannot evolve by this problem with these settings")
        .with_source(error)
}

impl Lab {
    pub(crate) fn new(
        source: Source,
        problem: Problem,
        train: Vec<Case>,
        scorer: Option<Source>,
        settings: Settings,
    ) -> Result<Self, Error> {
        let (scaffold, parent) = Scaffold::of(&source).map_err(unfit)?;
        let evaluator = problem
            .evaluator(&scaffold, Part::Train(&train), scorer.as_ref())
            .map_err(unfit)?;
        Ok(Self {
            source,
            scaffold,
            parent,
            problem,
            train,
            scorer,
            settings,
            evaluator,
        })
    }

    /// The search over versions of the agent.
    pub(crate) fn search(&self) -> Result<Search<'_>, Error> {
        let entry = entry(&self.problem, &self.parent, &self.train);
        let scope = Scope::for_agent(&self.scaffold, &self.parent, &entry, &self.settings);
        let operators = variation::operators(&self.settings.operators).map_err(unfit)?;
        Search::new(
            &self.scaffold,
            self.parent.clone(),
            &*self.evaluator,
            operators,
            scope,
            self.settings.clone(),
        )
        .map_err(unfit)
    }

    /// Generation 0.
    pub(crate) fn begin(&self) -> Result<Made, Error> {
        let step = self.search()?.begin(&mut Workbench::default());
        step.map(|step| Made::Generation(Box::new(step)))
            .map_err(Error::internal)
    }

    /// The generation after `population`, as far as budget and time allow. One that is not
    /// finished leaves nothing.
    pub(crate) fn advance(
        &self,
        population: Population,
        benches: &mut [Workbench],
        watch: &Watch,
    ) -> Result<Made, Error> {
        let search = self.search()?;
        let stopped = |reason| Ok(Made::Stopped(stop_reason(reason)));
        if let Status::Stop(reason) = search.status(&population, watch.used()) {
            return stopped(reason);
        }
        let generation = search.generation(&population).map_err(Error::internal)?;
        let of = generation.children_count();
        let mut children: Vec<Child> = Vec::new();
        let mut made = 0;
        while made < of {
            if let Status::Stop(reason) = search.status(&population, watch.used()) {
                return stopped(reason);
            }
            if watch.is_late() {
                return Ok(Made::Unfinished { made, of });
            }
            let to = of.min(made + BATCH);
            children.extend(generation.children(made..to, benches));
            made = to;
        }
        drop(generation);
        let step = search.advance(population, children);
        step.map(|step| Made::Generation(Box::new(step)))
            .map_err(Error::internal)
    }

    /// Some children of the generation after `population`, as bytes.
    pub(crate) fn shard(
        &self,
        population: &Population,
        range: std::ops::Range<u32>,
        benches: &mut [Workbench],
    ) -> Result<Vec<u8>, Error> {
        let search = self.search()?;
        let generation = search.generation(population).map_err(Error::internal)?;
        let children = generation.children(range, benches);
        search.pack(population, &children).map_err(Error::internal)
    }

    /// The generation that packed children of `population` make up.
    pub(crate) fn merge(&self, population: Population, packed: &[Vec<u8>]) -> Result<Step, Error> {
        let search = self.search()?;
        let mut children = Vec::new();
        for bytes in packed {
            let some = search.unpack(&population, bytes).map_err(Error::internal)?;
            children.extend(some);
        }
        search
            .advance(population, children)
            .map_err(Error::internal)
    }

    /// The population of a checkpoint.
    pub(crate) fn read(&self, bytes: &[u8]) -> Result<Result<Population, search::Error>, Error> {
        Ok(self.search()?.read(bytes))
    }

    /// Why the search ends after `population`, if it does.
    pub(crate) fn stop(
        &self,
        population: &Population,
        used: Used,
    ) -> Result<Option<StopReason>, Error> {
        Ok(match self.search()?.status(population, used) {
            Status::Continue => None,
            Status::Stop(reason) => Some(stop_reason(reason)),
        })
    }

    /// How many children the generation after `population` has.
    pub(crate) fn children_of(&self, population: &Population) -> Result<u32, Error> {
        Ok(self.search()?.children_of(population))
    }
}

/// A workbench for each processor.
pub(crate) fn benches() -> Vec<Workbench> {
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    (0..count).map(|_| Workbench::default()).collect()
}

/// What is known of the arguments of the block's last function beyond its annotations.
fn entry(problem: &Problem, parent: &Genome, train: &[Case]) -> Vec<Type> {
    let last = parent.functions.last();
    let params = last.map_or(0, |function| function.params.len());
    match &problem.definition().judge {
        Judge::Simulation { .. } => vec![Type::Float; params],
        Judge::Cases { function, .. } | Judge::Agent { function, .. } => {
            let is_called = last.is_some_and(|last| *last.name == **function);
            let Some(first) = train.first().filter(|_| is_called) else {
                return Vec::new();
            };
            let types: Vec<Type> = match &first.input {
                serde_json::Value::Array(arguments) if function != EXECUTE => {
                    arguments.iter().map(type_of).collect()
                }
                input => vec![type_of(input)],
            };
            if types.len() == params {
                types
            } else {
                Vec::new()
            }
        }
    }
}

fn type_of(json: &serde_json::Value) -> Type {
    match json {
        serde_json::Value::Null => Type::Any,
        serde_json::Value::Bool(_) => Type::Bool,
        serde_json::Value::Number(number) if number.is_f64() => Type::Float,
        serde_json::Value::Number(_) => Type::Int,
        serde_json::Value::String(_) => Type::Str,
        serde_json::Value::Array(items) => Type::List(items.first().map_or(Item::Any, item_of)),
        serde_json::Value::Object(_) => Type::Dict(Item::Any),
    }
}

fn item_of(json: &serde_json::Value) -> Item {
    match json {
        serde_json::Value::Bool(_) => Item::Bool,
        serde_json::Value::Number(number) if number.is_f64() => Item::Float,
        serde_json::Value::Number(_) => Item::Int,
        serde_json::Value::String(_) => Item::Str,
        _ => Item::Any,
    }
}

const fn stop_reason(reason: Reason) -> StopReason {
    match reason {
        Reason::Target => StopReason::Target,
        Reason::Generations => StopReason::Generations,
        Reason::Evaluations => StopReason::Evaluations,
        Reason::Seconds => StopReason::Seconds,
        Reason::Dollars => StopReason::Dollars,
        Reason::Plateau => StopReason::Plateau,
    }
}
