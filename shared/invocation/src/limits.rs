//! The engine's constants.

use jiff::SignedDuration;

/// How long a worker may be silent before another one takes over. Every write renews it; a turn
/// of the interpreter and a tool must each end well within it.
pub const LEASE: SignedDuration = SignedDuration::from_secs(45);

/// How long a wake-up message may take before the keeper sends another.
pub const WAKE_GRACE: SignedDuration = SignedDuration::from_secs(20);

/// How many invocations may be above one.
pub const MAX_DEPTH: u32 = 8;

/// The most effects of one invocation, recorded ones included.
pub const MAX_EFFECTS: u32 = 256;

/// The most effects, recorded ones left out, of an invocation and all that are called below it.
pub const MAX_TREE_EFFECTS: u32 = 1024;

/// The most invocations that one invocation may call.
pub const MAX_CHILDREN: u32 = 32;

/// The most invocations that one invocation may call at once: what one commit takes beside it.
pub const MAX_GATHERED: usize = 9;

/// The most leases without a step between them, before the invocation is given up.
pub const MAX_STALLS: u32 = 20;

/// The most signals that may wait for an invocation to ask for them.
pub const MAX_SIGNALS: usize = 16;

/// The most bytes that a signal's payload may have as JSON.
pub const MAX_SIGNAL_BYTES: usize = 8 * 1024;

/// How often one decision is taken anew because the record had changed. Under a lease nobody
/// writes but signals, a request to cancel, and the keeper, which the other limits bound.
pub(crate) const MAX_CONFLICTS: u32 = 64;
