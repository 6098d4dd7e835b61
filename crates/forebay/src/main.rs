//! The forebay binary: the allocator, and the way out.

use std::process::ExitCode;

mod allocator;

fn main() -> ExitCode {
    forebay::main()
}
