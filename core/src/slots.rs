//! Two places in flash for policy files, so that a new one can be tried and given up without ever being without.
//!
//! ```text
//!   region:  records | records | slot A | slot B         whole sectors each
//!
//!   stage -> erase_step ... -> write ... -> verify -> self_test -> try_out -> end_day ... -> confirmed
//!                                                                     |          |
//!                                             alarm, damage, restarts '----------'--> refused: the one before
//! ```
//!
//! | what runs | when |
//! | --- | --- |
//! | the file on trial | it is whole |
//! | the confirmed file | there is no trial, or its file is not whole |
//! | the file confirmed before it | the confirmed one is not whole either |
//! | none: the built-in [`crate::policy::Textbook`] | nothing else is left |
//!
//! *Whole* is all that [`Demands`] ask: length, CRC, structure, features and heads of this build, scenario, signature
//! where keys are demanded, and golden vectors. It is asked of every file at every start.
//!
//! # Power
//! Everything is in flash: [`Slots::open`] finds what the power cut left. The slot that runs is never written. The
//! rest hangs on one record of 32 bytes with a checksum ([`record`]): a trial begins, ends or is confirmed when that
//! record is whole, and a torn one is as if it had never been begun. A file of which writing was interrupted has no
//! head and a wrong checksum; it is staged again. One that was written and not yet tried is found again: go on with
//! [`Slots::verify`].
//!
//! # A trial
//! The caller watches it as any policy, with a [`crate::monitor::HyperScoreMonitor`] in a
//! [`crate::guard::Guarded`], and hands the alarm to [`Slots::end_day`]. The monitor lives in RAM and begins anew
//! after a restart; the days passed do not. Each start on trial is counted in flash before the file runs, so that a
//! file under which the device never gets through a day is given up after [`Trial::starts_max`] starts.
//!
//! # Time and wear
//! A call of [`Slots::erase_step`] erases one sector; [`Slots::write`] takes as many bytes as it is given; the longest
//! of the others checks at most two whole files. Nothing waits, and no loop is longer than a slot. An update erases
//! each sector that the file needs once, and one of records each time that a sector of them is full.
//!
//! # Why not a library
//! `sequential-storage` 8 (MIT/Apache-2.0, kept up) stores records power-fail-safely too. It is async throughout, over
//! `embedded-storage-async`, promises no stable layout in flash, and keeps a map of keys where one record is needed; the
//! proof that nothing here can panic does not reach into it. What is left to write by hand is `journal.rs`.
//!
//! # Not here
//! Flash with ECC may raise an interrupt when a word is read whose write was torn (STM32 L4, G4, H7: NMI): the firmware's
//! handler must return. Nothing encrypts the files, and who can write the flash by another way can write the records:
//! without any of them nothing runs but the built-in rule, and the floor is 0.

mod error;
mod flash;
mod journal;
pub mod record;
mod staging;
#[cfg(test)]
mod tests;

use crate::blob::{BlobError, HEADER, Kernel, PolicyBlob, TRAILER, TrustedKey};
use crate::convert::{count, wide_index};
use crate::guard::Reason;
pub use error::SlotsError;
use flash::Geometry;
pub use flash::MappedFlash;
use journal::Journal;
use record::{Mark, RECORD_BYTES, Record};
pub use record::{Slot, Standing};
use staging::{Blocks, Step, checksum, erase, file};

/// Bytes that are written at once: a multiple of what every flash asks for.
pub const WRITE_BYTES: usize = RECORD_BYTES;

/// Keys that are trusted, and how a signature is checked. That code is in a firmware only where [`Keys::new`] is.
#[derive(Clone, Copy, Debug)]
pub struct Keys<'d> {
    trusted: &'d [TrustedKey],
    verify: Verify,
}

/// [`PolicyBlob::verify`].
type Verify = for<'a, 'b> fn(&'b PolicyBlob<'a>, &'b [TrustedKey], u32) -> Result<(), BlobError>;

impl<'d> Keys<'d> {
    /// Files must be signed by one of these; by none of none.
    #[must_use]
    pub fn new(trusted: &'d [TrustedKey]) -> Self {
        Self { trusted, verify: |file, keys, least| file.verify(keys, least) }
    }
}

/// What a device asks of a policy file.
#[derive(Clone, Copy, Debug)]
pub struct Demands<'d> {
    /// [`crate::Scenario::hash`] of the device's problem.
    pub scenario_hash: u64,
    /// Keys, by one of which it must be signed. None: unsigned files are taken too.
    pub keys: Option<Keys<'d>>,
}

impl Demands<'_> {
    /// Whether bytes are a policy file for this device, of this model version at least.
    fn check<'a>(&self, bytes: &'a [u8], least: u32) -> Result<PolicyBlob<'a>, BlobError> {
        let file = PolicyBlob::decode(bytes)?;
        file.fits_build()?;
        let header = file.header();
        if header.scenario_hash != self.scenario_hash {
            return Err(BlobError::Scenario);
        }
        if let Some(Keys { trusted, verify }) = self.keys {
            verify(&file, trusted, least)?;
        }
        let found = header.model_version;
        if found < least { Err(BlobError::Downgrade { found, least }) } else { Ok(file) }
    }
}

/// What a trial asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trial {
    /// Days without an alarm after which the file is confirmed; 0 counts as 1 [days].
    pub days: u16,
    /// Starts of the device without a day in between after which it is given up; 0 counts as 1.
    pub starts_max: u8,
}

impl Trial {
    /// Four weeks, which is a window of [`crate::monitor::MonitorSettings::WEEKLY`], and three starts.
    pub const STANDARD: Self = Self { days: 28, starts_max: 3 };
}

/// What a day was for the slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Day {
    /// No file is on trial.
    NoTrial,
    /// The trial goes on.
    OnTrial {
        /// Days that it has passed [days].
        days: u16,
    },
    /// The file on trial is confirmed.
    Confirmed,
    /// It is refused; what ran before runs again.
    RolledBack,
}

/// Two slots, and what is remembered of them.
#[derive(Debug)]
pub struct Slots<F> {
    flash: F,
    journal: Journal,
    record: Record,
    /// Files that were found whole when the slots were opened, or before they were tried.
    whole: [bool; 2],
    step: Step,
    blocks: Blocks,
}

impl<F: MappedFlash> Slots<F> {
    /// Finds what is in flash, whatever it is, and checks it. While a file is on trial the start is counted, which
    /// writes one record; a file that has had all its starts, or is not whole, is refused.
    ///
    /// # Errors
    /// If the region is too small, or a record can't be written: then nothing runs but the built-in rule, and the
    /// slots may be opened again.
    pub fn open(flash: F, demands: &Demands<'_>, kernel: &mut impl Kernel) -> Result<Self, SlotsError<F::Error>> {
        if let Some((found, needed)) = Geometry::unsound(&flash) {
            return Err(SlotsError::Region { found, needed });
        }
        let (journal, record) = Journal::open(&flash);
        let mut slots = Self { flash, journal, record, whole: [false; 2], step: Step::Idle, blocks: Blocks::new() };
        for slot in [Slot::A, Slot::B] {
            let standing = slots.standing(slot);
            if matches!(standing, Standing::Trial | Standing::Confirmed | Standing::Former) {
                let found = demands.check(file(&slots.flash, slot), 0);
                slots.set_whole(slot, found.and_then(|file| file.self_test_with(kernel)).is_ok());
            }
        }
        if let Some(slot) = slots.record.slot(Standing::Trial) {
            if !slots.is_whole(slot) {
                slots.refuse(slot, Reason::PolicyRefused)?;
            } else if slots.record.starts >= slots.record.starts_max {
                slots.refuse(slot, Reason::Restarts)?;
            } else {
                slots.remember(Record { starts: slots.record.starts.saturating_add(1), ..slots.record })?;
            }
        }
        Ok(slots)
    }

    /// The slot whose file decides; none where the built-in rule does.
    #[must_use]
    pub fn running_slot(&self) -> Option<Slot> {
        let order = [Standing::Trial, Standing::Confirmed, Standing::Former];
        order.into_iter().filter_map(|standing| self.record.slot(standing)).find(|&slot| self.is_whole(slot))
    }

    /// The file that decides, borrowed from flash; none where the built-in rule does. Its length, CRC and structure
    /// are checked again.
    #[must_use]
    pub fn running(&self) -> Option<PolicyBlob<'_>> {
        let slot = self.running_slot()?;
        let bytes = file(&self.flash, slot);
        if checksum(bytes) == self.record.mark(slot).file { PolicyBlob::decode(bytes).ok() } else { None }
    }

    /// What a slot's file has been found to be.
    #[must_use]
    pub fn standing(&self, slot: Slot) -> Standing {
        let mark = self.record.mark(slot);
        if checksum(file(&self.flash, slot)) == mark.file { mark.standing } else { Standing::None }
    }

    /// Days that the trial has passed, if there is one [days].
    #[must_use]
    pub fn trial_days(&self) -> Option<u16> {
        self.record.slot(Standing::Trial).map(|_| self.record.days)
    }

    /// Why the last trial was ended, if it was not by being confirmed.
    #[must_use]
    pub fn refused_for(&self) -> Option<Reason> {
        self.record.reason
    }

    /// The least model version that is accepted: that of the last file that was confirmed.
    #[must_use]
    pub fn floor(&self) -> u32 {
        self.record.floor
    }

    /// Bytes that a file may have.
    #[must_use]
    pub fn room(&self) -> usize {
        wide_index(Geometry::of(&self.flash).slot_bytes)
    }

    /// Begins an update by a file of `length` bytes, in the slot that does not run; one that was begun before is
    /// forgotten.
    ///
    /// # Errors
    /// While a file is on trial, and if the length is not that of a policy file or there is no room for it.
    pub fn stage(&mut self, length: usize) -> Result<(), SlotsError<F::Error>> {
        if self.trial_days().is_some() {
            return Err(SlotsError::OnTrial);
        }
        let most = self.room();
        if length > most || length < HEADER + TRAILER {
            return Err(SlotsError::Length { found: length, most });
        }
        let slot = self.spare();
        self.step = Step::Idle;
        if self.record.mark(slot) != Mark::default() {
            // What was there is given up before the first of it is gone.
            self.remember(self.record.with_mark(slot, Mark::default()))?;
        }
        self.set_whole(slot, false);
        self.step = Step::Erasing { length: count(length), next: 0 };
        Ok(())
    }

    /// Erases the next sector; returns how many are left. To be called until that is 0.
    ///
    /// # Errors
    /// If nothing was staged, or the flash can't be erased: the same sector is the next again.
    pub fn erase_step(&mut self) -> Result<u32, SlotsError<F::Error>> {
        let Step::Erasing { length, next } = self.step else { return Err(SlotsError::OutOfOrder) };
        let slot = self.spare();
        erase(&mut self.flash, slot, next)?;
        let left = length.div_ceil(count(F::ERASE_SIZE)).saturating_sub(next + 1);
        self.step = if left == 0 { Step::Writing { length, at: 0 } } else { Step::Erasing { length, next: next + 1 } };
        Ok(left)
    }

    /// Takes the next bytes of the file, however many; returns how many are left. The file's first bytes are written
    /// last.
    ///
    /// # Errors
    /// If not all is erased, if more come than were announced (none is written then), or if the flash can't be
    /// written: then the update is to be staged again.
    pub fn write(&mut self, bytes: &[u8]) -> Result<u32, SlotsError<F::Error>> {
        let Step::Writing { length, at } = self.step else { return Err(SlotsError::OutOfOrder) };
        if bytes.len() > wide_index(length - at) {
            let found = wide_index(at).saturating_add(bytes.len());
            return Err(SlotsError::Length { found, most: wide_index(length) });
        }
        let slot = self.spare();
        self.step = Step::Idle;
        let at = self.blocks.write(&mut self.flash, slot, bytes, at, length)?;
        if at < length {
            self.step = Step::Writing { length, at };
        }
        Ok(length - at)
    }

    /// Checks the file that was written, now or before a restart: length, then CRC, then structure, then features,
    /// scenario, signature, and that its model version is not below [`Slots::floor`].
    ///
    /// # Errors
    /// What is wrong with it; if it is still being written; if there is none that has not been tried.
    pub fn verify(&mut self, demands: &Demands<'_>) -> Result<(), SlotsError<F::Error>> {
        if matches!(self.step, Step::Erasing { .. } | Step::Writing { .. }) {
            return Err(SlotsError::OutOfOrder);
        }
        self.step = Step::Idle;
        let slot = self.spare();
        if self.trial_days().is_some() || self.standing(slot) != Standing::None {
            return Err(SlotsError::OutOfOrder);
        }
        demands.check(file(&self.flash, slot), self.record.floor)?;
        self.step = Step::Verified;
        Ok(())
    }

    /// Runs the golden vectors of the file that was verified, with the kernel that will be used.
    ///
    /// # Errors
    /// If it was not verified, or computes something else here than where it was made.
    pub fn self_test(&mut self, kernel: &mut impl Kernel) -> Result<(), SlotsError<F::Error>> {
        if self.step != Step::Verified {
            return Err(SlotsError::OutOfOrder);
        }
        self.step = Step::Idle;
        PolicyBlob::decode(file(&self.flash, self.spare()))?.self_test_with(kernel)?;
        self.step = Step::Tested;
        Ok(())
    }

    /// Puts the file that was tested on trial: from now on it runs.
    ///
    /// # Errors
    /// If it was not tested, or the record can't be written: what ran before runs.
    pub fn try_out(&mut self, trial: Trial) -> Result<(), SlotsError<F::Error>> {
        if self.step != Step::Tested {
            return Err(SlotsError::OutOfOrder);
        }
        let slot = self.spare();
        let mark = Mark { standing: Standing::Trial, file: checksum(file(&self.flash, slot)) };
        let record = self.record.with_mark(slot, mark);
        let (days_wanted, starts_max) = (trial.days.max(1), trial.starts_max.max(1));
        self.remember(Record { days: 0, days_wanted, starts: 1, starts_max, reason: None, ..record })?;
        self.set_whole(slot, true);
        self.step = Step::Idle;
        Ok(())
    }

    /// Takes the end of a day, and the alarm that was raised on it: a trial passes one more day, is over, or is
    /// given up. Without a trial it does nothing.
    ///
    /// # Errors
    /// If the record can't be written: the day is to be ended again.
    pub fn end_day(&mut self, alarm: Option<Reason>) -> Result<Day, SlotsError<F::Error>> {
        let Some(slot) = self.record.slot(Standing::Trial) else { return Ok(Day::NoTrial) };
        if let Some(reason) = alarm {
            self.refuse(slot, reason)?;
            return Ok(Day::RolledBack);
        }
        let days = self.record.days.saturating_add(1);
        if days < self.record.days_wanted {
            self.remember(Record { days, starts: 0, ..self.record })?;
            return Ok(Day::OnTrial { days });
        }
        let bytes = file(&self.flash, slot);
        let Ok(version) = PolicyBlob::decode(bytes).map(|file| file.header().model_version) else {
            // It was whole when the day began.
            self.refuse(slot, Reason::PolicyRefused)?;
            return Ok(Day::RolledBack);
        };
        let before = self.record.mark(slot.other());
        let mut record = self.record.with_mark(slot, Mark { standing: Standing::Confirmed, ..self.record.mark(slot) });
        if before.standing == Standing::Confirmed {
            record = record.with_mark(slot.other(), Mark { standing: Standing::Former, ..before });
        }
        self.remember(Record { days, starts: 0, floor: version, ..record })?;
        Ok(Day::Confirmed)
    }

    /// Ends the trial now, because a person or a twin says so: see [`crate::twin`].
    ///
    /// # Errors
    /// If there is no trial, or the record can't be written.
    pub fn roll_back(&mut self, reason: Reason) -> Result<(), SlotsError<F::Error>> {
        let slot = self.record.slot(Standing::Trial).ok_or(SlotsError::OutOfOrder)?;
        self.refuse(slot, reason)
    }

    /// The flash, back.
    #[must_use]
    pub fn into_flash(self) -> F {
        self.flash
    }

    fn refuse(&mut self, slot: Slot, reason: Reason) -> Result<(), SlotsError<F::Error>> {
        let mark = Mark { standing: Standing::Refused, ..self.record.mark(slot) };
        self.remember(Record { reason: Some(reason), ..self.record.with_mark(slot, mark) })
    }

    /// Writes the next record; only then is it true.
    fn remember(&mut self, record: Record) -> Result<(), SlotsError<F::Error>> {
        let next = Record { sequence: self.record.sequence.saturating_add(1), ..record };
        self.journal.append(&mut self.flash, &next)?;
        self.record = next;
        Ok(())
    }

    /// The slot that an update goes to: the one that does not run.
    fn spare(&self) -> Slot {
        self.running_slot().map_or(Slot::A, Slot::other)
    }

    fn is_whole(&self, slot: Slot) -> bool {
        let [a, b] = self.whole;
        match slot {
            Slot::A => a,
            Slot::B => b,
        }
    }

    fn set_whole(&mut self, slot: Slot, whole: bool) {
        let [a, b] = self.whole;
        self.whole = match slot {
            Slot::A => [whole, b],
            Slot::B => [a, whole],
        };
    }
}
