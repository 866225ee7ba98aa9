//! `restock inspect`: what a policy file holds and what it costs a device.

use super::{Common, print, print_json, table};
use crate::failure::Failure;
use crate::problem::Problem;
use crate::run_folder::{Manifest, RunFolder};
use clap::Args;
use restock_core::action::{HEAD_CHOICES, HEAD_NAMES, OUTPUTS};
use restock_core::blob::layer::TILE;
use restock_core::blob::{Layer, PolicyBlob, allows};
use restock_core::digest::name_key;
use restock_core::observation::{FEATURES, SCHEMA};
use restock_device::budget;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Arguments of `restock inspect`.
#[derive(Clone, Debug, Args)]
pub struct Arguments {
    /// Policy file, or `observation` for the features that policies read.
    pub file: PathBuf,
    /// Also say what it costs this processor: flash, RAM, stack and instructions.
    #[arg(long, value_enum)]
    pub target: Option<Target>,
    /// Network folder that the policies were trained on, with --target [default: that of the run beside the file, or the
    /// embedded default].
    #[arg(long, requires = "target")]
    pub network: Option<PathBuf>,
}

/// Processors whose cost is known beforehand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Target {
    /// Cortex-M4 with its DSP extension and floating-point unit.
    #[value(name = "cortex-m4f")]
    CortexM4F,
}

/// What a policy file costs a device that simulates its chain.
#[derive(Debug, Serialize)]
struct Budget {
    target: &'static str,
    /// Policies, scenario, and the demo's program.
    flash_policies: usize,
    flash_scenario: usize,
    flash_program: usize,
    /// State of the chain, and features of one node.
    ram_statics: usize,
    ram_stack: usize,
    products: usize,
    nodes: Vec<NodeBudget>,
    /// Instructions of a mean day of the whole chain.
    instructions_a_day: u64,
}

/// What one agent's node costs it.
#[derive(Debug, Serialize)]
struct NodeBudget {
    node: String,
    /// Of a decision on one product.
    instructions_a_decision: u64,
    /// Of a mean day of the node.
    instructions_a_day: u64,
}

/// The budget of a file on the scenario it was trained on.
fn budget(arguments: &Arguments, file: &PolicyBlob<'_>, bytes: usize) -> Result<Option<Budget>, Failure> {
    let Some(Target::CortexM4F) = arguments.target else { return Ok(None) };
    let beside = arguments.file.parent().filter(|folder| folder.join("manifest.json").is_file());
    let problem = match (&arguments.network, beside) {
        (Some(folder), _) => Problem::from_folder(folder)?,
        (None, Some(run)) => RunFolder::open(run)?.2,
        (None, None) => Problem::embedded()?,
    };
    let scenario = problem.scenario()?;
    if file.header().scenario_hash != scenario.hash() {
        return Err(Failure::data(format!(
            "{}: trained on scenario {:016x}, but {} is {:016x}: name its network folder with --network",
            arguments.file.display(),
            file.header().scenario_hash,
            problem.source,
            scenario.hash()
        )));
    }
    let products = scenario.products() as u64;
    let node = |(n, name): (usize, &String)| {
        let node = &scenario.nodes()[n];
        let agent = file.agents().find(|agent| agent.node_key == node.key)?;
        let decision = budget::decision(agent.layers);
        let day = products * (decision / u64::from(node.review_days.max(1)) + budget::STOCKPOINT_DAY);
        Some(NodeBudget { node: name.clone(), instructions_a_decision: decision, instructions_a_day: day })
    };
    let nodes: Vec<_> = problem.names.nodes.iter().enumerate().filter_map(node).collect();
    Ok(Some(Budget {
        target: "cortex-m4f",
        flash_policies: bytes,
        flash_scenario: 4 * problem.image.len(),
        flash_program: budget::PROGRAM_BYTES,
        ram_statics: budget::static_bytes(&scenario),
        ram_stack: budget::STACK_BYTES,
        products: scenario.products(),
        instructions_a_day: nodes.iter().map(|node| node.instructions_a_day).sum(),
        nodes,
    }))
}

/// The budget for people.
fn budget_table(budget: &Budget) -> String {
    let mut rows = table::titled(["node", "instructions\na decision", "instructions\na mean day"], 1);
    for NodeBudget { node, instructions_a_decision, instructions_a_day } in &budget.nodes {
        rows.add_row([node.clone(), instructions_a_decision.to_string(), instructions_a_day.to_string()]);
    }
    let Budget { target, flash_policies, flash_scenario, flash_program, ram_statics, ram_stack, products, .. } = budget;
    format!(
        "\n\n{target}, simulating the chain of {products} products under these policies\n\n{}\n\n\
         flash {} bytes = policies {flash_policies} + scenario {flash_scenario} + the demo's program {flash_program}\n\
         RAM {ram_statics} bytes of state and features, at most {ram_stack} bytes of stack\n\
         {} instructions a mean day of the whole chain, decisions of {products} products at each node included",
        table::lines(&rows),
        flash_policies + flash_scenario + flash_program,
        budget.instructions_a_day,
    )
}

/// One layer.
#[derive(Debug, Serialize)]
struct LayerOut {
    inputs: usize,
    outputs: usize,
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
    /// The file has its hash only; the name is known where the run folder is beside it.
    node: Option<String>,
    node_key: String,
    /// How many choices of each head the node has, and how many there are.
    choices: BTreeMap<&'static str, (usize, usize)>,
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
    let bytes =
        std::fs::read(&arguments.file).map_err(|e| Failure::data(format!("{}: {e}", arguments.file.display())))?;
    let blob = PolicyBlob::decode(&bytes).map_err(|e| Failure::data(format!("{}: {e}", arguments.file.display())))?;
    blob.self_test().map_err(|e| Failure::check(format!("{}: {e}", arguments.file.display())))?;
    let names = names_near(&arguments.file);
    let agents: Vec<AgentOut> = blob
        .agents()
        .map(|agent| {
            let layers: Vec<LayerOut> = agent.layers.iter().map(|layer| layer_out(&layer)).collect();
            let mut at = 0;
            let choices = HEAD_NAMES
                .iter()
                .zip(HEAD_CHOICES)
                .map(|(name, count)| {
                    let open = (at..at + count).filter(|&i| allows(agent.allowed, i)).count();
                    at += count;
                    (*name, (open, count))
                })
                .collect();
            AgentOut {
                node: names.iter().find(|name| name_key(name) == agent.node_key).cloned(),
                node_key: format!("{:016x}", agent.node_key),
                choices,
                golden_vectors: agent.golden().count(),
                multiply_adds: layers.iter().map(|l| l.multiply_adds).sum(),
                layers,
            }
        })
        .collect();
    // One row of activations in, one out, logits and features: what a decision puts on the stack.
    let ram = 2 * restock_core::blob::WIDTH_MAX + 4 * OUTPUTS + FEATURES;
    let header = blob.header();
    let budget = budget(arguments, &blob, bytes.len())?;
    if common.json {
        return print_json(&serde_json::json!({
            "format": "restock-inspect/1",
            "budget": budget,
            "file": arguments.file,
            "note": blob.note(),
            "model_version": header.model_version,
            "key_id": blob.key_id().map(|id| format!("{id:016x}")),
            "scenario_hash": format!("{:016x}", header.scenario_hash),
            "schema_hash": format!("{:016x}", header.schema_hash),
            "flash_bytes": bytes.len(),
            "ram_bytes_per_decision": ram,
            "ram_bytes_per_product": FEATURES,
            "golden_vectors_pass": true,
            "agents": agents,
        }));
    }
    let called = |agent: &AgentOut| agent.node.clone().unwrap_or_else(|| agent.node_key.clone());
    let mut layers =
        table::titled(["agent", "layer", "shape", "multiply-adds", "bytes", "weights", "biases", "multipliers"], 1);
    let mut head = vec!["agent".to_owned()];
    head.extend(HEAD_NAMES.map(|name| format!("{name}\nchoices")));
    let mut choices = table::titled(head, 1);
    for agent in &agents {
        for (l, layer) in agent.layers.iter().enumerate() {
            layers.add_row([
                if l == 0 { called(agent) } else { String::new() },
                l.to_string(),
                format!("{} x {}", layer.inputs, layer.outputs),
                layer.multiply_adds.to_string(),
                layer.bytes.to_string(),
                format!("{} .. {}", layer.weight_min, layer.weight_max),
                format!("{} .. {}", layer.bias_min, layer.bias_max),
                format!("{:.4} .. {:.4}", layer.multiplier_min, layer.multiplier_max),
            ]);
        }
        let mut row = vec![called(agent)];
        row.extend(
            HEAD_NAMES
                .map(|name| agent.choices.get(name).map_or_else(String::new, |(open, of)| format!("{open} of {of}"))),
        );
        choices.add_row(row);
    }
    let golden: usize = agents.iter().map(|a| a.golden_vectors).sum();
    print(&format!(
        "{}: {}\nmodel version {}, {}\nscenario {:016x}, observation schema {:016x}, {golden} golden vectors pass\n\n{}\n\n{}\n\n\
         flash {} bytes; RAM {ram} bytes of stack a decision and {FEATURES} bytes of features a product;\n\
         at most {} multiply-adds a decision{}",
        arguments.file.display(),
        blob.note(),
        header.model_version,
        blob.key_id().map_or_else(|| "not signed".to_owned(), |id| format!("signed with key {id:016x} (not checked)")),
        header.scenario_hash,
        header.schema_hash,
        table::lines(&layers),
        table::lines(&choices),
        bytes.len(),
        agents.iter().map(|a| a.multiply_adds).max().unwrap_or(0),
        budget.as_ref().map_or_else(String::new, budget_table),
    ))
}

/// Names that the agents' nodes may have: those of the run beside the file, else of the embedded default.
fn names_near(file: &Path) -> Vec<String> {
    let manifest = std::fs::read(file.with_file_name("manifest.json")).ok();
    match manifest.and_then(|text| serde_json::from_slice::<Manifest>(&text).ok()) {
        Some(manifest) => manifest.names.nodes,
        None => Problem::embedded().map_or_else(|_| Vec::new(), |problem| problem.names.nodes),
    }
}

fn layer_out(layer: &Layer<'_>) -> LayerOut {
    // Without what fills the layer up to whole tiles.
    let (inputs, outputs) = (layer.inputs(), layer.outputs());
    let (mut weights, mut biases, mut multipliers) = (Vec::new(), Vec::new(), Vec::new());
    for (g, group) in layer.groups().enumerate() {
        for o in 0..TILE.min(outputs - g * TILE) {
            weights.extend(group.row(o).take(inputs));
            biases.push(group.biases[o]);
            multipliers.push(f64::from(group.multipliers[o]) / 4_294_967_296.0);
        }
    }
    let smallest = |x: &[f64]| x.iter().copied().fold(f64::INFINITY, |a, b| if b < a { b } else { a });
    LayerOut {
        inputs,
        outputs,
        multiply_adds: layer.multiply_adds(),
        bytes: layer.stream().len(),
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
    let mut table = table::titled(["", "feature", "unit", "range", "a byte is", "meaning"], 6);
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
    print(&format!("{}\nschema {:016x}", table::lines(&table), restock_core::observation::schema_hash()))
}
