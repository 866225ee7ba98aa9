//! Nothing that a device runs can panic: the firmware's `no-panic` program links only if the compiler has
//! removed every call of the panic handler (see its documentation for what is in it).

use restock_tests::emulator::{TARGET, cargo};
use std::path::Path;
use std::process::Output;

fn build(more: &[&str]) -> Output {
    let mut command = cargo();
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    command.args(["build", "--quiet", "--locked", "--target-dir"]);
    command.arg(Path::new(env!("CARGO_TARGET_TMPDIR")).join("no-panic"));
    command.args(["--profile", "device", "--package", "restock-firmware", "--bin", "no-panic", "--target", TARGET]);
    command.args(more).output().unwrap_or_else(|e| panic!("cargo: {e}"))
}

#[test]
fn nothing_that_a_device_runs_can_panic() {
    let proof = build(&[]);
    let said = String::from_utf8_lossy(&proof.stderr);
    assert!(
        proof.status.success(),
        "a call of the panic handler is left (or the target is missing: `rustup target add {TARGET}`):\n{said}"
    );
}

#[test]
fn one_panic_and_the_proof_fails() {
    let refuted = build(&["--features", "can-panic"]);
    let said = String::from_utf8_lossy(&refuted.stderr);
    assert!(!refuted.status.success(), "a program that can panic links: the proof proves nothing");
    assert!(said.contains("undefined symbol: restock_can_panic_on_the_device"), "refused for another reason:\n{said}");
}
