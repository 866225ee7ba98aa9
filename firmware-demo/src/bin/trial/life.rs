//! What happens, in order.

use super::clock::{self, Clock};
use super::images;
use super::memory;
use super::nor::Nor;
use core::hint::black_box;
use restock_core::decision_log::{DecisionLog, Logged, Origin};
use restock_core::digest::Digest;
use restock_core::draws::Draws;
use restock_core::guard::{Guarded, Inputs, Reason};
use restock_core::monitor::{HyperScoreMonitor, MonitorSettings};
use restock_core::policy::{Actions, NodeView, Policy, QuantizedPolicy, Textbook};
use restock_core::slots::{Day, Demands, Slots, Trial};
use restock_core::twin::{Twin, TwinSettings};
use restock_core::{Network, Scenario};
use restock_device::kernel::{Aligned, Dsp};

include!(concat!(env!("OUT_DIR"), "/nothing.rs"));

/// Seed of the chain, and of the twin's own chance.
const SEED: u64 = 11;
const TWIN_SEED: u64 = 12;
/// Days under the built-in rule before the first file comes [days].
const WARM_UP_DAYS: u32 = 14;
/// Bytes of a file that come at once.
const PACKET_BYTES: usize = 256;
const TRIAL: Trial = Trial { days: 4, starts_max: 3 };
/// Short, so that the demo is.
const TWIN_DAYS: u32 = 10;
const SETTLE_DAYS: u32 = 10;

type Why = &'static str;

/// All RAM that is not stack.
pub(super) struct Memory {
    pub(super) network: &'static mut [i32],
    pub(super) twin: &'static mut [i32],
    pub(super) features: &'static mut [i8],
    pub(super) log: &'static mut [u8],
}

/// Prints one `key: value` line.
macro_rules! say {
    ($key:literal, $($value:tt)*) => { semihosting::println!(concat!($key, ": {}"), format_args!($($value)*)) };
}

/// Prints what some work cost, and gives back what it gave.
fn timed<T>(clock: &Clock, key: &str, work: impl FnOnce() -> T) -> T {
    let start = clock::now();
    let given = work();
    let ticks = clock::now() - start;
    semihosting::println!("cost of {key}: {} {}", clock.amount(ticks), clock.unit().name());
    given
}

pub(super) fn run(clock: &Clock, flash: Nor, memory: Memory) -> Result<(), Why> {
    say!(
        "clock",
        "{}.{:03} {} per tick",
        clock.per_tick_milli() / 1000,
        clock.per_tick_milli() % 1000,
        clock.unit().name()
    );
    // Looked at where it was made: moved, it would be on the stack twice. So are the networks below.
    let made = Scenario::new(black_box(&images::SCENARIO));
    let Ok(scenario) = &made else { return Err("the scenario is not sound") };
    live(clock, scenario, flash, memory)?;
    say!("flash", "{} bytes", memory::flash_bytes());
    say!("ram for statics", "{} bytes", memory::static_bytes());
    say!("ram for the stack", "{} bytes", memory::stack_bytes());
    say!("outcome", "passed");
    Ok(())
}

/// A chain, its twin, and what is written down. The slots are beside it: they are opened again when the power is back.
struct Device<'n, 's, 'm> {
    clock: &'s Clock,
    scenario: &'s Scenario<'s>,
    network: &'n mut Network<'s, 'm>,
    twin: Twin<'n, 's, 'm>,
    features: &'m mut [i8],
    log: DecisionLog<'m>,
    trace: Digest,
    /// What the days under guard took.
    cost: Cost,
}

/// Ticks, and what they were for.
#[derive(Default)]
struct Cost {
    deciding: u64,
    logging: u64,
    records: u64,
    taking_up: u64,
    days: u64,
}

#[inline(never)] // What is on the stack while the scenario is read is gone by now.
fn live<'s>(clock: &'s Clock, scenario: &'s Scenario<'s>, flash: Nor, memory: Memory) -> Result<(), Why> {
    let demands = Demands { scenario_hash: scenario.hash(), keys: None };
    let opened = timed(clock, "opening the slots, blank", || Slots::open(flash, &demands, &mut Dsp));
    let mut slots = opened.map_err(|_| "the slots can't be opened")?;
    say!("slots", "2 of {} bytes", slots.room());
    says("runs at first", &slots);
    let mut made = Network::new(scenario, memory.network);
    let Ok(network) = &mut made else { return Err("no room for the network") };
    let mut made = Network::new(scenario, memory.twin);
    let Ok(other) = &mut made else { return Err("no room for the twin") };
    network.reset(SEED, 0, 0);
    let draws = Draws::new(TWIN_SEED, 0);
    let settings = TwinSettings { days: TWIN_DAYS, settle_days: SETTLE_DAYS, ..TwinSettings::standard(draws) };
    let origin =
        Origin { scenario_hash: scenario.hash(), policy_hash: 0, seed: SEED, replica: 0, first_day: WARM_UP_DAYS };
    let mut device = Device {
        clock,
        scenario,
        network,
        twin: Twin::new(other, settings),
        features: memory.features,
        log: DecisionLog::new(memory.log, &origin).map_err(|_| "no room for the log")?,
        trace: Digest::new(),
        cost: Cost::default(),
    };
    for _ in 0..WARM_UP_DAYS {
        advance(device.network, &mut Textbook);
        device.network.trace(&mut device.trace);
    }
    let mut watch = Guarded::new((), HyperScoreMonitor::new(scenario, MonitorSettings::WEEKLY));

    say!("update", "the learned policy, {} bytes", images::POLICY.0.len());
    bring(clock, &mut slots, black_box(&images::POLICY.0), &demands)?;
    if device.compare(&slots)?.is_some() {
        return Err("the twin refuses the learned policy");
    }
    watch = device.days(&mut slots, watch, 2)?;
    say!("power", "cut, with {} of {} days of the trial passed", slots.trial_days().unwrap_or(0), TRIAL.days);
    let flash = slots.into_flash();
    let opened = timed(clock, "opening the slots, a file on trial", || Slots::open(flash, &demands, &mut Dsp));
    let mut slots = opened.map_err(|_| "the slots can't be opened")?;
    says("runs after the cut", &slots);
    watch = device.days(&mut slots, watch, 2)?;
    say!("confirmed", "model version {}", slots.floor());

    say!("update", "a policy that orders nothing, {} bytes", NOTHING.0.len());
    bring(clock, &mut slots, black_box(&NOTHING.0), &demands)?;
    let reason = device.compare(&slots)?.ok_or("the twin keeps a policy that orders nothing")?;
    slots.roll_back(reason).map_err(|_| "the record can't be written")?;
    say!("refused", "{}", slots.refused_for().map_or("no", Reason::text));
    says("runs after it", &slots);
    watch = device.days(&mut slots, watch, 2)?;
    device.report(slots, &watch);
    Ok(())
}

/// A day under any policy: the twin's own, so that its code is in flash once.
fn advance(network: &mut Network<'_, '_>, policy: &mut dyn Policy) {
    network.advance(policy);
}

/// Prints what decides now.
fn says(key: &str, slots: &Slots<Nor>) {
    match slots.running() {
        Some(file) => semihosting::println!("{key}: model version {}", file.header().model_version),
        None => semihosting::println!("{key}: the built-in rule"),
    }
}

/// Brings a file on trial.
fn bring(clock: &Clock, slots: &mut Slots<Nor>, file: &[u8], demands: &Demands<'_>) -> Result<(), Why> {
    slots.stage(file.len()).map_err(|_| "the file does not fit")?;
    timed(clock, "erasing a slot", || {
        while slots.erase_step().map_err(|_| "the slot can't be erased")? > 0 {}
        Ok(())
    })?;
    let write = |packet: &[u8]| slots.write(packet).map(drop);
    timed(clock, "writing the file", || file.chunks(PACKET_BYTES).try_for_each(write))
        .map_err(|_| "the slot can't be written")?;
    timed(clock, "verifying it", || slots.verify(demands)).map_err(|_| "the file is not for this device")?;
    timed(clock, "its golden vectors", || slots.self_test(&mut Dsp)).map_err(|_| "a golden vector differs")?;
    timed(clock, "beginning its trial", || slots.try_out(TRIAL)).map_err(|_| "the record can't be written")
}

impl Device<'_, '_, '_> {
    /// Rolls the twin forward; why not to trust the file that runs.
    fn compare(&mut self, slots: &Slots<Nor>) -> Result<Option<Reason>, Why> {
        let file = slots.running().ok_or("no file runs")?;
        let policy = QuantizedPolicy::new(&file, self.scenario, &mut *self.features);
        let mut policy = policy.map_err(|_| "the policy is not for this scenario")?.with_kernel(Dsp);
        let days = self.twin.days();
        let (mut verdict, mut longest, mut all) = (None, 0, 0);
        for _ in 0..days {
            let ticks = clock::time(|| verdict = self.twin.step(self.network, &mut policy, 1).ok().flatten());
            longest = ticks.max(longest);
            all += ticks;
        }
        let verdict = verdict.ok_or("the twin comes to no end")?;
        let (clock, unit) = (self.clock, self.clock.unit().name());
        say!("twin's days", "{days}");
        say!("twin's cost of the learned policy", "{}", verdict.learned.cost);
        say!("twin's cost of the fallback", "{}", verdict.fallback.cost);
        say!("twin's verdict", "{}, {} ppm", verdict.reason.map_or("keep", Reason::text), verdict.worse_ppm());
        say!("cost of the twin", "{} {unit}", clock.amount(all));
        say!("cost of the twin's longest day", "{} {unit}", clock.amount(longest));
        Ok(verdict.reason)
    }

    /// Days of the file that runs, under guard and written down.
    fn days(&mut self, slots: &mut Slots<Nor>, mut watch: Guarded<()>, days: u32) -> Result<Guarded<()>, Why> {
        for _ in 0..days {
            let start = clock::now();
            let file = slots.running().ok_or("no file runs")?;
            let policy = QuantizedPolicy::new(&file, self.scenario, &mut *self.features);
            let policy = policy.map_err(|_| "the policy is not for this scenario")?.with_kernel(Dsp);
            self.cost.taking_up += clock::now() - start;
            let mut guard = watch.with_policy(policy);
            let _ = guard.report(&Inputs::fresh(self.network.day()));
            let mut logged = Timed { logged: Logged { guard: &mut guard, log: &mut self.log }, cost: &mut self.cost };
            advance(self.network, &mut logged);
            self.network.trace(&mut self.trace);
            let _ = guard.watch(self.network.today(), self.network.disrupted());
            let alarm = guard.fallback();
            watch = guard.with_policy(());
            self.cost.days += 1;
            if slots.end_day(alarm).map_err(|_| "the record can't be written")? == Day::RolledBack {
                return Err("the learned policy raises an alarm");
            }
        }
        Ok(watch)
    }

    fn report(self, slots: Slots<Nor>, watch: &Guarded<()>) {
        let (clock, unit) = (self.clock, self.clock.unit().name());
        let products = self.scenario.products() as u64;
        let Cost { deciding, logging, records, taking_up, days } = self.cost;
        say!("days under guard", "{days}");
        say!("days under the classical policy", "{}", watch.fallback_days());
        say!("cost of taking the policy up each day", "{} {unit}", clock.amount_each(taking_up, days));
        say!("cost of a decision", "{} {unit}", clock.amount_each(deciding, records * products));
        say!("cost of a decision's log", "{} {unit}", clock.amount_each(logging, records * products));
        say!("records", "{records}, {} dropped", self.log.dropped());
        say!("trace digest", "{:016x}", self.trace.value());
        let flash = slots.into_flash();
        say!("sectors erased", "{}", flash.erased);
        say!("units written", "{}", flash.written);
    }
}

/// A logged policy with two stopwatches.
struct Timed<'c, 'g, 'm, P> {
    logged: Logged<'g, 'm, P>,
    cost: &'c mut Cost,
}

impl<P: Policy> Policy for Timed<'_, '_, '_, P> {
    fn decide(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>) {
        let Logged { guard, log } = &mut self.logged;
        self.cost.deciding += clock::time(|| guard.decide(view, actions));
        let mut kept = false;
        self.cost.logging += clock::time(|| kept = log.record(view, actions, guard.fallback()));
        self.cost.records += u64::from(kept);
    }
}
