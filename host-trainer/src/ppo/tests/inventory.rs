//! A small inventory problem whose best base-stock levels are known, with the delays that make
//! credit hard: an order placed today is counted in costs three days later.

use super::*;
use crate::model::argmax_actions;
use restock_core::action::{HEAD_CHOICES, LEVEL_OFFSETS_Q8};

const TRACKS: usize = 128;
const MEAN: f32 = 100.0;
const DEVIATION: f32 = 30.0;
/// Days from an order to its receipt.
const LEAD_DAYS: usize = 2;

/// All tracks of one run. Even tracks are cheap to run out of, odd ones dear.
struct Shop {
    draws: Draws,
    level: Vec<f32>,
    pipeline: Vec<[f32; LEAD_DAYS]>,
}

impl Shop {
    fn new(seed: u64) -> Self {
        Self { draws: Draws::new(seed, 0), level: vec![150.0; TRACKS], pipeline: vec![[MEAN; LEAD_DAYS]; TRACKS] }
    }

    fn position(&self, track: usize) -> f32 {
        self.level[track] + self.pipeline[track].iter().sum::<f32>()
    }

    fn observe(&self) -> Vec<i8> {
        let row =
            |number: &dyn Fn(usize) -> f32| (0..TRACKS).map(number).map(|x| (x * 32.0) as i8).collect::<Vec<i8>>();
        [
            row(&|track| if track % 2 == 1 { 1.0 } else { -1.0 }),
            row(&|track| (self.level[track] - 50.0) / 100.0),
            row(&|track| (self.position(track) - 3.0 * MEAN) / 100.0),
            row(&|track| (self.pipeline[track][0] - MEAN) / 50.0),
            row(&|_| 1.0),
            row(&|_| 0.0),
        ]
        .concat()
    }

    /// One day: receive, order up to the level, serve. Gives the cost in units of the holding cost of
    /// one deviation.
    fn advance(&mut self, day: usize, track: usize, choice: u8) -> f32 {
        let mut generator = self.draws.row(day as u32, 0, Source::Demand).at(track as u64);
        // Irwin and Hall: the sum of 12 uniform draws is nearly normal.
        let sum: f32 = (0..12).map(|_| (generator.next_u32() >> 8) as f32 / 16_777_216.0).sum();
        let demand = MEAN + DEVIATION * (sum - 6.0);
        let days = (LEAD_DAYS + 1) as f32;
        let offset = LEVEL_OFFSETS_Q8[usize::from(choice)] as f32 / 256.0;
        let level = days * MEAN + offset * DEVIATION * days.sqrt();
        let gap = level - self.position(track);
        self.level[track] += self.pipeline[track][0];
        self.pipeline[track].rotate_left(1);
        self.pipeline[track][LEAD_DAYS - 1] = if gap > 0.0 { gap } else { 0.0 };
        self.level[track] -= demand;
        let shortage = if track % 2 == 1 { 19.0 } else { 1.0 };
        let level = self.level[track];
        (if level > 0.0 { level } else { -level * shortage }) / DEVIATION
    }
}

/// Mean daily cost of even and odd tracks over 400 days, all taking the same choice or the policy's.
fn cost(policy: Option<&FloatPolicy>, choice: u8) -> [f64; 2] {
    let mut shop = Shop::new(1234);
    let mut scratch = Scratch::default();
    let mut costs = [0.0; 2];
    for day in 0..420 {
        let columns = shop.observe();
        let logits = policy.map(|policy| policy.logits(&columns, TRACKS, &mut scratch));
        for track in 0..TRACKS {
            let choice =
                logits.map_or(choice, |logits| argmax_actions(&gather_row(logits, TRACKS, track), &HeadMask::all())[0]);
            let today = f64::from(shop.advance(day, track, choice));
            costs[track % 2] += if day < 20 { 0.0 } else { today / (400 * TRACKS / 2) as f64 };
        }
    }
    costs
}

#[test]
fn a_learner_finds_the_best_base_stock_levels() {
    let best = (0..HEAD_CHOICES[0] as u8)
        .map(|choice| cost(None, choice))
        .fold([f64::INFINITY; 2], |a, b| [a[0].min(b[0]), a[1].min(b[1])]);
    let textbook = cost(None, Choice::TEXTBOOK.level);
    // Theory: order-up-to at the critical ratio (Zipkin 2000, section 6.2.3): z = 0 and z = 1.645.
    assert!(textbook[0] < 1.01 * best[0] && textbook[1] > 2.0 * best[1], "{textbook:?} {best:?}");

    let textbook_heads = Choice::TEXTBOOK.heads();
    let mask = (1..HEADS)
        .try_fold(HeadMask::all(), |mask, head| mask.narrowed(head, &textbook_heads[head..=head]))
        .expect("one each");
    let config = PpoConfig { iterations: 60, discount: 0.95, ..PpoConfig::default() };
    let mut learner = Learner::new("shop", config, FEATURES, mask, 3).expect("good settings");
    let mut shop = Shop::new(77);
    let mut scratch = Scratch::default();
    let days = 32;
    for iteration in 0..60 {
        let policy = learner.policy();
        let mut batch = Batch::new(FEATURES, days, TRACKS);
        for day in 0..days {
            let columns = shop.observe();
            batch.set_features(day, 0, &columns);
            batch.value[day * TRACKS..][..TRACKS].copy_from_slice(policy.values(&columns, TRACKS, &mut scratch));
            let logits = policy.logits(&columns, TRACKS, &mut scratch);
            let date = iteration as usize * days + day;
            let row = shop.draws.row(date as u32, 0, Source::Exploration);
            for track in 0..TRACKS {
                let sample = day * TRACKS + track;
                let (actions, log_prob) =
                    sample_actions(&gather_row(logits, TRACKS, track), &mask, &mut row.at(track as u64));
                (batch.actions[sample], batch.log_prob[sample]) = (actions, log_prob);
                batch.reward[sample] = -shop.advance(date, track, actions[0]);
            }
        }
        batch.last_value.copy_from_slice(policy.values(&shop.observe(), TRACKS, &mut scratch));
        learner.update(&batch, iteration).expect("no divergence");
    }
    let learned = cost(Some(&learner.averaged_policy()), 0);
    assert!(
        learned[0] < 1.05 * best[0] && learned[1] < 1.05 * best[1],
        "learned {learned:?}, best {best:?}, textbook {textbook:?}"
    );
}
