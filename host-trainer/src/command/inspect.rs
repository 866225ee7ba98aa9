//! `restock inspect`: what a policy file holds and what it costs a device.

use super::{Common, print, print_json};
use crate::failure::Failure;
use clap::Args;
use comfy_table::{CellAlignment, Table, presets};
use restock_core::action::{HEAD_CHOICES, HEAD_NAMES, OUTPUTS};
use restock_core::blob::{Layer, PolicyBlob, allows};
use restock_core::observation::{FEATURES, SCHEMA};
use serde::Serialize;
use std::path::PathBuf;

/// Arguments of `restock inspect`.
#[derive(Clone, Debug, Args)]
pub struct Arguments {
    /// Policy file, or `observation` for the features that policies read.
    pub file: PathBuf,
}

/// One layer.
#[derive(Debug, Serialize)]
struct LayerOut {
    inputs: u16,
    outputs: u16,
    multiply_adds: usize,
    bytes: usize,
    weight_min: i8,
    weight_max: i8,
    bias_min: i32,
    bias_max: i32,
    multiplier_min: f64,
    multiplier_max: f64,
}

/// One agent.
#[derive(Debug, Serialize)]
struct AgentOut {
    node_key: String,
    choices: Vec<String>,
    golden_vectors: usize,
    multiply_adds: usize,
    layers: Vec<LayerOut>,
}

/// Runs the command.
///
/// # Errors
/// If the file is not a policy (3), or a golden vector fails (10).
pub fn run(arguments: &Arguments, common: &Common) -> Result<(), Failure> {
    if arguments.file.as_os_str() == "observation" {
        return observation(common);
    }
    let bytes = std::fs::read(&arguments.file).map_err(|e| Failure::io(&arguments.file, &e))?;
    let blob = PolicyBlob::decode(&bytes).map_err(|e| Failure::data(format!("{}: {e}", arguments.file.display())))?;
    blob.self_test().map_err(|e| Failure::check(format!("{}: {e}", arguments.file.display())))?;
    let agents: Vec<AgentOut> = blob
        .agents()
        .map(|agent| {
            let layers: Vec<LayerOut> = agent.layers.iter().map(layer_out).collect();
            let mut at = 0;
            let choices = HEAD_NAMES
                .iter()
                .zip(HEAD_CHOICES)
                .map(|(name, count)| {
                    let open = (at..at + count).filter(|&i| allows(agent.allowed, i)).count();
                    at += count;
                    format!("{name} {open}/{count}")
                })
                .collect();
            AgentOut {
                node_key: format!("{:016x}", agent.node_key),
                choices,
                golden_vectors: agent.golden.len(),
                multiply_adds: layers.iter().map(|l| l.multiply_adds).sum(),
                layers,
            }
        })
        .collect();
    // One row of activations in, one out, logits and features: what a decision puts on the stack.
    let ram = 2 * restock_core::blob::WIDTH_MAX + 4 * OUTPUTS + FEATURES;
    let header = blob.header();
    if common.json {
        return print_json(&serde_json::json!({
            "format": "restock-inspect/1",
            "file": arguments.file,
            "note": header.note,
            "scenario_hash": format!("{:016x}", header.scenario_hash),
            "schema_hash": format!("{:016x}", header.schema_hash),
            "flash_bytes": bytes.len(),
            "ram_bytes_per_decision": ram,
            "ram_bytes_per_product": FEATURES,
            "golden_vectors_pass": true,
            "agents": agents,
        }));
    }
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["agent", "layer", "shape", "multiply-adds", "bytes", "weights", "biases", "multipliers"]);
    for (i, agent) in agents.iter().enumerate() {
        for (l, layer) in agent.layers.iter().enumerate() {
            table.add_row(vec![
                if l == 0 { format!("{i} ({})", agent.node_key) } else { String::new() },
                l.to_string(),
                format!("{} x {}", layer.inputs, layer.outputs),
                layer.multiply_adds.to_string(),
                layer.bytes.to_string(),
                format!("{} .. {}", layer.weight_min, layer.weight_max),
                format!("{} .. {}", layer.bias_min, layer.bias_max),
                format!("{:.6} .. {:.6}", layer.multiplier_min, layer.multiplier_max),
            ]);
        }
    }
    for column in table.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let choices: Vec<String> = agents.iter().enumerate().map(|(i, a)| format!("agent {i}: {}", a.choices.join(", "))).collect();
    let golden: usize = agents.iter().map(|a| a.golden_vectors).sum();
    print(&format!(
        "{}: {}\nscenario {:016x}, observation schema {:016x}\n{table}\nallowed choices: {}\n{golden} golden vectors pass\n\
         flash {} bytes; RAM {ram} bytes of stack a decision and {FEATURES} bytes of features a product; {} multiply-adds a decision",
        arguments.file.display(),
        header.note,
        header.scenario_hash,
        header.schema_hash,
        choices.join("; "),
        bytes.len(),
        agents.iter().map(|a| a.multiply_adds).max().unwrap_or(0),
    ))
}

fn layer_out(layer: &Layer<'_>) -> LayerOut {
    let words = |bytes: &[u8]| -> Vec<i32> { bytes.chunks_exact(4).map(|c| i32::from_le_bytes([c[0], c[1], c[2], c[3]])).collect() };
    let weights: Vec<i8> = layer.weights.iter().map(|&b| b as i8).collect();
    let biases = words(layer.biases);
    let multipliers: Vec<f64> = words(layer.multipliers).iter().map(|&m| f64::from(m) / 4_294_967_296.0).collect();
    let smallest = |x: &[f64]| x.iter().copied().fold(f64::INFINITY, |a, b| if b < a { b } else { a });
    LayerOut {
        inputs: layer.inputs,
        outputs: layer.outputs,
        multiply_adds: weights.len(),
        bytes: weights.len() + layer.biases.len() + layer.multipliers.len(),
        weight_min: weights.iter().copied().min().unwrap_or(0),
        weight_max: weights.iter().copied().max().unwrap_or(0),
        bias_min: biases.iter().copied().min().unwrap_or(0),
        bias_max: biases.iter().copied().max().unwrap_or(0),
        multiplier_min: smallest(&multipliers),
        multiplier_max: -smallest(&multipliers.iter().map(|m| -m).collect::<Vec<_>>()),
    }
}

/// The features, with unit, range and scaling.
fn observation(common: &Common) -> Result<(), Failure> {
    if common.json {
        let features: Vec<serde_json::Value> = SCHEMA
            .iter()
            .map(|f| {
                serde_json::json!({
                    "name": f.name, "unit": f.unit, "steps_per_unit": f.steps_per_unit, "meaning": f.meaning,
                    "min": -128.0 / f64::from(f.steps_per_unit), "max": 127.0 / f64::from(f.steps_per_unit),
                })
            })
            .collect();
        return print_json(&serde_json::json!({ "format": "restock-observation/1", "features": features }));
    }
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["", "feature", "unit", "range", "a byte is", "meaning"]);
    for (i, f) in SCHEMA.iter().enumerate() {
        let step = 1.0 / f64::from(f.steps_per_unit);
        table.add_row(vec![
            i.to_string(),
            f.name.to_owned(),
            f.unit.to_owned(),
            format!("{:.2} .. {:.2}", -128.0 * step, 127.0 * step),
            format!("1/{}", f.steps_per_unit),
            f.meaning.to_owned(),
        ]);
    }
    print(&format!("{table}\nschema {:016x}", restock_core::observation::schema_hash()))
}
