//! Policy to bytes: what a trainer writes. No device runs it.

use super::kernel::{Kernel, Portable};
use super::layer::{Layers, TILE, tiles};
use super::{
    BlobError, FALLBACK_TEXTBOOK, FLAG_SIGNED, LAYERS_MAX, MAGIC, PACKING, PolicyBlob, TRAILER, VERSION, WIDTH_MAX,
};
use crate::checksum::crc32;
use crate::convert::{byte, count};

/// One layer as numbers.
#[derive(Clone, Copy, Debug)]
pub struct LayerDraft<'a> {
    /// Number of inputs.
    pub inputs: u16,
    /// Number of outputs.
    pub outputs: u16,
    /// Weights. Shape `[output][input]`.
    pub weights: &'a [i8],
    /// Biases, in units of weight step times input step. Shape `[output]`.
    pub biases: &'a [i32],
    /// Multipliers, times 2^-32. Shape `[output]`.
    pub multipliers: &'a [i32],
}

/// One agent.
#[derive(Clone, Copy, Debug)]
pub struct AgentDraft<'a> {
    /// Hash of the node's name.
    pub node_key: u64,
    /// Choices that this node has: bit `i` stands for output `i`.
    pub allowed: u64,
    /// The choice of each head when the network is not trusted.
    pub fallback: &'a [u8],
    /// The network.
    pub layers: &'a [LayerDraft<'a>],
    /// Inputs whose outputs are written beside them.
    pub golden: &'a [&'a [i8]],
}

/// One file.
#[derive(Clone, Copy, Debug)]
pub struct Draft<'a> {
    /// [`crate::Scenario::hash`] of the problem that the policies were trained on.
    pub scenario_hash: u64,
    /// [`crate::observation::schema_hash`] of the features they read.
    pub schema_hash: u64,
    /// Grows with every model that is given out.
    pub model_version: u32,
    /// Inputs of each network.
    pub inputs: u16,
    /// Choices of each head.
    pub heads: &'a [u8],
    /// For people only.
    pub note: &'a str,
    /// The agents.
    pub agents: &'a [AgentDraft<'a>],
}

/// Bytes from front to back.
struct Writer<'o> {
    out: &'o mut [u8],
    at: usize,
}

impl Writer<'_> {
    fn put(&mut self, bytes: &[u8]) -> Result<(), BlobError> {
        let end = self.at + bytes.len();
        self.out.get_mut(self.at..end).ok_or(BlobError::NoRoom)?.copy_from_slice(bytes);
        self.at = end;
        Ok(())
    }

    /// Bytes and the zeros that fill them up to a multiple of 4.
    fn put_padded(&mut self, bytes: &[u8]) -> Result<(), BlobError> {
        self.put(bytes)?;
        self.put(&[0; 3][..bytes.len().next_multiple_of(4) - bytes.len()])
    }

    fn set(&mut self, at: usize, word: u32) {
        self.out[at..at + 4].copy_from_slice(&word.to_le_bytes());
    }
}

impl LayerDraft<'_> {
    /// Whether there are as many numbers as the shape says.
    fn is_whole(&self) -> bool {
        let (inputs, outputs) = (usize::from(self.inputs), usize::from(self.outputs));
        self.weights.len() == inputs * outputs && self.biases.len() == outputs && self.multipliers.len() == outputs
    }

    /// Writes the stream of the layer; returns its length.
    ///
    /// # Errors
    /// [`BlobError::NoRoom`] if it does not fit, [`BlobError::Malformed`] if numbers are missing.
    pub fn pack(&self, out: &mut [u8]) -> Result<usize, BlobError> {
        let mut writer = Writer { out, at: 0 };
        self.write(&mut writer)?;
        Ok(writer.at)
    }

    fn write(&self, writer: &mut Writer<'_>) -> Result<(), BlobError> {
        if !self.is_whole() {
            return Err(BlobError::Malformed);
        }
        let (inputs, outputs) = (usize::from(self.inputs), usize::from(self.outputs));
        let word = |words: &[i32], o: usize| words.get(o).copied().unwrap_or(0).to_le_bytes();
        for group in 0..tiles(outputs) {
            let own = || (0..TILE).map(|o| group * TILE + o);
            own().try_for_each(|o| writer.put(&word(self.biases, o)))?;
            for block in 0..tiles(inputs) {
                for o in own() {
                    let inside = |i: usize| o < outputs && i < inputs;
                    let weight = |i: usize| if inside(i) { self.weights[o * inputs + i] } else { 0 };
                    let weights: [i8; TILE] = core::array::from_fn(|i| weight(block * TILE + i));
                    writer.put(&weights.map(|w| w.to_le_bytes()[0]))?;
                }
            }
            own().try_for_each(|o| writer.put(&word(self.multipliers, o)))?;
        }
        Ok(())
    }
}

impl AgentDraft<'_> {
    fn write(&self, writer: &mut Writer<'_>, agent: u8, draft: &Draft<'_>) -> Result<(), BlobError> {
        let start = writer.at;
        writer.put(&[0; 4])?;
        writer.put(&[byte(self.layers.len()), byte(self.golden.len()), 0, 0])?;
        writer.put(&self.node_key.to_le_bytes())?;
        writer.put(&self.allowed.to_le_bytes())?;
        if self.fallback.len() != draft.heads.len() {
            return Err(BlobError::Choices { agent });
        }
        writer.put_padded(self.fallback)?;
        let mut shapes = [[0; 4]; LAYERS_MAX];
        for (l, layer) in self.layers.iter().enumerate() {
            let ([i0, i1], [o0, o1]) = (layer.inputs.to_le_bytes(), layer.outputs.to_le_bytes());
            *shapes.get_mut(l).ok_or(BlobError::Layer { agent, layer: byte(LAYERS_MAX) })? = [i0, i1, o0, o1];
            writer.put(&shapes[l])?;
        }
        let streams = writer.at;
        for (l, layer) in self.layers.iter().enumerate() {
            let refused = |e| if e == BlobError::NoRoom { e } else { BlobError::Layer { agent, layer: byte(l) } };
            layer.write(writer).map_err(refused)?;
        }
        // Outputs of the golden vectors are what the packed network gives.
        let (packed, rest) = writer.out.split_at_mut(writer.at);
        let layers = Layers::new(&shapes[..self.layers.len()], &packed[streams..])
            .map_err(|layer| BlobError::Layer { agent, layer })?;
        let mut vectors = Writer { out: rest, at: 0 };
        for &inputs in self.golden {
            if inputs.len() != usize::from(draft.inputs) {
                return Err(BlobError::Malformed);
            }
            let mut outputs = [0; WIDTH_MAX];
            Portable.row(layers, inputs, &mut outputs);
            let mut bytes = [0; WIDTH_MAX];
            bytes.iter_mut().zip(inputs).for_each(|(b, i)| *b = i.to_le_bytes()[0]);
            vectors.put_padded(bytes.get(..inputs.len()).ok_or(BlobError::Malformed)?)?;
            outputs[..layers.outputs()].iter().try_for_each(|output| vectors.put(&output.to_le_bytes()))?;
        }
        writer.at += vectors.at;
        writer.set(start, count(writer.at - start));
        Ok(())
    }
}

impl Draft<'_> {
    /// Writes the file into `out`; returns its length.
    ///
    /// # Errors
    /// [`BlobError::NoRoom`] if it does not fit; what [`PolicyBlob::decode`] would say if it is not allowed.
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, BlobError> {
        let mut writer = Writer { out, at: 0 };
        self.write(&mut writer, 0)?;
        finish(writer, None::<(u64, fn(&[u8]) -> [u8; 64])>)
    }

    /// The same, signed: `sign` gives the ed25519 signature of the bytes it is shown, with the key `key_id`.
    ///
    /// # Errors
    /// As for [`Draft::encode`].
    pub fn encode_signed(
        &self,
        key_id: u64,
        sign: impl FnOnce(&[u8]) -> [u8; 64],
        out: &mut [u8],
    ) -> Result<usize, BlobError> {
        let mut writer = Writer { out, at: 0 };
        self.write(&mut writer, FLAG_SIGNED)?;
        finish(writer, Some((key_id, sign)))
    }

    fn write(&self, writer: &mut Writer<'_>, flags: u16) -> Result<(), BlobError> {
        let outputs: u16 = self.heads.iter().map(|&choices| u16::from(choices)).sum();
        let note_bytes = u16::try_from(self.note.len()).map_err(|_| BlobError::Malformed)?;
        writer.put(&MAGIC)?;
        for half in [VERSION, flags, 0, 0, PACKING, note_bytes] {
            writer.put(&half.to_le_bytes())?;
        }
        writer.put(&self.scenario_hash.to_le_bytes())?;
        writer.put(&self.schema_hash.to_le_bytes())?;
        writer.put(&self.model_version.to_le_bytes())?;
        writer.put(&self.inputs.to_le_bytes())?;
        writer.put(&outputs.to_le_bytes())?;
        writer.put(&[byte(self.agents.len()), byte(self.heads.len()), FALLBACK_TEXTBOOK, 0, 0, 0, 0, 0])?;
        writer.put_padded(self.heads)?;
        writer.put_padded(self.note.as_bytes())?;
        self.agents.iter().enumerate().try_for_each(|(i, agent)| agent.write(writer, byte(i), self))
    }
}

/// Length, signature and checksum, and a look at the whole.
fn finish(
    mut writer: Writer<'_>,
    signature: Option<(u64, impl FnOnce(&[u8]) -> [u8; 64])>,
) -> Result<usize, BlobError> {
    let length = writer.at + TRAILER + if signature.is_some() { super::SIGNATURE_BYTES } else { 0 };
    writer.set(8, count(length));
    if let Some((key_id, sign)) = signature {
        writer.put(&key_id.to_le_bytes())?;
        let signature = sign(&writer.out[..writer.at]);
        writer.put(&signature)?;
    }
    let crc = crc32(&writer.out[..writer.at]);
    writer.put(&crc.to_le_bytes())?;
    PolicyBlob::decode(&writer.out[..length])?;
    Ok(length)
}
