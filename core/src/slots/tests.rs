//! Updates over a flash that loses power at every step of every scenario, in four ways each.
//!
//! A scenario is what is called after each start of the device. It is run once to the end, which says what runs after
//! each call. Then it is run again for each step of the flash and each way in which that step can be torn: after the
//! restart what ran before or after the interrupted call must run, nothing else, and the update must come to its end
//! when it is begun again.
#![allow(clippy::as_conversions)] // A simulated flash and made-up files count in every width.

mod nor_flash;
mod orders;

use super::{Day, Demands, Keys, Slot, Slots, SlotsError, Standing, Trial, WRITE_BYTES, file};
use crate::action::{HEAD_CHOICES, OUTPUTS};
use crate::blob::{AgentDraft, BlobError, Draft, LayerDraft, Portable, TrustedKey};
use crate::guard::Reason;
use crate::observation::{FEATURES, schema_hash};
use ed25519_compact::{KeyPair, Noise, Seed};
use nor_flash::{Fault, Nor, WAYS};

const SCENARIO: u64 = 0x5ca1_ab1e;
const KEY_ID: u64 = 7;
const UNSIGNED: Demands<'static> = Demands { scenario_hash: SCENARIO, keys: None };
/// A file of [`policy`] has less.
const SLOT_BYTES: usize = 8192;
const TRIAL: Trial = Trial { days: 3, starts_max: 3 };
/// Bytes of a file that come at once: no multiple of anything.
const CHUNK: usize = 333;

type Error = SlotsError<Fault>;

fn keys(seed: u8) -> KeyPair {
    KeyPair::from_seed(Seed::new([seed; 32]))
}

fn trusted(pair: &KeyPair) -> TrustedKey {
    TrustedKey { id: KEY_ID, key: *pair.pk }
}

/// A small policy: one layer, whose numbers are those of its version.
fn policy(version: u32, signer: Option<&KeyPair>) -> Vec<u8> {
    let number = |i: usize, factor: i64| (i as i64 * factor + i64::from(version) * 97).wrapping_mul(0x9e37_79b9) >> 20;
    let weights: Vec<i8> = (0..FEATURES * OUTPUTS).map(|i| number(i, 3) as i8).collect();
    let biases: Vec<i32> = (0..OUTPUTS).map(|i| (number(i, 5) & 4095) as i32 - 2048).collect();
    let layer = LayerDraft {
        inputs: FEATURES as u16,
        outputs: OUTPUTS as u16,
        weights: &weights,
        biases: &biases,
        multipliers: &[1 << 22; OUTPUTS],
    };
    let agent = AgentDraft {
        node_key: 1,
        allowed: (1 << OUTPUTS) - 1,
        fallback: &[0; HEAD_CHOICES.len()],
        layers: &[layer],
        golden: &[&[3; FEATURES], &[-90; FEATURES]],
    };
    let draft = Draft {
        scenario_hash: SCENARIO,
        schema_hash: schema_hash(),
        model_version: version,
        inputs: FEATURES as u16,
        heads: &HEAD_CHOICES.map(|choices| choices as u8),
        note: "",
        agents: &[agent],
    };
    let mut out = vec![0; SLOT_BYTES];
    let length = match signer {
        None => draft.encode(&mut out),
        Some(pair) => draft.encode_signed(KEY_ID, |bytes| *pair.sk.sign(bytes, Some(Noise::new([1; 16]))), &mut out),
    };
    out.truncate(length.unwrap());
    out
}

/// One call.
#[derive(Clone, Debug)]
enum Call {
    Stage(usize),
    EraseAll,
    Write(Vec<u8>),
    Verify,
    /// The file must be refused.
    VerifyInVain,
    SelfTest,
    TryOut,
    EndDay(Option<Reason>),
}

fn call<const W: usize, const E: usize>(
    slots: &mut Slots<&mut Nor<W, E>>,
    demands: &Demands<'_>,
    call: &Call,
) -> Result<(), Error> {
    match call {
        Call::Stage(length) => slots.stage(*length)?,
        Call::EraseAll => while slots.erase_step()? > 0 {},
        Call::Write(bytes) => drop(slots.write(bytes)?),
        Call::Verify => slots.verify(demands)?,
        Call::VerifyInVain => assert!(matches!(slots.verify(demands), Err(SlotsError::Policy(_)))),
        Call::SelfTest => slots.self_test(&mut Portable)?,
        Call::TryOut => slots.try_out(TRIAL)?,
        Call::EndDay(alarm) => drop(slots.end_day(*alarm)?),
    }
    Ok(())
}

/// The calls that write a file.
fn write(file: &[u8]) -> Vec<Call> {
    let mut calls = vec![Call::Stage(file.len()), Call::EraseAll];
    calls.extend(file.chunks(CHUNK).map(|chunk| Call::Write(chunk.to_vec())));
    calls
}

/// The calls that put a file on trial.
fn bring(file: &[u8]) -> Vec<Call> {
    [write(file), vec![Call::Verify, Call::SelfTest, Call::TryOut]].concat()
}

fn good_days(days: u16) -> Vec<Call> {
    vec![Call::EndDay(None); usize::from(days)]
}

/// The bytes that decide; none where the built-in rule does.
fn running<const W: usize, const E: usize>(slots: &Slots<&mut Nor<W, E>>) -> Option<Vec<u8>> {
    let _ = slots.running()?;
    Some(file(&slots.flash, slots.running_slot()?).to_vec())
}

/// What ran after a call, and the steps of the flash until then.
struct After {
    steps: u64,
    running: Option<Vec<u8>>,
}

/// A test device: a blank flash and what it asks of files.
#[derive(Clone)]
struct Device<'d, const W: usize, const E: usize> {
    flash: Nor<W, E>,
    demands: Demands<'d>,
}

impl<'d, const W: usize, const E: usize> Device<'d, W, E> {
    fn blank(demands: Demands<'d>) -> Self {
        Self { flash: Nor::blank(2 + 2 * SLOT_BYTES / E), demands }
    }

    fn open(&mut self) -> Result<Slots<&mut Nor<W, E>>, Error> {
        Slots::open(&mut self.flash, &self.demands, &mut Portable)
    }

    /// What runs after a start.
    fn running(&mut self) -> Option<Vec<u8>> {
        running(&self.open().unwrap())
    }

    /// Starts the device and makes the calls; notes what runs after the start and after each of them.
    fn session(&mut self, calls: &[Call], afters: &mut Vec<After>) -> Result<(), Error> {
        let demands = self.demands;
        let mut slots = self.open()?;
        afters.push(After { steps: slots.flash.steps, running: running(&slots) });
        for one in calls {
            call(&mut slots, &demands, one)?;
            afters.push(After { steps: slots.flash.steps, running: running(&slots) });
        }
        Ok(())
    }

    fn run(&mut self, sessions: &[Vec<Call>]) -> Result<Vec<After>, Error> {
        let mut afters = Vec::new();
        sessions.iter().try_for_each(|calls| self.session(calls, &mut afters))?;
        Ok(afters)
    }

    /// A device on which these files have been confirmed, one after the other.
    fn with_confirmed(demands: Demands<'d>, files: &[&[u8]]) -> Self {
        let mut device = Self::blank(demands);
        for &file in files {
            device.run(&[[bring(file), good_days(TRIAL.days)].concat()]).unwrap();
            assert!(device.running().as_deref() == Some(file));
        }
        device
    }

    /// Goes on from whatever is in flash until `file` is confirmed.
    fn finish(&mut self, file: &[u8]) {
        let demands = self.demands;
        let mut slots = self.open().unwrap();
        if slots.trial_days().is_some() && running(&slots).as_deref() != Some(file) {
            slots.roll_back(Reason::Operator).unwrap();
        }
        if running(&slots).as_deref() != Some(file) {
            // Either it is there and needs no writing, or it is written again.
            let spare = slots.spare();
            let staged = super::file(&slots.flash, spare) == file && slots.verify(&demands).is_ok();
            let calls = if staged { vec![Call::SelfTest, Call::TryOut] } else { bring(file) };
            calls.iter().try_for_each(|one| call(&mut slots, &demands, one)).unwrap();
        }
        assert!(running(&slots).as_deref() == Some(file), "the update is not on trial");
        for _ in 0..TRIAL.days {
            if slots.end_day(None).unwrap() == Day::Confirmed {
                break;
            }
        }
        assert!(running(&slots).as_deref() == Some(file), "the update does not run");
        assert_eq!(slots.running_slot().map(|slot| slots.standing(slot)), Some(Standing::Confirmed));
    }
}

/// Cuts the power at every step of a scenario, in every way; once more at a step of the update that follows. Returns
/// how many times it was cut.
fn cut_everywhere<const W: usize, const E: usize>(
    device: &Device<'_, W, E>,
    sessions: &[Vec<Call>],
    expected_steps: u64,
    next: &[u8],
) -> u64 {
    let mut whole = device.clone();
    let before = whole.clone().running();
    let first = whole.flash.steps;
    let afters = whole.run(sessions).unwrap();
    let steps = whole.flash.steps - first;
    assert_eq!(steps, expected_steps, "steps of the scenario");
    let mut cuts = 0;
    for (step, torn) in (0..steps).flat_map(|step| WAYS.map(|torn| (step, torn))) {
        let mut device = device.clone();
        device.flash.cut = Some((step, torn));
        let stopped = device.run(sessions);
        assert_eq!(stopped.err(), Some(SlotsError::Flash(Fault::PowerIsGone)), "step {step}, {torn:?}");
        cuts += 1;
        // The call during which it went is the first that had made more steps than this one when it was over.
        let at = afters.iter().position(|after| after.steps - first > step).unwrap();
        let earlier = at.checked_sub(1).map_or(&before, |at| &afters[at].running);
        let allowed = [earlier, &afters[at].running];
        device.flash.restart();
        let found = device.clone().running();
        assert!(allowed.contains(&&found), "step {step}, {torn:?}: something else runs");

        // The power goes again somewhere in what is done then.
        let second = (step * 7 + 3) % 64;
        let mut again = device.clone();
        again.flash.cut = Some((second, torn));
        let second_session = [bring(next), good_days(TRIAL.days)].concat();
        let _ = again.session(&second_session, &mut Vec::new());
        again.flash.restart();
        let found = again.running();
        let known = |file: &Vec<u8>| file == next || allowed.iter().any(|allowed| allowed.as_ref() == Some(file));
        assert!(found.as_ref().is_none_or(known), "steps {step} and {second}, {torn:?}: something else runs");
        assert!(found.is_some() || allowed.contains(&&None), "steps {step} and {second}, {torn:?}: nothing runs");
        device.finish(next);
        again.finish(next);
    }
    assert_eq!(cuts, steps * WAYS.len() as u64);
    cuts
}

/// Steps of writing a file in a flash with units of `W` and sectors of `E`.
fn steps_of<const W: usize, const E: usize>(file: &[u8]) -> u64 {
    (file.len().next_multiple_of(WRITE_BYTES) / W + file.len().div_ceil(E)) as u64
}

/// Steps of so many records that follow `before` others, the erasures of their sectors among them.
fn steps_of_records<const W: usize, const E: usize>(before: usize, records: usize) -> u64 {
    let places = E / WRITE_BYTES;
    let erased = |records: usize| records.div_ceil(places);
    (records * WRITE_BYTES / W + erased(before + records) - erased(before)) as u64
}

/// Records of bringing a file through its trial on a blank slot without a restart: it is tried, and each day ends.
const RECORDS: usize = 1 + TRIAL.days as usize;

fn first_install<const W: usize, const E: usize>() -> u64 {
    let file = policy(1, None);
    let device = Device::<W, E>::blank(UNSIGNED);
    // Started again after the first day: that start is counted.
    let sessions = [[bring(&file), good_days(1)].concat(), good_days(2)];
    let steps = steps_of::<W, E>(&file) + steps_of_records::<W, E>(0, RECORDS + 1);
    cut_everywhere(&device, &sessions, steps, &file)
}

fn update<const W: usize, const E: usize>() -> u64 {
    let (old, older, file) = (policy(2, None), policy(1, None), policy(3, None));
    let device = Device::<W, E>::with_confirmed(UNSIGNED, &[&older, &old]);
    let sessions = [[bring(&file), good_days(3)].concat()];
    // The slot has the older file, which is given up by a record of its own; so had the one before.
    let steps = steps_of::<W, E>(&file) + steps_of_records::<W, E>(2 * RECORDS, 1 + RECORDS);
    cut_everywhere(&device, &sessions, steps, &file)
}

fn failed_trial<const W: usize, const E: usize>() -> u64 {
    let (old, file, next) = (policy(2, None), policy(3, None), policy(4, None));
    let device = Device::<W, E>::with_confirmed(UNSIGNED, &[&old]);
    let alarm = vec![Call::EndDay(None), Call::EndDay(Some(Reason::ScoreDrift))];
    let sessions = [[bring(&file), alarm].concat()];
    let steps = steps_of::<W, E>(&file) + steps_of_records::<W, E>(RECORDS, 3);
    cut_everywhere(&device, &sessions, steps, &next)
}

fn downgrade<const W: usize, const E: usize>() -> u64 {
    let (old, file, next) = (policy(2, None), policy(1, None), policy(3, None));
    let device = Device::<W, E>::with_confirmed(UNSIGNED, &[&old]);
    let sessions = [[write(&file), vec![Call::VerifyInVain]].concat()];
    cut_everywhere(&device, &sessions, steps_of::<W, E>(&file), &next)
}

fn both_bad<const W: usize, const E: usize>() -> u64 {
    let (older, old, file) = (policy(1, None), policy(2, None), policy(3, None));
    let mut device = Device::<W, E>::with_confirmed(UNSIGNED, &[&older, &old]);
    let slots = device.flash.bytes.len() - 2 * SLOT_BYTES;
    for slot in [0, SLOT_BYTES] {
        device.flash.bytes[slots + slot + 1000] ^= 0x10;
    }
    assert_eq!(device.running(), None, "the built-in rule decides");
    // Neither file is what its standing was of: nothing is given up but what the record says of the slot.
    let sessions = [[bring(&file), good_days(3)].concat()];
    let steps = steps_of::<W, E>(&file) + steps_of_records::<W, E>(2 * RECORDS, 1 + RECORDS);
    cut_everywhere(&device, &sessions, steps, &file)
}

/// A way of cutting a scenario everywhere.
type Sweep = fn() -> u64;

/// Sectors that hold 8 records, so that they are full on the way; units of 4 bytes (nRF52), 8 (STM32 L4, G4) and 32
/// (STM32 H7).
fn on_each_flash(sweeps: [Sweep; 3]) {
    let cuts: u64 = sweeps.iter().map(|sweep| sweep()).sum();
    println!("{cuts} cuts");
}

#[test]
fn a_power_cut_anywhere_in_a_first_install_leaves_the_fallback_or_the_file() {
    on_each_flash([first_install::<4, 256>, first_install::<8, 2048>, first_install::<32, 4096>]);
}

#[test]
fn a_power_cut_anywhere_in_an_update_leaves_the_old_file_or_the_new() {
    on_each_flash([update::<4, 256>, update::<8, 2048>, update::<32, 4096>]);
}

#[test]
fn a_power_cut_anywhere_in_a_failed_trial_leaves_the_file_on_trial_or_the_one_before() {
    on_each_flash([failed_trial::<4, 256>, failed_trial::<8, 2048>, failed_trial::<32, 4096>]);
}

#[test]
fn a_power_cut_anywhere_in_a_refused_downgrade_leaves_the_file_that_ran() {
    on_each_flash([downgrade::<4, 256>, downgrade::<8, 2048>, downgrade::<32, 4096>]);
}

#[test]
fn a_power_cut_anywhere_while_both_slots_are_bad_leaves_the_fallback_or_the_new_file() {
    on_each_flash([both_bad::<4, 256>, both_bad::<8, 2048>, both_bad::<32, 4096>]);
}
