//! The bounds of a definition and of what its expressions give.

/// The most bytes of a definition, as JSON or YAML.
pub const MAX_TEXT_BYTES: usize = 4 * 1024 * 1024;

/// The most steps of a workflow.
pub const MAX_STEPS: usize = 10_000;

/// The most dependencies of all steps together.
pub const MAX_DEPENDENCIES: usize = 200_000;

/// How deep a definition may nest.
pub const MAX_DEPTH: usize = 64;

/// How long a run may take if its definition does not say, in seconds.
pub const DEFAULT_DEADLINE_SECONDS: u64 = 24 * 3600;

/// The longest that a run, a wait or an approval may take, in seconds.
pub const MAX_DEADLINE_SECONDS: u64 = 365 * 24 * 3600;

/// How long one try of a step may take if the step does not say, in seconds. A try of another
/// workflow may take as long as a run, [`DEFAULT_DEADLINE_SECONDS`].
pub const DEFAULT_TIMEOUT_SECONDS: u64 = 300;

/// How long an approval is waited for if the step does not say, in seconds.
pub const DEFAULT_APPROVAL_SECONDS: u64 = 24 * 3600;

/// The longest that one try of a step may take, in seconds.
pub const MAX_TIMEOUT_SECONDS: u64 = 8 * 3600;

/// The most tries of a step, the first included.
pub const MAX_ATTEMPTS: u32 = 100;

/// The longest that a step may be expected to take, in seconds: a year.
pub const MAX_EXPECTED_SECONDS: f64 = 365.0 * 24.0 * 3600.0;

/// The most steps of a run that may be under way at once, if it says how many.
pub const MAX_IN_FLIGHT: u32 = 1_000;

/// The longest pause between two tries, in seconds.
pub const MAX_PAUSE_SECONDS: f64 = 24.0 * 3600.0;

/// The most by which a pause may be longer than the one before.
pub const MAX_MULTIPLIER: f64 = 100.0;

/// How many items of a map run at once if the step does not say.
pub const DEFAULT_CONCURRENCY: u32 = 10;

/// The most items of a map that may run at once.
pub const MAX_CONCURRENCY: u32 = 1_000;

/// The most items of a map.
pub const MAX_ITEMS: usize = 100_000;

/// The most items of a page of a map.
pub const MAX_PAGE_SIZE: u32 = 10_000;

/// The longest that an output may be used again, in seconds.
pub const MAX_CACHE_SECONDS: u64 = 365 * 24 * 3600;

/// The most branches of a choice.
pub const MAX_BRANCHES: usize = 100;

/// The most bytes of an expression.
pub const MAX_EXPRESSION_BYTES: usize = 4 * 1024;

/// The most brackets, projections, negations and references of an expression together, which
/// bounds how deep its parser recurses.
pub const MAX_EXPRESSION_NESTING: usize = 128;

/// How deep the tree of a parsed expression may be.
pub const MAX_EXPRESSION_DEPTH: usize = 256;

/// The most work that one evaluation may do. A unit is one value read or made, or 16 bytes of text.
pub const MAX_WORK: u64 = 4 * 1024 * 1024;

/// The most bytes, as JSON, of what an expression or a template gives.
pub const MAX_VALUE_BYTES: usize = 8 * 1024 * 1024;

/// The most problems that are reported of one definition.
pub const MAX_PROBLEMS: usize = 100;
