//! The server program.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// A request's memory is mostly freed by another thread than the one that took it, which glibc's allocator has locks for:
/// with this one a trade takes two thirds of the CPU.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    finally::server::run()
}
