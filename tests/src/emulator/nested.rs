//! A cargo build inside a test, and QEMU as the second opinion.

use super::{Board, EmulatorError, Firmware, Run};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the firmware is built for.
pub const TARGET: &str = "thumbv7em-none-eabihf";
const PACKAGE: &str = "restock-firmware";
const QEMU: &str = "qemu-system-arm";

/// Builds the firmware: [`build_one`] of the demo in `release`.
///
/// # Errors
/// As for [`build_one`].
pub fn build(scratch: &Path) -> Result<Firmware, EmulatorError> {
    build_one(scratch, PACKAGE, "release")
}

/// Builds one of the firmware's programs as a user would, with a target folder of its own below `scratch`: the outer
/// cargo holds the lock of the usual one.
///
/// # Errors
/// What the compiler said; if its target is missing, the one command that installs it.
pub fn build_one(scratch: &Path, program: &str, profile: &str) -> Result<Firmware, EmulatorError> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    let target_folder = scratch.join("firmware");
    let mut command = cargo();
    command.current_dir(workspace);
    command
        .args(["build", "--quiet", "--locked", "--package", PACKAGE, "--target", TARGET])
        .args(["--profile", profile, "--bin", program, "--target-dir"])
        .arg(&target_folder);
    build_with(command, Some(TARGET))?;
    Firmware::load(&target_folder.join(TARGET).join(profile).join(program))
}

/// A cargo that hears nothing of the outer build's settings.
#[must_use]
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os().filter(|(name, _)| changes_a_build(name)) {
        command.env_remove(name);
    }
    command
}

/// Runs a build for a target (the host, if none is named).
///
/// # Errors
/// What the compiler said; if the target is missing, the one command that installs it.
pub fn build_with(mut command: Command, target: Option<&str>) -> Result<(), EmulatorError> {
    let output = command.output().map_err(|e| EmulatorError::Build(format!("cargo could not be started: {e}")))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let target = target.unwrap_or("the host");
    Err(EmulatorError::Build(if said.contains("target may not be installed") {
        format!("the standard library for {target} is missing; install it with `rustup target add {target}`")
    } else {
        format!("{command:?} said:\n{said}")
    }))
}

/// Flags, wrappers and settings of the outer build (coverage, sanitizers, clippy) must not reach the firmware.
fn changes_a_build(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    ["RUSTFLAGS", "RUSTC", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER", "RESTOCK_SCENARIO", "RESTOCK_POLICY"]
        .contains(&name.as_ref())
        || ["CARGO_ENCODED_", "CARGO_BUILD_", "CARGO_PROFILE_", "CARGO_TARGET_"]
            .iter()
            .any(|prefix| name.starts_with(prefix))
}

/// Runs the same executable in QEMU, with every instruction counted as one nanosecond.
/// Nothing where QEMU is not installed.
///
/// # Errors
/// QEMU could not be started.
pub fn qemu(firmware: &Firmware, arguments: &str) -> Option<Result<Run, EmulatorError>> {
    qemu_on(Board::M4F, firmware, arguments)
}

/// The same on a board.
///
/// # Errors
/// QEMU could not be started.
pub fn qemu_on(board: Board, firmware: &Firmware, arguments: &str) -> Option<Result<Run, EmulatorError>> {
    let program = std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join(QEMU))
        .find(|path: &PathBuf| path.is_file())?;
    let mut command = Command::new(program);
    command.args([
        "-machine",
        board.qemu_machine(),
        "-display",
        "none",
        "-serial",
        "none",
        "-monitor",
        "none",
        "-icount",
        "shift=0",
    ]);
    command
        .args(["-semihosting-config", "enable=on,target=native", "-append", arguments, "-kernel"])
        .arg(&firmware.path);
    Some(match command.output() {
        Err(e) => Err(EmulatorError::Build(format!("{QEMU} could not be started: {e}"))),
        Ok(output) => Ok(Run {
            output: String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr),
            exit_code: output.status.code().unwrap_or(-1),
            instructions: 0,
        }),
    })
}
