//! A policy that wishes for anything: by day, node and product, whatever the state.

use super::Dice;
use restock_core::order::{NOTHING, UNLIMITED};
use restock_core::policy::{Actions, NodeView, Policy};

/// What is wished for one product on one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    /// Base-stock level [units].
    pub level: i32,
    /// Order cap [units].
    pub cap: i32,
    /// Weight in sharing capacity.
    pub weight: i32,
    /// First route.
    pub route: i32,
    /// Base-stock level of the fast route [units].
    pub expedite: i32,
    /// Effort of negotiation.
    pub effort: i32,
}

/// The wish of a seed: mostly sane, sometimes as wild as the types allow. `tests/oracle/wishes.py` has it too.
#[must_use]
pub fn wish(seed: u64, day: u32, node: usize, product_key: u64) -> Wish {
    let mut place = Dice::new(seed ^ product_key ^ ((node as u64) << 40));
    let base = place.between(0, 160);
    let mut d = Dice::new(place.bits() ^ (u64::from(day) << 20));
    let wild = d.chance(4);
    Wish {
        level: if wild { d.pick(&[i32::MAX, i32::MIN, -7, 0]) } else { base + d.between(-10, 30) },
        cap: match d.between(0, 9) {
            0 => d.pick(&[0, -5, i32::MIN, 1]),
            1..=3 => d.between(0, 45),
            _ => UNLIMITED,
        },
        weight: if wild { d.pick(&[0, -3, i32::MAX, 17]) } else { d.pick(&[1, 4, 16]) },
        route: if wild { d.pick(&[-1, i32::MAX, 77]) } else { d.between(0, 3) },
        expedite: match d.between(0, 9) {
            0 => d.pick(&[i32::MAX, 0, -40, 1000]),
            1..=3 => base / 2 + d.between(-40, 40),
            _ => NOTHING,
        },
        effort: if wild { d.pick(&[-1, i32::MAX, i32::MIN]) } else { d.between(0, 3) },
    }
}

/// The policy of [`wish`]; keeps the inventory positions that it was shown.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// Seed.
    pub seed: u64,
    /// What was shown since the caller last cleared it: (node, position by product).
    pub seen: Vec<(usize, Vec<i32>)>,
}

impl Wishes {
    /// From a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, seen: Vec::new() }
    }
}

impl Policy for Wishes {
    fn decide(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>) {
        self.seen.push((view.node(), view.position().to_vec()));
        for i in 0..view.products() {
            let w = wish(self.seed, view.day(), view.node(), view.scenario().product_key(i));
            actions.level[i] = w.level;
            actions.cap[i] = w.cap;
            actions.weight[i] = w.weight;
            actions.route[i] = w.route;
            actions.expedite[i] = w.expedite;
            actions.effort[i] = w.effort;
        }
    }
}
