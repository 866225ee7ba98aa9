//! `restock-golden` built for a target and run there.

use super::{Entry, Named, Table, pack};
use crate::emulator::{Board, EmulatorError, Firmware, cargo, qemu_on};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the scenes run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// This machine, nothing optimized, overflow checks on.
    HostDebug,
    /// This machine, opt-level 3.
    HostRelease,
    /// A board with a Cortex-M4F or a soft-float Cortex-M3, opt-level 3.
    Device(Board),
}

/// Far above what the scenes take: past it the program hangs.
const INSTRUCTIONS_MAX: u64 = 2_000_000_000;

impl Target {
    /// For messages.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::HostDebug => "host at opt-level 0".to_owned(),
            Self::HostRelease => "host at opt-level 3".to_owned(),
            Self::Device(board) => board.processor().to_owned(),
        }
    }

    /// Builds the program with the scenes in it, in a target folder of its own below `scratch`.
    ///
    /// # Errors
    /// What the compiler said.
    pub fn build(self, scenes: &[Named], scratch: &Path) -> Result<PathBuf, EmulatorError> {
        let io = |e: std::io::Error| EmulatorError::Build(e.to_string());
        let folder = scratch.join("golden");
        std::fs::create_dir_all(&folder).map_err(io)?;
        let file = folder.join("scenes.bin");
        let bytes = pack(scenes);
        // Written only where it changes, and whole: two tests build at once, and cargo looks at the time.
        if std::fs::read(&file).ok().as_ref() != Some(&bytes) {
            let beside = folder.join(format!("scenes-{}-{self:?}", std::process::id()).replace(['(', ')'], "-"));
            std::fs::write(&beside, bytes).and_then(|()| std::fs::rename(&beside, &file)).map_err(io)?;
        }
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/Cargo.toml");
        let mut command = cargo();
        command.args(["build", "--quiet", "--locked", "--manifest-path"]).arg(manifest);
        command.arg("--target-dir").arg(&folder).env("RESTOCK_GOLDEN_SCENES", &file);
        let mut built = folder;
        if let Self::Device(board) = self {
            command.args(["--target", board.target()]);
            built.push(board.target());
        }
        if self == Self::HostDebug {
            built.push("debug");
        } else {
            command.arg("--release");
            built.push("release");
        }
        crate::emulator::build_with(command, self.triple())?;
        Ok(built
            .join(format!("restock-golden{}", if self.triple().is_some() { "" } else { std::env::consts::EXE_SUFFIX })))
    }

    fn triple(self) -> Option<&'static str> {
        match self {
            Self::Device(board) => Some(board.target()),
            _ => None,
        }
    }

    /// Builds and runs the scenes; a device in the emulator of this process.
    ///
    /// # Errors
    /// If the program is not built, or does not end by itself.
    pub fn run(self, scenes: &[Named], scratch: &Path) -> Result<Table, EmulatorError> {
        let program = self.build(scenes, scratch)?;
        let output = match self {
            Self::Device(board) => Firmware::load(&program)?.on(board).run("", INSTRUCTIONS_MAX)?.output,
            _ => {
                let output = Command::new(&program).output().map_err(|e| EmulatorError::Build(e.to_string()))?;
                String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
            }
        };
        Ok(table(scenes, &output))
    }

    /// The same device in QEMU; nothing where it is not installed.
    ///
    /// # Errors
    /// As [`Target::run`].
    pub fn run_in_qemu(board: Board, scenes: &[Named], scratch: &Path) -> Option<Result<Table, EmulatorError>> {
        let run = || {
            let firmware = Firmware::load(&Self::Device(board).build(scenes, scratch)?)?;
            qemu_on(board, &firmware, "").transpose()
        };
        run().transpose().map(|run| run.map(|run| table(scenes, &run.output)))
    }
}

/// What the program printed, by scene.
fn table(scenes: &[Named], output: &str) -> Table {
    let value = |key: String| output.lines().find_map(|line| line.strip_prefix(&key).map(str::trim));
    let mut table = Table::new();
    for (i, named) in scenes.iter().enumerate() {
        let Some((digest, days)) = value(format!("digest {i}: ")).and_then(|line| line.split_once(' ')) else {
            continue;
        };
        let daily = value(format!("daily {i}: ")).unwrap_or_default().to_owned();
        let days = days.parse().unwrap_or(0);
        table.insert(named.name.to_owned(), Entry { digest: digest.to_owned(), days, daily, reason: String::new() });
    }
    table
}
