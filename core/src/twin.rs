//! What would become of the chain: rolled forward from where it is, under the learned policy and under its fallback.
//!
//! ```text
//!                    .-- learned, `days` --.-- fallback, `settle_days` --> cost, score
//!   chain as it is --|                                                       compared --> keep, or Reason::TwinWorse
//!                    '-- fallback, `days` + `settle_days` ---------------> cost, score
//! ```
//!
//! Both sides see the same chance ([`crate::draws`]), so that what differs between them is the policies' doing. It is
//! a chance of the twin's own: on the chain's own draws a simulated device would look into its future.
//!
//! Both end with days under the fallback. Orders are paid for when the goods are there: a policy that orders nothing
//! saves money until its stock is gone, one that orders everything pays once it has arrived. What it leaves behind is
//! counted by letting the fallback put it right. The comparison is thus the question that a device has: trust the
//! policy for some days and fall back after, or fall back now? (One step of policy improvement by rollout,
//! Bertsekas 2020, section 2.1.)
//!
//! A [`Twin`] borrows a second network, with memory of its own, and does one day at a time, so that a scheduler can do
//! other things in between and a watchdog sees an end. The chain is only read.

use crate::convert::{wide_bits, wider};
use crate::draws::Draws;
use crate::guard::Reason;
use crate::hyperscore::{DeviceCurve, Parts, WeightsPpm};
use crate::kpi::Kpis;
use crate::policy::{Actions, NodeView, Policy};
use crate::scenario::Scenario;
use crate::snapshot::SnapshotError;
use crate::{Network, convert};
use core::fmt;
use fixed::types::I32F32;

#[cfg(test)]
mod tests;

/// How a twin compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TwinSettings {
    /// Days under the policies that are compared [days].
    pub days: u32,
    /// Days under the fallback that follow on both sides: longer than the longest way through the chain, so that what
    /// was ordered, or not, is paid for [days].
    pub settle_days: u32,
    /// Chance of both sides: of a seed or replica that is not the chain's own.
    pub draws: Draws,
    /// By how much of the fallback's cost the learned policy may cost more [ppm].
    pub worse_ppm: u32,
    /// By how much its HyperScore may be lower; none: by as much as it likes [points].
    pub score_drop: Option<I32F32>,
}

impl TwinSettings {
    /// Four weeks, and four weeks to settle; 2 % worse, so that a policy that differs little is kept; the score is only
    /// shown.
    #[must_use]
    pub fn standard(draws: Draws) -> Self {
        Self { days: 28, settle_days: 28, draws, worse_ppm: 20_000, score_drop: None }
    }
}

/// What one side came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Days that it was rolled forward: fewer than asked for where the horizon ends [days].
    pub days: u32,
    /// All costs [minor currency units].
    pub cost: i64,
    /// HyperScore, as [`DeviceCurve`] computes it.
    pub score: I32F32,
    /// Its V.
    pub v: I32F32,
}

impl Outcome {
    fn of(kpis: &Kpis, scenario: &Scenario<'_>) -> Self {
        let parameters = scenario.score_parameters();
        let parts = Parts::of(&kpis.total(), kpis.days(), kpis.reference_holding());
        let v = parts.v(&WeightsPpm::under(&parameters, &kpis.conditions()));
        Self { days: kpis.days(), cost: kpis.total_cost(), score: DeviceCurve::from_ppm(&parameters).score(v), v }
    }
}

/// Both sides, and what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Trusting the learned policy.
    pub learned: Outcome,
    /// Falling back now.
    pub fallback: Outcome,
    /// Why to fall back; none: the policy is kept. [`crate::guard::Guarded::judge`] takes it.
    pub reason: Option<Reason>,
}

impl Verdict {
    fn of(learned: Outcome, fallback: Outcome, settings: &TwinSettings) -> Self {
        let allowed = wider(fallback.cost) * i128::from(1_000_000 + wide_bits(settings.worse_ppm));
        let costs_more = wider(learned.cost) * 1_000_000 > allowed;
        let least = settings.score_drop.map(|drop| fallback.score.saturating_sub(drop));
        let scores_less = least.is_some_and(|least| learned.score < least);
        Self { learned, fallback, reason: (costs_more || scores_less).then_some(Reason::TwinWorse) }
    }

    /// By how much the learned policy costs more than the fallback [ppm], rounded down; less is negative. 0 where the
    /// fallback costs nothing.
    #[must_use]
    pub fn worse_ppm(&self) -> i64 {
        let more = (wider(self.learned.cost) - wider(self.fallback.cost)) * 1_000_000;
        convert::saturate_wide(more.checked_div_euclid(wider(self.fallback.cost)).unwrap_or(0))
    }
}

/// Why a twin does not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TwinError {
    /// The chain can't be copied: it is of another scenario, or its day is under way.
    Copy(SnapshotError),
    /// The chain has moved on since the comparison began, which is forgotten: the next day begins a new one.
    MovedOn {
        /// Day on which it began.
        began: u32,
        /// Day of the chain now.
        found: u32,
    },
}

impl fmt::Display for TwinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Copy(error) => error.fmt(f),
            Self::MovedOn { began, found } => {
                write!(f, "the comparison began on day {began} and the chain is on day {found}: it begins again")
            }
        }
    }
}

impl core::error::Error for TwinError {}

/// How far a comparison is.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    /// Day of the chain when it began.
    began: u32,
    /// Days done of this side.
    done: u32,
    /// The learned side, once it is done.
    learned: Option<Outcome>,
}

/// A second chain, in which a policy can do no harm.
pub struct Twin<'n, 's, 'm> {
    network: &'n mut Network<'s, 'm>,
    settings: TwinSettings,
    progress: Progress,
}

impl<'n, 's, 'm> Twin<'n, 's, 'm> {
    /// A twin in `network`, whatever that was before; for chains of the same scenario.
    #[must_use]
    pub fn new(network: &'n mut Network<'s, 'm>, settings: TwinSettings) -> Self {
        Self { network, settings, progress: Progress::default() }
    }

    /// Begins anew, with the next day.
    pub fn restart(&mut self) {
        self.progress = Progress::default();
    }

    /// Days that a comparison takes at most, both sides together [days].
    #[must_use]
    pub fn days(&self) -> u32 {
        self.side_days().saturating_mul(2)
    }

    /// Rolls on by at most so many days; the verdict once both sides are through. The next call then begins anew.
    ///
    /// `policy` decides for the learned side and falls back for the other; it is the policy itself, not one under
    /// guard. All calls of a comparison must be made between the same two days of the chain.
    ///
    /// # Errors
    /// If the chain can't be copied, or has moved on.
    pub fn step<P: Policy>(
        &mut self,
        chain: &Network<'_, '_>,
        policy: &mut P,
        days: u32,
    ) -> Result<Option<Verdict>, TwinError> {
        for _ in 0..days {
            if let Some(verdict) = self.day(chain, policy)? {
                return Ok(Some(verdict));
            }
        }
        Ok(None)
    }

    fn side_days(&self) -> u32 {
        self.settings.days.saturating_add(self.settings.settle_days)
    }

    /// One day of one side.
    fn day<P: Policy>(&mut self, chain: &Network<'_, '_>, policy: &mut P) -> Result<Option<Verdict>, TwinError> {
        let Progress { began, done, learned } = self.progress;
        if done == 0 && learned.is_none() {
            self.progress.began = chain.day();
        } else if chain.day() != began {
            self.restart();
            return Err(TwinError::MovedOn { began, found: chain.day() });
        }
        if done == 0 {
            self.network.branch(chain, self.settings.draws).map_err(TwinError::Copy)?;
        }
        let falls_back = learned.is_some() || done >= self.settings.days;
        // Through a pointer: a day is a hundred KiB of code, which a device that does the same has once.
        let side: &mut dyn Policy = &mut Side { policy, falls_back };
        self.network.advance(side);
        self.progress.done = done.saturating_add(1);
        if self.progress.done < self.side_days() && !self.network.is_over() {
            return Ok(None);
        }
        let outcome = Outcome::of(self.network.kpis(), self.network.scenario());
        self.progress.done = 0;
        let Some(learned) = learned else {
            self.progress.learned = Some(outcome);
            return Ok(None);
        };
        self.restart();
        Ok(Some(Verdict::of(learned, outcome, &self.settings)))
    }
}

/// The policy, or what stands in for it.
struct Side<'p, P> {
    policy: &'p mut P,
    falls_back: bool,
}

impl<P: Policy> Policy for Side<'_, P> {
    #[inline(always)]
    fn decide(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>) {
        if self.falls_back { self.policy.fall_back(view, actions) } else { self.policy.decide(view, actions) }
    }
}
