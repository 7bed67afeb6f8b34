//! `ossicle completions`: a script for a shell.

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Arguments, Failure, write_out};

pub(super) fn print(shell: Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "ossicle", &mut script);
    write_out(&String::from_utf8_lossy(&script))
}
