//! Costs in currency as whole minor units, with an account of what rounding loses.

use super::number::word;
use super::problem::{Place, Report};

/// A loss by rounding that is worth a warning, as a share.
const LOSS_MAX: f64 = 0.001;

/// Rounds costs and remembers the worst.
#[derive(Debug)]
pub(crate) struct Money {
    scale: f64,
    place: Place,
    losses: Vec<Loss>,
}

/// What rounding did to one kind of cost.
#[derive(Debug)]
struct Loss {
    what: &'static str,
    count: usize,
    worst: f64,
    worst_cost: f64,
    worst_at: String,
}

impl Money {
    /// `scale` minor units per unit of currency, set at `place`.
    pub(crate) fn new(scale: i32, place: Place) -> Self {
        Self { scale: f64::from(scale), place, losses: Vec::new() }
    }

    /// A cost in minor units, rounded to nearest; reported as an error where it does not fit.
    pub(crate) fn minor(&mut self, cost: f64, what: &'static str, at: impl Fn() -> String, report: &mut Report) -> i32 {
        let exact = cost * self.scale;
        let Some(rounded) = word(exact) else {
            report.error(
                self.place.clone(),
                format!("{what} of {} is {cost}: {exact:.0} minor units", at()),
                format!("at most {}: use a smaller money_scale", i32::MAX),
            );
            return 0;
        };
        let lost = if exact > 0.0 { libm::fabs(f64::from(rounded) - exact) / exact } else { 0.0 };
        if lost > LOSS_MAX {
            match self.losses.iter_mut().find(|loss| loss.what == what) {
                Some(loss) => {
                    loss.count += 1;
                    if lost > loss.worst {
                        (loss.worst, loss.worst_cost, loss.worst_at) = (lost, cost, at());
                    }
                }
                None => self.losses.push(Loss { what, count: 1, worst: lost, worst_cost: cost, worst_at: at() }),
            }
        }
        rounded
    }

    /// One warning for each kind of cost that lost too much.
    pub(crate) fn finish(self, report: &mut Report) {
        for loss in &self.losses {
            let wanted = libm::pow(10.0, libm::ceil(libm::log10(0.5 / (LOSS_MAX * loss.worst_cost))));
            let effect = if loss.worst >= 1.0 {
                "rounds to 0".to_owned()
            } else {
                format!("loses {:.2} % by rounding", loss.worst * 100.0)
            };
            report.warning(
                self.place.clone(),
                format!(
                    "money_scale is {}: {} {effect} at {} (of {} places above 0.1 %)",
                    self.scale, loss.what, loss.worst_at, loss.count
                ),
                format!("{wanted:.0} to keep it within 0.1 %"),
            );
        }
    }
}
