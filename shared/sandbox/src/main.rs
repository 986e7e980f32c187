//! A worker process: runs agents for the process that started it.

use std::io;

#[global_allocator]
static ALLOCATOR: tdev_sandbox::LimitedAllocator = tdev_sandbox::LimitedAllocator;

fn main() -> io::Result<()> {
    tdev_sandbox::serve()
}
