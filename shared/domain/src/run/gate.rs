//! How many steps of a run, or items of a map, are under way at once.

use std::collections::BTreeSet;
use std::ops::Range;

use serde::{Deserialize, Serialize};

/// What a [`Gate`] is before.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct GateKey {
    /// How often the run was resumed before; each time it has other gates.
    pub resumed: u32,
    /// The map whose items it is before; absent for that of the run's steps.
    pub map: Option<u32>,
    /// Which part of the items: those of a map that does many at once are dealt out to several
    /// gates.
    pub part: u32,
}

/// Who is under way where only so many may be at once, and who waits for a place: steps of a run by
/// their number in the plan, or items of a map.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// Before what.
    pub key: GateKey,
    /// Those that have a place. Each has begun, or is about to.
    #[serde(with = "ranges")]
    pub under_way: BTreeSet<u32>,
    /// Those that are ready and have none.
    #[serde(with = "ranges")]
    pub waiting: BTreeSet<u32>,
    /// More of these, which come after them.
    pub row: Range<u32>,
    /// Counts the writes; each is made on condition of the count it read.
    pub revision: u64,
}

impl Gate {
    /// Whether nobody is under way, and nobody waits.
    #[must_use]
    pub fn is_deserted(&self) -> bool {
        self.under_way.is_empty() && self.waiting.is_empty() && self.row.is_empty()
    }
}

/// Sets as text, `0-6,9`: steps that are ready together mostly have numbers in a row.
mod ranges {
    use std::collections::BTreeSet;

    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        numbers: &BTreeSet<u32>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let mut ranges: Vec<(u32, u32)> = Vec::new();
        for number in numbers {
            match ranges.last_mut() {
                Some((_, last)) if last.checked_add(1) == Some(*number) => *last = *number,
                _ => ranges.push((*number, *number)),
            }
        }
        let texts: Vec<String> = ranges
            .into_iter()
            .map(|(first, last)| {
                if first == last {
                    first.to_string()
                } else {
                    format!("{first}-{last}")
                }
            })
            .collect();
        serializer.serialize_str(&texts.join(","))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeSet<u32>, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut numbers = BTreeSet::new();
        for range in text.split(',').filter(|range| !range.is_empty()) {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            let first: u32 = first.parse().map_err(D::Error::custom)?;
            let last: u32 = last.parse().map_err(D::Error::custom)?;
            numbers.extend(first..=last);
        }
        Ok(numbers)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_in_a_row_are_written_as_one_range() {
        let gate = Gate {
            key: GateKey {
                resumed: 1,
                map: Some(4),
                part: 0,
            },
            under_way: [7].into(),
            waiting: [0, 1, 2, 5, 8, 9, u32::MAX].into(),
            row: 10..20,
            revision: 3,
        };
        let written = json!({
            "key": {"resumed": 1, "map": 4, "part": 0},
            "under_way": "7",
            "waiting": "0-2,5,8-9,4294967295",
            "row": {"start": 10, "end": 20},
            "revision": 3
        });
        assert_eq!(serde_json::to_value(&gate).unwrap(), written);
        for wrong in ["x", "1-", "1,,x"] {
            let mut json = written.clone();
            json["waiting"] = json!(wrong);
            assert!(serde_json::from_value::<Gate>(json).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_gate_comes_back_as_it_was(
            under_way in prop::collection::btree_set(0_u32..40, 0..20),
            waiting in prop::collection::btree_set(0_u32..12_000, 0..40),
        ) {
            let gate = Gate { under_way, waiting, ..Gate::default() };
            let text = serde_json::to_string(&gate).unwrap();
            prop_assert_eq!(serde_json::from_str::<Gate>(&text).unwrap(), gate);
        }
    }
}
