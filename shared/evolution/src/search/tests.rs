//! A search of a few generations, and what must hold of it.
