//! Generations: who is there, who has children, who stays.
