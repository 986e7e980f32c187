//! What is packed.

use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::{Purpose, Rng};

/// The largest capacity.
pub const MAX_CAPACITY: u16 = 1000;
/// The most items of all instances together.
pub const MAX_ITEMS: usize = 1_000_000;

/// What a simulation of online bin packing takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// The priority function, of the block.
    #[serde(default = "priority")]
    pub function: String,
    /// When a bin is opened.
    #[serde(default)]
    pub empty_bins: EmptyBins,
    /// What the search packs.
    pub sets: Vec<Set>,
    /// What the gate packs: if empty, sets of the same kinds, drawn anew.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held_out: Vec<Set>,
}

/// When a bin is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EmptyBins {
    /// When an item fits none that is open.
    #[default]
    WhenNeeded,
    /// Also when an empty bin has the highest priority of all.
    ByPriority,
}

/// Instances of one kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Set {
    /// Sizes of a Weibull distribution, rounded, 1 at least and the capacity at most.
    Weibull {
        /// Its shape.
        shape: f64,
        /// Its scale.
        scale: f64,
        /// What a bin holds.
        capacity: u16,
        /// Items of each instance.
        items: u32,
        /// How many instances.
        instances: u32,
        /// What they are drawn with.
        #[serde(default)]
        seed: u64,
    },
    /// Whole sizes from `low` to `high`, each as likely.
    Uniform {
        /// The least size.
        low: u16,
        /// The greatest size.
        high: u16,
        /// What a bin holds.
        capacity: u16,
        /// Items of each instance.
        items: u32,
        /// How many instances.
        instances: u32,
        /// What they are drawn with.
        #[serde(default)]
        seed: u64,
    },
    /// These.
    Given {
        /// What a bin holds.
        capacity: u16,
        /// The sizes of each instance's items.
        instances: Vec<Vec<u16>>,
    },
}

/// Items to pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Instance {
    pub(super) capacity: u16,
    pub(super) items: Vec<u16>,
    /// L1, 1 at least.
    pub(super) bound: u32,
}

fn priority() -> String {
    "priority".to_owned()
}

impl Instance {
    fn new(capacity: u16, items: Vec<u16>) -> Self {
        let sum: u64 = items.iter().map(|item| u64::from(*item)).sum();
        let bound = sum.div_ceil(u64::from(capacity.max(1))).max(1);
        Self {
            capacity,
            items,
            bound: u32::try_from(bound).unwrap_or(u32::MAX),
        }
    }
}

impl Parameters {
    /// Everything that is out of its range: where, and what may stand there.
    pub(super) fn objections(&self) -> Vec<(String, String)> {
        let mut objections = Vec::new();
        if self.sets.is_empty() {
            objections.push(("/sets".to_owned(), "a set or more".to_owned()));
        }
        for (name, sets) in [("sets", &self.sets), ("held_out", &self.held_out)] {
            for (at, set) in sets.iter().enumerate() {
                if let Some(message) = set.objection() {
                    objections.push((format!("/{name}/{at}"), message.to_owned()));
                }
            }
            let items: usize = sets.iter().map(Set::items).sum();
            if items > MAX_ITEMS {
                objections.push((format!("/{name}"), format!("at most {MAX_ITEMS} items")));
            }
        }
        let is_given = |set: &Set| matches!(set, Set::Given { .. });
        if self.held_out.is_empty() && self.sets.iter().any(is_given) {
            let message = "needed beside instances that are given".to_owned();
            objections.push(("/held_out".to_owned(), message));
        }
        objections
    }

    pub(super) fn instances(&self, is_search: bool) -> Vec<Instance> {
        let sets = if is_search || self.held_out.is_empty() {
            &self.sets
        } else {
            &self.held_out
        };
        let sets = sets.iter().zip(0..);
        sets.flat_map(|(set, number)| set.instances(number, is_search))
            .collect()
    }
}

impl Set {
    fn items(&self) -> usize {
        match self {
            Self::Weibull {
                items, instances, ..
            }
            | Self::Uniform {
                items, instances, ..
            } => (*items as usize).saturating_mul(*instances as usize),
            Self::Given { instances, .. } => instances.iter().map(Vec::len).sum(),
        }
    }

    fn objection(&self) -> Option<&'static str> {
        let is_capacity = |capacity: u16| (1..=MAX_CAPACITY).contains(&capacity);
        match self {
            Self::Weibull { capacity, .. }
            | Self::Uniform { capacity, .. }
            | Self::Given { capacity, .. }
                if !is_capacity(*capacity) =>
            {
                Some("a capacity of 1 to 1000")
            }
            Self::Weibull { shape, scale, .. }
                if !((0.1..=100.0).contains(shape) && (0.1..=10_000.0).contains(scale)) =>
            {
                Some("a shape of 0.1 to 100 and a scale of 0.1 to 10000")
            }
            Self::Uniform {
                low,
                high,
                capacity,
                ..
            } if !(1 <= *low && low <= high && high <= capacity) => {
                Some("1 <= low <= high <= capacity")
            }
            Self::Given {
                capacity,
                instances,
            } if !instances
                .iter()
                .flatten()
                .all(|item| (1..=*capacity).contains(item)) =>
            {
                Some("items of 1 to the capacity")
            }
            _ if self.items() == 0 => Some("an item or more"),
            _ => None,
        }
    }

    /// The instances; those of the gate are drawn apart from those of the search.
    fn instances(&self, number: u32, is_search: bool) -> Vec<Instance> {
        let draw = |seed: u64, instances: u32, items: u32, capacity, draw: &dyn Fn(f64) -> u16| {
            let one = |instance: u32| {
                let child = number << 20 | instance;
                let mut rng = Rng::keyed(seed, u32::from(is_search), child, Purpose::Simulate);
                let items = (0..items).map(|_| draw(rng.random::<f64>()));
                Instance::new(capacity, items.collect())
            };
            (0..instances).map(one).collect()
        };
        match self {
            Self::Weibull {
                shape,
                scale,
                capacity,
                items,
                instances,
                seed,
            } => draw(*seed, *instances, *items, *capacity, &|u| {
                let size = scale * libm::pow(-libm::log1p(-u), 1.0 / shape);
                whole(size.round().clamp(1.0, f64::from(*capacity)))
            }),
            Self::Uniform {
                low,
                high,
                capacity,
                items,
                instances,
                seed,
            } => {
                let span = f64::from(high - low + 1);
                draw(*seed, *instances, *items, *capacity, &|u| {
                    (low + whole((u * span).floor())).min(*high)
                })
            }
            Self::Given {
                capacity,
                instances,
            } => {
                let of = |items: &Vec<u16>| Instance::new(*capacity, items.clone());
                instances.iter().map(of).collect()
            }
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "whole and no more than MAX_CAPACITY"
)]
fn whole(value: f64) -> u16 {
    value as u16
}
