//! Why bytes are not a policy, or not one for this device.

use super::{PACKING, VERSION};
use core::fmt;

/// Why bytes are not a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlobError {
    /// Fewer bytes than the file's own length asks for.
    TooShort {
        /// Bytes found.
        found: usize,
        /// Bytes needed.
        needed: usize,
    },
    /// More bytes than the file's own length asks for.
    TooLong {
        /// Bytes found.
        found: usize,
        /// Bytes needed.
        needed: usize,
    },
    /// The first four bytes are not [`super::MAGIC`].
    Magic,
    /// A version this build does not read.
    Version(u16),
    /// The checksum does not match: the bytes were damaged.
    Checksum,
    /// Weights are packed in a way this build does not read.
    Packing(u16),
    /// The body is not what the format says.
    Malformed,
    /// A layer's shape, weights, biases or multipliers are not allowed.
    Layer {
        /// Which agent.
        agent: u8,
        /// Which layer.
        layer: u8,
    },
    /// A head without an allowed choice, a choice that does not exist, or a fallback that is not allowed.
    Choices {
        /// Which agent.
        agent: u8,
    },
    /// Two agents for one node.
    Twice {
        /// The second of them.
        agent: u8,
    },
    /// The features it reads, or the heads it sets, are not those of this build.
    Schema,
    /// It was trained on another problem.
    Scenario,
    /// A golden vector does not give the outputs it should.
    Golden {
        /// Which agent.
        agent: u8,
        /// Which vector.
        vector: u8,
    },
    /// It has no signature, and one is asked for.
    Unsigned,
    /// It is signed with a key that is not trusted.
    Key(u64),
    /// Its signature is not that of its key.
    Signature,
    /// It is older than what has run here.
    Downgrade {
        /// Its model version.
        found: u32,
        /// The least that is accepted.
        least: u32,
    },
    /// The buffer to encode into is too small.
    NoRoom,
}

impl fmt::Display for BlobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort { found, needed } => {
                write!(f, "policy file has {found} bytes, needs {needed}: it is cut off")
            }
            Self::TooLong { found, needed } => write!(f, "policy file has {found} bytes, its header says {needed}"),
            Self::Magic => write!(f, "not a policy file: its first four bytes are not RSTP"),
            Self::Version(v) => write!(f, "policy format version {v}, this build reads version {VERSION}"),
            Self::Checksum => write!(f, "policy file is damaged: its checksum does not match"),
            Self::Packing(v) => write!(f, "weights packed in way {v}, this build reads way {PACKING}"),
            Self::Malformed => write!(f, "policy file's body is not what the format says"),
            Self::Layer { agent, layer } => write!(f, "agent {agent}, layer {layer}: shape or numbers are not allowed"),
            Self::Choices { agent } => {
                write!(f, "agent {agent}: a head has no allowed choice, or a choice does not exist")
            }
            Self::Twice { agent } => write!(f, "agent {agent}: its node already has an agent"),
            Self::Schema => write!(f, "the policy reads other features than this build computes"),
            Self::Scenario => write!(f, "the policy was trained on another scenario"),
            Self::Golden { agent, vector } => {
                write!(f, "agent {agent}: golden vector {vector} gives other logits than it should")
            }
            Self::Unsigned => write!(f, "the policy has no signature"),
            Self::Key(id) => write!(f, "the policy is signed with key {id:016x}, which is not trusted"),
            Self::Signature => write!(f, "the policy's signature does not match"),
            Self::Downgrade { found, least } => {
                write!(f, "the policy's model version is {found}, at least {least} is accepted")
            }
            Self::NoRoom => write!(f, "the buffer is too small for the policy"),
        }
    }
}

impl core::error::Error for BlobError {}
