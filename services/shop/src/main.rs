//! The shop's one binary: `shop <component> serve`, `shop all`, `shop seed` and the other commands
//! that `shop --help` lists.

use std::process::ExitCode;

fn main() -> ExitCode {
    shop::main(std::env::args_os())
}
