//! One scene: a network, a policy, days, and the digests that come out. The tests of the workspace compile this
//! file too (`restock_tests::golden`), so that a scene is run by one piece of code everywhere.

use restock_core::digest::Digest;
use restock_core::hyperscore::HyperScore;
use restock_core::policy::{Actions, NodeView, Policy, Textbook};
use restock_core::{Network, Scenario};

/// Words before a scene's image: days, seed, policy, words of the image.
pub const PREAMBLE_WORDS: usize = 4;

/// What runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scene<'a> {
    /// Days.
    pub days: u32,
    /// Seed of the draws and of the wild policy.
    pub seed: u64,
    /// Whether decisions are wild instead of the textbook's.
    pub wild: bool,
    /// The scenario image.
    pub image: &'a [i32],
}

/// What came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Digest of every day's trace, the KPIs and the bits of HyperScore.
    pub digest: u64,
    /// Days that were run.
    pub days: u32,
}

/// Takes the next scene off a pack.
pub fn next<'a>(pack: &mut &'a [i32]) -> Option<Scene<'a>> {
    let (head, rest) = pack.split_first_chunk::<PREAMBLE_WORDS>()?;
    let (image, rest) = rest.split_at_checked(usize::try_from(head[3]).ok()?)?;
    *pack = rest;
    Some(Scene { days: head[0].unsigned_abs(), seed: u64::from(head[1].unsigned_abs()), wild: head[2] != 0, image })
}

impl Scene<'_> {
    /// Runs it in `memory`, and hands 16 bits of each day's own digest to `each_day`. None if the image is refused or
    /// the memory too small.
    pub fn run(&self, memory: &mut [i32], mut each_day: impl FnMut(u16)) -> Option<Outcome> {
        let scenario = Scenario::new(self.image).ok()?;
        let mut network = Network::new(&scenario, memory).ok()?;
        network.reset(self.seed, 0, 0);
        let mut all = Digest::new();
        for _ in 0..self.days {
            if self.wild {
                network.advance(&mut Wild { seed: self.seed });
            } else {
                network.advance(&mut Textbook);
            }
            let mut day = Digest::new();
            network.trace(&mut day);
            all.bytes(&day.value().to_le_bytes());
            each_day(fold(day.value()));
        }
        let kpis = network.kpis();
        let score = HyperScore::of(kpis, &scenario.score_parameters());
        let total = kpis.total();
        for sum in [kpis.total_cost(), total.demand, total.served, total.sold_value, kpis.bullwhip_milli(0)] {
            all.wide(sum);
        }
        all.bytes(&score.score.to_bits().to_le_bytes());
        Some(Outcome { digest: all.value(), days: kpis.days() })
    }
}

/// 16 bits of 64.
fn fold(digest: u64) -> u16 {
    let [a, b, c, d, e, f, g, h] = digest.to_le_bytes();
    u16::from_le_bytes([a ^ c ^ e ^ g, b ^ d ^ f ^ h])
}

/// Decides anything, by day, node and product; seldom as wild as the types allow.
struct Wild {
    seed: u64,
}

/// SplitMix64's output function.
fn mix(state: u64) -> u64 {
    let z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Policy for Wild {
    fn decide(&mut self, view: &NodeView<'_>, actions: &mut Actions<'_>) {
        let place = mix(self.seed ^ (u64::from(view.day()) << 32) ^ view.scenario().nodes()[view.node()].key);
        for i in 0..view.products() {
            let [level, cap, wild, weight, route, effort, expedite, more] =
                mix(place ^ view.scenario().product_key(i)).to_le_bytes().map(i32::from);
            actions.level[i] =
                if wild < 6 { [i32::MAX, i32::MIN, 0, -7, 1, 9][wild.unsigned_abs() as usize] } else { level % 160 };
            actions.cap[i] = if cap < 80 { cap - 3 } else { i32::MAX };
            actions.weight[i] = [1, 4, 16][(weight % 3).unsigned_abs() as usize];
            actions.route[i] = route % 4;
            actions.effort[i] = effort % 4;
            actions.expedite[i] = if expedite < 90 { more % 90 } else { i32::MIN };
        }
    }
}
