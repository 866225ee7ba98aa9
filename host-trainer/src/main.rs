//! The `restock` command. See `restock --help`.

use clap::Parser;
use restock_trainer::command::{self, CommandLine};
use restock_trainer::failure;
use std::process::ExitCode;

fn main() -> ExitCode {
    match command::run(CommandLine::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            failure::tell(&error);
            ExitCode::from(error.code)
        }
    }
}
