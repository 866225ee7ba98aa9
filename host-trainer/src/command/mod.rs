//! The commands of `restock`: each reads its arguments, does its work, and prints data on stdout.

pub mod bench;
pub mod compare;
pub mod demo;
pub mod evidence_table;
pub mod explain;
pub mod folder;
pub mod forecast;
pub mod inspect;
pub mod optimum;
pub mod pack;
pub mod replay;
pub mod report;
pub mod rule;
pub mod session;
pub mod simulate;
pub mod solve;
pub mod table;
pub mod train;
pub mod tune;
pub mod verify;
pub mod world;

use crate::failure::Failure;
use clap::{Args, Parser, Subcommand};

/// Learns how to run a supply chain, and runs what it learned on small machines.
#[derive(Debug, Parser)]
#[command(
    name = "restock",
    version,
    after_help = "Exit codes: 0 done, 1 failed, 2 usage, 3 bad input data, 10 a check failed, 130 interrupted with a checkpoint."
)]
pub struct CommandLine {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Options of every command.
    #[command(flatten)]
    pub common: Common,
}

/// Options of every command.
#[derive(Clone, Debug, Args)]
pub struct Common {
    /// Print one JSON document instead of tables.
    #[arg(long, global = true)]
    pub json: bool,
    /// No progress on stderr.
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Threads to use [default: what the machine offers]. Results do not depend on it.
    #[arg(long, global = true, value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
}

impl Common {
    /// Threads to use.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.threads.map_or_else(crate::threads::available, usize::from)
    }
}

/// What `restock` can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Simulate, train, pack and compare on the embedded default: the main job in one go.
    Demo(demo::Arguments),
    /// Write a network folder: a small commented one, or one around your sales history.
    Init(folder::InitArguments),
    /// Check a network folder and report every error at once.
    Check(folder::CheckArguments),
    /// Run one policy and print its figures.
    Simulate(simulate::Arguments),
    /// Compute the exact optimum of a network that has one.
    Solve(solve::Arguments),
    /// Train one PPO learner per node.
    Train(train::Arguments),
    /// Search the parameters of HyperScore, or the settings of training, by Bayesian optimization.
    Tune(tune::Arguments),
    /// Quantize a run's policies to int8 and write the policy file.
    Pack(pack::Arguments),
    /// Compare a run's policies, float and int8, with classical rules on unseen seeds.
    Compare(compare::Arguments),
    /// Show what a policy file holds: layers, ranges, flash, RAM, multiply-adds.
    Inspect(inspect::Arguments),
    /// Repeat a run's comparison and check that its digests are the same.
    Verify(verify::Arguments),
    /// Turn a device's decision log back into the same decisions, to the bit.
    Replay(replay::Arguments),
    /// Tell why a node ordered what it did on a day.
    Explain(explain::Arguments),
    /// Show a run as one page: map and replay, comparison, curves, data quality, manifest.
    Report(report::Arguments),
    /// Fit forecasts to a history of demand, or backtest them against simpler methods.
    Forecast(forecast::Arguments),
    /// Measure the simulator, the policies and the training on this machine.
    Bench(bench::Arguments),
}

/// Runs a command.
///
/// # Errors
/// With the exit code and what to tell.
pub fn run(line: CommandLine) -> Result<(), Failure> {
    let common = line.common;
    match line.command {
        Command::Demo(arguments) => demo::run(&arguments, &common),
        Command::Init(arguments) => folder::init(&arguments, &common),
        Command::Check(arguments) => folder::check(&arguments, &common),
        Command::Simulate(arguments) => simulate::run(&arguments, &common),
        Command::Solve(arguments) => solve::run(&arguments, &common),
        Command::Train(arguments) => train::run(&arguments, &common),
        Command::Tune(arguments) => tune::run(&arguments, &common),
        Command::Pack(arguments) => pack::run(&arguments, &common),
        Command::Compare(arguments) => compare::run(&arguments, &common),
        Command::Inspect(arguments) => inspect::run(&arguments, &common),
        Command::Verify(arguments) => verify::run(&arguments, &common),
        Command::Replay(arguments) => replay::run(&arguments, &common),
        Command::Explain(arguments) => explain::run(&arguments, &common),
        Command::Report(arguments) => report::run(&arguments, &common),
        Command::Forecast(arguments) => forecast::run(&arguments, &common),
        Command::Bench(arguments) => bench::run(&arguments, &common),
    }
}

/// Prints a JSON document on stdout.
fn print_json(document: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(document).map_err(|e| Failure::failed(e.to_string()))?;
    print(&text)
}

/// Prints on stdout; a closed pipe (`restock ... | head`) is no failure.
fn print(text: &str) -> Result<(), Failure> {
    use std::io::Write;
    match writeln!(std::io::stdout(), "{text}") {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::failed(format!("stdout: {e}"))),
        _ => Ok(()),
    }
}
