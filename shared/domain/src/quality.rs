//! An agent's quality score and what it is made of.

use serde::{Deserialize, Serialize};

/// One part of a [`Quality`] score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QualityPart {
    /// What was judged: `documentation`, `examples`, `schemas`, `complexity`, `security`,
    /// `determinism`.
    pub name: String,
    /// Points given.
    pub points: u8,
    /// Points there were to get.
    pub of: u8,
    /// Why.
    pub reason: String,
}

/// A score from 0 to 100 and the parts it adds up from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// Points given as a percentage of the points there were to get, rounded.
    pub score: u8,
    /// The parts.
    pub parts: Vec<QualityPart>,
}

impl Quality {
    /// Adds the parts up.
    #[must_use]
    pub fn from_parts(parts: Vec<QualityPart>) -> Self {
        let (points, of) = parts.iter().fold((0u32, 0u32), |(p, o), part| {
            (p + u32::from(part.points), o + u32::from(part.of))
        });
        let score = (points * 100 + of / 2).checked_div(of).unwrap_or(0);
        Self {
            score: u8::try_from(score.min(100)).unwrap_or(100),
            parts,
        }
    }
}
