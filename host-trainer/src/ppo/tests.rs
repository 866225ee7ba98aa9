//! Learners that learn, agree, repeat and refuse.

mod inventory;

use super::*;
use crate::model::{Scratch, heads::gather_row, sample_actions};
use restock_core::action::{Choice, HEADS, OUTPUTS};

const FEATURES: usize = 6;

fn config(path: UpdatePath) -> PpoConfig {
    PpoConfig { minibatch: 512, iterations: 30, discount: 0.9, path, ..PpoConfig::default() }
}

fn learner(name: &str, path: UpdatePath) -> Learner {
    let mask = HeadMask::all().narrowed(3, &[0, 1]).expect("two routes");
    Learner::new(name, config(path), FEATURES, mask, 11).expect("good settings")
}

/// A contextual bandit with the learner's own heads: the best level depends on feature 0, effort
/// costs a little, the second route is better. The best reward is 0.
fn bandit_reward(context: i8, actions: &[u8; HEADS]) -> f32 {
    let best = if context > 0 { 10.0 } else { 4.0 };
    let miss = (f32::from(actions[0]) - best) / 4.0;
    -miss * miss - 0.2 * f32::from(actions[4]) - 0.5 * f32::from(u8::from(actions[3] != 1))
}

/// Plays the bandit for some days on every track.
fn play(learner: &Learner, iteration: u32, days: usize, tracks: usize) -> Batch {
    let policy = learner.policy();
    let mut batch = Batch::new(FEATURES, days, tracks);
    let mut scratch = Scratch::default();
    let draws = Draws::new(5, iteration);
    for day in 0..days {
        let row = draws.row(day as u32, 0, Source::Exploration);
        let context =
            |track: usize| if (track * 7 + day * 3 + iteration as usize).is_multiple_of(2) { 40_i8 } else { -40 };
        let columns: Vec<i8> =
            (0..FEATURES * tracks).map(|i| if i < tracks { context(i) } else { (i * 29 % 64) as i8 - 32 }).collect();
        batch.set_features(day, 0, &columns);
        let values = policy.values(&columns, tracks, &mut scratch).to_vec();
        batch.value[day * tracks..][..tracks].copy_from_slice(&values);
        let logits = policy.logits(&columns, tracks, &mut scratch);
        for (track, &context) in columns[..tracks].iter().enumerate() {
            let (actions, log_prob) =
                sample_actions(&gather_row(logits, tracks, track), &policy.mask, &mut row.at(track as u64));
            let sample = day * tracks + track;
            (batch.actions[sample], batch.log_prob[sample]) = (actions, log_prob);
            batch.reward[sample] = bandit_reward(context, &actions);
        }
        batch.last_value.copy_from_slice(&values);
    }
    batch
}

fn bits(learner: &Learner) -> Vec<u32> {
    learner.parameters.iter().map(|weight| weight.to_bits()).collect()
}

#[test]
fn a_learner_finds_the_best_choices_of_a_bandit() {
    let mut learner = learner("retailer", UpdatePath::Fused);
    let first = play(&learner, 0, 16, 128);
    let before = mean(&first.reward);
    let mut last = UpdateStats::default();
    for iteration in 0..30 {
        let batch = play(&learner, iteration, 16, 128);
        last = learner.update(&batch, iteration).expect("no divergence");
    }
    let after = mean(&play(&learner, 99, 16, 128).reward);
    assert!(before < -0.8 && after > -0.12, "from {before} to {after}");
    assert!(last.explained_variance.is_finite() && last.epochs >= 1);
}

/// A minibatch whose ratios lie on both sides of the clip range, with both signs of advantage.
fn disagreeing(learner: &Learner) -> (Batch, Estimates) {
    let mut batch = play(learner, 3, 7, 50);
    let noise = |i: usize, scale: f32| ((i * 7919 % 1000) as f32 / 1000.0 - 0.5) * scale;
    batch.log_prob.iter_mut().enumerate().for_each(|(i, log_prob)| *log_prob += noise(i, 1.0));
    let spread = |scale: f32, shift: usize| (0..batch.samples()).map(|i| noise(i + shift, scale)).collect::<Vec<_>>();
    let estimates = Estimates { advantage: spread(4.0, 1), target: spread(3.0, 2), old_value: spread(1.0, 3) };
    (batch, estimates)
}

#[test]
fn the_fused_gradient_equals_burns() {
    let mut learner = learner("retailer", UpdatePath::Fused);
    // Weights in general position: fresh ones have zeros that would hide mistakes.
    learner.parameters.iter_mut().enumerate().for_each(|(i, weight)| *weight += ((i * 37 % 101) as f32 - 50.0) / 400.0);
    let (batch, estimates) = disagreeing(&learner);
    let indices: Vec<u32> = (0..batch.samples() as u32).rev().collect();
    let minibatch = estimates.minibatch(&batch, &indices);
    for value_clip in [f32::INFINITY, 0.2] {
        let weights = Weights { clip: 0.2, value_clip, value: 0.5, entropy: 0.01 };
        let [mut fused, mut burn] = [vec![0.0; learner.parameters.len()], vec![0.0; learner.parameters.len()]];
        let fused_terms = learner.gradient(&minibatch, &weights, &mut fused);
        learner.config.path = UpdatePath::Burn;
        let burn_terms = learner.gradient(&minibatch, &weights, &mut burn);
        learner.config.path = UpdatePath::Fused;
        for (name, a, b) in [
            ("policy", fused_terms.policy, burn_terms.policy),
            ("value", fused_terms.value, burn_terms.value),
            ("entropy", fused_terms.entropy, burn_terms.entropy),
            ("kl", fused_terms.kl, burn_terms.kl),
            ("clipped", fused_terms.clipped, burn_terms.clipped),
        ] {
            assert!((a - b).abs() < 1e-4 * (1.0 + b.abs()), "{name}: {a} {b}");
        }
        assert!(fused_terms.clipped > 50.0, "the test needs clipped samples");
        let largest = burn.iter().fold(0.0_f32, |a, b| a.max(b.abs()));
        for (index, (a, b)) in fused.iter().zip(&burn).enumerate() {
            assert!((a - b).abs() < 2e-5 * largest.max(1.0), "parameter {index}: {a} {b}, largest {largest}");
        }
    }
}

#[test]
fn beyond_the_clip_range_a_gain_has_no_gradient() {
    let mut learner = learner("retailer", UpdatePath::Fused);
    let mut batch = play(&learner, 0, 2, 30);
    let weights = Weights { clip: 0.2, value_clip: f32::INFINITY, value: 0.0, entropy: 0.0 };
    let indices: Vec<u32> = (0..60).collect();
    let fair = batch.log_prob.clone();
    // (log ratio, advantage, whether there is a gradient): the four corners of Schulman et al. 2017, fig. 1.
    for (log_ratio, advantage, expected) in
        [(0.5, 1.0, false), (0.5, -1.0, true), (-0.5, 1.0, true), (-0.5, -1.0, false)]
    {
        batch.log_prob.iter_mut().zip(&fair).for_each(|(old, fair)| *old = fair - log_ratio);
        let estimates = Estimates { advantage: vec![advantage; 60], target: vec![0.0; 60], old_value: vec![0.0; 60] };
        for path in [UpdatePath::Fused, UpdatePath::Burn] {
            learner.config.path = path;
            let mut gradient = vec![0.0; learner.parameters.len()];
            let terms = learner.gradient(&estimates.minibatch(&batch, &indices), &weights, &mut gradient);
            assert_eq!(gradient.iter().any(|slope| *slope != 0.0), expected, "{path:?} {log_ratio} {advantage}");
            assert_eq!(terms.clipped, 60.0);
        }
    }
}

#[test]
fn a_head_with_one_choice_adds_nothing() {
    let textbook = Choice::TEXTBOOK.heads();
    let mask = (0..HEADS)
        .try_fold(HeadMask::all(), |mask, head| mask.narrowed(head, &textbook[head..=head]))
        .expect("one each");
    let mut learner = Learner::new("fixed", config(UpdatePath::Fused), FEATURES, mask, 1).expect("good settings");
    let batch = play(&learner, 0, 4, 20);
    assert!(
        batch.actions.iter().all(|actions| *actions == textbook)
            && batch.log_prob.iter().all(|log_prob| *log_prob == 0.0)
    );
    let actor = learner.layers.actor_range();
    let before = learner.parameters[actor.clone()].to_vec();
    let stats = learner.update(&batch, 0).expect("no divergence");
    assert_eq!((stats.entropy, stats.approximate_kl, stats.actor_gradient_norm), (0.0, 0.0, 0.0));
    assert_eq!(learner.parameters[actor], before);
}

#[test]
fn threads_do_not_change_a_bit() {
    for path in [UpdatePath::Fused, UpdatePath::Burn] {
        let run = |together: bool| {
            let mut learners = ["retailer", "distributor", "maker"].map(|name| learner(name, path));
            for iteration in 0..2 {
                std::thread::scope(|scope| {
                    for learner in &mut learners {
                        let work = scope.spawn(move || {
                            let batch = play(learner, iteration, 8, 80);
                            learner.update(&batch, iteration).expect("no divergence")
                        });
                        if !together {
                            work.join().expect("no panic");
                        }
                    }
                });
            }
            learners.map(|learner| bits(&learner))
        };
        let alone = run(false);
        assert_ne!(alone[0], alone[1], "learners of one seed differ by their names");
        for _ in 0..4 {
            assert!(run(true) == alone, "{path:?}");
        }
    }
}

#[test]
fn a_restored_learner_goes_on_to_the_bit() {
    for path in [UpdatePath::Fused, UpdatePath::Burn] {
        let train = |mut learner: Learner, iterations: std::ops::Range<u32>| {
            for iteration in iterations {
                let batch = play(&learner, iteration, 4, 60);
                learner.update(&batch, iteration).expect("no divergence");
            }
            learner
        };
        let straight = train(learner("retailer", path), 0..6);
        let half = train(learner("retailer", path), 0..3);
        let resumed = train(Learner::from_state(half.state()).expect("fits"), 3..6);
        assert_eq!(bits(&resumed), bits(&straight));
        assert_eq!(resumed.state(), straight.state());
    }
}

#[test]
fn a_learner_that_diverges_says_so_and_keeps_its_weights() {
    let mut learner = learner("maker", UpdatePath::Fused);
    let batch = play(&learner, 0, 4, 60);
    learner.update(&batch, 0).expect("no divergence");
    let before = learner.state();
    let batch = play(&learner, 1, 4, 60);

    let mut infinite = batch.clone();
    infinite.reward[17] = f32::INFINITY;
    let error = learner.update(&infinite, 1).expect_err("infinite reward").to_string();
    assert!(
        error.contains("`maker`, iteration 1") && error.contains("`reward` is inf at track 17 of day 0"),
        "{error}"
    );

    let mut huge = batch.clone();
    huge.reward.fill(f32::MAX);
    let error = learner.update(&huge, 1).expect_err("huge reward");
    assert!(matches!(error, PpoError::NotFinite { iteration: 1, .. }), "{error}");

    learner.config.learning_rate = 0.9;
    learner.config.kl_target = 0.0;
    let error = learner.update(&batch, 1).expect_err("a jump");
    assert!(matches!(&error, PpoError::KlExploded { learner, iteration: 1, .. } if learner == "maker"), "{error}");

    learner.config = before.config.clone();
    assert_eq!(learner.state(), before);
    learner.update(&batch, 1).expect("goes on");
}

#[test]
fn epochs_stop_when_the_policy_has_moved_enough() {
    let mut learner = learner("retailer", UpdatePath::Fused);
    (learner.config.kl_target, learner.config.minibatch) = (1e-6, 64);
    let batch = play(&learner, 0, 8, 60);
    assert_eq!(learner.update(&batch, 0).expect("no divergence").epochs, 1);
}

#[test]
fn every_output_has_a_head() {
    assert_eq!((0..HEADS).map(|head| crate::model::heads::head_outputs(head).len()).sum::<usize>(), OUTPUTS);
}

/// Samples per second of one update; not a test of anything: run it with
/// `cargo test -p restock-trainer --release ppo::tests::speed -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn speed() {
    for path in [UpdatePath::Fused, UpdatePath::Burn] {
        for minibatch in [256, 1024, 4096, 8192] {
            let config = PpoConfig { minibatch, kl_target: 0.0, path, ..PpoConfig::default() };
            let mut learner = Learner::new("node", config, 28, HeadMask::all(), 1).expect("good settings");
            let mut batch = Batch::new(28, 32, 1024);
            batch.features.iter_mut().enumerate().for_each(|(i, feature)| *feature = (i * 73 % 64) as i8 - 32);
            batch.actions.iter_mut().enumerate().for_each(|(i, action)| action[0] = (i % 17) as u8);
            batch.log_prob.fill(-4.0);
            batch.reward.iter_mut().enumerate().for_each(|(i, reward)| *reward = (i % 3) as f32);
            learner.config.kl_limit = f32::INFINITY;
            learner.config.learning_rate = 1e-6;
            let start = std::time::Instant::now();
            let stats = learner.update(&batch, 0).expect("no divergence");
            let samples = stats.samples as f64 * f64::from(stats.epochs);
            println!("{path:?} minibatch {minibatch:5}: {:9.0} samples/s", samples / start.elapsed().as_secs_f64());
        }
    }
}

/// Decisions per second of a snapshot; run it like [`speed`].
#[test]
#[ignore = "a measurement"]
fn speed_of_decisions() {
    let learner = Learner::new("node", PpoConfig::default(), 28, HeadMask::all(), 1).expect("good settings");
    let (policy, mut scratch) = (learner.policy(), Scratch::default());
    for products in [20, 200, 1000] {
        let columns: Vec<i8> = (0..28 * products).map(|i| (i * 73 % 64) as i8 - 32).collect();
        let rounds = 400_000 / products;
        let report = |what: &str, start: std::time::Instant| {
            println!(
                "{products:4} products, {what}: {:4.0} ns each",
                start.elapsed().as_secs_f64() * 1e9 / (rounds * products) as f64
            );
        };
        let start = std::time::Instant::now();
        for _ in 0..rounds {
            std::hint::black_box(policy.values(std::hint::black_box(&columns), products, &mut scratch));
        }
        report("values", start);
        let start = std::time::Instant::now();
        for _ in 0..rounds {
            std::hint::black_box(policy.logits(std::hint::black_box(&columns), products, &mut scratch));
        }
        report("logits", start);
        let logits = policy.logits(&columns, products, &mut scratch);
        let row = Draws::new(1, 1).row(1, 1, Source::Exploration);
        let start = std::time::Instant::now();
        for _ in 0..rounds {
            for product in 0..products {
                let logits = gather_row(logits, products, product);
                std::hint::black_box(sample_actions(&logits, &policy.mask, &mut row.at(product as u64)));
            }
        }
        report("samples", start);
        let start = std::time::Instant::now();
        for _ in 0..rounds {
            for product in 0..products {
                std::hint::black_box(crate::model::argmax_actions(
                    &gather_row(logits, products, product),
                    &policy.mask,
                ));
            }
        }
        report("likeliest", start);
    }
}
