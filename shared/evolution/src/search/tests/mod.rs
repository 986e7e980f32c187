//! A small search, and what must hold of any.

mod determinism;
mod hostile;
mod lineage;
mod selection;
mod world;
