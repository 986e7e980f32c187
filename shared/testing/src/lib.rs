//! Fakes for tests and benchmarks: nothing in here is part of the product.
