//! The guard and its log: each reason has its behaviour, a log replays to the bit, a damaged one is read up to the
//! damage and not further.

use restock_core::decision_log::{DecisionLog, LogError, LogView, Logged, Origin, Replay};
use restock_core::guard::{Code, Guarded, InputLimits, Inputs, Reason};
use restock_core::layout::Column;
use restock_core::monitor::{HyperScoreMonitor, MonitorSettings};
use restock_core::policy::{Actions, NodeView, PeriodicReview, Policy, Textbook};
use restock_core::{Network, Scenario};
use restock_tests::damage;
use restock_tests::random_network::{Plan, Wishes};

const DAYS: u32 = 40;

fn guarded<P>(scenario: &Scenario<'_>, policy: P) -> Guarded<P> {
    Guarded::new(policy, HyperScoreMonitor::new(scenario, MonitorSettings::WEEKLY))
}

/// What is wrong with the inputs of a day.
type Faults = fn(u32) -> Inputs;

fn sound(day: u32) -> Inputs {
    Inputs::fresh(day)
}

/// A sensor gap of ten days from day 5 on, a clock that jumps back on day 20 and ahead on day 30, a frozen forecast.
fn faulty(day: u32) -> Inputs {
    match day {
        5..=14 => Inputs { stock_age_days: Some(day - 4), ..Inputs::fresh(day) },
        20..=21 => Inputs::fresh(day - 10),
        26..=28 => Inputs { forecast_age_days: None, ..Inputs::fresh(day) },
        30..=31 => Inputs::fresh(day + 300),
        _ => Inputs::fresh(day),
    }
}

/// What the guard is to say on each of those days.
fn said(day: u32) -> Option<Reason> {
    match day {
        5..=11 => Some(Reason::StockUnseen),
        12..=14 => Some(Reason::StockLost),
        20..=21 => Some(Reason::ClockBack),
        26..=28 => Some(Reason::ForecastStale),
        30..=31 => Some(Reason::ClockAhead),
        _ => None,
    }
}

fn origin(scenario: &Scenario<'_>, seed: u64) -> Origin {
    Origin { scenario_hash: scenario.hash(), policy_hash: 0, seed, replica: 1, first_day: 2 }
}

/// The log, of `bytes` bytes, of a run of the random policy.
fn logged(scenario: &Scenario<'_>, seed: u64, faults: Faults, bytes: usize) -> Vec<u8> {
    let origin = origin(scenario, seed);
    let mut bytes = vec![0xee; bytes];
    let mut log = DecisionLog::new(&mut bytes, &origin).expect("room");
    let mut guard = guarded(scenario, Wishes::new(seed));
    let mut memory = vec![0; Network::words(scenario)];
    let mut network = Network::new(scenario, &mut memory).expect("room");
    network.reset(origin.seed, origin.replica, origin.first_day);
    for day in origin.first_day..DAYS {
        let _ = guard.report(&faults(day));
        network.advance(&mut Logged { guard: &mut guard, log: &mut log });
    }
    assert_eq!(log.dropped(), 0);
    bytes
}

/// Runs a log again: where it differs first, decisions checked, fallbacks not known.
fn replayed(scenario: &Scenario<'_>, log: &LogView<'_>, policy: impl Policy) -> (Option<(u32, usize)>, u32, u32) {
    let origin = log.origin();
    let mut guard = guarded(scenario, policy);
    let mut replay = Replay::new(&mut guard, log.records());
    let mut memory = vec![0; Network::words(scenario)];
    let mut network = Network::new(scenario, &mut memory).expect("room");
    network.reset(origin.seed, origin.replica, origin.first_day);
    while !replay.is_over() && !network.is_over() {
        network.advance(&mut replay);
    }
    assert!(replay.is_over());
    (replay.first_difference().map(|at| (at.day, at.node)), replay.checked(), replay.unknown_fallbacks())
}

fn enough(scenario: &Scenario<'_>) -> usize {
    DecisionLog::bytes(scenario, scenario.node_count() * DAYS as usize)
}

#[test]
fn a_log_replays_to_the_bit_with_faults_and_without() {
    let mut codes = [0; 3];
    for seed in 0..40 {
        let image = Plan::random(seed).image();
        let s = Scenario::new(&image).expect("sound");
        for faults in [sound as Faults, faulty] {
            let bytes = logged(&s, seed, faults, enough(&s));
            let log = LogView::read(&bytes).expect("a log");
            assert_eq!((log.damage(), log.origin()), (None, &origin(&s, seed)));
            let records = log.records().count() as u32;
            assert!(records > 0);
            assert_eq!(replayed(&s, &log, Wishes::new(seed)), (None, records, 0), "seed {seed}");
            for record in log.records() {
                if faults as usize == faulty as Faults as usize {
                    assert_eq!(record.reason(), said(record.entry.day), "day {}", record.entry.day);
                }
                for product in 0..record.products() {
                    match record.code(product) {
                        Code::Policy => codes[0] += 1,
                        Code::Clamped => codes[1] += 1,
                        Code::Fallback(_) => codes[2] += 1,
                    }
                }
            }
        }
    }
    assert!(codes.iter().all(|&count| count > 0), "policy, clamped, fallback: {codes:?}");
}

/// The random policy, but for one number of one product at one node on one day.
struct Otherwise {
    wishes: Wishes,
    day: u32,
    product: usize,
}

impl Policy for Otherwise {
    fn decide(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>) {
        self.wishes.decide(view, actions);
        if view.day() >= self.day && view.node() == 0 {
            actions.cap[self.product] ^= 1;
        }
    }
}

#[test]
fn the_first_day_node_and_product_that_differ_are_named() {
    let (mut named, mut all) = (0, 0);
    for seed in 0..40 {
        let image = Plan::random(seed).image();
        let s = Scenario::new(&image).expect("sound");
        let bytes = logged(&s, seed, sound, enough(&s));
        let log = LogView::read(&bytes).expect("a log");
        let product = s.products() - 1;
        let day = 17;
        let first = log.records().find(|r| r.entry.node == 0 && r.entry.day >= day).map(|r| r.entry.day);
        let mut guard = guarded(&s, Otherwise { wishes: Wishes::new(seed), day, product });
        let mut replay = Replay::new(&mut guard, log.records());
        let mut memory = vec![0; Network::words(&s)];
        let mut network = Network::new(&s, &mut memory).expect("room");
        network.reset(seed, 1, 2);
        (2..DAYS).for_each(|_| network.advance(&mut replay));
        let found = replay.first_difference().expect("differs");
        assert_eq!((Some(found.day), found.node, found.reason), (first, 0, None), "seed {seed}");
        assert!(found.difference.decided && !found.difference.saw);
        // Seven bits tell a product that differs from one that does not, but for one in 128.
        assert!(found.difference.product.is_none_or(|found| found == product));
        named += u32::from(found.difference.product.is_some());
        all += 1;
    }
    assert!(named >= all - 3, "{named} of {all}");
}

#[test]
fn the_ring_forgets_the_oldest_and_says_when_that_matters() {
    let mut wrapped = 0;
    for seed in 0..40 {
        let image = Plan::random(seed).image();
        let s = Scenario::new(&image).expect("sound");
        for (faults, whole) in [sound as Faults, faulty].map(|f| (f, logged(&s, seed, f, enough(&s)))) {
            let all: Vec<_> = LogView::read(&whole).expect("a log").records().map(|r| r.entry).collect();
            for records in [1, 2, 3, 7, 20] {
                let bytes = logged(&s, seed, faults, DecisionLog::bytes(&s, records));
                let log = LogView::read(&bytes).expect("a log");
                assert_eq!(log.damage(), None);
                let kept: Vec<_> = log.records().map(|r| r.entry).collect();
                assert!(kept.len() >= records.min(all.len()), "{} of {records}", kept.len());
                assert_eq!(kept, all[all.len() - kept.len()..], "the newest, oldest first");
                wrapped += u32::from(kept.len() < all.len());
                let forgotten = kept[0].fallbacks;
                let (first, checked, unknown) = replayed(&s, &log, Wishes::new(seed));
                assert_eq!((checked as usize, unknown), (kept.len(), forgotten));
                assert!(first.is_none() || forgotten > 0, "seed {seed}: {first:?}");
            }
        }
    }
    assert!(wrapped > 100, "{wrapped}");
}

#[test]
fn a_log_goes_on_after_a_restart() {
    let image = Plan::random(3).image();
    let s = Scenario::new(&image).expect("sound");
    for records in [3, 400] {
        let mut bytes = vec![0; DecisionLog::bytes(&s, records)];
        let _ = DecisionLog::new(&mut bytes, &origin(&s, 3)).expect("room");
        let mut guard = guarded(&s, Wishes::new(3));
        let mut memory = vec![0; Network::words(&s)];
        let mut network = Network::new(&s, &mut memory).expect("room");
        network.reset(3, 1, 2);
        for day in 2..DAYS {
            // Every day a new start.
            let mut log = DecisionLog::resume(&mut bytes).expect("a sound log");
            let _ = guard.report(&faulty(day));
            network.advance(&mut Logged { guard: &mut guard, log: &mut log });
        }
        assert!(bytes == logged(&s, 3, faulty, bytes.len()), "{records} records");
        *bytes.last_mut().expect("bytes") ^= 1;
        assert!(matches!(DecisionLog::resume(&mut bytes), Err(LogError::Damaged { .. })));
    }
}

/// A log that fits its records, and one that has gone round.
fn small_logs() -> [Vec<u8>; 2] {
    let seed = (0..).find(|&seed| Plan::random(seed).image().len() < 3000).expect("a small one");
    let image = Plan::random(seed).image();
    let s = Scenario::new(&image).expect("sound");
    [enough(&s).min(2000), DecisionLog::bytes(&s, 9)].map(|bytes| logged(&s, seed, faulty, bytes))
}

#[test]
fn a_log_cut_anywhere_yields_the_records_before_it() {
    for whole in small_logs() {
        let all: Vec<_> = LogView::read(&whole).expect("a log").records().collect();
        let mut before = 0;
        damage::every_cut(&whole, |bytes, what| {
            let Ok(log) = LogView::read(bytes) else {
                assert!(bytes.len() < 60, "{what}");
                return;
            };
            let kept: Vec<_> = log.records().collect();
            assert!(kept.iter().all(|record| all.contains(record)), "{what}");
            assert!(kept.len() >= before && kept.len() <= all.len(), "{what}");
            before = kept.len();
        });
        assert_eq!(before, all.len());
    }
}

#[test]
fn a_flipped_bit_is_refused_with_its_place() {
    for whole in small_logs() {
        let start = LogView::read(&whole).expect("a log").records().count();
        damage::every_flip(&whole, |bytes, what| {
            let at = bytes.iter().zip(&whole).position(|(a, b)| a != b).expect("differs");
            match LogView::read(bytes) {
                Err(error) => assert!(at < 60, "{what}: {error}"),
                Ok(log) => {
                    // The frame that holds the byte begins there or before it, and nothing between is whole.
                    let damage = log.damage().unwrap_or_else(|| panic!("{what} is not noticed"));
                    assert!(damage <= at, "{what}: damage at {damage}");
                    assert!(log.records().count() < start || whole[at] == 0, "{what}");
                }
            }
        });
    }
}

#[test]
fn any_bytes_are_read_without_panic() {
    for whole in small_logs() {
        let mut bytes = whole.clone();
        let mut state = 9u64;
        for _ in 0..20_000 {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            let at = (state >> 33) as usize % bytes.len();
            bytes[at] = if state & 1 == 0 { 0xd1 } else { (state >> 24) as u8 };
            if let Ok(log) = LogView::read(&bytes) {
                let mut last = None;
                for record in log.records() {
                    assert!(last.is_none_or(|last| last < record.entry.sequence));
                    last = Some(record.entry.sequence);
                }
            }
            if state.is_multiple_of(7) {
                bytes.copy_from_slice(&whole);
            }
        }
    }
    let origin = Origin { scenario_hash: u64::MAX, policy_hash: 1, seed: 0, replica: 0, first_day: 0 };
    let least = (0..60).find(|&length| DecisionLog::new(&mut vec![0; length], &origin).is_ok());
    // Preamble 6, frame 7, hash 10, four small numbers.
    assert_eq!(least, Some(27));
}

/// What one decision under each reason asks for, against what the table of the guard says.
#[test]
fn each_reason_has_its_stated_behaviour() {
    struct Look<'g>(&'g mut Guarded<Wishes>, u32);
    impl Policy for Look<'_> {
        fn decide(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>) {
            let nothing = actions.level.to_vec();
            let mut rule = |policy: &mut dyn Policy| {
                actions.level.copy_from_slice(&nothing);
                policy.decide(view, actions);
                actions.level.to_vec()
            };
            let (textbook, long_run) = (rule(&mut Textbook), rule(&mut PeriodicReview { period_days: 1 }));
            for reason in Reason::ALL {
                self.0.force(Some(reason));
                actions.level.copy_from_slice(&nothing);
                self.0.decide(view, actions);
                let level = actions.level.to_vec();
                match reason {
                    Reason::ForecastStale | Reason::ClockAhead => assert_eq!(level, long_run),
                    Reason::StockLost | Reason::ClockBack => assert_eq!(level, nothing),
                    Reason::StockUnseen => {
                        let mean = view.scenario().column(Column::DemandMean, view.node());
                        let review = view.scenario().nodes()[view.node()].review_days;
                        for ((level, position), mean) in level.iter().zip(view.position()).zip(mean) {
                            let (asked, exact) = (f64::from(level - position), f64::from(*mean) / 4096.0);
                            assert!((asked - exact * f64::from(review)).abs() < 1.0, "{asked} {exact}");
                        }
                    }
                    _ => assert_eq!(level, textbook),
                }
            }
            self.0.force(None);
            self.1 += 1;
            self.0.decide(view, actions);
        }
    }
    for seed in 0..20 {
        let image = Plan::random(seed).image();
        let s = Scenario::new(&image).expect("sound");
        let mut memory = vec![0; Network::words(&s)];
        let mut network = Network::new(&s, &mut memory).expect("room");
        let mut guard = guarded(&s, Wishes::new(seed));
        let mut look = Look(&mut guard, 0);
        (0..20).for_each(|_| network.advance(&mut look));
        assert!(look.1 > 0);
    }
}

#[test]
fn of_several_faults_the_one_that_trusts_least_decides() {
    let image = Plan::random(1).image();
    let s = Scenario::new(&image).expect("sound");
    let mut guard = guarded(&s, Textbook).with_limits(InputLimits { clock_settle_days: 2, ..InputLimits::STANDARD });
    let none = |day| Inputs { stock_age_days: None, forecast_age_days: None, ..Inputs::fresh(day) };
    assert_eq!(guard.fallback(), None, "until something is reported, inputs count as sound");
    assert_eq!(guard.report(&none(10)), Some(Reason::StockLost));
    assert_eq!(guard.report(&none(10)), Some(Reason::ClockBack));
    assert_eq!(guard.report(&none(40)), Some(Reason::StockLost));
    assert_eq!(guard.report(&Inputs { forecast_age_days: Some(8), ..Inputs::fresh(41) }), Some(Reason::ClockAhead));
    assert_eq!(guard.report(&Inputs { forecast_age_days: Some(8), ..Inputs::fresh(42) }), Some(Reason::ForecastStale));
    guard.force(Some(Reason::Operator));
    assert_eq!(guard.fallback(), Some(Reason::ForecastStale), "the textbook would read the forecast");
    assert_eq!(guard.report(&Inputs { forecast_age_days: Some(7), ..Inputs::fresh(43) }), None);
    assert_eq!(guard.fallback(), Some(Reason::Operator));
}
