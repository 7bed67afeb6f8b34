//! The program `ossicle`: see [`ossicle::cli`] for its commands.

use std::process::ExitCode;

fn main() -> ExitCode {
    ossicle::cli::run(std::env::args_os())
}
