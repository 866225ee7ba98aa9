//! A clock that knows what it counts.
//!
//! SysTick counts processor cycles on silicon and in cycle models. QEMU with `-icount shift=0` gives
//! every instruction one nanosecond, so there SysTick counts instructions, 40 at a time. Two code
//! sequences with known numbers of instructions tell which it is: where both give the same number of
//! instructions per tick, ticks are instructions; else they are cycles.

use core::sync::atomic::{AtomicU32, Ordering};
use cortex_m::asm;
use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;

/// SysTick counts down 24 bits.
const PERIOD: u32 = 1 << 24;
static WRAPS: AtomicU32 = AtomicU32::new(0);

/// What a tick is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// Every instruction takes the same time: ticks are converted to instructions.
    Instructions,
    /// Instructions differ: ticks stay ticks, one a cycle.
    Cycles,
}

impl Unit {
    /// The word after a number.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Instructions => "instructions",
            Self::Cycles => "cycles",
        }
    }
}

/// A running, calibrated clock.
#[derive(Debug)]
pub(super) struct Clock {
    unit: Unit,
    /// Instructions per tick, times 1000; 1000 where the unit is cycles.
    per_tick_milli: u64,
}

/// Turns of the delay loop that is timed, two instructions each.
const DELAY_TURNS: u32 = 20_000;
/// Turns of the loop of [`NOPS`] that is timed.
const NOP_TURNS: u32 = 2_000;
/// Instructions by which the longer loop body is longer.
const NOPS: u32 = 64;

impl Clock {
    /// Starts SysTick and calibrates it.
    pub(super) fn start(mut systick: SYST) -> Self {
        systick.set_clock_source(SystClkSource::Core);
        systick.set_reload(PERIOD - 1);
        systick.clear_current();
        systick.enable_interrupt();
        systick.enable_counter();

        // Twice the work less once the work: what surrounds the loops cancels out.
        let once = time(|| asm::delay(DELAY_TURNS));
        let delay = time(|| asm::delay(2 * DELAY_TURNS)).saturating_sub(once);
        let short = time(|| (0..NOP_TURNS).for_each(|_| nops::<1>()));
        let nop = time(|| (0..NOP_TURNS).for_each(|_| nops::<2>())).saturating_sub(short);
        let by_delay = u64::from(2 * DELAY_TURNS) * 1000 / delay.max(1);
        let by_nop = u64::from(NOPS * NOP_TURNS) * 1000 / nop.max(1);

        // Half a per cent: a tick of 40 instructions is a tenth of a per cent of either measurement.
        if by_delay.abs_diff(by_nop) * 200 <= by_delay {
            // The true number is whole; rounding removes the last partial tick.
            Self { unit: Unit::Instructions, per_tick_milli: (by_delay + 500) / 1000 * 1000 }
        } else {
            Self { unit: Unit::Cycles, per_tick_milli: 1000 }
        }
    }

    /// What this clock counts.
    pub(super) const fn unit(&self) -> Unit {
        self.unit
    }

    /// Instructions per tick, times 1000.
    pub(super) const fn per_tick_milli(&self) -> u64 {
        self.per_tick_milli
    }

    /// Ticks as instructions or cycles.
    pub(super) const fn amount(&self, ticks: u64) -> u64 {
        ticks * self.per_tick_milli / 1000
    }

    /// `amount / count`, rounded to the nearest.
    pub(super) const fn amount_each(&self, ticks: u64, count: u64) -> u64 {
        let count = if count == 0 { 1 } else { count };
        (self.amount(ticks) + count / 2) / count
    }
}

/// Ticks since the start.
pub(super) fn now() -> u64 {
    loop {
        let wraps = WRAPS.load(Ordering::Relaxed);
        let left = SYST::get_current();
        // A wrap between the two reads would put the low part into the wrong period.
        if WRAPS.load(Ordering::Relaxed) == wraps {
            // The interrupt comes when the counter reaches 0, so 0 is the first tick of a period.
            return u64::from(wraps) * u64::from(PERIOD) + u64::from((PERIOD - left) % PERIOD);
        }
    }
}

/// Ticks that `work` takes.
pub(super) fn time(work: impl FnOnce()) -> u64 {
    let start = now();
    work();
    now().saturating_sub(start)
}

/// `TIMES` times 64 instructions that do nothing; the compiler may not drop them.
#[inline(always)]
fn nops<const TIMES: usize>() {
    macro_rules! eight {
        ($work:expr) => {
            $work;
            $work;
            $work;
            $work;
            $work;
            $work;
            $work;
            $work;
        };
    }
    const { assert!(TIMES == 1 || TIMES == 2 && NOPS == 64) };
    eight!({
        eight!(asm::nop());
    });
    if TIMES == 2 {
        eight!({
            eight!(asm::nop());
        });
    }
}

#[cortex_m_rt::exception]
fn SysTick() {
    WRAPS.fetch_add(1, Ordering::Relaxed);
}
