//! Turns a scenario image and a policy blob into statics, and lays out the device's memory.
//!
//! For the host there is nothing to do: only a bare-metal build needs the files.

use restock_core::blob::{AgentDraft, Draft, LayerDraft, PolicyBlob};
use restock_core::policy::QuantizedPolicy;
use restock_core::{Network, Scenario};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

/// Memory of the device. Less than the emulated board has (4 MiB of each): what mid-size Cortex-M4F
/// parts offer, so that a demo that links also fits on one.
const MEMORY: &str = "MEMORY
{
  FLASH : ORIGIN = 0x00000000, LENGTH = 1M
  RAM   : ORIGIN = 0x20000000, LENGTH = 320K
  /* Stands for flash that a program writes: the board's own can't be. Not the device's RAM. */
  SLOTS : ORIGIN = 0x20100000, LENGTH = 128K
}
SECTIONS
{
  .slots (NOLOAD) : ALIGN(4) { *(.slots .slots.*); } > SLOTS
}
INSERT AFTER .got;
";

#[path = "src/random_network.rs"]
#[allow(dead_code, unreachable_pub)] // The library's file; only its policy file is made here.
mod random_network;

/// What `random_network` asks of the library's module of this name.
mod kernel {
    #[derive(Debug)]
    pub(crate) struct Aligned<T: ?Sized>(pub(crate) T);
}

fn main() -> ExitCode {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=src/random_network.rs");
    if let Err(why) = build() {
        eprintln!("{why}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn build() -> Result<(), String> {
    println!("cargo:rustc-check-cfg=cfg(dsp)");
    println!("cargo:rerun-if-env-changed=RESTOCK_DSP");
    if has_dsp(&variable("TARGET")?, env::var("RESTOCK_DSP").ok().as_deref()) {
        println!("cargo:rustc-cfg=dsp");
    }
    if variable("CARGO_CFG_TARGET_OS")? != "none" {
        return Ok(());
    }
    let out = PathBuf::from(variable("OUT_DIR")?);
    write(&out.join("memory.x"), MEMORY.as_bytes())?;
    println!("cargo:rustc-link-search={}", out.display());
    println!("cargo:rustc-link-arg-bins=-Tlink.x");

    let mut benchmark = vec![0; random_network::BENCHMARK_BYTES_MAX];
    let length =
        random_network::benchmark_policy(&mut benchmark).map_err(|e| format!("the benchmark's policy: {e}"))?;
    write(&out.join("benchmark.policy"), &benchmark[..length])?;
    let source = format!(
        "/// The benchmark's policy file.
static BENCHMARK: Aligned<[u8; {length}]> = Aligned(*include_bytes!(\"benchmark.policy\"));
"
    );
    write(&out.join("benchmark.rs"), source.as_bytes())?;

    let image = input("RESTOCK_SCENARIO", "default.scenario.bin")?;
    let policy = input("RESTOCK_POLICY", "default.policy")?;
    let (words, rest) = image.as_chunks::<4>();
    let words: Vec<i32> = words.iter().map(|&bytes| i32::from_le_bytes(bytes)).collect();
    // The device checks both again when it starts; a scenario that it would refuse is not worth flashing.
    let scenario = Scenario::new(&words).map_err(|e| format!("the scenario image is not sound: {e}"))?;
    if !rest.is_empty() {
        return Err(format!("the scenario image has {} bytes; it must be whole words of 4", image.len()));
    }
    write(&out.join("scenario.bin"), &image)?;
    write(&out.join("default.policy"), &policy)?;
    let source = format!(
        "/// The problem, borrowed from flash.
pub(crate) static SCENARIO: [i32; {}] = words(include_bytes!(\"scenario.bin\"));
/// The int8 policies, as bytes: they are checked when the device starts.
pub(crate) static POLICY: Aligned<[u8; {}]> = Aligned(*include_bytes!(\"default.policy\"));
/// Memory that the simulator needs for this problem [words].
pub(crate) const NETWORK_WORDS: usize = {};
/// Memory that the policies need for the features of one node [bytes].
pub(crate) const FEATURE_BYTES: usize = {};
",
        words.len(),
        policy.len(),
        Network::words(&scenario),
        QuantizedPolicy::bytes(&scenario)
    );
    write(&out.join("images.rs"), source.as_bytes())?;

    let nothing = orders_nothing(&policy);
    write(&out.join("nothing.policy"), &nothing)?;
    let source = format!(
        "/// A policy file that is sound in all but what it does.
static NOTHING: Aligned<[u8; {}]> = Aligned(*include_bytes!(\"nothing.policy\"));
",
        nothing.len()
    );
    write(&out.join("nothing.rs"), source.as_bytes())
}

/// A newer version of a policy file whose networks choose the first of what each head allows, which is to order
/// nothing: what the twin is there for. The same bytes where they are no policy file.
fn orders_nothing(policy: &[u8]) -> Vec<u8> {
    let Ok(file) = PolicyBlob::decode(policy) else { return policy.to_vec() };
    let header = file.header();
    let (inputs, outputs) = (usize::from(header.inputs), usize::from(header.outputs));
    let (weights, golden) = (vec![0; inputs * outputs], vec![0; inputs]);
    let biases: Vec<i32> = (0..outputs).map(|output| (1 << 20) - ((output as i32) << 10)).collect();
    let multipliers = vec![1 << 30; outputs];
    let layer = LayerDraft {
        inputs: header.inputs,
        outputs: header.outputs,
        weights: &weights,
        biases: &biases,
        multipliers: &multipliers,
    };
    let (layers, golden) = ([layer], [golden.as_slice()]);
    let agents = file.agents().map(|agent| AgentDraft {
        node_key: agent.node_key,
        allowed: agent.allowed,
        fallback: agent.fallback(),
        layers: &layers,
        golden: &golden,
    });
    let agents: Vec<AgentDraft<'_>> = agents.collect();
    let draft = Draft {
        scenario_hash: header.scenario_hash,
        schema_hash: header.schema_hash,
        model_version: header.model_version.saturating_add(1),
        inputs: header.inputs,
        heads: file.heads(),
        note: "orders nothing",
        agents: &agents,
    };
    let mut out = vec![0; policy.len()];
    let length = draft.encode(&mut out).unwrap_or(0);
    out.truncate(length);
    out
}

/// Whether a target has the DSP extension: Cortex-M4 and M7 always, an M33 if whoever builds says so. Stable Rust
/// does not show `target_feature = "dsp"`.
fn has_dsp(target: &str, said: Option<&str>) -> bool {
    target.starts_with("thumbv7em") || (target.starts_with("thumbv8m.main") && said == Some("1"))
}

/// The file that an environment variable names, else the committed one.
fn input(name: &str, default: &str) -> Result<Vec<u8>, String> {
    println!("cargo:rerun-if-env-changed={name}");
    let (path, hint) = match env::var_os(name) {
        // Relative to the folder cargo was called in would be a guess: cargo runs this in the package's own.
        Some(path) => {
            (PathBuf::from(path), format!("; it is named by {name}, relative to the package's folder or absolute"))
        }
        None => {
            let path = Path::new(&variable("CARGO_MANIFEST_DIR")?).join("assets").join(default);
            (path, "; `cargo run --release -- pack RUN --firmware firmware-demo/assets` writes it, RUN being a run folder of the demo".to_owned())
        }
    };
    println!("cargo:rerun-if-changed={}", path.display());
    fs::read(&path).map_err(|e| format!("{}: {e}{hint}", path.display()))
}

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|e| format!("{name}: {e}; this script is run by cargo"))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    fs::write(path, bytes).map_err(|e| format!("{}: {e}", path.display()))
}
