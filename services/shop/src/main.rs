//! The shop's one binary: `shop <component> serve`, `shop all`, `shop seed` and what else
//! `shop --help` tells.

use std::process::ExitCode;

fn main() -> ExitCode {
    shop::main(std::env::args_os())
}
