//! What the slots refuse, what they fall back to, and what an update wears.

use super::*;

type Small<'d> = Device<'d, 4, 256>;

#[test]
fn an_update_erases_each_sector_of_its_file_once_and_one_of_records_when_they_are_full() {
    let (old, file) = (policy(1, None), policy(2, None));
    let mut device = Small::with_confirmed(UNSIGNED, &[&old]);
    let before = device.flash.erasures.clone();
    device.run(&[[bring(&file), good_days(TRIAL.days)].concat()]).unwrap();
    let erasures: Vec<u32> = device.flash.erasures.iter().zip(before).map(|(after, before)| after - before).collect();
    let sectors = file.len().div_ceil(256);
    let (records, slots) = erasures.split_at(2);
    let (a, b) = slots.split_at(SLOT_BYTES / 256);
    // Of 8 places in a sector the first file took 4, this one takes 4 more: none is full before the next record.
    assert_eq!(records, [0, 0]);
    assert!(a.iter().all(|&times| times == 0), "the slot that runs is not touched");
    let expected: Vec<u32> = (0..b.len()).map(|sector| u32::from(sector < sectors)).collect();
    assert_eq!(b, expected);
}

#[test]
fn records_wear_both_sectors_alike() {
    let mut device = Small::with_confirmed(UNSIGNED, &[&policy(1, None)]);
    let blank = device.flash.erasures[..2].to_vec();
    // 64 trials of 4 records and one that gives up what was in the slot.
    for version in 2..66 {
        device.finish(&policy(version, None));
    }
    let erased: Vec<u32> = device.flash.erasures[..2].iter().zip(blank).map(|(after, before)| after - before).collect();
    // Records written: 4 before, then 63 times 5 and once 4 (the first of them found its slot blank).
    assert_eq!(erased.iter().sum::<u32>(), (4 + 63 * 5 + 4u32).div_ceil(8) - 1);
    assert!(erased[0].abs_diff(erased[1]) <= 1, "{erased:?}");
}

#[test]
fn calls_out_of_order_are_refused_and_change_nothing() {
    let (old, file) = (policy(1, None), policy(2, None));
    let mut device = Small::with_confirmed(UNSIGNED, &[&old]);
    let flash = device.flash.bytes.clone();
    let mut slots = device.open().unwrap();
    assert_eq!(slots.erase_step(), Err(SlotsError::OutOfOrder));
    assert_eq!(slots.write(&file), Err(SlotsError::OutOfOrder));
    assert_eq!(slots.self_test(&mut Portable), Err(SlotsError::OutOfOrder));
    assert_eq!(slots.try_out(TRIAL), Err(SlotsError::OutOfOrder));
    assert_eq!(slots.roll_back(Reason::Operator), Err(SlotsError::OutOfOrder));
    assert_eq!(slots.end_day(Some(Reason::ScoreDrift)), Ok(Day::NoTrial));
    assert_eq!(slots.verify(&UNSIGNED), Err(SlotsError::Policy(BlobError::Magic)), "a blank slot");
    assert_eq!(slots.stage(51), Err(SlotsError::Length { found: 51, most: SLOT_BYTES }));
    assert_eq!(slots.stage(SLOT_BYTES + 1), Err(SlotsError::Length { found: SLOT_BYTES + 1, most: SLOT_BYTES }));
    assert_eq!(slots.flash.bytes, flash);

    slots.stage(file.len()).unwrap();
    assert_eq!(slots.write(&file), Err(SlotsError::OutOfOrder), "not erased");
    assert_eq!(slots.verify(&UNSIGNED), Err(SlotsError::OutOfOrder));
    while slots.erase_step().unwrap() > 0 {}
    let most = file.len();
    assert_eq!(slots.write(&[0; SLOT_BYTES]), Err(SlotsError::Length { found: SLOT_BYTES, most }));
    assert_eq!(slots.write(&file[..100]), Ok(most as u32 - 100), "nothing of the longer one was taken");
    assert_eq!(slots.verify(&UNSIGNED), Err(SlotsError::OutOfOrder), "not all is written");
    assert_eq!(slots.write(&file[100..]), Ok(0));
    assert_eq!(slots.try_out(TRIAL), Err(SlotsError::OutOfOrder), "not verified");
    slots.verify(&UNSIGNED).unwrap();
    assert_eq!(slots.try_out(TRIAL), Err(SlotsError::OutOfOrder), "not tested");
    slots.verify(&UNSIGNED).unwrap();
    slots.self_test(&mut Portable).unwrap();
    slots.try_out(TRIAL).unwrap();
    assert_eq!(slots.stage(file.len()), Err(SlotsError::OnTrial));
    assert!(running(&slots) == Some(file));
}

#[test]
fn a_file_that_is_not_for_this_device_is_refused_with_its_reason() {
    let pair = keys(1);
    let (signed, unsigned) = (policy(5, Some(&pair)), policy(5, None));
    let (own, other) = ([trusted(&pair)], [trusted(&keys(2))]);
    let found = |file: &[u8], demands: Demands<'_>| {
        let mut device = Small::blank(demands);
        let mut slots = device.open().unwrap();
        write(file).iter().try_for_each(|one| call(&mut slots, &demands, one)).unwrap();
        slots.verify(&demands)
    };
    fn asks(keys: Option<&[TrustedKey]>) -> Demands<'_> {
        Demands { scenario_hash: SCENARIO, keys: keys.map(Keys::new) }
    }
    assert_eq!(found(&signed, asks(Some(&own))), Ok(()));
    assert_eq!(found(&signed, asks(None)), Ok(()));
    let refused = |error| Err(SlotsError::Policy(error));
    assert_eq!(found(&signed, asks(Some(&other))), refused(BlobError::Signature));
    assert_eq!(found(&signed, asks(Some(&[]))), refused(BlobError::Key(KEY_ID)));
    assert_eq!(found(&unsigned, asks(Some(&own))), refused(BlobError::Unsigned));
    assert_eq!(found(&signed, Demands { scenario_hash: 1, keys: None }), refused(BlobError::Scenario));
    let mut damaged = unsigned.clone();
    damaged[700] ^= 1;
    assert_eq!(found(&damaged, UNSIGNED), refused(BlobError::Checksum));
    // Longer than the slot, as its head says: the length is looked at before anything is hashed.
    damaged[8..12].copy_from_slice(&60_000u32.to_le_bytes());
    assert_eq!(found(&damaged, UNSIGNED), refused(BlobError::TooShort { found: SLOT_BYTES, needed: 60_000 }));
}

#[test]
fn a_downgrade_is_refused_by_its_version_and_the_same_version_is_not() {
    for signer in [None, Some(&keys(1))] {
        let key = [trusted(&keys(1))];
        let demands = Demands { scenario_hash: SCENARIO, keys: signer.map(|_| Keys::new(&key)) };
        let mut device = Small::with_confirmed(demands, &[&policy(7, signer), &policy(9, signer)]);
        let mut slots = device.open().unwrap();
        assert_eq!(slots.floor(), 9);
        write(&policy(8, signer)).iter().try_for_each(|one| call(&mut slots, &demands, one)).unwrap();
        assert_eq!(slots.verify(&demands), Err(SlotsError::Policy(BlobError::Downgrade { found: 8, least: 9 })));
        bring(&policy(9, signer)).iter().try_for_each(|one| call(&mut slots, &demands, one)).unwrap();
    }
}

#[test]
fn a_file_under_which_no_day_ends_is_given_up_after_its_starts() {
    let (old, file) = (policy(1, None), policy(2, None));
    let mut device = Small::with_confirmed(UNSIGNED, &[&old]);
    // The trial begins in its first start and has two more; a day in between gives it all three again.
    device.run(&[bring(&file)]).unwrap();
    assert!(device.running() == Some(file.clone()));
    device.run(&[good_days(1)]).unwrap();
    for _ in 0..3 {
        assert!(device.running() == Some(file.clone()));
    }
    let slots = device.open().unwrap();
    assert!(running(&slots).as_ref() == Some(&old));
    assert_eq!(slots.refused_for(), Some(Reason::Restarts));
    assert_eq!(slots.standing(Slot::B), Standing::Refused);
    // And it is not taken up again.
    assert!(device.running() == Some(old));
}

#[test]
fn a_trial_that_raises_the_alarm_is_rolled_back_with_its_reason() {
    let (old, file) = (policy(1, None), policy(2, None));
    let mut device = Small::with_confirmed(UNSIGNED, &[&old]);
    let mut slots = device.open().unwrap();
    bring(&file).iter().try_for_each(|one| call(&mut slots, &UNSIGNED, one)).unwrap();
    assert_eq!(slots.end_day(None), Ok(Day::OnTrial { days: 1 }));
    assert_eq!(slots.end_day(Some(Reason::BelowFloor)), Ok(Day::RolledBack));
    assert!(running(&slots) == Some(old));
    assert_eq!(slots.refused_for(), Some(Reason::BelowFloor));
    assert_eq!(slots.verify(&UNSIGNED), Err(SlotsError::OutOfOrder), "it was tried: it has to be staged again");
    assert_eq!((slots.trial_days(), slots.floor()), (None, 1));
}

#[test]
fn the_file_before_runs_when_the_confirmed_one_is_bad_and_the_built_in_rule_when_both_are() {
    let (older, old) = (policy(1, None), policy(2, None));
    let whole = Small::with_confirmed(UNSIGNED, &[&older, &old]);
    let slots_at = 2 * 256;
    for at in 0..old.len() {
        // Version 1 went into slot A, version 2 into slot B.
        let mut device = whole.clone();
        device.flash.bytes[slots_at + SLOT_BYTES + at] ^= 1 << (at % 8);
        assert!(device.running() == Some(older.clone()), "byte {at}");
        device.flash.bytes[slots_at + (at * 7) % older.len()] ^= 4;
        assert!(device.running().is_none(), "byte {at}");
    }
}

#[test]
fn a_whole_file_that_was_never_confirmed_does_not_run() {
    let (old, file) = (policy(1, None), policy(2, None));
    let mut device = Small::with_confirmed(UNSIGNED, &[&old]);
    device.run(&[write(&file)]).unwrap();
    assert!(device.running() == Some(old));
    device.flash.bytes[2 * 256 + 40] ^= 1;
    assert!(device.running().is_none(), "better the built-in rule than a file that nobody tried");
}

#[test]
fn any_bytes_in_flash_open_without_panic() {
    let mut state = 1u32;
    let mut word = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state >> 16
    };
    let whole = Small::with_confirmed(UNSIGNED, &[&policy(1, None), &policy(2, None)]);
    for case in 0..400 {
        let mut device = whole.clone();
        let length = device.flash.bytes.len();
        for _ in 0..1 + case % 40 {
            let at = word() as usize % if case % 2 == 0 { 512 } else { length };
            device.flash.bytes[at] = word() as u8;
        }
        let found = device.running();
        let known = [Some(policy(1, None)), Some(policy(2, None)), None];
        assert!(known.contains(&found), "case {case}");
        // And whatever was found, an update brings a new file.
        device.finish(&policy(3, None));
    }
}

#[test]
fn a_worn_place_is_passed_over() {
    let mut device = Small::with_confirmed(UNSIGNED, &[&policy(1, None)]);
    // A place beyond the latest record that is not blank, and can't be written.
    let records = RECORDS * WRITE_BYTES;
    device.flash.bytes[records + 3] = 0x7f;
    device.finish(&policy(2, None));
}

#[test]
fn a_region_that_is_too_small_is_refused() {
    let mut device = Small::blank(UNSIGNED);
    device.flash = Nor::blank(3);
    assert_eq!(device.open().err(), Some(SlotsError::Region { found: 3 * 256, needed: 4 * 256 }));
}
