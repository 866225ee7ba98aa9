//! Everything a training run needs to go on, in one file that is either whole or refused.
//!
//! ```text
//! offset  size  content
//! 0       8     magic "RSTKCKPT"
//! 8       4     format version, little-endian
//! 12      8     length of the payload, little-endian
//! 20      n     payload: `Checkpoint` in postcard
//! 20 + n  4     CRC-32/ISO-HDLC of all bytes before, little-endian
//! ```
//!
//! Floats are stored as their bits, so a resumed run equals an uninterrupted one to the bit. A file
//! is written beside its place, flushed to the disk, and renamed into place: a crash leaves the old
//! checkpoint or the new one, never half of one.

use crate::ppo::LearnerState;
use crc::{CRC_32_ISO_HDLC, Crc};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

const MAGIC: [u8; 8] = *b"RSTKCKPT";
/// Version of the format that this build writes and reads.
pub const VERSION: u32 = 2;
const HEADER: usize = 20;
const CHECKSUM: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);

/// A training run between two iterations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Iterations done; the run goes on with the iteration of this number.
    pub iteration: u32,
    /// Seed of the run.
    pub seed: u64,
    /// Digest of the scenario it trains on: a checkpoint of another problem must not go on here.
    pub scenario: u64,
    /// The learners, in node order.
    pub learners: Vec<LearnerState>,
    /// What else the caller needs to go on, in an encoding of its own.
    pub extra: Vec<u8>,
}

/// Why a checkpoint could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The operating system refused.
    #[error("can't {action} the checkpoint {}: {source}", .path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It is another kind of file.
    #[error("{} is not a Restock checkpoint: it does not begin with `RSTKCKPT`", .path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// It was written by another version.
    #[error("the checkpoint {} has format version {found}, this build reads version {VERSION}", .path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
    /// Its bytes are not those that were written.
    #[error("the checkpoint {} is damaged: {what}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// How that shows.
        what: String,
    },
}

impl Checkpoint {
    /// The file's bytes.
    fn encode(&self) -> Result<Vec<u8>, postcard::Error> {
        let payload = postcard::to_allocvec(self)?;
        let mut bytes = Vec::with_capacity(HEADER + payload.len() + 4);
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend((payload.len() as u64).to_le_bytes());
        bytes.extend(payload);
        bytes.extend(CHECKSUM.checksum(&bytes).to_le_bytes());
        Ok(bytes)
    }

    /// Writes the checkpoint so that a crash leaves the old file or the new one.
    ///
    /// # Errors
    /// If the file can't be written.
    pub fn save(&self, path: &Path) -> Result<(), CheckpointError> {
        let damaged =
            |error: postcard::Error| CheckpointError::Damaged { path: path.to_owned(), what: error.to_string() };
        write_atomically(path, &self.encode().map_err(damaged)?)
    }

    /// Reads a checkpoint. Never panics, whatever the file holds.
    ///
    /// # Errors
    /// If it can't be read, is no checkpoint, is of another version, or is damaged.
    pub fn load(path: &Path) -> Result<Self, CheckpointError> {
        let bytes = fs::read(path).map_err(|source| io_error("read", path, source))?;
        Self::decode(&bytes, path)
    }

    fn decode(bytes: &[u8], path: &Path) -> Result<Self, CheckpointError> {
        let damaged = |what: String| CheckpointError::Damaged { path: path.to_owned(), what };
        if !bytes.starts_with(&MAGIC) {
            return Err(CheckpointError::Foreign { path: path.to_owned() });
        }
        let header = bytes.first_chunk::<HEADER>().ok_or_else(|| damaged("it ends within the header".to_owned()))?;
        let [.., v0, v1, v2, v3, l0, l1, l2, l3, l4, l5, l6, l7] = *header;
        // The version first: another version may be laid out differently from here on.
        let found = u32::from_le_bytes([v0, v1, v2, v3]);
        if found != VERSION {
            return Err(CheckpointError::Version { path: path.to_owned(), found });
        }
        let length = u64::from_le_bytes([l0, l1, l2, l3, l4, l5, l6, l7]);
        let Some((body, checksum)) = bytes.split_last_chunk::<4>() else {
            return Err(damaged("it ends within the header".to_owned()));
        };
        if body.len().checked_sub(HEADER).map(|payload| payload as u64) != Some(length) {
            return Err(damaged(format!("{} bytes long instead of {}", bytes.len(), u128::from(length) + 24)));
        }
        let (found, stored) = (CHECKSUM.checksum(body), u32::from_le_bytes(*checksum));
        if found != stored {
            return Err(damaged(format!("its checksum is {found:08x}, it should be {stored:08x}")));
        }
        match postcard::take_from_bytes::<Self>(&body[HEADER..]) {
            Ok((checkpoint, [])) => Ok(checkpoint),
            Ok((_, rest)) => Err(damaged(format!("{} bytes follow its end", rest.len()))),
            Err(error) => Err(damaged(error.to_string())),
        }
    }
}

/// Writes a file so that a crash leaves the old one or the new one: temporary file in the same
/// folder, flush to the disk, rename, flush of the folder.
///
/// # Errors
/// If the file can't be written; the old one is then still there.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), CheckpointError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let write = || -> io::Result<()> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".checkpoint-");
        // Temporary files are private by default; what is written here is as public as the umask allows.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut file = builder.tempfile_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        // The rename itself must reach the disk. Folders can't be opened everywhere (Windows), and
        // there the file system orders the rename itself.
        if let Ok(folder) = File::open(folder) {
            folder.sync_all()?;
        }
        Ok(())
    };
    write().map_err(|source| io_error("write", path, source))
}

fn io_error(action: &'static str, path: &Path, source: io::Error) -> CheckpointError {
    CheckpointError::Io { action, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::HeadMask;
    use crate::ppo::{Batch, Learner, PpoConfig, UpdatePath};

    /// A batch that depends on the iteration and on the weights, as a rollout's would.
    fn batch(learner: &Learner, iteration: u32) -> Batch {
        let mut batch = Batch::new(3, 4, 30);
        let weights = learner.policy();
        for sample in 0..batch.samples() {
            let turn = sample * 31 + iteration as usize * 7;
            batch.actions[sample] = restock_core::action::HEAD_CHOICES.map(|choices| (turn % choices) as u8);
            batch.log_prob[sample] = -5.0 + weights.parameters()[turn % weights.parameters().len()];
            batch.reward[sample] = (turn % 13) as f32 * 0.1;
            batch.value[sample] = weights.value_mean;
        }
        batch.features.iter_mut().enumerate().for_each(|(i, feature)| *feature = (i * 53 % 200) as u8 as i8);
        batch
    }

    fn learners(path: UpdatePath) -> Vec<Learner> {
        let config = PpoConfig { minibatch: 40, kl_limit: 1e6, path, ..PpoConfig::default() };
        ["retailer", "maker"]
            .map(|name| Learner::new(name, config.clone(), 3, HeadMask::all(), 9).expect("good settings"))
            .into()
    }

    fn train(learners: &mut [Learner], iterations: std::ops::Range<u32>) {
        for iteration in iterations {
            for learner in &mut *learners {
                let batch = batch(learner, iteration);
                learner.update(&batch, iteration).expect("no divergence");
            }
        }
    }

    fn checkpoint(iteration: u32, learners: &[Learner]) -> Checkpoint {
        Checkpoint {
            iteration,
            seed: 9,
            scenario: 77,
            learners: learners.iter().map(Learner::state).collect(),
            extra: vec![1, 2],
        }
    }

    #[test]
    fn a_run_resumed_from_a_file_equals_a_straight_one_to_the_bit() {
        for path in [UpdatePath::Fused, UpdatePath::Burn] {
            let folder = tempfile::tempdir().expect("a folder");
            let file = folder.path().join("run.checkpoint");
            let mut straight = learners(path);
            train(&mut straight, 0..6);

            let mut first = learners(path);
            train(&mut first, 0..3);
            checkpoint(3, &first).save(&file).expect("saved");
            let loaded = Checkpoint::load(&file).expect("loaded");
            assert_eq!(loaded, checkpoint(3, &first));
            let mut second: Vec<Learner> =
                loaded.learners.into_iter().map(|state| Learner::from_state(state).expect("fits")).collect();
            train(&mut second, loaded.iteration..6);

            let bits = |learners: &[Learner]| checkpoint(6, learners).encode().expect("encodes");
            assert!(bits(&second) == bits(&straight), "{path:?}");
        }
    }

    #[test]
    fn saving_replaces_the_old_file_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("run.checkpoint");
        let learners = learners(UpdatePath::Fused);
        checkpoint(1, &learners).save(&file).expect("saved");
        checkpoint(2, &learners).save(&file).expect("saved again");
        assert_eq!(Checkpoint::load(&file).expect("loaded").iteration, 2);
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
        let missing = folder.path().join("no").join("run.checkpoint");
        let error = checkpoint(1, &learners).save(&missing).expect_err("no such folder").to_string();
        assert!(error.starts_with("can't write the checkpoint"), "{error}");
    }

    #[test]
    fn any_damage_is_refused_without_panic() {
        let path = Path::new("x");
        let whole = checkpoint(1, &learners(UpdatePath::Fused)[..1]).encode().expect("encodes");
        assert!(Checkpoint::decode(&whole, path).is_ok());
        for length in (0..whole.len()).step_by(97).chain(0..40) {
            assert!(Checkpoint::decode(&whole[..length], path).is_err(), "cut to {length}");
        }
        for position in (0..whole.len()).step_by(101).chain(0..40) {
            let mut flipped = whole.clone();
            flipped[position] ^= 0x10;
            assert!(Checkpoint::decode(&flipped, path).is_err(), "flipped at {position}");
        }
        assert!(Checkpoint::decode(&[&whole[..], &[0]].concat(), path).is_err());
        // A length that no memory can hold, under a checksum that is right.
        let mut huge = whole[..HEADER].to_vec();
        huge.extend([9, 9, 9, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]);
        huge[12..20].copy_from_slice(&13_u64.to_le_bytes());
        huge.extend(CHECKSUM.checksum(&huge).to_le_bytes());
        assert!(matches!(Checkpoint::decode(&huge, path), Err(CheckpointError::Damaged { .. })));
    }

    #[test]
    fn errors_say_what_the_file_is() {
        let path = Path::new("a.bin");
        let whole = checkpoint(1, &[]).encode().expect("encodes");
        let message = |bytes: &[u8]| Checkpoint::decode(bytes, path).expect_err("refused").to_string();
        assert_eq!(message(b"hello, world"), "a.bin is not a Restock checkpoint: it does not begin with `RSTKCKPT`");
        let mut newer = whole.clone();
        newer[8] = 9;
        assert_eq!(message(&newer), "the checkpoint a.bin has format version 9, this build reads version 2");
        assert!(message(&whole[..whole.len() - 1]).contains("bytes long instead of"));
    }
}
