//! A chain that is cut, saved and taken back goes on to the bit; bytes that are damaged are refused or safe.

use crate::damage;
use crate::random_network::{Dice, Plan, Wishes};
use restock_core::{Network, Scenario};

/// Days of each network.
pub const DAYS: u32 = 60;

/// A snapshot of a chain.
///
/// # Panics
/// If it can't be written.
#[must_use]
pub fn taken(network: &Network<'_, '_>) -> Vec<u8> {
    let mut bytes = vec![0; Network::snapshot_bytes(network.scenario())];
    let length = network.snapshot(&mut bytes).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(length, bytes.len(), "a snapshot of a scenario has one length");
    bytes
}

/// One day; the KPIs are cleared once, as after a warm-up.
fn step(network: &mut Network<'_, '_>, seed: u64) {
    network.advance(&mut Wishes::new(seed));
    if network.day() == DAYS / 3 {
        network.clear_kpis();
    }
}

/// Runs a random network over [`DAYS`] days; the snapshot of each morning, the first and the last included.
fn mornings(s: &Scenario<'_>, seed: u64) -> Vec<Vec<u8>> {
    let mut memory = vec![0; Network::words(s)];
    let mut network = Network::new(s, &mut memory).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
    network.reset(seed, 3, 0);
    let mut all = vec![taken(&network)];
    for _ in 0..DAYS {
        step(&mut network, seed);
        all.push(taken(&network));
    }
    all
}

/// Cuts a random network on the mornings of `cuts`, restores each snapshot into a fresh network, and goes on to the
/// last day. Returns the mornings that were compared.
///
/// # Panics
/// If a snapshot is refused, or a byte of a later morning differs.
pub fn restored_chains_go_on_to_the_bit(seed: u64, cuts: impl Iterator<Item = u32>) -> u32 {
    let image = Plan::random(seed).image();
    let s = Scenario::new(&image).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
    let all = mornings(&s, seed);
    let mut compared = 0;
    for cut in cuts {
        // What the memory held before must not matter.
        let mut memory = vec![i32::MIN; Network::words(&s)];
        let mut network = Network::new(&s, &mut memory).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
        network.reset(!seed, 9, 5);
        network.advance(&mut Wishes::new(!seed));
        network.restore(&all[cut as usize]).unwrap_or_else(|e| panic!("seed {seed}, cut on day {cut}: {e}"));
        for day in cut..DAYS {
            let same = taken(&network) == all[day as usize];
            assert!(same, "seed {seed}, cut on day {cut}: the morning of day {day} differs");
            compared += 1;
            step(&mut network, seed);
        }
        assert!(taken(&network) == all[DAYS as usize], "seed {seed}, cut on day {cut}: the last morning differs");
    }
    compared
}

/// Restores bytes that may be anything; if they are taken, the chain must run to its horizon (overflow checks are
/// on), and what it is must be what the bytes say. Returns whether they were taken.
///
/// # Panics
/// If restoring or running panics, or refused bytes have changed the chain.
pub fn refused_or_safe(network: &mut Network<'_, '_>, bytes: &[u8], days: u32, seed: u64) -> bool {
    match network.restore(bytes) {
        Err(error) => {
            assert!(!error.to_string().is_empty());
            false
        }
        Ok(()) => {
            assert!(taken(network) == bytes, "a snapshot that is taken says what the chain is");
            for _ in 0..days {
                network.advance(&mut Wishes::new(seed));
                assert!(
                    network.today().iter().all(|t| t.ledger.terms().iter().all(|&term| term >= 0)),
                    "a cost below 0"
                );
            }
            let kpis = network.kpis();
            let _ = (kpis.total_cost(), kpis.turnover_with_transit_milli(), kpis.bullwhip_milli(0));
            true
        }
    }
}

/// One random network: cut on one morning, and its snapshot damaged under a right checksum.
///
/// # Panics
/// If one of the properties does not hold.
pub fn check(seed: u64) {
    let cut = (seed % u64::from(DAYS + 1)) as u32;
    let _ = restored_chains_go_on_to_the_bit(seed, [cut].into_iter());
    let _ = deceived(seed, 8);
}

/// Snapshots of a random network, damaged in one or a few words, with a right checksum. Returns how many of
/// `cases` were taken.
///
/// # Panics
/// If a damaged snapshot is neither refused nor safe.
pub fn deceived(seed: u64, cases: u32) -> u32 {
    let image = Plan::random(seed).image();
    let s = Scenario::new(&image).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
    let mut d = Dice::new(seed ^ 0xdece_17ed);
    let mut memory = vec![0; Network::words(&s)];
    let mut network = Network::new(&s, &mut memory).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
    network.reset(seed, 0, 0);
    for _ in 0..d.between(0, 60) {
        network.advance(&mut Wishes::new(seed));
    }
    let whole = taken(&network);
    let mut taken_back = 0;
    for _ in 0..cases {
        let mut damaged = whole.clone();
        for _ in 0..d.pick(&[1, 1, 2, 4]) {
            // Words of the header, of the accounts and of the state, all aligned alike.
            let at = 4 * if d.chance(20) { d.size(5, 9) } else { d.size(9, whole.len() / 4 - 2) };
            let word = i32::from_le_bytes([whole[at], whole[at + 1], whole[at + 2], whole[at + 3]]);
            let other = match d.between(0, 5) {
                0 => word ^ (1 << d.between(0, 31)),
                1 => d.pick(&[0, 1, -1, i32::MAX, i32::MIN, 1 << 28, 1 << 30, -(1 << 30)]),
                2 => word.wrapping_add(d.between(-2, 2)),
                3 => d.bits() as i32,
                _ => d.between(0, 40),
            };
            damaged[at..at + 4].copy_from_slice(&other.to_le_bytes());
        }
        damage::seal(&mut damaged);
        taken_back += u32::from(refused_or_safe(&mut network, &damaged, 80, seed));
    }
    taken_back
}
