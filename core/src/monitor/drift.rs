//! Levels of a stream of scores, and a one-sided CUSUM that tells when it falls.

use crate::convert::{saturate_wide, wider};
use fixed::types::I32F32;

/// 1 in 32.32 fixed point.
const ONE: i64 = 1 << 32;
/// Most that one step counts [standard deviations].
const STEP_MAX: i64 = 3 * ONE;
/// Least standard deviation that is believed [points]: a stream that never moved would alarm at the first breath.
const DEVIATION_MIN: i64 = ONE / 100_000;

/// When there is an alarm. Sums in standard deviations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DriftSettings {
    /// Steps from which the first levels are learned, 2 or more.
    pub learn_steps: u32,
    /// Steps that the slow level remembers.
    pub memory_steps: u32,
    /// What a step may fall short without counting.
    pub slack: I32F32,
    /// The sum that raises the alarm.
    pub raise: I32F32,
    /// The sum at which the alarm ends: less than `raise`, so that it does not flicker.
    pub clear: I32F32,
    /// Steps after which an alarm that has not ended by itself ends: the levels are then learned anew,
    /// because what was normal is no more.
    pub hold_steps_max: u32,
}

impl DriftSettings {
    /// Slack 0.75, alarm at 5, end at 1, learned from 8 steps, a memory of 64, held for at most 26.
    pub const STANDARD: Self = Self {
        learn_steps: 8,
        memory_steps: 64,
        slack: I32F32::from_bits(3 * ONE / 4),
        raise: I32F32::const_from_int(5),
        clear: I32F32::const_from_int(1),
        hold_steps_max: 26,
    };
}

/// Levels, deviation, sum and alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drift {
    settings: DriftSettings,
    /// Steps that the slow level remembers by now.
    steps: u32,
    slow: i64,
    fast: i64,
    /// Mean absolute deviation from the slow level.
    deviation: i64,
    sum: i64,
    /// Steps that the alarm has held, while it does.
    held: Option<u32>,
}

impl Drift {
    /// A stream that has not begun.
    #[must_use]
    pub fn new(mut settings: DriftSettings) -> Self {
        settings.learn_steps = settings.learn_steps.clamp(2, 1 << 16);
        settings.memory_steps = settings.memory_steps.clamp(settings.learn_steps, 1 << 16);
        Self { settings, steps: 0, slow: 0, fast: 0, deviation: 0, sum: 0, held: None }
    }

    /// Takes the score of one more step.
    pub fn watch(&mut self, score: I32F32) {
        // Scores lie in 100 to 200; whatever else comes must not overflow.
        let score = score.to_bits().clamp(0, 1000 * ONE);
        self.fast = if self.steps == 0 { score } else { self.fast + (score - self.fast) / 2 };
        let short = self.slow - score;
        if self.steps < self.settings.learn_steps {
            self.learn(score, short);
            return;
        }
        // How far below, in standard deviations: 1.25 mean absolute deviations.
        let deviation = (self.deviation / 4 * 5).max(DEVIATION_MIN);
        let z = saturate_wide((wider(short) << 32).checked_div(wider(deviation)).unwrap_or(0));
        let z = z.clamp(-STEP_MAX, STEP_MAX);
        let raise = self.settings.raise.to_bits().clamp(0, 1000 * ONE);
        // Twice the alarm is enough: an end of the alarm must stay in reach.
        self.sum = (self.sum + z).saturating_sub(self.settings.slack.to_bits()).clamp(0, 2 * raise);
        match self.held {
            Some(_) if self.sum <= self.settings.clear.to_bits() => self.held = None,
            // The world is another now: learn it.
            Some(held) if held >= self.settings.hold_steps_max => {
                *self = Self { fast: score, ..Self::new(self.settings) }
            }
            Some(held) => self.held = Some(held + 1),
            None if self.sum > raise => self.held = Some(1),
            // What is normal is learned in normal times only.
            None => self.learn(score, short),
        }
    }

    /// Running means of the score and of its distance to the mean before it.
    fn learn(&mut self, score: i64, short: i64) {
        let first = self.steps == 0;
        self.steps = (self.steps + 1).min(self.settings.memory_steps);
        let mean = |level: i64, value: i64, of: u32| level + (value - level).checked_div(of.into()).unwrap_or(0);
        self.slow = mean(self.slow, score, self.steps);
        if !first {
            self.deviation = mean(self.deviation, short.abs(), self.steps.saturating_sub(1).max(1));
        }
    }

    /// Whether there is an alarm.
    #[must_use]
    pub fn alarm(&self) -> bool {
        self.held.is_some()
    }

    /// Whether the first levels are still being learned: no alarm can be raised.
    #[must_use]
    pub fn is_learning(&self) -> bool {
        self.steps < self.settings.learn_steps
    }

    /// Level of the steps' scores over a long time: what is normal. A control chart's level, no score.
    #[must_use]
    pub fn slow(&self) -> I32F32 {
        I32F32::from_bits(self.slow)
    }

    /// Level of the last few steps' scores.
    #[must_use]
    pub fn fast(&self) -> I32F32 {
        I32F32::from_bits(self.fast)
    }

    /// The sum: how far the stream has fallen lately [standard deviations].
    #[must_use]
    pub fn sum(&self) -> I32F32 {
        I32F32::from_bits(self.sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_core::{Rng, SeedableRng};
    use rand_xoshiro::Xoshiro128PlusPlus;

    /// Standard normal values with autocorrelation: each is the sum of twelve uniform ones, less six.
    struct Stream {
        chance: Xoshiro128PlusPlus,
        correlation: f64,
        last: f64,
    }

    impl Stream {
        fn new(seed: u64, correlation: f64) -> Self {
            Self { chance: Xoshiro128PlusPlus::seed_from_u64(seed), correlation, last: 0.0 }
        }

        /// A score: 150 points, a standard deviation of 2, `lower` standard deviations lower.
        fn score(&mut self, lower: f64) -> I32F32 {
            let mut normal = -6.0;
            for _ in 0..12 {
                normal += f64::from(self.chance.next_u32()) / 4_294_967_296.0;
            }
            let c = self.correlation;
            self.last = c * self.last + libm::sqrt(1.0 - c * c) * normal;
            I32F32::from_num(150.0 + 2.0 * (self.last - lower))
        }
    }

    #[test]
    fn in_control_there_is_less_than_one_false_alarm_in_ten_years() {
        for (correlation, years_least) in [(0.0, 50.0), (0.3, 10.0)] {
            let (mut alarms, mut weeks) = (0, 0);
            for seed in 0..600 {
                let mut stream = Stream::new(seed, correlation);
                let mut drift = Drift::new(DriftSettings::STANDARD);
                let mut before = false;
                for _ in 0..520 {
                    drift.watch(stream.score(0.0));
                    alarms += u32::from(drift.alarm() && !before);
                    before = drift.alarm();
                    weeks += 1;
                }
            }
            let years = f64::from(weeks) / 52.0 / f64::from(alarms.max(1));
            eprintln!("correlation {correlation}: {alarms} false alarms, one in {years:.0} years");
            assert!(years > years_least, "correlation {correlation}: one in {years:.1} years");
        }
    }

    #[test]
    fn a_fall_is_found_within_weeks() {
        for (lower, most) in [(2.0, 6.5), (3.0, 4.0)] {
            let (mut weeks, mut missed) = (0, 0);
            for seed in 0..500 {
                let mut stream = Stream::new(seed, 0.0);
                let mut drift = Drift::new(DriftSettings::STANDARD);
                (0..60).for_each(|_| drift.watch(stream.score(0.0)));
                // A year: what is not found by then counts as a year.
                let found = (1..52).find(|_| {
                    drift.watch(stream.score(lower));
                    drift.alarm()
                });
                weeks += found.unwrap_or(52);
                missed += u32::from(found.is_none());
            }
            let mean = f64::from(weeks) / 500.0;
            eprintln!("{lower} standard deviations lower: found in {mean:.1} weeks, {missed} of 500 never");
            assert!(mean < most && missed <= 5, "{mean} weeks, {missed} never");
        }
    }

    #[test]
    fn an_alarm_ends_when_the_score_is_back_or_when_the_new_world_is_learned() {
        let mut stream = Stream::new(1, 0.0);
        let mut drift = Drift::new(DriftSettings::STANDARD);
        (0..60).for_each(|_| drift.watch(stream.score(0.0)));
        assert!(!drift.alarm());
        let normal = drift.slow();
        (0..10).for_each(|_| drift.watch(stream.score(4.0)));
        assert!(drift.alarm() && drift.fast() < drift.slow());
        assert!((drift.slow() - normal).abs() < I32F32::from_num(0.5), "an alarm does not become normal");
        // Back: the alarm holds for a while, then ends, and what is normal has stayed.
        let held = (1..40).find(|_| {
            drift.watch(stream.score(0.0));
            !drift.alarm()
        });
        assert!(held.is_some_and(|weeks| (3..25).contains(&weeks)), "{held:?}");
        // Never back: after half a year the low level is the normal one.
        let mut weeks = 0;
        while !drift.alarm() {
            drift.watch(stream.score(5.0));
            weeks += 1;
            assert!(weeks < 20);
        }
        (0..60).for_each(|_| drift.watch(stream.score(5.0)));
        assert!(!drift.alarm() && drift.slow() < I32F32::from_num(142));
    }

    #[test]
    fn any_scores_and_settings_are_taken_without_overflow() {
        let mut chance = Xoshiro128PlusPlus::seed_from_u64(5);
        for _ in 0..300 {
            let mut any =
                || I32F32::from_bits(i64::from_ne_bytes(chance.next_u64().to_ne_bytes()) >> (chance.next_u32() % 40));
            let settings = DriftSettings { slack: any(), raise: any(), clear: any(), ..DriftSettings::STANDARD };
            let mut drift = Drift::new(settings);
            for _ in 0..200 {
                drift.watch(any());
            }
        }
        let mut drift = Drift::new(DriftSettings::STANDARD);
        (0..500).for_each(|_| drift.watch(I32F32::from_num(150)));
        assert!(!drift.alarm(), "what never moves does not fall");
    }
}
