//! The int8 network chooses what the float network chooses, whatever the weights.

use super::*;
use crate::model::{HeadMask, ModelConfig, Scratch, argmax_actions, gather_row};
use crate::problem::Problem;
use crate::train::{Trainer, training_seed};
use crate::{input, rollout};
use rand_core::Rng;
use restock_core::action::{HEADS, OUTPUTS};
use restock_core::blob::{PolicyBlob, best_choices};
use restock_core::draws::{Draws, Source};

/// Observations by chance. Shape `[sample][feature]`.
fn observations(count: usize, most: i32) -> Vec<[i8; FEATURES]> {
    let mut generator = Draws::new(5, 0).row(0, 0, Source::Host).at(0);
    let span = 2 * most as u32 + 1;
    (0..count).map(|_| std::array::from_fn(|_| ((generator.next_u32() % span) as i32 - most) as i8)).collect()
}

fn float_logits(policy: &FloatPolicy, sample: &[i8; FEATURES]) -> [f32; OUTPUTS] {
    let mut scratch = Scratch::default();
    gather_row(policy.logits(sample, 1, &mut scratch), 1, 0)
}

/// A network without hidden layers but those given, all parameters from `parameter(index)`.
fn network(hidden: &[usize], parameter: impl Fn(usize) -> f32) -> FloatPolicy {
    let config = ModelConfig { features: FEATURES, actor_hidden: hidden.to_vec(), critic_hidden: vec![1] };
    let count = config.layers().parameters();
    FloatPolicy::new(config, (0..count).map(parameter).collect(), HeadMask::all())
}

/// Parameters by chance, uniform in -1 to 1.
fn noise(index: usize) -> f32 {
    let mut generator = Draws::new(9, 1).row(0, 0, Source::Host).at(index as u64);
    (f64::from(generator.next_u32()) / f64::from(u32::MAX) * 2.0 - 1.0) as f32
}

/// The file of one policy, calibrated on these observations; it must decode and pass its own test.
fn packed(policy: &FloatPolicy, samples: &[[i8; FEATURES]]) -> Vec<u8> {
    let calibration = Calibration { samples: samples.to_vec() };
    let file = pack(1, "test", &[("shop".to_owned(), policy, calibration)]).expect("packs");
    let blob = PolicyBlob::decode(&file).expect("decodes");
    blob.self_test().expect("golden vectors hold");
    assert_eq!(blob.agents().next().map(|agent| agent.golden().count()), Some(samples.len().min(GOLDEN_MAX)));
    file
}

/// Share of all choices of all heads in which int8 and float agree.
fn agreement(policy: &FloatPolicy, file: &[u8], agent: usize, samples: &[[i8; FEATURES]]) -> f64 {
    let blob = PolicyBlob::decode(file).expect("decodes");
    let agent = blob.agents().nth(agent).expect("it is there");
    let mut agreed = 0;
    for sample in samples {
        let mut logits = [0; OUTPUTS];
        agent.infer(sample, &mut logits);
        let float = argmax_actions(&float_logits(policy, sample), &policy.mask);
        let int8 = best_choices(&logits, agent.allowed);
        agreed += float.iter().zip(int8).filter(|(a, b)| **a == *b).count();
    }
    agreed as f64 / (samples.len() * HEADS) as f64
}

#[test]
fn a_trained_policy_chooses_the_same_in_int8() {
    let folder = tempfile::tempdir().expect("a folder");
    input::write_starter(&folder.path().join("net")).expect("writes");
    let problem = Problem::from_folder(&folder.path().join("net")).expect("the starter is right");
    let scenario = problem.scenario().expect("a scenario");
    let mut training = problem.training.clone();
    training.ppo.iterations = 12;
    (training.validate_every, training.start_looks) = (0, 20);
    let mut trainer = Trainer::new(&scenario, &problem.names.nodes, training, 1).expect("settings are right");
    while !trainer.is_done() {
        trainer.iterate().expect("learns");
    }
    let policies = trainer.policies();
    let calibration = rollout::observe(&scenario, &policies, training_seed(1), 4096);
    let nodes: Vec<_> =
        problem.names.nodes.iter().cloned().zip(&policies).zip(calibration).map(|((n, p), c)| (n, p, c)).collect();
    let file = pack(scenario.hash(), "test", &nodes).expect("packs");
    PolicyBlob::decode(&file).expect("decodes").self_test().expect("golden vectors hold");
    for (n, policy) in policies.iter().enumerate() {
        // What it meets, and what it never met: anything that fits a byte.
        let met = rollout::observe(&scenario, &policies, 12_345, 1000).swap_remove(n).samples;
        let agreed = agreement(policy, &file, n, &met);
        assert!(agreed >= 0.97, "node {n}: {agreed} of the choices agree where it has been");
        let agreed = agreement(policy, &file, n, &observations(1000, 127));
        assert!(agreed >= 0.9, "node {n}: {agreed} of the choices agree on bytes by chance");
    }
}

#[test]
fn random_networks_of_every_depth_agree() {
    for hidden in [&[][..], &[4], &[32, 32], &[128, 128, 128]] {
        // The usual size of fresh weights: one over the root of the inputs.
        let policy = network(hidden, |i| noise(i) * 0.3);
        let samples = observations(400, 64);
        let agreed = agreement(&policy, &packed(&policy, &samples), 0, &samples);
        assert!(agreed >= 0.95, "{hidden:?}: {agreed}");
    }
}

#[test]
fn logits_are_in_units_of_a_1024th() {
    let policy = network(&[16], |i| noise(i) * 0.2);
    let samples = observations(200, 64);
    let file = packed(&policy, &samples);
    let blob = PolicyBlob::decode(&file).expect("decodes");
    let agent = blob.agents().next().expect("one agent");
    for sample in &samples {
        let mut logits = [0; OUTPUTS];
        agent.infer(sample, &mut logits);
        for (int8, float) in logits.iter().zip(float_logits(&policy, sample)) {
            assert!((*int8 as f32 / 1024.0 - float).abs() < 0.05, "{int8} / 1024 is not {float}");
        }
    }
}

#[test]
fn a_layer_without_weights_is_its_biases() {
    let samples = observations(100, 127);
    // Nothing at all: every logit is 0 and the first choice of each head is taken.
    let nothing = network(&[8, 8], |_| 0.0);
    assert!((agreement(&nothing, &packed(&nothing, &samples), 0, &samples) - 1.0).abs() < 1e-12);
    // A last layer of biases only.
    let policy = network(&[], |i| if i < FEATURES * OUTPUTS { 0.0 } else { noise(i) });
    assert!((agreement(&policy, &packed(&policy, &samples), 0, &samples) - 1.0).abs() < 1e-12);
}

#[test]
fn huge_weights_and_biases_are_scaled_and_never_cut_off() {
    let samples = observations(300, 100);
    for factor in [1e-15, 1e-9, 1e-3, 1.0, 30.0, 1e3, 1e9, 1e15] {
        let policy = network(&[16], |i| noise(i) * factor);
        let agreed = agreement(&policy, &packed(&policy, &samples), 0, &samples);
        // A tiny network has all its logits within a unit of the format: nothing to choose between.
        assert!(agreed >= if factor < 1e-1 { 0.0 } else { 0.93 }, "times {factor}: {agreed}");
    }
    // One bias that drowns everything else must drown it in int8 too.
    let last_biases = FEATURES * 16 + 16 + 16 * OUTPUTS;
    for (bias, chosen) in [(1e6_f32, 3_u8), (1e12, 3), (-1e6, 0)] {
        let policy = network(&[16], |i| if i == last_biases + 3 { bias } else { noise(i) * 0.1 });
        let file = packed(&policy, &samples);
        let blob = PolicyBlob::decode(&file).expect("decodes");
        let agent = blob.agents().next().expect("one agent");
        let mut logits = [0; OUTPUTS];
        agent.infer(&samples[0], &mut logits);
        let level = best_choices(&logits, agent.allowed)[0];
        assert_eq!(level == 3, chosen == 3, "a bias of {bias} gives choice {level}");
    }
}

#[test]
fn what_can_not_be_packed_says_why() {
    let policy = network(&[4], |_| f32::NAN);
    let refused = |policy, samples| {
        pack(1, "", &[("shop".to_owned(), policy, Calibration { samples })]).expect_err("refused").to_string()
    };
    assert_eq!(refused(&policy, observations(1, 9)), "node `shop` has a weight that is not finite: training diverged");
    assert_eq!(refused(&policy, Vec::new()), "no observations to calibrate node `shop` with");
    let wide = network(&[200], noise);
    assert!(refused(&wide, observations(1, 9)).starts_with("the quantized policy can't be stored: "));
}

#[test]
fn the_largest_policies_fit_their_file() {
    let policy = network(&[128, 128, 128], |i| noise(i) * 0.3);
    let samples = observations(8, 64);
    let nodes: Vec<_> =
        (0..NODES_MAX).map(|n| (format!("node {n}"), &policy, Calibration { samples: samples.clone() })).collect();
    assert!(pack(1, "every node", &nodes).expect("packs").len() > 1 << 20);
}
