//! The engine's limits.

use jiff::SignedDuration;

/// The most that come together in one group; see [`Meeting`](crate::Meeting).
pub const GROUP: usize = 64;

/// How many steps a pass begins or starts at once.
pub(crate) const AT_ONCE: usize = 16;

/// How often a run is looked after as a whole, which makes up for messages and workers that were
/// lost beyond recovery.
pub const LOOK: SignedDuration = SignedDuration::from_mins(15);

/// How long the message is waited for that calls a worker for a new run.
pub const WAKE_GRACE: SignedDuration = SignedDuration::from_secs(20);

/// How often a run is looked after that is being stopped.
pub const WIND_UP_LOOK: SignedDuration = SignedDuration::from_secs(20);

/// How long the start of a step's work may take, once the step was written as running: longer
/// than any worker lives.
pub const START_GRACE: SignedDuration = SignedDuration::from_mins(2);

/// How often one decision is taken anew because the record had changed.
pub(crate) const MAX_CONFLICTS: u32 = 16;

/// The same for who has a place where only so many may be under way: there all that end at the same
/// time write the same record.
pub(crate) const MAX_GATE_CONFLICTS: u32 = 256;

/// How many items of a map are done at once behind one gate; where more are, they have several.
pub(crate) const PLACES: u32 = 50;

/// How deep workflows may start each other.
pub const MAX_DEPTH: u32 = 8;

/// How often a compensation is tried.
pub const COMPENSATION_TRIES: u32 = 5;
