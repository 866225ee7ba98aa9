//! Any bytes as a policy file, as they are and under a right preamble and checksum: refused, or every choice it
//! makes is an allowed one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use restock_core::action::{HEAD_CHOICES, OUTPUTS};
use restock_core::blob::{self, PolicyBlob};
use restock_core::observation::FEATURES;
use restock_fuzz::damage;

fn exercise(file: &PolicyBlob<'_>) {
    let _ = file.self_test();
    assert_eq!(file.agents().count(), usize::from(file.header().agents));
    for agent in file.agents() {
        for input in [i8::MIN, 0, 1, i8::MAX] {
            let mut logits = [0; OUTPUTS];
            agent.infer(&[input; FEATURES], &mut logits);
            let mut first = 0;
            for (choice, count) in blob::best_choices(&logits, agent.allowed).into_iter().zip(HEAD_CHOICES) {
                assert!(usize::from(choice) < count && agent.allows(first + usize::from(choice)), "not allowed");
                first += count;
            }
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    if let Ok(file) = PolicyBlob::decode(bytes) {
        exercise(&file);
    }
    // The fuzzer can't guess a checksum: the body by itself.
    let mut framed = b"RSTP\x01\x00".to_vec();
    framed.extend(u32::try_from(bytes.len()).unwrap_or(0).to_le_bytes());
    framed.extend(bytes);
    framed.extend([0; 4]);
    damage::seal(&mut framed);
    if let Ok(file) = PolicyBlob::decode(&framed) {
        exercise(&file);
    }
});
