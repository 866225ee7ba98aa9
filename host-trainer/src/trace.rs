//! What a policy did on the test paths, day by day and stockpoint by stockpoint, small enough to keep beside a run:
//! it tells which day and which stockpoint a later version does otherwise.
//!
//! ```text
//! each path: orders, levels, costs of a day --> mixed with path and place --> added to the day's sums
//! ```
//!
//! A day has one 64-bit sum of everything, 16 bits for each stockpoint (its orders and its level) and 16 bits for
//! each node (its costs), over all paths together: sums do not depend on which thread is first. A run that differs
//! differs in its day's 64 bits for certain, as far as digests go; the stockpoint shows in its 16 bits with 65,535
//! chances of 65,536. The embedded network's six policies take 3 MB. Where stockpoints and days are so many that they
//! would pass [`CHECKS_MAX`], neighbours share one check.
//!
//! The file: magic `RSTT`, version, body in postcard, CRC-32 of all before.

use crc::{CRC_32_ISO_HDLC, Crc};
use restock_core::{Network, Scenario};
use serde::{Deserialize, Serialize};
use std::sync::Mutex;

/// First bytes of the file.
const MAGIC: [u8; 4] = *b"RSTT";
/// Version of the file and of what is mixed.
const VERSION: u16 = 1;
/// Most checks of stockpoints that are kept of one policy.
pub const CHECKS_MAX: usize = 4 << 20;
const CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);

/// What one policy did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// The policy's name.
    pub policy: String,
    /// Days.
    pub days: u32,
    /// Stockpoints.
    pub stockpoints: u32,
    /// Stockpoints that share one check.
    pub group: u32,
    /// Nodes.
    pub nodes: u32,
    /// One sum a day, little-endian 64 bits each.
    day_sums: Vec<u8>,
    /// Shape `[day][stockpoint / group]`, then `[day][node]`, little-endian 16 bits each.
    checks: Vec<u8>,
}

/// Where two traces first differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The day, counted from the first one that was run.
    pub day: u32,
    /// The first stockpoint whose orders or level differ on that day, and how many share its check.
    pub stockpoint: Option<(u32, u32)>,
    /// The first node whose costs differ on that day.
    pub node: Option<u32>,
}

/// Why bytes are not traces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is damaged or of another version: `restock compare` writes it anew")]
pub struct TraceError;

/// The sums of some paths.
pub struct Sums {
    days: Vec<u64>,
    checks: Vec<u16>,
    row: Vec<u64>,
}

/// Adds up what happens on all paths of one policy.
pub struct Recorder {
    days: usize,
    stockpoints: usize,
    group: usize,
    nodes: usize,
    all: Mutex<Sums>,
}

impl Recorder {
    /// For so many days of a scenario.
    #[must_use]
    pub fn new(scenario: &Scenario<'_>, days: u32) -> Self {
        let (days, stockpoints, nodes) = (days as usize, scenario.stockpoints(), scenario.node_count());
        let group = (days * stockpoints).div_ceil(CHECKS_MAX).max(1);
        let mut recorder = Self {
            days,
            stockpoints,
            group,
            nodes,
            all: Mutex::new(Sums { days: vec![], checks: vec![], row: vec![] }),
        };
        recorder.all = Mutex::new(recorder.path());
        recorder
    }

    fn cells(&self) -> usize {
        self.stockpoints.div_ceil(self.group)
    }

    /// A path that has not begun.
    #[must_use]
    pub fn path(&self) -> Sums {
        let checks = self.days * (self.cells() + self.nodes);
        Sums { days: vec![0; self.days], checks: vec![0; checks], row: vec![0; self.stockpoints] }
    }

    /// Adds the last day of a path, which is its day number `day`.
    pub fn day(&self, sums: &mut Sums, day: usize, replica: u32, network: &Network<'_, '_>) {
        let (s, state, p) = (network.scenario(), network.state(), network.scenario().products());
        let Some(total) = sums.days.get_mut(day) else { return };
        let seed = mix(u64::from(replica));
        for (at, (row, &level)) in sums.row.iter_mut().zip(state.inventory_level).enumerate() {
            *row = (seed ^ mix(at as u64)).wrapping_add(u64::from(level.cast_unsigned()));
        }
        for (n, rows) in sums.row.chunks_mut(p).enumerate() {
            for &lane in &s.nodes()[n].inbound {
                let orders = state.ordered_today.chunks(p).nth(usize::from(lane)).unwrap_or(&[]);
                for (row, &units) in rows.iter_mut().zip(orders) {
                    *row = row.rotate_left(32).wrapping_mul(ODD).wrapping_add(u64::from(units.cast_unsigned()));
                }
            }
        }
        let cells = self.cells();
        let (stockpoints, nodes) = sums.checks.split_at_mut(self.days * cells);
        let checks = &mut stockpoints[day * cells..][..cells];
        for (check, rows) in checks.iter_mut().zip(sums.row.chunks(self.group)) {
            for &row in rows {
                let mixed = mix(row);
                *total = total.wrapping_add(mixed);
                *check = check.wrapping_add((mixed >> 48) as u16);
            }
        }
        for ((n, check), tally) in nodes[day * self.nodes..].iter_mut().enumerate().zip(network.today()) {
            let terms = tally.ledger.terms();
            let place = seed ^ mix(!(n as u64));
            let mixed = terms.iter().fold(place, |sum, &term| mix(sum ^ term.cast_unsigned()));
            *total = total.wrapping_add(mixed);
            *check = check.wrapping_add((mixed >> 48) as u16);
        }
    }

    /// Adds a path that is over.
    pub fn add(&self, path: &Sums) {
        let mut all = self.all.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for (sum, &more) in all.days.iter_mut().zip(&path.days) {
            *sum = sum.wrapping_add(more);
        }
        for (sum, &more) in all.checks.iter_mut().zip(&path.checks) {
            *sum = sum.wrapping_add(more);
        }
    }

    /// The trace of all paths that were added.
    #[must_use]
    pub fn finish(self, policy: &str) -> Trace {
        let (group, small) = (self.group, |size: usize| u32::try_from(size).unwrap_or(u32::MAX));
        let (days, stockpoints, nodes) = (small(self.days), small(self.stockpoints), small(self.nodes));
        let all = self.all.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        Trace {
            policy: policy.to_owned(),
            days,
            stockpoints,
            group: small(group),
            nodes,
            day_sums: all.days.iter().flat_map(|sum| sum.to_le_bytes()).collect(),
            checks: all.checks.iter().flat_map(|check| check.to_le_bytes()).collect(),
        }
    }
}

impl Trace {
    /// The first day that is not the same, and what on it; none where all days are, or where the traces are not of
    /// the same days of the same network.
    #[must_use]
    pub fn first_difference(&self, now: &Self) -> Option<Difference> {
        let shape = |t: &Self| (t.days, t.stockpoints, t.group, t.nodes, t.day_sums.len(), t.checks.len());
        if shape(self) != shape(now) {
            return None;
        }
        let (was, is) = (self.day_sums.as_chunks::<8>().0, now.day_sums.as_chunks::<8>().0);
        let day = was.iter().zip(is).position(|(was, is)| was != is)?;
        let cells = self.stockpoints.div_ceil(self.group) as usize;
        let first = |from: usize, length: usize| {
            let row =
                |t: &'_ Self| t.checks.as_chunks::<2>().0.iter().skip(from).take(length).copied().collect::<Vec<_>>();
            let at = row(self).iter().zip(row(now)).position(|(was, is)| *was != is)?;
            u32::try_from(at).ok()
        };
        let stockpoint = first(day * cells, cells).map(|cell| (cell * self.group, self.group));
        let node = first(self.days as usize * cells + day * self.nodes as usize, self.nodes as usize);
        Some(Difference { day: u32::try_from(day).ok()?, stockpoint, node })
    }
}

/// The file of some traces.
#[must_use]
pub fn encode(traces: &[Trace]) -> Vec<u8> {
    let mut bytes = [&MAGIC[..], &VERSION.to_le_bytes()].concat();
    // Nothing of it can fail to be written.
    bytes.extend(postcard::to_allocvec(traces).unwrap_or_default());
    let checksum = CRC.checksum(&bytes);
    bytes.extend(checksum.to_le_bytes());
    bytes
}

/// The traces of a file.
///
/// # Errors
/// If it is not such a file, or a damaged one.
pub fn decode(bytes: &[u8]) -> Result<Vec<Trace>, TraceError> {
    let (all, checksum) = bytes.split_last_chunk::<4>().ok_or(TraceError)?;
    if CRC.checksum(all).to_le_bytes() != *checksum {
        return Err(TraceError);
    }
    let body = all.strip_prefix(&MAGIC).and_then(|rest| rest.strip_prefix(&VERSION.to_le_bytes())).ok_or(TraceError)?;
    let traces: Vec<Trace> = postcard::from_bytes(body).map_err(|_| TraceError)?;
    if traces.iter().any(|trace| trace.group == 0) { Err(TraceError) } else { Ok(traces) }
}

const ODD: u64 = 0x9e37_79b9_7f4a_7c15;

/// SplitMix64's output function.
#[inline(always)]
const fn mix(state: u64) -> u64 {
    let z = state.wrapping_add(ODD);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::{self, Contender, Protocol};
    use crate::problem::Problem;

    const PROTOCOL: Protocol = Protocol { seed: 4, replicas: 3, first_day: 0, warmup_days: 3, days: 20 };

    fn traced(scenario: &Scenario<'_>, contender: &Contender<'_>, threads: usize) -> Trace {
        let recorder = Recorder::new(scenario, PROTOCOL.warmup_days + PROTOCOL.days);
        let _ = evaluate::run_recorded(scenario, contender, &PROTOCOL, threads, Some(&recorder));
        recorder.finish("p")
    }

    #[test]
    fn a_trace_names_the_first_day_and_stockpoint_that_differ() {
        let problem = Problem::embedded().expect("embedded");
        let scenario = problem.scenario().expect("sound");
        // The level that each stockpoint begins with: one above it orders more at the first review.
        let column = restock_core::layout::Column::InventoryInitial;
        let levels: Vec<i32> = (0..scenario.node_count()).flat_map(|n| scenario.column(column, n).to_vec()).collect();
        let was = traced(&scenario, &Contender::BaseStock(levels.clone()), 1);
        assert_eq!(was, traced(&scenario, &Contender::BaseStock(levels.clone()), 3), "threads change nothing");
        assert_eq!(was.first_difference(&was), None);
        assert_eq!(decode(&encode(std::slice::from_ref(&was))), Ok(vec![was.clone()]));
        for at in [0, 207, scenario.stockpoints() - 1] {
            let mut other = levels.clone();
            other[at] += 10;
            let now = traced(&scenario, &Contender::BaseStock(other.clone()), 2);
            // The first day on which that stockpoint orders otherwise on some path, found the slow way.
            let day = first_other_day(&scenario, &levels, &other);
            let found = was.first_difference(&now).expect("differs");
            assert_eq!((found.day, found.stockpoint), (day, Some((at as u32, 1))));
        }
    }

    fn first_other_day(scenario: &Scenario<'_>, one: &[i32], other: &[i32]) -> u32 {
        let days = |replica: u32, level: &[i32]| {
            let mut memory = vec![0; Network::words(scenario)];
            let mut network = Network::new(scenario, &mut memory).expect("room");
            network.reset(PROTOCOL.seed, replica, 0);
            let mut policy = restock_core::policy::BaseStock { level };
            let days = (0..23).map(|_| {
                network.advance(&mut policy);
                network.state().ordered_today.to_vec()
            });
            days.collect::<Vec<_>>()
        };
        (0..3)
            .filter_map(|r| days(r, one).iter().zip(&days(r, other)).position(|(a, b)| a != b))
            .min()
            .and_then(|day| u32::try_from(day).ok())
            .expect("differs")
    }

    #[test]
    fn a_damaged_trace_is_refused() {
        let trace = Trace {
            policy: "p".into(),
            days: 1,
            stockpoints: 1,
            group: 1,
            nodes: 1,
            day_sums: vec![1; 8],
            checks: vec![2; 4],
        };
        let mut bytes = encode(&[trace]);
        for bit in 0..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decode(&bytes), Err(TraceError), "bit {bit}");
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        for length in 0..bytes.len() {
            assert_eq!(decode(&bytes[..length]), Err(TraceError), "{length} bytes");
        }
    }
}
