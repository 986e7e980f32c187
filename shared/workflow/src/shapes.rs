//! Workflows of the common shapes, to begin with.

/// A workflow of a common shape.
///
/// It runs as it is, on the sample agents that ship with the platform; the `examples` of its
/// `input_schema` are what it may be run with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// The shape's name, which is also the workflow's: `fan-out-fan-in`.
    pub name: &'static str,
    /// The definition, as YAML with comments.
    pub yaml: &'static str,
}

macro_rules! shape {
    ($name:literal) => {
        Shape {
            name: $name,
            yaml: include_str!(concat!("../templates/", $name, ".yaml")),
        }
    };
}

const SHAPES: [Shape; 5] = [
    shape!("sequence"),
    shape!("fan-out-fan-in"),
    shape!("map-reduce"),
    shape!("saga"),
    shape!("approval-gate"),
];

/// Workflows of the common shapes, each of which can be registered and run as it is.
#[must_use]
pub const fn templates() -> &'static [Shape] {
    &SHAPES
}
