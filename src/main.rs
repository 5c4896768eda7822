//! The server program.

use std::process::ExitCode;

fn main() -> ExitCode {
    finally::server::run()
}
