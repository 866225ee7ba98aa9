//! Why the policy is not in charge, in words and as a number.

/// Why the learned policy is not in charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The score has drifted down.
    ScoreDrift,
    /// The window's score is below the operator's floor.
    BelowFloor,
    /// The learned policy was refused: damaged, or for another problem.
    PolicyRefused,
    /// A person has asked for it.
    Operator,
    /// The forecast is missing, or has not moved for too long.
    ForecastStale,
    /// The stock has not been seen lately: a sensor gap.
    StockUnseen,
    /// The stock has not been seen for long, or never.
    StockLost,
    /// The clock has skipped days.
    ClockAhead,
    /// The clock shows a day that has been decided.
    ClockBack,
    /// The device was started too often without getting through a day: see [`crate::slots`].
    Restarts,
    /// The chain would be run at more cost than under the fallback: see [`crate::twin`].
    TwinWorse,
}

impl Reason {
    /// All of them, by code.
    pub const ALL: [Self; 11] = [
        Self::ScoreDrift,
        Self::BelowFloor,
        Self::PolicyRefused,
        Self::Operator,
        Self::ForecastStale,
        Self::StockUnseen,
        Self::StockLost,
        Self::ClockAhead,
        Self::ClockBack,
        Self::Restarts,
        Self::TwinWorse,
    ];

    /// The reason in words, for a log.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::ScoreDrift => "score drifted down",
            Self::BelowFloor => "score below the floor",
            Self::PolicyRefused => "policy refused",
            Self::Operator => "operator",
            Self::ForecastStale => "forecast stale",
            Self::StockUnseen => "stock not seen",
            Self::StockLost => "stock not seen for long",
            Self::ClockAhead => "clock ahead",
            Self::ClockBack => "clock back",
            Self::Restarts => "restarted too often",
            Self::TwinWorse => "worse in the twin",
        }
    }

    /// Its number in a log, 1 to 11; 0 stands for none.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::ScoreDrift => 1,
            Self::BelowFloor => 2,
            Self::PolicyRefused => 3,
            Self::Operator => 4,
            Self::ForecastStale => 5,
            Self::StockUnseen => 6,
            Self::StockLost => 7,
            Self::ClockAhead => 8,
            Self::ClockBack => 9,
            Self::Restarts => 10,
            Self::TwinWorse => 11,
        }
    }

    /// The reason of a number other than 0, if there is one.
    #[must_use]
    pub fn of_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }
}

/// The reason code of one decision: one product at one node on one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The learned policy decided, within the bounds.
    Policy,
    /// The learned policy decided, and asked for more than the scenario's bounds allow: they were kept.
    Clamped,
    /// Not the learned policy, and why.
    Fallback(Reason),
}

impl Code {
    /// In words.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Policy => "policy",
            Self::Clamped => "clamped",
            Self::Fallback(reason) => reason.text(),
        }
    }

    /// From who decided and whether the bounds bind.
    #[must_use]
    pub const fn of(reason: Option<Reason>, clamped: bool) -> Self {
        match reason {
            Some(reason) => Self::Fallback(reason),
            None if clamped => Self::Clamped,
            None => Self::Policy,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_code_of_its_own() {
        for (i, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(reason.code()), i + 1);
            assert_eq!(Reason::of_code(reason.code()), Some(reason));
        }
        assert_eq!(Reason::of_code(0).or(Reason::of_code(12)), None);
    }
}
