//! The server program.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// A request's memory is mostly freed by another thread than the one that allocated it, which makes glibc's allocator
/// take locks: with this one a trade takes two thirds of the CPU time.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    finally::server::run()
}
