//! Snapshots: a chain cut on any day goes on to the bit, and bytes that are not its snapshot are refused. The
//! comparison is `restock_tests::snapshots`, which `cargo soak` runs too.

use restock_core::policy::Textbook;
use restock_core::snapshot::{self, SnapshotError};
use restock_core::{Network, Scenario};
use restock_tests::property::Property;
use restock_tests::random_network::{Plan, Wishes};
use restock_tests::snapshots::{self, DAYS, taken};
use restock_tests::{damage, swarm};

/// Scenarios that are cut on every day.
const SCENARIOS: u64 = 16;
/// Random networks that are cut once.
const NETWORKS: u64 = 600;

#[test]
fn a_chain_cut_on_any_day_goes_on_to_the_bit() {
    let compared: u32 = (0..SCENARIOS).map(|seed| snapshots::restored_chains_go_on_to_the_bit(seed, 0..=DAYS)).sum();
    assert_eq!(u64::from(compared), SCENARIOS * u64::from(DAYS * (DAYS + 1) / 2));
}

#[test]
fn random_networks_are_restored_and_damaged_snapshots_are_refused_or_safe() {
    swarm::must_hold(Property::Snapshot, 2_000_000..2_000_000 + NETWORKS);
}

/// A snapshot that begins on another first day, of a chain whose events have fired and whose orders are open.
#[test]
fn a_chain_that_began_late_goes_on_to_the_bit() {
    for seed in 0..60 {
        let image = Plan::random(seed).image();
        let s = Scenario::new(&image).unwrap();
        let (mut memory, mut other) = (vec![0; Network::words(&s)], vec![7; Network::words(&s)]);
        let mut network = Network::new(&s, &mut memory).unwrap();
        let mut restored = Network::new(&s, &mut other).unwrap();
        network.reset(seed, 0, 30);
        for day in 30..60 {
            restored.restore(&taken(&network)).unwrap_or_else(|e| panic!("seed {seed}, day {day}: {e}"));
            network.advance(&mut Wishes::new(seed));
            restored.advance(&mut Wishes::new(seed));
            assert!(taken(&restored) == taken(&network), "seed {seed}, day {day}");
            assert_eq!(
                (network.today(), network.kpis()),
                (restored.today(), restored.kpis()),
                "seed {seed}, day {day}"
            );
        }
    }
}

/// Three networks whose snapshots are small, after some days.
fn references() -> Vec<(Vec<i32>, Vec<u8>)> {
    let mut small: Vec<(usize, u64)> = (0..400)
        .map(|seed| {
            let image = Plan::random(seed).image();
            (Network::snapshot_bytes(&Scenario::new(&image).unwrap()), seed)
        })
        .collect();
    small.sort_unstable();
    let references = small.iter().take(3).map(|&(_, seed)| {
        let image = Plan::random(seed).image();
        let s = Scenario::new(&image).unwrap();
        let mut memory = vec![0; Network::words(&s)];
        let mut network = Network::new(&s, &mut memory).unwrap();
        network.reset(seed, 0, 0);
        (0..20).for_each(|_| network.advance(&mut Wishes::new(seed)));
        (image.clone(), taken(&network))
    });
    references.collect()
}

/// A way of damaging bytes: hands each damaged copy on, with what was done to it.
type Damage = fn(&[u8], &mut dyn FnMut(&[u8], String));

/// What every piece of damage to the reference snapshots gives.
fn refused(each: Damage, expected: fn(&SnapshotError) -> bool) {
    for (image, whole) in references() {
        let s = Scenario::new(&image).unwrap();
        let mut memory = vec![0; Network::words(&s)];
        let mut network = Network::new(&s, &mut memory).unwrap();
        network.advance(&mut Textbook);
        let before = taken(&network);
        let mut judged = 0;
        each(&whole, &mut |damaged, what| {
            let error = network.restore(damaged).expect_err(&what);
            assert!(expected(&error), "{what}: {error}");
            judged += 1;
        });
        assert!(judged > whole.len() / 2, "{judged} pieces of damage");
        assert!(taken(&network) == before, "bytes that are refused change nothing");
        assert_eq!(network.restore(&whole), Ok(()));
    }
}

#[test]
fn every_cut_of_a_snapshot_is_refused() {
    refused(
        |whole, each| damage::every_cut(whole, each),
        |e| matches!(e, SnapshotError::TooShort { .. } | SnapshotError::TooLong { .. }),
    );
}

#[test]
fn every_flipped_bit_of_a_snapshot_is_refused() {
    refused(|whole, each| damage::every_flip(whole, each), |_| true);
}

#[test]
fn every_other_byte_anywhere_in_a_snapshot_is_refused() {
    refused(|whole, each| damage::every_byte(whole, each), |_| true);
}

/// The same with a right checksum: what is taken then runs to the horizon without overflow.
#[test]
fn every_other_byte_under_a_right_checksum_is_refused_or_safe() {
    let (mut safe, mut refused) = (0, 0);
    for (image, whole) in references() {
        let s = Scenario::new(&image).unwrap();
        let mut memory = vec![0; Network::words(&s)];
        let mut network = Network::new(&s, &mut memory).unwrap();
        damage::every_byte(&whole[..whole.len() - snapshot::TRAILER_BYTES], |body, what| {
            // Every byte; of its values those at the ends and around the true one, so that it stays short.
            let at = body.iter().zip(&whole).position(|(a, b)| a != b).unwrap();
            let (value, was) = (body[at], whole[at]);
            if ![0, 1, 0x7f, 0x80, 0xff, was ^ 1, was ^ 0x40, was.wrapping_add(1), was.wrapping_sub(1)].contains(&value)
            {
                return;
            }
            let mut file = [body, &[0; snapshot::TRAILER_BYTES]].concat();
            damage::seal(&mut file);
            let days = if safe % 16 == 0 { 64 } else { 2 };
            if snapshots::refused_or_safe(&mut network, &file, days, 1) {
                // Before the key of the draws stands what a snapshot must be, byte for byte.
                assert!(at >= 20, "{what}");
                safe += 1;
            } else {
                refused += 1;
            }
        });
    }
    assert!(safe > 1000 && refused > 1000, "{safe} taken, {refused} refused");
}

#[test]
fn a_snapshot_of_another_scenario_version_or_length_is_an_error() {
    let images: Vec<Vec<i32>> = (0..2).map(|seed| Plan::random(seed).image()).collect();
    let (s, other) = (Scenario::new(&images[0]).unwrap(), Scenario::new(&images[1]).unwrap());
    let (mut memory, mut more) = (vec![0; Network::words(&s)], vec![0; Network::words(&other)]);
    let mut network = Network::new(&s, &mut memory).unwrap();
    let whole = taken(&network);
    let foreign = taken(&Network::new(&other, &mut more).unwrap());
    assert_eq!(network.restore(&foreign), Err(SnapshotError::Scenario));
    let mut sealed = |at: usize, bytes: &[u8]| {
        let mut file = whole.clone();
        file[at..at + bytes.len()].copy_from_slice(bytes);
        damage::seal(&mut file);
        network.restore(&file)
    };
    assert_eq!(sealed(0, b"RSTP"), Err(SnapshotError::Magic));
    assert_eq!(sealed(4, &[2, 0]), Err(SnapshotError::Version(2)));
    assert_eq!(sealed(6, &[3, 0]), Err(SnapshotError::Arrays(3)));
    assert!(matches!(sealed(8, &[1]), Err(SnapshotError::TooLong { .. })), "another length in the header");
    assert_eq!(sealed(12, &[whole[12] ^ 1]), Err(SnapshotError::Scenario));
    assert_eq!(sealed(28, &99u32.to_le_bytes()), Err(SnapshotError::Day(99)), "after the horizon");
    assert_eq!(sealed(32, &1u32.to_le_bytes()), Err(SnapshotError::Day(0)), "more days of KPIs than have passed");
    assert_eq!(sealed(0, b"RSTS"), Ok(()));
}

#[test]
fn a_snapshot_is_taken_between_days_and_needs_its_room() {
    let image = Plan::random(4).image();
    let s = Scenario::new(&image).unwrap();
    let mut memory = vec![0; Network::words(&s)];
    let mut network = Network::new(&s, &mut memory).unwrap();
    let needed = Network::snapshot_bytes(&s);
    let mut room = vec![0; needed + 9];
    assert_eq!(
        network.snapshot(&mut room[..needed - 1]),
        Err(SnapshotError::NoRoom { found: needed - 1, needed }),
        "one byte is missing"
    );
    network.begin_day();
    assert_eq!(network.snapshot(&mut room), Err(SnapshotError::UnderWay));
    for node in 0..s.node_count() {
        network.decide(node, &mut Textbook);
    }
    network.end_day();
    assert_eq!(network.snapshot(&mut room), Ok(needed));
    assert_eq!(room[needed..], [0; 9], "nothing is written behind the snapshot");
}
