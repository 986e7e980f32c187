//! The limits that hold for the process rather than for a value: memory, panics, the stack.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use monty_types::{BASELINE_MEMORY, LIVE_MEMORY};
use tdev_domain::Limits;

/// The stack a thread needs to compile and run agents, in bytes.
///
/// The deepest use measured is under 1 MiB in a debug build, by the parser on a chain of thousands
/// of operators; calls and data of an agent are bounded by the recursion limit.
pub const SANDBOX_STACK_BYTES: usize = 16 * 1024 * 1024;

/// What one operation may allocate beyond the limit before the interpreter looks again; past this
/// the allocator ends the process.
///
/// This comes on top of twice the limit, for a container that grows holds its old and its new
/// storage at once.
const HEADROOM_BYTES: u64 = 32 * 1024 * 1024;

/// One run at a time: the allocator counts for the process as a whole.
static TURN: Mutex<()> = Mutex::new(());

thread_local! {
    static IN_TURN: Cell<bool> = const { Cell::new(false) };
}

/// Whether the memory limit holds in this process: whether [`LimitedAllocator`] is its global
/// allocator. A binary that runs agents asserts this when it starts.
///
/// [`LimitedAllocator`]: crate::LimitedAllocator
pub fn memory_limit_is_enforced() -> bool {
    // Without the allocator nothing ever counts.
    LIVE_MEMORY.load(Ordering::Relaxed) != 0
}

/// The most a run under `limits` can make the process allocate, in bytes, before the allocator
/// ends the process.
pub fn ceiling_bytes(limits: &Limits) -> u64 {
    limits
        .memory_bytes
        .saturating_mul(3)
        .saturating_add(HEADROOM_BYTES)
}

/// Runs `work` on a thread with a stack of [`SANDBOX_STACK_BYTES`] and waits for it.
///
/// # Errors
///
/// The operating system refuses another thread.
pub fn on_sandbox_thread<T: Send>(work: impl FnOnce() -> T + Send) -> std::io::Result<T> {
    thread::scope(|scope| {
        let worker = thread::Builder::new()
            .name("sandbox".to_owned())
            .stack_size(SANDBOX_STACK_BYTES)
            .spawn_scoped(scope, work)?;
        Ok(worker
            .join()
            .unwrap_or_else(|payload| panic::resume_unwind(payload)))
    })
}

/// Keeps panics of the interpreter out of the process's standard error.
///
/// They are caught and become the agent's failure; other panics go to the hook that was installed
/// before. Call it once, at start-up.
pub fn silence_interpreter_panics() {
    let previous = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if IN_TURN.get() {
            tracing::debug!(panic = %info, "the interpreter panicked");
        } else {
            previous(info);
        }
    }));
}

/// The interpreter panicked.
#[derive(Debug)]
pub(crate) struct Panicked;

/// What a turn of the interpreter came to.
pub(crate) struct Turn<T> {
    pub(crate) result: Result<T, Panicked>,
    pub(crate) elapsed: Duration,
    /// Bytes the run still holds, to be charged to its next turn.
    pub(crate) held: usize,
}

/// Lets the interpreter work under `limits`, by a run that holds `held` bytes already.
pub(crate) fn turn<T>(limits: &Limits, held: usize, work: impl FnOnce() -> T) -> Turn<T> {
    let _one_at_a_time = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let live = LIVE_MEMORY.load(Ordering::Relaxed);
    let baseline = live.saturating_sub(held);
    BASELINE_MEMORY.store(baseline, Ordering::Relaxed);
    arm(Some(ceiling_bytes(limits)));
    let start = Instant::now();
    let result = guarded(work);
    let elapsed = start.elapsed();
    arm(None);
    Turn {
        result,
        elapsed,
        held: LIVE_MEMORY.load(Ordering::Relaxed).saturating_sub(baseline),
    }
}

/// Runs `work`, which may panic.
pub(crate) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, Panicked> {
    IN_TURN.set(true);
    // What a panic leaves half-done is dropped with the run it belongs to.
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    IN_TURN.set(false);
    result.map_err(|_| Panicked)
}

/// Runs `work` and tells how many bytes it left allocated; 0 where the process does not count.
pub(crate) fn measured<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let _one_at_a_time = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let before = LIVE_MEMORY.load(Ordering::Relaxed);
    let result = work();
    let after = LIVE_MEMORY.load(Ordering::Relaxed);
    (result, after.saturating_sub(before))
}

fn arm(ceiling: Option<u64>) {
    let ceiling = ceiling.map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
    // Fails only where the allocator is not installed, which start-up has looked at.
    let _ = monty_alloc::set_limit(ceiling, false);
}
