//! Policy files that are damaged in ways that look right: what the tests and `cargo soak-policy` throw at the
//! loader.

use crate::checksum::crc32;
use crate::random_network::Dice;
use restock_core::action::HEAD_CHOICES;
use restock_core::blob::{AgentDraft, BlobError, Draft, Kernel, LayerDraft, PREAMBLE, PolicyBlob, Portable, TRAILER};
use restock_core::observation::{FEATURES, schema_hash};

/// A network by chance: layers of these widths.
struct Numbers {
    widths: Vec<usize>,
    weights: Vec<Vec<i8>>,
    biases: Vec<i32>,
    multipliers: Vec<i32>,
}

impl Numbers {
    fn new(widths: &[usize], d: &mut Dice) -> Self {
        Self {
            widths: widths.to_vec(),
            weights: widths.windows(2).map(|w| (0..w[0] * w[1]).map(|_| d.bits() as i8).collect()).collect(),
            biases: (0..128).map(|i| i * 7919 - 9000).collect(),
            multipliers: (0..128).map(|i| (1 << 20) + i * 7919).collect(),
        }
    }

    fn layers(&self) -> Vec<LayerDraft<'_>> {
        self.widths
            .windows(2)
            .zip(&self.weights)
            .map(|(w, weights)| LayerDraft {
                inputs: w[0] as u16,
                outputs: w[1] as u16,
                weights,
                biases: &self.biases[..w[1]],
                multipliers: &self.multipliers[..w[1]],
            })
            .collect()
    }
}

/// A file of one agent for each list of hidden widths, with two golden vectors each.
///
/// # Panics
/// If what is asked for is not allowed.
#[must_use]
pub fn file(inputs: usize, heads: &[u8], schema_hash: u64, hidden: &[&[usize]]) -> Vec<u8> {
    let mut d = Dice::new(11);
    let outputs: usize = heads.iter().map(|&choices| usize::from(choices)).sum();
    let networks: Vec<Numbers> =
        hidden.iter().map(|hidden| Numbers::new(&[&[inputs], *hidden, &[outputs]].concat(), &mut d)).collect();
    let layers: Vec<Vec<LayerDraft<'_>>> = networks.iter().map(Numbers::layers).collect();
    let rows: Vec<Vec<i8>> = (0..2).map(|_| (0..inputs).map(|_| d.bits() as i8).collect()).collect();
    let golden: Vec<&[i8]> = rows.iter().map(Vec::as_slice).collect();
    let fallback: Vec<u8> = heads.iter().map(|&choices| choices / 2).collect();
    let agents: Vec<AgentDraft<'_>> = layers
        .iter()
        .enumerate()
        .map(|(i, layers)| AgentDraft {
            node_key: i as u64 + 5,
            allowed: u64::MAX >> (64 - outputs),
            fallback: &fallback,
            layers,
            golden: &golden,
        })
        .collect();
    let draft = Draft {
        scenario_hash: 42,
        schema_hash,
        model_version: 7,
        inputs: inputs as u16,
        heads,
        note: "made by a test",
        agents: &agents,
    };
    let mut out = vec![0; 1 << 16];
    let length = draft.encode(&mut out).unwrap_or_else(|e| panic!("{e}"));
    out.truncate(length);
    out
}

/// A file of this build's shape: one agent of one layer, one of two.
#[must_use]
pub fn whole() -> Vec<u8> {
    file(FEATURES, &HEAD_CHOICES.map(|choices| choices as u8), schema_hash(), &[&[], &[6]])
}

/// A file of a few hundred bytes, with every part that a file can have and fillings everywhere.
#[must_use]
pub fn small() -> Vec<u8> {
    file(5, &[3, 2, 2], 1, &[&[], &[3]])
}

/// Three files small enough for every way of damaging them.
#[must_use]
pub fn references() -> [Vec<u8>; 3] {
    [small(), file(4, &[2, 2], 1, &[&[]]), file(6, &[2, 3], 1, &[&[2, 3], &[1]])]
}

/// A file with this body, whose preamble and checksum are right.
#[must_use]
pub fn framed(body: &[u8]) -> Vec<u8> {
    let mut file = b"RSTP\x02\x00\x00\x00".to_vec();
    file.extend(((PREAMBLE + body.len() + TRAILER) as u32).to_le_bytes());
    file.extend(body);
    file.extend(crc32(&file).to_le_bytes());
    file
}

/// What decoded is used in every way; nothing may panic, nothing may break the promises of the check.
///
/// # Panics
/// If one is broken.
pub fn exercise(file: &PolicyBlob<'_>, d: &mut Dice) {
    let _ = file.self_test();
    let _ = (file.fits_build(), file.note().len(), file.key_id());
    let all = file.agents().count();
    assert_eq!(all, usize::from(file.header().agents), "every agent that was checked can be read again");
    for agent in file.agents() {
        let inputs: Vec<i8> = (0..usize::from(file.header().inputs)).map(|_| d.bits() as i8).collect();
        let mut outputs = [0; 128];
        Portable.row(agent.layers, &inputs, &mut outputs);
        let mut choices = [0; 16];
        agent.choose(&outputs, &mut choices);
        let mut first = 0;
        for ((&choice, &fallback), &count) in choices.iter().zip(agent.fallback()).zip(file.heads()) {
            let allowed = |choice: u8| choice < count && agent.allows(first + usize::from(choice));
            assert!(allowed(choice) && allowed(fallback), "a choice that is not allowed");
            first += usize::from(count);
        }
    }
}

/// Damages a file by chance, repairs length and checksum as a deceiver would, and reads it. Whether it was
/// accepted.
///
/// # Panics
/// If the loader panics or accepts what breaks a promise.
pub fn damaged(file: &[u8], d: &mut Dice) -> bool {
    let mut body = file[PREAMBLE..file.len() - TRAILER].to_vec();
    for _ in 0..d.pick(&[1, 1, 2, 8]) {
        // The first bytes hold the lengths and counts that a deceiver would change; weights come after.
        let at = if d.chance(50) { d.size(0, 99.min(body.len() - 1)) } else { d.size(0, body.len() - 1) };
        match d.between(0, 6) {
            0 => body[at] ^= 1 << d.between(0, 7),
            1 => body[at] = d.pick(&[0, 1, 0x7f, 0x80, 0xff]),
            2 => drop(body.remove(at)),
            3 => body.insert(at, d.bits() as u8),
            4 => body.truncate(body.len() - d.size(0, 40).min(body.len() - 100)),
            // A length or a bias as a whole.
            5 => {
                let at = at / 4 * 4;
                let small = d.bits() as u32 % 512;
                let word = d.pick(&[0, 4, 0x7fff_ffff, 0x8000_0000, 0xffff_fffc, small]);
                let room = body.get_mut(at..at + 4);
                room.into_iter().for_each(|room| room.copy_from_slice(&u32::to_le_bytes(word)));
            }
            _ => body[at] = d.bits() as u8,
        }
    }
    match PolicyBlob::decode(&framed(&body)) {
        Ok(file) => {
            exercise(&file, d);
            true
        }
        Err(error) => {
            assert!(!matches!(error, BlobError::Checksum | BlobError::Magic), "the frame is right: {error}");
            false
        }
    }
}
