//! The engine of durable invocation.
//!
//! An invocation is a coroutine: an agent in its sandbox, which stops at every tool call and can be
//! written down there. A worker is called by a message that names the invocation and may come
//! twice, late or never. It takes a lease, puts the run back where the record says it stands, and
//! [`drive`]s it from effect to effect until it ends or waits. The engine knows no cloud and no
//! runtime, and has no clock: it works through three small seams, the [`Journal`] (the store), the
//! [`World`] (tools, registry, clock) and the [`Machine`] (the interpreter).
//!
//! # What is stored
//!
//! One **record** per invocation, with the effect at which the run stands (`pending`) and the
//! snapshot taken there; and a **ledger**, to which effects that are over are added in order. Every
//! change is one [`Journal::commit`]: new records, each on condition of the revision that was read,
//! and additions to their ledgers. There is no other way to write, and what to write is decided by
//! pure functions of the record.
//!
//! # The protocol
//!
//! A tool call gets the next number, and `<invocation>/<number>` is its idempotency key. An agent
//! makes one at a time, but for calls of agents, of which it may make several at once. By what the
//! [`World`] says it asks for ([`Request`]):
//!
//! | class | before | after | if the worker is lost in between |
//! |---|---|---|---|
//! | recorded | – | rides on the next write | it is asked again; nothing depends on the answer yet |
//! | idempotent | intent, snapshot, ledger | rides on the next write | it is repeated under its key |
//! | at most once | intent, snapshot, ledger | written at once | the agent is told `outcome_unknown` |
//! | sleep, signal, child | intent, snapshot, ledger, wait; the child too; the lease is given up | written by who ends the wait | – |
//!
//! What *rides on the next write* is added to the ledger by the next intent or by the end of the
//! run, in the same commit. Until then it exists in the worker alone, and so does everything that
//! depends on it.
//!
//! # Several agents at once
//!
//! Up to [`limits::MAX_GATHERED`] calls of agents that are made at once are one step: each has a
//! number of its own, and all the intents, the children and the wait are one commit. What refuses
//! one of them beforehand, a limit of the tree or of the step, refuses all; an agent that there is
//! none of is answered so, and the others are called. A child's end writes the answer to its call
//! into the record of the caller, which waits on for the others; the end of the last child queues
//! it. The agent has all answers then, in the order of the calls, whatever the order of the ends: a
//! failed call is an error where it is awaited, and of several the first in that order is the first
//! that the agent meets. The ledger gets the calls in their order, by the next write.
//!
//! Ends at the same time contend for the caller's record: of those that read the same revision one
//! is written, and the others are decided anew.
//!
//! # The beginning
//!
//! What has just been accepted is begun without a lease: on the record as it was read, until the
//! first intent or the end, which takes the lease in the same commit. Two workers may so run the
//! same beginning at once. It has no effect, as no effect is begun before its intent is stored;
//! what they answer themselves with, such as the time, is in their own memory alone; and of their
//! first writes, made on condition of the same revision, one is refused. The other one's fencing
//! token is then in the record, and who reads it stops. Nor is a snapshot in another one's place,
//! as each has a name of its own. What is lost where a worker is lost so early is nothing but its
//! time, and it is found as if the message had been lost: by the `due_at` that it was accepted
//! with. From then on ([`limits::WAKE_GRACE`] after it was accepted), whoever comes takes a lease
//! first, so that a run that ends its workers at its very beginning is counted, and given up.
//!
//! # The end
//!
//! The end of a run is one commit: the final status, the rest of the ledger and, if an effect of
//! another invocation waits for it, that effect's answer and, unless it waits for others too, the
//! invocation queued again. Messages are sent after the commit and carry nothing that the record
//! does not say.
//!
//! # Invariants
//!
//! - **Nothing is written but on condition of the revision that was read.** A worker that has lost
//!   its lease, or the race for it, reads another fencing token when its write is refused, and
//!   stops.
//! - **No effect is begun before its intent, the snapshot to resume from and all answers that led
//!   to it are stored.**
//! - **An effect is performed under one key, and its key stands for one call.** An idempotent one
//!   has happened once when the ledger has its answer; an at-most-once one is performed at most
//!   once, and exactly once unless the agent was told that its outcome is unknown.
//! - **An answer that was stored is the answer the agent gets**, whoever resumes it, and however
//!   often.
//! - **The ledger has every effect of the run, numbered from 1 without gaps**, and the agent run
//!   again with the ledger's answers makes the same calls and comes to the same end ([`replay`]).
//! - **Whatever is not final is found**: by its `due_at` (a lease that ends, a message that should
//!   have come, a wait that is over), or because it waits for a child that is found. Any number of
//!   lost messages and workers, short of [`limits::MAX_STALLS`] at the same place, ends with the
//!   run settled.
//! - **Whoever waits is told**: another invocation is queued in the commit of the end; a task hears
//!   of it by a message, and what has ended keeps a `due_at` at which the keeper finds it and may
//!   send that again.
//! - **A final record never changes.**
//!
//! # Cost, in commits
//!
//! Accepting an invocation is one commit, and the end one. Between them:
//!
//! | step | commits |
//! |---|---|
//! | recorded effect | 0 |
//! | idempotent effect | 1 |
//! | at-most-once effect | 2 |
//! | sleep | 2: the wait, the next lease; 1 more where the keeper sends the wake-up |
//! | signal | 0 if it had come before, else 3: the wait, the signal, the next lease |
//! | call of an agent | 2, and the child's end: the wait and the child are one commit, and so are the child's end and the answer |
//! | calls of agents at once | 2, and the children's ends: the wait and all the children are one commit |
//!
//! A commit has one record and at most one addition to the ledger per invocation that it concerns,
//! which is one invocation, or two where a child is called or ends; only calling several agents at
//! once and cancelling concern more. To put the record back, a worker reads the record and the snapshot; the ledger is read for
//! replays, and before a run begins again. The record is read by a glance first, which is cheaper
//! and may show what was: that is enough of what has just been accepted or has ended.
//!
//! # Time
//!
//! A lost worker delays its run by at most [`limits::LEASE`] and one interval of the keeper; a lost
//! message, or a worker lost before the first write, by [`limits::WAKE_GRACE`] and one interval. Clocks of workers may differ or jump: that
//! moves leases and wake-ups, and a lease taken too early costs the first worker its writes, never
//! an effect its count.
//!
//! # Limits
//!
//! Depth, the number of children and the effects of a whole tree of invocations are refused before
//! the effect, as an error the agent may catch. The tree's budget needs no shared counter: who
//! waits for a child has lent it all that is left, and gets back the rest in the commit that ends
//! the child. Children that are called at once get equal shares, so one of them may run out while
//! another one has some left. One tool call more than [`limits::MAX_EFFECTS`] ends the run as the agent's failure.
//!
//! # Cancelling
//!
//! What no worker has is ended at once, with all that it waits for, in one commit; what a worker
//! has is marked, and ends at its next effect. A tree may be too large for a commit. Then the
//! invocations that are nearest to the one that is cancelled are ended with it, and those of them
//! whose own children have no room any more are marked and due at once, for a worker that ends each
//! with its children in the same way. So none is ever left running that was called by one that has
//! ended and is not marked itself, whoever is lost. No message is sent for them: the keeper finds
//! them.
//!
//! # Another build's snapshots
//!
//! A snapshot that the [`Machine`] cannot read, or that is damaged, does not matter as long as the run has only read,
//! logged and slept: it begins again from its input, under the numbers that follow. Otherwise the
//! invocation fails and says why.

mod claim;
mod control;
mod drive;
mod error;
mod journal;
pub mod keeper;
mod lease;
pub mod limits;
mod machine;
mod replay;
mod settle;
mod transition;
mod world;

pub use control::{Cancellation, SignalError, cancel, signal};
pub use drive::{Delivery, Outcome, drive};
pub use error::Error;
pub use journal::{CommitError, FetchError, Journal, Unavailable};
pub use machine::{Machine, MachineError, Turn};
pub use replay::{Replay, replay};
pub use transition::{Refusal, Waiter, WakeUp, accept};
pub use world::{Request, World};
