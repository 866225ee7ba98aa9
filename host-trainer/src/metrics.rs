//! Curves of a training run: JSON lines for programs, event files for TensorBoard.
//!
//! Both are append-only, one entry per iteration and learner, and both are cut back to the
//! checkpoint when a run resumes, so that nothing is in them twice.

pub mod tensorboard;

use crate::ppo::UpdateStats;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Seek, Write};
use std::path::{Path, PathBuf};
pub use tensorboard::EventWriter;

/// A curve could not be written.
#[derive(Debug, thiserror::Error)]
#[error("can't write metrics to {}: {source}", .path.display())]
pub struct MetricsError {
    /// The file.
    path: PathBuf,
    source: io::Error,
}

impl MetricsError {
    fn at(path: &Path) -> impl Fn(io::Error) -> Self + '_ {
        move |source| Self { path: path.to_owned(), source }
    }
}

/// One line of the metrics file: how one learner fared in one iteration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The iteration, counted from 0.
    pub iteration: u32,
    /// The node's name.
    pub learner: String,
    /// The update.
    #[serde(flatten)]
    pub update: UpdateStats,
    /// Whatever else the run measured: KPIs, HyperScore, throughput.
    #[serde(flatten)]
    pub extra: serde_json::Map<String, serde_json::Value>,
}

/// Appends entries to a JSON-lines file.
#[derive(Debug)]
pub struct JsonLines {
    path: PathBuf,
    file: BufWriter<File>,
}

/// All that is read of a line to decide whether it stays.
#[derive(Deserialize)]
struct Stamp {
    iteration: u32,
}

impl JsonLines {
    /// Opens the file, keeping the lines of iterations before `next_iteration`: the one that the run
    /// begins or goes on with. 0 starts afresh. A torn last line is dropped.
    ///
    /// # Errors
    /// If the file can't be read or written.
    pub fn open(path: &Path, next_iteration: u32) -> Result<Self, MetricsError> {
        let fail = MetricsError::at(path);
        let mut file = open(path).map_err(&fail)?;
        let keep = lines_to_keep(&mut file, next_iteration).map_err(&fail)?;
        truncate(&mut file, keep).map_err(&fail)?;
        Ok(Self { path: path.to_owned(), file: BufWriter::new(file) })
    }

    /// Appends one line. Numbers that JSON lacks (infinite, NaN) become `null`.
    ///
    /// # Errors
    /// If the file can't be written.
    pub fn write(&mut self, entry: &Entry) -> Result<(), MetricsError> {
        let fail = MetricsError::at(&self.path);
        serde_json::to_writer(&mut self.file, entry).map_err(|error| fail(error.into()))?;
        self.file.write_all(b"\n").map_err(fail)
    }

    /// Hands all lines to the operating system: call it once per iteration.
    ///
    /// # Errors
    /// If the file can't be written.
    pub fn flush(&mut self) -> Result<(), MetricsError> {
        self.file.flush().map_err(MetricsError::at(&self.path))
    }
}

/// Opens a file for reading and appending, creating it if need be.
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

/// Cuts a file and stands at its new end.
fn truncate(file: &mut File, length: u64) -> io::Result<()> {
    file.set_len(length)?;
    file.seek(io::SeekFrom::Start(length)).map(drop)
}

/// Bytes of the leading whole lines of earlier iterations. Lines are in the order of iterations, so
/// the first that is not kept ends them.
fn lines_to_keep(file: &mut File, next_iteration: u32) -> io::Result<u64> {
    let mut reader = BufReader::new(file);
    let (mut keep, mut line) = (0, Vec::new());
    loop {
        line.clear();
        let length = reader.read_until(b'\n', &mut line)?;
        let stays = line.ends_with(b"\n")
            && serde_json::from_slice::<Stamp>(&line).is_ok_and(|stamp| stamp.iteration < next_iteration);
        if !stays {
            return Ok(keep);
        }
        keep += length as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn entry(iteration: u32, learner: &str) -> Entry {
        let mut extra = serde_json::Map::new();
        extra.insert("fill_rate_ppm".to_owned(), 981_000.into());
        let update = UpdateStats { policy_loss: -0.5, entropy: f64::from(iteration), ..UpdateStats::default() };
        Entry { iteration, learner: learner.to_owned(), update, extra }
    }

    #[test]
    fn a_resumed_run_has_no_line_twice() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("metrics.jsonl");
        let mut lines = JsonLines::open(&path, 0).expect("opens");
        for iteration in 0..5 {
            for learner in ["a", "b"] {
                lines.write(&entry(iteration, learner)).expect("writes");
            }
        }
        drop(lines);
        // A crash in the middle of a line, then a resume from the checkpoint after iteration 2.
        let mut torn = OpenOptions::new().append(true).open(&path).expect("opens");
        torn.write_all(b"{\"iteration\":1,\"lear").expect("writes");
        let mut lines = JsonLines::open(&path, 3).expect("opens");
        lines.write(&entry(3, "a")).expect("writes");
        lines.flush().expect("flushes");

        let text = fs::read_to_string(&path).expect("reads");
        let read: Vec<Entry> = text.lines().map(|line| serde_json::from_str(line).expect("whole lines")).collect();
        let stamps: Vec<_> = read.iter().map(|entry| (entry.iteration, entry.learner.as_str())).collect();
        assert_eq!(stamps, [(0, "a"), (0, "b"), (1, "a"), (1, "b"), (2, "a"), (2, "b"), (3, "a")]);
        assert_eq!(read[6], entry(3, "a"));
    }

    #[test]
    fn a_new_run_starts_with_an_empty_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("metrics.jsonl");
        fs::write(&path, "{\"iteration\":0}\nwhat is this\n").expect("writes");
        drop(JsonLines::open(&path, 0).expect("opens"));
        assert_eq!(fs::read_to_string(&path).expect("reads"), "");
        let error = JsonLines::open(folder.path(), 0).expect_err("a folder is no file").to_string();
        assert!(error.starts_with("can't write metrics to"), "{error}");
    }
}
