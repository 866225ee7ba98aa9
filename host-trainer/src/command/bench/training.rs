//! `restock bench train`: what an update costs, alone and end to end, and what the processor could do.

use super::{Figure, figure_of};
use crate::failure::Failure;
use crate::model::Layers;
use crate::model::kernels::{Order, multiply};
use crate::ppo::{Learner, UpdatePath};
use crate::problem::Problem;
use crate::rollout;
use crate::train::{Trainer, TrainingConfig};
use restock_core::Scenario;
use restock_core::observation::FEATURES;
use serde::Serialize;
use std::time::{Duration, Instant};

/// Rows and columns of the matrices that the processor's peak is measured with: it fills its second-level cache.
const PEAK_SIZE: usize = 384;

/// The speed of training on this machine.
#[derive(Debug, Serialize)]
pub(super) struct Training {
    /// Sizes of the networks: inputs and outputs of each layer, the actor's and then the critic's.
    layers: Vec<[usize; 2]>,
    /// Samples per gradient step.
    minibatch: usize,
    /// Passes over each batch.
    epochs: u32,
    /// Agent-steps and samples.
    figures: Vec<Figure>,
    /// Multiplications and additions of one sample's way forward and back.
    flop_per_sample: usize,
    /// What the fused update does [GFLOP/s], Adam and the gathering of samples included.
    update_gflops: f64,
    /// What one thread does in the product of two matrices of 384 by 384 floats [GFLOP/s].
    peak_gflops: f64,
}

/// Measures the embedded default.
pub(super) fn measure(budget: Duration, threads: usize) -> Result<Training, Failure> {
    let problem = Problem::embedded()?;
    let scenario = problem.scenario()?;
    // All epochs: an update that stops early would look faster than it is.
    let mut config = TrainingConfig { validate_every: 0, start_looks: 0, ..problem.training.clone() };
    config.ppo.kl_target = 0.0;
    let mut figures = Vec::new();
    let what = ["training agent-steps, end to end, all threads", "training agent-steps, end to end, one thread"];
    for (what, threads) in what.into_iter().zip([threads, 1]) {
        let mut trainer = Trainer::new(&scenario, &problem.names.nodes, config.clone(), threads)
            .map_err(|e| Failure::failed(e.to_string()))?;
        figures.push(end_to_end(what, &mut trainer, budget, threads)?);
    }
    let [fused, burn] = [UpdatePath::Fused, UpdatePath::Burn].map(|path| {
        let mut config = config.clone();
        config.ppo.path = path;
        update_alone(&scenario, &problem, &config, budget)
    });
    let (fused, layers) = fused?;
    let (burn, _) = burn?;
    let flop_per_sample = flop(&layers);
    let update_gflops = fused.per_second * flop_per_sample as f64 * 1e-9;
    figures.extend([fused, burn]);
    Ok(Training {
        layers: layers.all().map(|layer| [layer.inputs, layer.outputs]).collect(),
        minibatch: config.ppo.minibatch,
        epochs: config.ppo.epochs,
        figures,
        flop_per_sample,
        update_gflops,
        peak_gflops: peak(budget),
    })
}

/// Experience and updates of all nodes.
pub(super) fn end_to_end(
    what: &'static str,
    trainer: &mut Trainer<'_>,
    budget: Duration,
    threads: usize,
) -> Result<Figure, Failure> {
    let begun = Instant::now();
    let mut steps = 0;
    while steps == 0 || begun.elapsed() < budget {
        trainer.iterate().map_err(|e| Failure::failed(e.to_string()))?;
        steps += trainer.decisions_per_iteration();
    }
    Ok(figure_of(what, steps, begun.elapsed(), threads))
}

/// One node's update over one batch, again and again, on one thread: samples that went forward, back and into Adam.
fn update_alone(
    scenario: &Scenario<'_>,
    problem: &Problem,
    config: &TrainingConfig,
    budget: Duration,
) -> Result<(Figure, Layers), Failure> {
    let node = scenario.node_count() - 1;
    let fail = |e: crate::ppo::PpoError| Failure::failed(e.to_string());
    let learners: Vec<Learner> = problem
        .names
        .nodes
        .iter()
        .enumerate()
        .map(|(n, name)| Learner::new(name, config.ppo.clone(), FEATURES, rollout::mask_of(scenario, n), config.seed))
        .collect::<Result<_, _>>()
        .map_err(fail)?;
    let policies: Vec<_> = learners.iter().map(Learner::policy).collect();
    let rollout = rollout::RolloutConfig { replicas: config.rollout.replicas_per_path, ..config.rollout.clone() };
    let batches = rollout::collect(scenario, &policies, &rollout, config.ppo.discount, 1, 0, 1);
    let (begun, mut samples) = (Instant::now(), 0);
    while samples == 0 || begun.elapsed() < budget {
        // A fresh copy: one batch learned for seconds would run away from its policy.
        let stats = learners[node].clone().update(&batches[node], 0).map_err(fail)?;
        samples += stats.samples * u64::from(stats.epochs);
    }
    let what = match config.ppo.path {
        UpdatePath::Fused => "samples of an update alone, fused",
        UpdatePath::Burn => "samples of an update alone, burn's autodiff",
    };
    Ok((figure_of(what, samples, begun.elapsed(), 1), config.ppo.model(FEATURES).layers()))
}

/// Multiplications and additions of one sample: forward, by the weights, and by the inputs but for the first layer's.
fn flop(layers: &Layers) -> usize {
    let chain = |layers: &[crate::model::LayerShape]| {
        let products = layers.iter().map(|layer| layer.inputs * layer.outputs);
        2 * (3 * products.clone().sum::<usize>() - products.take(1).sum::<usize>())
    };
    chain(&layers.actor) + chain(&layers.critic)
}

/// The best of many products of two matrices, one thread [GFLOP/s].
fn peak(budget: Duration) -> f64 {
    let sizes = [PEAK_SIZE; 3];
    let [left, right] = [0.5_f32, 0.25].map(|value| vec![value; PEAK_SIZE * PEAK_SIZE]);
    let mut product = vec![0.0; PEAK_SIZE * PEAK_SIZE];
    let (begun, mut best) = (Instant::now(), f64::INFINITY);
    while best.is_infinite() || begun.elapsed() < budget {
        let one = Instant::now();
        multiply(&mut product, sizes, (&left, Order::Straight), (&right, Order::Straight), false);
        std::hint::black_box(&mut product);
        best = best.min(one.elapsed().as_secs_f64());
    }
    2.0 * (PEAK_SIZE as f64).powi(3) / best * 1e-9
}

impl Training {
    pub(super) fn text(&self) -> String {
        let layers: Vec<String> = self.layers.iter().map(|[inputs, outputs]| format!("{inputs}x{outputs}")).collect();
        format!(
            "{}\nlayers {}; minibatches of {}, {} epochs, no early stop\n\
             a sample takes {} multiplications and additions: the fused update does {:.1} GFLOP/s of this thread's {:.1} ({:.0} %)",
            super::table(&self.figures),
            layers.join(" "),
            self.minibatch,
            self.epochs,
            self.flop_per_sample,
            self.update_gflops,
            self.peak_gflops,
            100.0 * self.update_gflops / self.peak_gflops,
        )
    }
}
