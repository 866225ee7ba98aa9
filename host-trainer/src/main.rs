//! The `restock` command. See `restock --help`.

use clap::Parser;
use restock_trainer::command::{self, CommandLine};
use std::process::ExitCode;

fn main() -> ExitCode {
    match command::run(CommandLine::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(failure.code)
        }
    }
}
