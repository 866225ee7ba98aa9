//! Any bytes over the snapshot of a small network, under a right header and checksum: refused, or the chain runs
//! to its horizon without overflow. The first byte picks the network.
#![no_main]

use libfuzzer_sys::fuzz_target;
use restock_core::{Network, Scenario};
use restock_fuzz::random_network::Plan;
use restock_fuzz::{damage, snapshots};

fuzz_target!(|bytes: &[u8]| {
    let Some((&pick, changes)) = bytes.split_first() else { return };
    let image = Plan::random(u64::from(pick)).image();
    let scenario = Scenario::new(&image).expect("a random plan is sound");
    let mut memory = vec![0; Network::words(&scenario)];
    let mut network = Network::new(&scenario, &mut memory).expect("the memory is as long as asked for");
    network.reset(u64::from(pick), 0, 0);
    assert!(!snapshots::refused_or_safe(&mut network, changes, 64, 1), "no fuzzer guesses a checksum and a hash");
    let mut snapshot = snapshots::taken(&network);
    // Six bytes a change: where, and the word that shall stand there.
    for change in changes.as_chunks::<6>().0 {
        let at = 20 + 4 * usize::from(u16::from_le_bytes([change[0], change[1]]));
        if let Some(word) = snapshot.get_mut(at..at + 4) {
            word.copy_from_slice(&change[2..]);
        }
    }
    damage::seal(&mut snapshot);
    let _ = snapshots::refused_or_safe(&mut network, &snapshot, 64, 1);
});
