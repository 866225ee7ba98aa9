//! Scalars in TensorBoard's event files, without its 20 megabytes of dependencies.
//!
//! A file is a sequence of records: length (u64), masked CRC-32C of the length, data, masked CRC-32C
//! of the data, all little-endian ("TFRecord"). Data is a protobuf `Event`, written by hand:
//! `wall_time` (1, double), `step` (2, int64), `file_version` (3, string), `summary` (5), in which
//! `value` (1) holds `tag` (1, string) and `simple_value` (2, float).
//! Source: tensorflow/core/util/event.proto, summary.proto and lib/io/record_writer.cc.

use super::{MetricsError, open, truncate};
use crc::{CRC_32_ISCSI, Crc};
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

const CHECKSUM: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);
/// An event of scalars is a few kilobytes; a longer record is not one of ours.
const RECORD_BYTES_MAX: u64 = 1 << 20;

/// Appends scalars to one event file.
#[derive(Debug)]
pub struct EventWriter {
    path: PathBuf,
    file: BufWriter<File>,
}

impl EventWriter {
    /// Opens `events.out.tfevents.0.restock` in a folder, keeping the events of steps before
    /// `next_step`: the one that the run begins or goes on with. 0 starts afresh. A torn or damaged
    /// end is dropped.
    ///
    /// # Errors
    /// If the file can't be read or written.
    pub fn open(folder: &Path, next_step: u32) -> Result<Self, MetricsError> {
        let path = folder.join("events.out.tfevents.0.restock");
        let file = Self::open_at(&path, next_step).map_err(MetricsError::at(&path))?;
        Ok(Self { file, path })
    }

    fn open_at(path: &Path, next_step: u32) -> io::Result<BufWriter<File>> {
        let mut file = open(path)?;
        let keep = if next_step == 0 { 0 } else { bytes_to_keep(&mut file, u64::from(next_step))? };
        truncate(&mut file, keep)?;
        let mut file = BufWriter::new(file);
        if keep == 0 {
            let version = [stamp(0), vec![0x1a, 13], b"brain.Event:2".to_vec()].concat();
            write_record(&mut file, &version)?;
        }
        Ok(file)
    }

    /// Appends one event: scalars by tag, such as `retailer/entropy`, at a step.
    ///
    /// # Errors
    /// If the file can't be written.
    pub fn write(&mut self, step: u32, scalars: &[(&str, f32)]) -> Result<(), MetricsError> {
        let mut summary = Vec::new();
        for (tag, scalar) in scalars {
            let value = [&field(0x0a, tag.as_bytes())[..], &[0x15], &scalar.to_le_bytes()].concat();
            summary.extend(field(0x0a, &value));
        }
        let event = [stamp(u64::from(step)), field(0x2a, &summary)].concat();
        write_record(&mut self.file, &event).map_err(MetricsError::at(&self.path))
    }

    /// Hands all events to the operating system: call it once per iteration.
    ///
    /// # Errors
    /// If the file can't be written.
    pub fn flush(&mut self) -> Result<(), MetricsError> {
        self.file.flush().map_err(MetricsError::at(&self.path))
    }
}

/// `wall_time` and `step` of an event: always its first fields here.
fn stamp(step: u64) -> Vec<u8> {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
    [&[0x09], &seconds.to_le_bytes()[..], &[0x10], &varint(step)].concat()
}

/// A length-delimited field.
fn field(key: u8, content: &[u8]) -> Vec<u8> {
    [&[key], &varint(content.len() as u64)[..], content].concat()
}

/// Protobuf's variable-length integer: 7 bits a byte, lowest first.
fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// TFRecord's checksum: CRC-32C, rotated and offset so that a checksum of checksums is no fixed point.
fn masked_checksum(bytes: &[u8]) -> u32 {
    CHECKSUM.checksum(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

fn write_record(file: &mut impl Write, data: &[u8]) -> io::Result<()> {
    let length = (data.len() as u64).to_le_bytes();
    file.write_all(&length)?;
    file.write_all(&masked_checksum(&length).to_le_bytes())?;
    file.write_all(data)?;
    file.write_all(&masked_checksum(data).to_le_bytes())
}

/// The next record's data; `None` at the end of what is whole.
fn read_record(file: &mut impl Read) -> Option<Vec<u8>> {
    let (mut length, mut checksum) = ([0; 8], [0; 4]);
    file.read_exact(&mut length).ok()?;
    file.read_exact(&mut checksum).ok()?;
    let bytes = u64::from_le_bytes(length);
    if u32::from_le_bytes(checksum) != masked_checksum(&length) || bytes > RECORD_BYTES_MAX {
        return None;
    }
    let mut data = vec![0; bytes as usize];
    file.read_exact(&mut data).ok()?;
    file.read_exact(&mut checksum).ok()?;
    (u32::from_le_bytes(checksum) == masked_checksum(&data)).then_some(data)
}

/// Bytes of the leading whole records before a step.
fn bytes_to_keep(file: &mut File, next_step: u64) -> io::Result<u64> {
    let mut reader = BufReader::new(file);
    let mut keep = 0;
    while let Some(data) = read_record(&mut reader) {
        let version = data.get(11) == Some(&0x1a); // the file's first event, of step 0
        if !version && step_of(&data).is_none_or(|step| step >= next_step) {
            break;
        }
        keep += data.len() as u64 + 16;
    }
    Ok(keep)
}

/// The step of an event that this module wrote.
fn step_of(event: &[u8]) -> Option<u64> {
    let bytes = event.get(10..).filter(|_| event[0] == 0x09 && event[9] == 0x10)?;
    let length = bytes.iter().take(10).position(|byte| byte & 0x80 == 0)?;
    Some(bytes[..=length].iter().rev().fold(0, |step, byte| step << 7 | u64::from(byte & 0x7f)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// Steps and scalars of a file, read by the book: any protobuf field in any order.
    fn read(path: &Path) -> Vec<(u64, Vec<(String, f32)>)> {
        let bytes = fs::read(path).expect("reads");
        let mut rest = &bytes[..];
        let mut events = Vec::new();
        while !rest.is_empty() {
            let event = read_record(&mut rest).expect("whole records with right checksums");
            let (mut step, mut scalars) = (0, Vec::new());
            for (number, content) in fields(&event) {
                match number {
                    2 => step = content.iter().rev().fold(0, |step, byte| step << 7 | u64::from(byte & 0x7f)),
                    3 => assert_eq!(content, b"brain.Event:2"),
                    5 => scalars = fields(content).into_iter().map(|(_, value)| scalar(value)).collect(),
                    other => assert_eq!(other, 1, "wall time"),
                }
            }
            events.push((step, scalars));
        }
        events
    }

    fn scalar(value: &[u8]) -> (String, f32) {
        let parts = fields(value);
        let number = parts[1].1.try_into().map(f32::from_le_bytes).expect("four bytes");
        (String::from_utf8(parts[0].1.to_vec()).expect("a tag"), number)
    }

    fn fields(mut bytes: &[u8]) -> Vec<(u8, &[u8])> {
        let mut found = Vec::new();
        while let [key, rest @ ..] = bytes {
            let varint = 1 + rest.iter().position(|byte| byte & 0x80 == 0).unwrap_or(0);
            let (start, length) = match key & 7 {
                0 => (0, varint),
                1 => (0, 8),
                2 => {
                    (varint, rest[..varint].iter().rev().fold(0, |length, byte| length << 7 | usize::from(byte & 0x7f)))
                }
                _ => (0, 4),
            };
            found.push((key >> 3, &rest[start..start + length]));
            bytes = &rest[start + length..];
        }
        found
    }

    #[test]
    fn what_was_written_can_be_read_and_resumed() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut events = EventWriter::open(folder.path(), 0).expect("opens");
        let long = "n".repeat(200);
        for step in [0, 1, 127, 128, 70_000] {
            events.write(step, &[("retailer/entropy", step as f32 * 0.5), (&long, -1.0)]).expect("writes");
        }
        events.flush().expect("flushes");
        let path = events.path.clone();
        let whole = read(&path);
        assert_eq!(whole.iter().map(|event| event.0).collect::<Vec<_>>(), [0, 0, 1, 127, 128, 70_000]);
        assert_eq!(whole[4].1, [("retailer/entropy".to_owned(), 64.0), (long, -1.0)]);

        // A torn record at the end, then a resume at step 128: 128 and later go, nothing is doubled.
        let mut torn = fs::read(&path).expect("reads");
        torn.truncate(torn.len() - 3);
        fs::write(&path, torn).expect("writes");
        let mut events = EventWriter::open(folder.path(), 128).expect("opens");
        events.write(128, &[("x", 1.0)]).expect("writes");
        drop(events);
        assert_eq!(read(&path).iter().map(|event| event.0).collect::<Vec<_>>(), [0, 0, 1, 127, 128]);
        drop(EventWriter::open(folder.path(), 0).expect("opens"));
        assert_eq!(read(&path).len(), 1);
    }

    /// From TensorFlow's own tests (lib/hash/crc32c_test.cc): CRC-32C of 32 zero bytes.
    #[test]
    fn the_checksum_is_crc_32c() {
        assert_eq!(CHECKSUM.checksum(&[0; 32]), 0x8a91_36aa);
    }
}
