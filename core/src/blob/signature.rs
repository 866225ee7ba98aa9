//! Who made a policy, and whether it is newer than the last.
//!
//! `ed25519-compact`: MIT, kept up, `no_std`, no dependencies, and verification alone takes little flash. It is
//! only linked where [`PolicyBlob::verify`] is called.

use super::reader::Reader;
use super::{BlobError, PolicyBlob, SIGNATURE_BYTES, TRAILER};
use ed25519_compact::{PublicKey, Signature};

/// A public key whose signatures are accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrustedKey {
    /// What the file calls it.
    pub id: u64,
    /// The ed25519 public key.
    pub key: [u8; 32],
}

impl<'a> PolicyBlob<'a> {
    /// Id of the key that it says to be signed with.
    #[must_use]
    pub fn key_id(&self) -> Option<u64> {
        self.parts().map(|(_, id, _)| id)
    }

    /// What is signed, the key's id, the signature.
    fn parts(&self) -> Option<(&'a [u8], u64, [u8; 64])> {
        if !self.signed {
            return None;
        }
        let (rest, _) = self.bytes.split_last_chunk::<TRAILER>()?;
        let (_, block) = rest.split_last_chunk::<SIGNATURE_BYTES>()?;
        let (signed, signature) = rest.split_last_chunk::<64>()?;
        Some((signed, Reader(block).wide()?, *signature))
    }

    /// Checks the signature against the keys that are trusted here, and the model version against the
    /// least that is accepted (what ran here before, or 0).
    ///
    /// # Errors
    /// If it is not signed, by another key, changed since, or older.
    pub fn verify(&self, keys: &[TrustedKey], least_version: u32) -> Result<(), BlobError> {
        let (signed, id, signature) = self.parts().ok_or(BlobError::Unsigned)?;
        let trusted = keys.iter().find(|key| key.id == id).ok_or(BlobError::Key(id))?;
        let verified = PublicKey::new(trusted.key).verify(signed, &Signature::new(signature));
        verified.map_err(|_| BlobError::Signature)?;
        let found = self.header.model_version;
        if found < least_version { Err(BlobError::Downgrade { found, least: least_version }) } else { Ok(()) }
    }
}
