//! What a learner learns from: one node's samples of one iteration.

use crate::model::{HeadMask, heads::head_outputs};
use restock_core::action::HEADS;

/// Samples of one node, as a struct of arrays.
///
/// A *track* is one product of one replica, followed through the days. Samples lie
/// `[day][replica * product]`, so that advantages are a reverse sweep over rows. Episodes are cut
/// off, never finished: a supply chain has no terminal state, so the last value always counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Features of one sample.
    pub feature_count: usize,
    /// Days.
    pub days: usize,
    /// Replicas times products.
    pub tracks: usize,
    /// Replicas that follow each other and met the same chance.
    pub replicas_per_path: usize,
    /// Tracks of one replica.
    pub products: usize,
    /// Observations. Shape `[day][track][feature]`: a minibatch gathers whole samples.
    pub features: Vec<i8>,
    /// Choices in head order. Shape `[day][track]`.
    pub actions: Vec<[u8; HEADS]>,
    /// Joint log-probability of the choices under the policy that made them [nat]. Shape `[day][track]`.
    pub log_prob: Vec<f32>,
    /// What the critic thought of the observation [reward]. Shape `[day][track]`.
    pub value: Vec<f32>,
    /// Reward of the day [reward]. Shape `[day][track]`.
    pub reward: Vec<f32>,
    /// What the critic thinks of the observation after the last day [reward]. Shape `[track]`.
    pub last_value: Vec<f32>,
}

impl Batch {
    /// A batch of zeros, to be filled day by day.
    #[must_use]
    pub fn new(feature_count: usize, days: usize, tracks: usize) -> Self {
        let samples = days * tracks;
        Self {
            feature_count,
            days,
            tracks,
            replicas_per_path: 1,
            products: tracks,
            features: vec![0; samples * feature_count],
            actions: vec![[0; HEADS]; samples],
            log_prob: vec![0.0; samples],
            value: vec![0.0; samples],
            reward: vec![0.0; samples],
            last_value: vec![0.0; tracks],
        }
    }

    /// Number of samples.
    #[must_use]
    pub fn samples(&self) -> usize {
        self.days * self.tracks
    }

    /// Copies one replica's observation `[feature][product]` of one day to where it belongs; the
    /// replica's products are the tracks from `first_track`.
    ///
    /// # Panics
    /// If it does not fit.
    pub fn set_features(&mut self, day: usize, first_track: usize, columns: &[i8]) {
        let products = columns.len() / self.feature_count;
        assert!(day < self.days && first_track + products <= self.tracks, "a row of an existing day");
        let start = (day * self.tracks + first_track) * self.feature_count;
        let samples = &mut self.features[start..start + products * self.feature_count];
        for (product, sample) in samples.chunks_exact_mut(self.feature_count).enumerate() {
            for (feature, column) in sample.iter_mut().zip(columns.chunks_exact(products)) {
                *feature = column[product];
            }
        }
    }

    /// Puts the tracks of several batches of the same days side by side: threads fill a batch each.
    ///
    /// # Panics
    /// If there is none, or days or features differ.
    #[must_use]
    pub fn join(parts: &[&Self]) -> Self {
        let tracks = parts.iter().map(|part| part.tracks).sum();
        let mut whole = Self::new(parts[0].feature_count, parts[0].days, tracks);
        whole.products = parts[0].products;
        let mut first = 0;
        for part in parts {
            assert_eq!((part.feature_count, part.days), (whole.feature_count, whole.days), "parts of one shape");
            for day in 0..part.days {
                let from = day * part.tracks..(day + 1) * part.tracks;
                let to = day * tracks + first..day * tracks + first + part.tracks;
                let widened =
                    |range: &std::ops::Range<usize>| range.start * part.feature_count..range.end * part.feature_count;
                whole.features[widened(&to)].copy_from_slice(&part.features[widened(&from)]);
                whole.actions[to.clone()].copy_from_slice(&part.actions[from.clone()]);
                whole.log_prob[to.clone()].copy_from_slice(&part.log_prob[from.clone()]);
                whole.value[to.clone()].copy_from_slice(&part.value[from.clone()]);
                whole.reward[to].copy_from_slice(&part.reward[from]);
            }
            whole.last_value[first..first + part.tracks].copy_from_slice(&part.last_value);
            first += part.tracks;
        }
        whole
    }

    /// What is wrong with the batch, in words, if anything is.
    pub(super) fn complaint(&self, feature_count: usize, mask: &HeadMask) -> Option<String> {
        if self.feature_count != feature_count {
            return Some(format!("samples have {} features, the network takes {feature_count}", self.feature_count));
        }
        let samples = self.samples();
        let lengths = [
            ("features", self.features.len(), samples * feature_count),
            ("actions", self.actions.len(), samples),
            ("log_prob", self.log_prob.len(), samples),
            ("value", self.value.len(), samples),
            ("reward", self.reward.len(), samples),
            ("last_value", self.last_value.len(), self.tracks),
        ];
        if samples == 0 || u32::try_from(samples).is_err() {
            return Some(format!("{samples} samples: at least 1 and at most 2^32 - 1 make a batch"));
        }
        if let Some((name, found, expected)) = lengths.into_iter().find(|(_, found, expected)| found != expected) {
            return Some(format!("`{name}` holds {found} numbers instead of {expected}"));
        }
        let floats = [
            ("log_prob", &self.log_prob),
            ("value", &self.value),
            ("reward", &self.reward),
            ("last_value", &self.last_value),
        ];
        for (name, numbers) in floats {
            if let Some(index) = numbers.iter().position(|number| !number.is_finite()) {
                return Some(format!(
                    "`{name}` is {} at track {} of day {}",
                    numbers[index],
                    index % self.tracks,
                    index / self.tracks
                ));
            }
        }
        let forbidden = |actions: &[u8; HEADS]| {
            actions.iter().enumerate().any(|(head, &action)| {
                let outputs = head_outputs(head);
                usize::from(action) >= outputs.len() || !mask.allows(outputs.start + usize::from(action))
            })
        };
        let index = self.actions.iter().position(forbidden)?;
        Some(format!(
            "track {} of day {} took a choice that is masked: {:?}",
            index % self.tracks,
            index / self.tracks,
            self.actions[index]
        ))
    }
}

/// Generalized advantage estimation (Schulman et al. 2016, eq. 16) over days that are cut off, not
/// finished: `delta = reward + discount * next value - value`,
/// `advantage = delta + discount * lambda * next advantage`. Shape `[day][track]` [reward].
#[must_use]
pub fn advantages(reward: &[f32], value: &[f32], last_value: &[f32], discount: f32, lambda: f32) -> Vec<f32> {
    let tracks = last_value.len();
    let mut advantages = vec![0.0; reward.len()];
    let mut next_value = last_value;
    let mut next_advantage = &vec![0.0; tracks][..];
    let mut rest = &mut advantages[..];
    for (reward, value) in reward.chunks_exact(tracks).zip(value.chunks_exact(tracks)).rev() {
        let (earlier, row) = rest.split_at_mut(rest.len() - tracks);
        for (track, advantage) in row.iter_mut().enumerate() {
            let delta = reward[track] + discount * next_value[track] - value[track];
            *advantage = delta + discount * lambda * next_advantage[track];
        }
        (next_value, next_advantage, rest) = (value, row, earlier);
    }
    advantages
}

/// Takes out of advantages what replicas of one path have in common: the luck of the path.
///
/// From each goes `c` times the mean of the same product's on the same day in the path's other replicas.
/// Those tried other things in the same chance, so that their mean is independent of this choice, and the
/// gradient stays unbiased whatever `c` is (a baseline that knows the input: Mao et al. 2019, "Variance
/// reduction for reinforcement learning in input-driven environments", section 4). `c` is what leaves the
/// least variance, over the whole batch. Returns the share of the variance that is left.
pub fn take_out_luck(advantage: &mut [f32], tracks: usize, products: usize, replicas_per_path: usize) -> f64 {
    let path = products * replicas_per_path;
    if replicas_per_path < 2 || !tracks.is_multiple_of(path.max(1)) {
        return 1.0;
    }
    let mut others = vec![0.0_f32; advantage.len()];
    for (row, others) in advantage.chunks_exact(path).zip(others.chunks_exact_mut(path)) {
        for product in 0..products {
            let of_product = || row.iter().skip(product).step_by(products);
            let sum: f32 = of_product().sum();
            for (other, own) in others.iter_mut().skip(product).step_by(products).zip(of_product()) {
                *other = (sum - own) / (replicas_per_path - 1) as f32;
            }
        }
    }
    let count = advantage.len() as f64;
    let mean = advantage.iter().copied().map(f64::from).sum::<f64>() / count;
    let (mut own, mut other, mut both) = (0.0, 0.0, 0.0);
    for (&a, &b) in advantage.iter().zip(&others) {
        let (a, b) = (f64::from(a) - mean, f64::from(b) - mean);
        own += a * a;
        other += b * b;
        both += a * b;
    }
    if other <= 0.0 || own <= 0.0 {
        return 1.0;
    }
    let share = both / other;
    for (own, other) in advantage.iter_mut().zip(&others) {
        *own -= share as f32 * other;
    }
    1.0 - both * both / (own * other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn luck_that_a_path_shares_goes_and_what_a_replica_did_stays() {
        // Two days, one path of two replicas, two products: [r0 p0, r0 p1, r1 p0, r1 p1].
        let luck = [5.0, -3.0, 5.0, -3.0, -9.0, 7.0, -9.0, 7.0];
        let own = [0.1, 0.2, -0.1, -0.2, 0.3, -0.1, -0.3, 0.1];
        let mut advantage: Vec<f32> = luck.iter().zip(own).map(|(a, b): (&f32, f32)| a + b).collect();
        let left = take_out_luck(&mut advantage, 4, 2, 2);
        // With two replicas the other's own deed is taken out as well: twice the difference.
        for (found, own) in advantage.iter().zip(own) {
            assert!((found - 2.0 * own).abs() < 0.06, "{advantage:?}");
        }
        assert!(left < 0.01, "{left}");
        let mut alone = vec![1.0, 2.0];
        assert_eq!((take_out_luck(&mut alone, 2, 2, 1), alone), (1.0, vec![1.0, 2.0]));
    }

    #[test]
    fn advantages_match_a_hand_computed_example() {
        // Two tracks over three days, discount 1/2, lambda 1/2. Track 0 by hand:
        // day 2: 4 + 8/2 - 2 = 6;  day 1: 2 + 2/2 - 4 = -1, -1 + 6/4 = 0.5;
        // day 0: 1 + 4/2 - 6 = -3, -3 + 0.5/4 = -2.875. Track 1 is all zeros but for the last value.
        let reward = [1.0, 0.0, 2.0, 0.0, 4.0, 0.0];
        let value = [6.0, 0.0, 4.0, 0.0, 2.0, 0.0];
        let advantages = advantages(&reward, &value, &[8.0, 16.0], 0.5, 0.5);
        assert_eq!(advantages, [-2.875, 0.5, 0.5, 2.0, 6.0, 8.0]);
    }

    #[test]
    fn joined_parts_keep_their_tracks() {
        let part = |tracks: usize, base: f32| {
            let mut part = Batch::new(2, 3, tracks);
            for day in 0..3 {
                let columns: Vec<i8> = (0..2 * tracks).map(|i| (base as usize + day * 10 + i) as i8).collect();
                part.set_features(day, 0, &columns);
                for track in 0..tracks {
                    part.reward[day * tracks + track] = base + (day * 10 + track) as f32;
                }
            }
            part.last_value.fill(base);
            part
        };
        let whole = Batch::join(&[&part(2, 0.0), &part(3, 50.0)]);
        assert_eq!(whole.reward[5..10], [10.0, 11.0, 60.0, 61.0, 62.0]);
        assert_eq!(whole.last_value, [0.0, 0.0, 50.0, 50.0, 50.0]);
        // Day 1, track 3 is product 1 of the second part: its features lie `products` apart.
        assert_eq!(whole.features[(5 + 3) * 2..(5 + 4) * 2], [61, 64]);
    }

    #[test]
    fn a_bad_batch_is_described() {
        let mask = HeadMask::all().narrowed(3, &[0]).expect("one route");
        let good = Batch::new(4, 2, 3);
        assert_eq!(good.complaint(4, &mask), None);
        let complaint = |change: &dyn Fn(&mut Batch)| {
            let mut batch = good.clone();
            change(&mut batch);
            batch.complaint(4, &mask).expect("a complaint")
        };
        assert!(complaint(&|batch| batch.reward[4] = f32::NAN).contains("`reward` is NaN at track 1 of day 1"));
        assert!(complaint(&|batch| batch.actions[2][3] = 1).contains("masked"));
        assert!(complaint(&|batch| batch.actions[2][1] = 16).contains("masked"));
        assert!(complaint(&|batch| batch.value.truncate(5)).contains("`value` holds 5 numbers instead of 6"));
        assert!(good.complaint(5, &mask).is_some());
    }
}
