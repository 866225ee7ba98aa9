//! `cargo golden`: the golden table as it is, or renewed with a reason.
//!
//! Exit status 0: done; 2: usage; 3: the table can't be read or written; 10: a digest differs.

use clap::{Parser, Subcommand};
use restock_tests::golden::{self, Table};
use std::io::{Write, stdout};
use std::process::ExitCode;

/// Looks at tests/golden.toml, or renews it.
#[derive(Parser)]
#[command(name = "cargo golden")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Compares the table with what the scenes give now (the tests do it on every target)
    Check,
    /// Writes what the scenes give now
    Renew {
        /// Why results change: stays in the table
        #[arg(long)]
        reason: String,
        /// Scenes to renew [default: all that changed]
        scenes: Vec<String>,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let found = golden::run_here(&golden::scenes());
    let outcome = match arguments.command {
        Command::Check => golden::read().map(|table| check(&table, &found)),
        Command::Renew { reason, scenes } => renew(&found, reason.trim(), &scenes),
    };
    outcome.unwrap_or_else(|why| {
        eprintln!("{why}");
        ExitCode::from(3)
    })
}

fn check(table: &Table, found: &Table) -> ExitCode {
    let differences = golden::differences(table, found, "here");
    if differences.is_empty() {
        say(&format!("{} scenes: all digests are the same", table.len()));
        return ExitCode::SUCCESS;
    }
    say(&differences.join("\n"));
    ExitCode::from(10)
}

fn renew(found: &Table, reason: &str, scenes: &[String]) -> Result<ExitCode, String> {
    if reason.len() < 10 {
        eprintln!("--reason is what the next one reads who finds a digest changed: a sentence, please");
        return Ok(ExitCode::from(2));
    }
    if let Some(unknown) = scenes.iter().find(|name| !found.contains_key(*name)) {
        let known: Vec<&str> = found.keys().map(String::as_str).collect();
        eprintln!("no scene is called {unknown}; there are: {}", known.join(", "));
        return Ok(ExitCode::from(2));
    }
    let file = golden::file();
    let mut table = if file.exists() { golden::read()? } else { Table::new() };
    let changed = golden::renew(&mut table, found, scenes, reason);
    std::fs::write(&file, golden::text(&table)).map_err(|e| format!("{}: {e}", file.display()))?;
    say(&format!("renewed {} of {} scenes: {}", changed.len(), table.len(), changed.join(", ")));
    Ok(ExitCode::SUCCESS)
}

/// Nobody reads a closed stdout: the status says it too.
fn say(text: &str) {
    let _ = writeln!(stdout(), "{text}");
}
