//! Online bin packing: each item, as it comes, goes into the open bin that a priority function
//! likes best.
//!
//! The function of the block is called with the item's size, the room that a bin has left, and the
//! capacity of bins, all floats. The bin with the highest priority wins; of equal ones that which
//! was opened first. The loss of an instance is by what share it takes more bins than its lower
//! bound L1, the sum of the sizes over the capacity, rounded up.

mod baseline;
mod instance;
mod simulate;

use serde_json::Value as Json;
use tdev_program::{Budget, Module, Program, Value};

use super::{Baseline, Build, CaseBudget, Evaluator, Fingerprint, Workbench, rule};
use crate::{Genome, Loss, Scaffold};

use instance::Instance;
pub use instance::{EmptyBins, MAX_CAPACITY, MAX_ITEMS, Parameters, Set};
pub use simulate::Bench;
use simulate::Grid;

/// Its name among the simulations.
pub const NAME: &str = "online-bin-packing";
/// The most fuel that one call of the function may take.
const CALL_FUEL: u64 = 10_000;
/// What the function is called with.
const PARAMETERS: usize = 3;

/// Judges a priority function by packing items with it.
pub struct PackingEvaluator {
    scaffold: Scaffold,
    function: String,
    empty_bins: EmptyBins,
    budget: Budget,
    grids: Vec<Grid>,
    instances: Vec<Instance>,
    digest: [u8; 32],
}

/// What is wrong with the parameters of a simulation: places in them, and what may stand there.
pub(super) fn objections(parameters: &Json) -> Vec<(String, String)> {
    match serde_json::from_value::<Parameters>(parameters.clone()) {
        Ok(parameters) => parameters.objections(),
        Err(error) => vec![(String::new(), error.to_string())],
    }
}

impl PackingEvaluator {
    /// An evaluator with the instances of the search, or those of the gate.
    ///
    /// # Errors
    ///
    /// [`Build`] if the agent has no such function of three parameters, or there is nothing to
    /// pack.
    pub fn new(
        scaffold: Scaffold,
        parameters: &Parameters,
        is_search: bool,
        budget: CaseBudget,
    ) -> Result<Self, Build> {
        let function = parameters.function.clone();
        match scaffold.parameters(&function) {
            None => return Err(Build::NoFunction(function)),
            Some(PARAMETERS) => {}
            Some(_) => return Err(Build::Arity(function)),
        }
        let mut print = Fingerprint::new(NAME);
        print.part(scaffold.surroundings());
        print.json(parameters);
        print.json(&budget);
        print.part([u8::from(is_search)]);
        let instances = parameters.instances(is_search);
        let mut grids: Vec<Grid> = Vec::new();
        for instance in &instances {
            match grids
                .iter_mut()
                .find(|grid| grid.capacity() == instance.capacity)
            {
                Some(grid) => grid.add(&instance.items),
                None => grids.push(Grid::new(instance.capacity, &instance.items)),
            }
        }
        for grid in &mut grids {
            grid.lay_out(parameters.empty_bins);
        }
        if instances.is_empty() {
            return Err(Build::NoCases);
        }
        Ok(Self {
            scaffold,
            function,
            empty_bins: parameters.empty_bins,
            budget: Budget {
                fuel: CALL_FUEL,
                memory: budget.memory,
            },
            grids,
            instances,
            digest: print.finish(),
        })
    }

    pub(super) fn from_json(
        scaffold: Scaffold,
        parameters: &Json,
        is_search: bool,
        budget: CaseBudget,
    ) -> Result<Self, Build> {
        // Checked when the problem was: what cannot be read has nothing to pack.
        let parameters = serde_json::from_value(parameters.clone()).map_err(|_| Build::NoCases)?;
        Self::new(scaffold, &parameters, is_search, budget)
    }

    /// The lower bound L1 of each instance, in bins.
    pub fn bounds(&self) -> Vec<u32> {
        self.instances
            .iter()
            .map(|instance| instance.bound)
            .collect()
    }

    /// The mean loss with a rule given as a function of item, room and capacity.
    pub fn loss_of_rule(&self, rule: impl Fn(f64, f64, f64) -> f64, bench: &mut Bench) -> Loss {
        for (at, grid) in self.grids.iter().enumerate() {
            let table = bench.table(at, grid);
            grid.each(|lane, item, room, capacity| table[lane] = rule(item, room, capacity));
        }
        let losses = self
            .instances
            .iter()
            .map(|instance| self.pack(instance, bench));
        Loss::mean(&losses.collect::<Vec<_>>())
    }

    fn grid_of(&self, instance: &Instance) -> usize {
        let is_its = |grid: &Grid| grid.capacity() == instance.capacity;
        self.grids.iter().position(is_its).unwrap_or_default()
    }

    /// The loss of an instance by the priorities that are in the bench.
    fn pack(&self, instance: &Instance, bench: &mut Bench) -> Loss {
        let at = self.grid_of(instance);
        let bins = bench.pack(at, &self.grids[at], &instance.items, self.empty_bins);
        bins.map_or(Loss::WORST, |bins| {
            let bound = f64::from(instance.bound);
            Loss::or_worst((f64::from(bins) - bound) / bound)
        })
    }

    /// Computes the priorities of `genome` for the grids that `wanted` names into the bench.
    /// Returns whether there are any.
    fn tabulate(&self, genome: &Genome, wanted: &[bool], bench: &mut Workbench) -> bool {
        if let Some(true) = self.by_lanes(genome, wanted, bench) {
            return true;
        }
        let module = self.scaffold.module(genome);
        let Ok(program) = Program::compile(&module) else {
            return false;
        };
        let Some(entry) = program.entry(&self.function) else {
            return false;
        };
        for (at, grid) in self.grids.iter().enumerate().filter(|(at, _)| wanted[*at]) {
            let table = bench.packing.table(at, grid);
            let mut is_spent = false;
            grid.each(|lane, item, room, capacity| {
                table[lane] = f64::NAN;
                if is_spent {
                    return;
                }
                let arguments = [item, room, capacity].map(Value::Float);
                let result = program.run(&mut bench.machine, entry, &arguments, self.budget);
                if let Some(priority) = result.as_ref().ok().and_then(super::metric::number) {
                    table[lane] = priority;
                }
                // What runs on once would do so thousands of times.
                is_spent = result == Err(tdev_program::Error::OutOfFuel);
            });
        }
        true
    }

    fn by_lanes(&self, genome: &Genome, wanted: &[bool], bench: &mut Workbench) -> Option<bool> {
        let [function] = &genome.functions[..] else {
            return None;
        };
        let fits = function.name == *self.function
            && function.params.len() == PARAMETERS
            && 1000 + 16 * function.size() as u64 <= CALL_FUEL
            && rule::is_plain(function);
        if !fits {
            return None;
        }
        bench
            .program
            .load_function(&Module::default(), function)
            .ok()?;
        for (at, grid) in self.grids.iter().enumerate().filter(|(at, _)| wanted[*at]) {
            // Lanes that fail are NaN, which no bin that is looked at may have.
            bench.program.eval(
                &mut bench.lanes,
                &grid.columns(),
                bench.packing.table(at, grid),
            );
        }
        Some(true)
    }
}

impl Evaluator for PackingEvaluator {
    fn cases(&self) -> u32 {
        u32::try_from(self.instances.len()).unwrap_or(u32::MAX)
    }

    fn evaluate(
        &self,
        genome: &Genome,
        cases: &[u32],
        bench: &mut Workbench,
        losses: &mut Vec<Loss>,
    ) {
        losses.clear();
        let mut wanted = vec![false; self.grids.len()];
        for case in cases {
            wanted[self.grid_of(&self.instances[*case as usize])] = true;
        }
        if !self.tabulate(genome, &wanted, bench) {
            losses.resize(cases.len(), Loss::WORST);
            return;
        }
        let instances = cases.iter().map(|case| &self.instances[*case as usize]);
        losses.extend(instances.map(|instance| self.pack(instance, &mut bench.packing)));
    }

    fn digest(&self) -> [u8; 32] {
        self.digest
    }

    fn baselines(&self, parent: &Genome, bench: &mut Workbench) -> Vec<Baseline> {
        let mut baselines = baseline::rules(self, &mut bench.packing);
        baselines.push(Baseline::unchanged(self, parent, bench));
        baselines
    }
}

#[cfg(test)]
mod tests;
