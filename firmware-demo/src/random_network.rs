//! Networks by chance, the same ones on the host and on a device: what kernels are compared on.

use restock_core::blob::layer::{BLOCK_BYTES, TILE, WORDS_BYTES, bias_max, tiles};
use restock_core::blob::{AgentDraft, BlobError, Draft, Kernel, Layer, LayerDraft, Layers, WIDTH_MAX};
use restock_core::digest::Digest;

/// Layers of a network by chance.
const LAYERS_MAX: usize = 3;
/// Most bytes of its streams.
pub const STREAM_BYTES: usize = LAYERS_MAX * Layer::bytes(WIDTH_MAX, WIDTH_MAX);

/// Marsaglia 2003, xorshift32: for test cases only.
#[derive(Clone, Debug)]
pub struct Chance(u32);

impl Chance {
    /// Cases that begin with this seed.
    #[must_use]
    pub const fn new(seed: u32) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9) | 1)
    }

    /// 32 bits.
    pub const fn word(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    /// 1 to `most`.
    fn size(&mut self, most: u32) -> usize {
        1 + (self.word() >> 8) as usize % most as usize
    }

    /// Bytes: by chance, or all the least, all the greatest, or signs by chance.
    fn bytes(&mut self, bytes: &mut [u8]) {
        let kind = self.word() >> 29;
        for four in bytes.chunks_mut(4) {
            let word = self.word();
            let word = match kind {
                0 => 0x8080_8080,
                1 => 0x7f7f_7f7f,
                2 => 0x7f7f_7f7f ^ ((word & 0x0101_0101) * 0xff),
                _ => word,
            };
            four.iter_mut().zip(word.to_le_bytes()).for_each(|(byte, new)| *byte = new);
        }
    }
}

/// Memory for one network and one row of inputs.
#[derive(Debug)]
pub struct Case {
    shapes: [[u8; 4]; LAYERS_MAX],
    layers: usize,
    streams: crate::kernel::Aligned<[u8; STREAM_BYTES]>,
    bytes: usize,
    inputs: [u8; WIDTH_MAX],
}

impl Default for Case {
    fn default() -> Self {
        Self::new()
    }
}

impl Case {
    /// Nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            shapes: [[0; 4]; LAYERS_MAX],
            layers: 0,
            streams: crate::kernel::Aligned([0; STREAM_BYTES]),
            bytes: 0,
            inputs: [0; WIDTH_MAX],
        }
    }

    /// The next network and its inputs: widths up to 24, one in 64 up to [`WIDTH_MAX`].
    pub fn next(&mut self, chance: &mut Chance) {
        let most = if chance.word().is_multiple_of(64) { WIDTH_MAX as u32 } else { 24 };
        self.layers = chance.size(LAYERS_MAX as u32);
        let mut inputs = chance.size(most);
        self.bytes = 0;
        for shape in self.shapes.iter_mut().take(self.layers) {
            let outputs = chance.size(most);
            *shape = [inputs as u8, 0, outputs as u8, 0];
            let end = self.bytes + Layer::bytes(inputs, outputs);
            if let Some(stream) = self.streams.0.get_mut(self.bytes..end) {
                fill(stream, inputs, outputs, chance);
            }
            self.bytes = end;
            inputs = outputs;
        }
        chance.bytes(&mut self.inputs);
    }

    /// The network, checked.
    ///
    /// # Errors
    /// The layer that is not allowed: none, if this file is right.
    pub fn layers(&self) -> Result<Layers<'_>, u8> {
        let streams = self.streams.0.get(..self.bytes).unwrap_or(&[]);
        Layers::new(self.shapes.get(..self.layers).unwrap_or(&[]), streams)
    }

    /// As many inputs as the network has.
    #[must_use]
    pub fn inputs(&self) -> [i8; WIDTH_MAX] {
        let wanted = usize::from(self.shapes[0][0]);
        let mut inputs = [0; WIDTH_MAX];
        inputs.iter_mut().zip(self.inputs).take(wanted).for_each(|(to, from)| *to = from.cast_signed());
        inputs
    }
}

/// A layer's stream by chance: everything allowed, the ends of every range among it.
fn fill(stream: &mut [u8], inputs: usize, outputs: usize, chance: &mut Chance) {
    let most = bias_max(inputs);
    let group_bytes = 2 * WORDS_BYTES + tiles(inputs) * BLOCK_BYTES;
    let kind = chance.word() >> 29;
    for (g, group) in stream.chunks_exact_mut(group_bytes).enumerate() {
        chance.bytes(group);
        let own = (outputs - g * TILE).min(TILE);
        for o in 0..TILE {
            let bias = match (o < own, kind) {
                (false, _) => 0,
                (_, 0) => most,
                (_, 1) => -most,
                // Of every size, so that hidden outputs are between the ends of their range, too.
                _ => (chance.word().cast_signed() >> (chance.word() >> 27)) % most,
            };
            let multiplier = if o < own { chance.word() >> (1 + (chance.word() >> 28)) } else { 0 };
            let end = group_bytes - WORDS_BYTES + 4 * o;
            put(group, 4 * o, &bias.to_le_bytes());
            put(group, end, &multiplier.to_le_bytes());
            for i in 0..TILE * tiles(inputs) {
                if o >= own || i >= inputs {
                    put(group, WORDS_BYTES + i / TILE * BLOCK_BYTES + o * TILE + i % TILE, &[0]);
                }
            }
        }
    }
}

fn put(bytes: &mut [u8], at: usize, new: &[u8]) {
    if let Some(place) = bytes.get_mut(at..at + new.len()) {
        place.copy_from_slice(new);
    }
}

/// What kernels gave for random networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// Layers computed.
    pub layers: u32,
    /// Rows in which the two kernels differed.
    pub differing: u32,
    /// Digest of all outputs of the first kernel.
    pub digest: u64,
}

/// Computes random networks with two kernels until `layers` layers are through.
pub fn compare(
    case: &mut Case,
    seed: u32,
    layers: u32,
    first: &mut impl Kernel,
    second: &mut impl Kernel,
) -> Comparison {
    let (mut chance, mut digest) = (Chance::new(seed), Digest::new());
    let mut found = Comparison { layers: 0, differing: 0, digest: 0 };
    while found.layers < layers {
        case.next(&mut chance);
        let Ok(network) = case.layers() else {
            found.differing += 1; // a network that is not allowed compares nothing: the test must fail
            break;
        };
        let inputs = case.inputs();
        let (mut one, mut other) = ([0; WIDTH_MAX], [0; WIDTH_MAX]);
        first.row(network, &inputs, &mut one);
        second.row(network, &inputs, &mut other);
        found.differing += u32::from(one != other);
        digest.words(one.get(..network.outputs()).unwrap_or(&[]));
        found.layers += network.len() as u32;
    }
    Comparison { digest: digest.value(), ..found }
}

/// Widths of the network that kernels are measured on: 7,168 multiply-adds.
pub const BENCHMARK: [u16; 4] = [32, 64, 64, 16];
/// Choices of its heads.
pub const BENCHMARK_HEADS: [u8; 3] = [8, 4, 4];
/// More than its file takes [bytes].
pub const BENCHMARK_BYTES_MAX: usize = 12 * 1024;

/// The policy file of that network, with golden vectors: one agent, weights by chance.
///
/// # Errors
/// If `out` is too small.
pub fn benchmark_policy(out: &mut [u8]) -> Result<usize, BlobError> {
    const WEIGHTS: usize = 64 * 64;
    let mut chance = Chance::new(1);
    let mut weights = [[0_i8; WEIGHTS]; 3];
    weights.as_flattened_mut().iter_mut().for_each(|w| *w = (chance.word() >> 24) as u8 as i8);
    let mut biases = [0; 64];
    biases.iter_mut().for_each(|b| *b = chance.word().cast_signed() >> 16);
    // An accumulator of some ten thousands becomes a byte.
    let multipliers = [8_000_000; 64];
    let layer = |l: usize| {
        let (inputs, outputs) = (BENCHMARK[l], BENCHMARK[l + 1]);
        let (i, o) = (usize::from(inputs), usize::from(outputs));
        LayerDraft {
            inputs,
            outputs,
            weights: &weights[l][..i * o],
            biases: &biases[..o],
            multipliers: &multipliers[..o],
        }
    };
    let layers = [layer(0), layer(1), layer(2)];
    let mut rows = [[0_i8; 32]; 2];
    rows.as_flattened_mut().iter_mut().for_each(|x| *x = (chance.word() >> 24) as u8 as i8);
    let golden: [&[i8]; 2] = core::array::from_fn(|row| &rows[row][..]);
    let agent = AgentDraft { node_key: 1, allowed: 0xffff, fallback: &[0, 0, 0], layers: &layers, golden: &golden };
    let draft = Draft {
        scenario_hash: 0,
        schema_hash: 0,
        model_version: 1,
        inputs: BENCHMARK[0],
        heads: &BENCHMARK_HEADS,
        note: "benchmark of kernels",
        agents: &[agent],
    };
    draft.encode(out)
}
