//! Any words over the image of a small network: refused, or it runs to its horizon without overflow. The first byte
//! picks the network.
#![no_main]

use libfuzzer_sys::fuzz_target;
use restock_core::{Network, Scenario};
use restock_fuzz::random_network::{Plan, Wishes};

fuzz_target!(|bytes: &[u8]| {
    let Some((&pick, changes)) = bytes.split_first() else { return };
    let mut image = Plan::random(u64::from(pick)).image();
    // Six bytes a change: where, and the word that shall stand there.
    for change in changes.as_chunks::<6>().0 {
        let at = usize::from(u16::from_le_bytes([change[0], change[1]]));
        if let Some(word) = image.get_mut(at) {
            *word = i32::from_le_bytes([change[2], change[3], change[4], change[5]]);
        }
    }
    let Ok(scenario) = Scenario::new(&image) else { return };
    let words = Network::words(&scenario);
    if words > 1 << 20 {
        return;
    }
    let mut memory = vec![0; words];
    let mut network = Network::new(&scenario, &mut memory).expect("the memory is as long as asked for");
    for _ in 0..scenario.horizon_days().min(80) {
        network.advance(&mut Wishes::new(1));
        assert!(network.today().iter().all(|t| t.ledger.terms().iter().all(|&term| term >= 0)), "a cost below 0");
    }
});
