//! Policy files that are cut off, damaged, random or made to deceive: refused, or checked and safe.

use restock_core::action::OUTPUTS;
use restock_core::blob::{self, Agent, BlobError, Golden, Layer, PREAMBLE, PolicyBlob, TRAILER};
use restock_core::observation::FEATURES;
use restock_tests::damage;
use restock_tests::random_network::Dice;

/// A valid file: one agent of one layer, one of two, each with a golden vector.
fn valid() -> Vec<u8> {
    let mut d = Dice::new(11);
    let hidden = 6;
    let mut bytes = |count: usize| -> Vec<u8> { (0..count).map(|_| d.bits() as u8).collect() };
    let weights = [bytes(FEATURES * OUTPUTS), bytes(FEATURES * hidden), bytes(hidden * OUTPUTS)];
    let words = |count: usize, from: i32| -> Vec<u8> {
        (0..count as i32).flat_map(|i| (from + i * 7919).to_le_bytes()).collect()
    };
    let (biases, multipliers) = (words(OUTPUTS, -9000), words(OUTPUTS, 1 << 20));
    let layer = |inputs: usize, outputs: usize, weights| Layer {
        inputs: inputs as u16,
        outputs: outputs as u16,
        weights,
        biases: &biases[..4 * outputs],
        multipliers: &multipliers[..4 * outputs],
    };
    let one = [layer(FEATURES, OUTPUTS, &weights[0][..])];
    let two = [layer(FEATURES, hidden, &weights[1][..]), layer(hidden, OUTPUTS, &weights[2][..])];
    let features = bytes(FEATURES);
    let input: [i8; FEATURES] = std::array::from_fn(|i| features[i] as i8);
    let logits: Vec<Vec<u8>> = [&one[..], &two[..]]
        .into_iter()
        .map(|layers| {
            let agent = Agent {
                node_key: 1,
                allowed: u64::MAX >> (64 - OUTPUTS),
                layers: layers.iter().copied().collect(),
                golden: [].into_iter().collect(),
            };
            let mut logits = [0; OUTPUTS];
            agent.infer(&input, &mut logits);
            logits.iter().flat_map(|l| l.to_le_bytes()).collect()
        })
        .collect();
    let agents: Vec<Agent<'_>> = [&one[..], &two[..]]
        .into_iter()
        .enumerate()
        .map(|(i, layers)| Agent {
            node_key: i as u64 + 5,
            allowed: u64::MAX >> (64 - OUTPUTS),
            layers: layers.iter().copied().collect(),
            golden: [Golden { features: &features, logits: &logits[i] }].into_iter().collect(),
        })
        .collect();
    let mut out = vec![0; 8192];
    let length = blob::encode(42, "made by a test", &agents, &mut out).unwrap();
    out.truncate(length);
    out
}

/// A file with this body whose preamble and checksum are right.
fn framed(body: &[u8]) -> Vec<u8> {
    let mut file = b"RSTP\x01\x00".to_vec();
    file.extend((body.len() as u32).to_le_bytes());
    file.extend(body);
    file.extend(damage::crc32(&file).to_le_bytes());
    file
}

/// What decoded is used in every way; nothing may panic, nothing may break the promises of the check.
fn exercise(file: &PolicyBlob<'_>, d: &mut Dice) {
    let _ = file.self_test();
    assert_eq!(
        file.agents().count(),
        usize::from(file.header().agents),
        "every agent that was checked can be read again"
    );
    for agent in file.agents() {
        let features: [i8; FEATURES] = std::array::from_fn(|_| d.bits() as i8);
        let mut logits = [0; OUTPUTS];
        agent.infer(&features, &mut logits);
        let choices = blob::best_choices(&logits, agent.allowed);
        let mut first = 0;
        for (choice, count) in choices.into_iter().zip(restock_core::action::HEAD_CHOICES) {
            assert!(
                agent.allows(first + usize::from(choice)) && usize::from(choice) < count,
                "a choice that is not allowed"
            );
            first += count;
        }
    }
}

#[test]
fn the_checksum_is_the_documented_one() {
    assert_eq!(damage::crc32(b"123456789"), 0xcbf4_3926);
    let file = valid();
    assert_eq!(framed(&file[PREAMBLE..file.len() - TRAILER]), file);
    let blob = PolicyBlob::decode(&file).unwrap();
    assert_eq!(blob.self_test(), Ok(()));
    assert_eq!((blob.header().scenario_hash, blob.header().agents, blob.size()), (42, 2, file.len()));
}

#[test]
fn every_cut_of_a_policy_is_refused() {
    let file = valid();
    for length in 0..file.len() {
        assert!(PolicyBlob::decode(&file[..length]).is_err(), "{length} of {} bytes are accepted", file.len());
    }
    let mut longer = file.clone();
    longer.push(0);
    assert!(matches!(PolicyBlob::decode(&longer), Err(BlobError::TooLong { .. })));
}

#[test]
fn every_flipped_bit_of_a_policy_is_refused() {
    let mut file = valid();
    for bit in 0..file.len() * 8 {
        file[bit / 8] ^= 1 << (bit % 8);
        assert!(PolicyBlob::decode(&file).is_err(), "bit {} of byte {} is not noticed", bit % 8, bit / 8);
        file[bit / 8] ^= 1 << (bit % 8);
    }
}

/// Three files small enough for every way of damaging them: one agent of two layers, this many units between them.
fn references() -> [Vec<u8>; 3] {
    [1, 2, 3].map(|hidden: usize| {
        let mut d = Dice::new(hidden as u64);
        let mut bytes = |count: usize| -> Vec<u8> { (0..count).map(|_| d.bits() as u8).collect() };
        let weights = [bytes(FEATURES * hidden), bytes(hidden * OUTPUTS)];
        let words: Vec<u8> = (0..OUTPUTS as i32).flat_map(|i| (i << 20).to_le_bytes()).collect();
        let layer = |inputs: usize, outputs: usize, weights| Layer {
            inputs: inputs as u16,
            outputs: outputs as u16,
            weights,
            biases: &words[..4 * outputs],
            multipliers: &words[..4 * outputs],
        };
        let layers = [layer(FEATURES, hidden, &weights[0][..]), layer(hidden, OUTPUTS, &weights[1][..])];
        let agent = Agent {
            node_key: 5,
            allowed: u64::MAX >> (64 - OUTPUTS),
            layers: layers.into_iter().collect(),
            golden: [].into_iter().collect(),
        };
        let mut out = vec![0; 2048];
        let length = blob::encode(42, "small", &[agent], &mut out).unwrap();
        out.truncate(length);
        out
    })
}

#[test]
fn every_cut_flip_and_byte_of_three_policies_is_refused() {
    for file in references() {
        assert!(PolicyBlob::decode(&file).is_ok());
        let refused = |bytes: &[u8], what: String| assert!(PolicyBlob::decode(bytes).is_err(), "{what}: accepted");
        damage::every_cut(&file, refused);
        damage::every_flip(&file, refused);
        damage::every_byte(&file, refused);
    }
}

/// The same with a right checksum: what is accepted makes allowed choices only.
#[test]
fn every_byte_of_three_policies_under_a_right_checksum_is_refused_or_safe() {
    let mut d = Dice::new(9);
    let (mut accepted, mut refused) = (0, 0);
    for file in references() {
        damage::every_byte(&file[..file.len() - TRAILER], |body, _| {
            let mut damaged = [body, &[0; TRAILER]].concat();
            damage::seal(&mut damaged);
            match PolicyBlob::decode(&damaged) {
                Ok(policy) => {
                    accepted += 1;
                    exercise(&policy, &mut d);
                }
                Err(error) => {
                    refused += 1;
                    assert_ne!(error, BlobError::Checksum);
                }
            }
        });
    }
    assert!(accepted > 10_000 && refused > 10_000, "{accepted} accepted, {refused} refused");
}

#[test]
fn any_bytes_decode_without_panic() {
    let mut d = Dice::new(5);
    for case in 0..60_000u32 {
        let mut bytes: Vec<u8> =
            (0..d.size(0, 120)).map(|_| if d.chance(60) { d.between(0, 40) as u8 } else { d.bits() as u8 }).collect();
        if case % 3 == 0 && bytes.len() > 10 {
            bytes[..6].copy_from_slice(b"RSTP\x01\x00");
        }
        assert!(PolicyBlob::decode(&bytes).is_err());
        if let Ok(file) = PolicyBlob::decode(&framed(&bytes)) {
            exercise(&file, &mut d);
        }
    }
}

/// A deceiver repairs the checksum: then the structure must hold by itself.
#[test]
fn a_damaged_body_with_a_right_checksum_is_refused_or_safe() {
    let file = valid();
    let body = &file[PREAMBLE..file.len() - TRAILER];
    let mut d = Dice::new(6);
    let (mut accepted, mut refused) = (0, 0);
    for case in 0..20_000 {
        let mut damaged = body.to_vec();
        for _ in 0..d.pick(&[1, 1, 2, 8]) {
            // The first bytes hold the lengths and counts that a deceiver would change; weights come after.
            let at = if d.chance(50) { d.size(0, 60) } else { d.size(0, damaged.len() - 1) };
            match d.between(0, 5) {
                0 => damaged[at] ^= 1 << d.between(0, 7),
                1 => damaged[at] = d.pick(&[0, 1, 0x7f, 0x80, 0xff]),
                2 => drop(damaged.remove(at)),
                3 => damaged.insert(at, d.bits() as u8),
                4 => damaged.truncate(damaged.len() - d.size(0, 40).min(damaged.len() - 100)),
                _ => damaged[at] = d.bits() as u8,
            }
        }
        match PolicyBlob::decode(&framed(&damaged)) {
            Ok(file) => {
                accepted += 1;
                exercise(&file, &mut d);
            }
            Err(error) => {
                refused += 1;
                assert_ne!(error, BlobError::Checksum, "case {case}");
                assert!(!error.to_string().is_empty());
            }
        }
    }
    assert!(accepted > 500 && refused > 500, "{accepted} accepted, {refused} refused");
}

/// The greatest weights, biases and inputs that pass the check can't overflow the accumulator.
#[test]
fn extreme_layers_infer_without_overflow() {
    for (weight, bias, input) in
        [(0x80u8, -(1 << 30), 127i8), (0x80, 1 << 30, -128), (0x7f, 1 << 30, 127), (0x7f, -(1 << 30), -128)]
    {
        let weights = vec![weight; FEATURES * OUTPUTS];
        let biases: Vec<u8> = (0..OUTPUTS).flat_map(|_| i32::to_le_bytes(bias)).collect();
        let multipliers: Vec<u8> = (0..OUTPUTS).flat_map(|_| i32::MAX.to_le_bytes()).collect();
        let layer = Layer {
            inputs: FEATURES as u16,
            outputs: OUTPUTS as u16,
            weights: &weights,
            biases: &biases,
            multipliers: &multipliers,
        };
        assert!(layer.check(FEATURES));
        let agent =
            Agent { node_key: 1, allowed: 0, layers: [layer].into_iter().collect(), golden: [].into_iter().collect() };
        let mut logits = [0; OUTPUTS];
        agent.infer(&[input; FEATURES], &mut logits);
        let acc = i64::from(bias) + FEATURES as i64 * i64::from(weight as i8) * i64::from(input);
        assert!(logits.iter().all(|&l| i64::from(l) == (acc * i64::from(i32::MAX) + (1 << 31)) >> 32));
    }
}

/// What `encode` would write of one agent that is like `change` makes it.
fn encoded(change: impl FnOnce(&mut Vec<Layer<'_>>, &mut u64)) -> Result<usize, BlobError> {
    let weights = vec![1; 129 * 129];
    let words: Vec<u8> = (0..129).flat_map(|i: i32| i.to_le_bytes()).collect();
    let layer = |inputs: usize, outputs: usize| Layer {
        inputs: inputs as u16,
        outputs: outputs as u16,
        weights: &weights[..inputs * outputs],
        biases: &words[..4 * outputs],
        multipliers: &words[..4 * outputs],
    };
    // Two hidden layers whose width a test may change, then the last.
    let mut layers = vec![layer(FEATURES, 128), layer(128, 129), layer(129, 4), layer(4, OUTPUTS), layer(128, OUTPUTS)];
    let mut allowed = u64::MAX >> (64 - OUTPUTS);
    change(&mut layers, &mut allowed);
    let agent = Agent { node_key: 1, allowed, layers: layers.into_iter().collect(), golden: [].into_iter().collect() };
    blob::encode(1, "", &[agent], &mut vec![0; 1 << 16])
}

#[test]
fn shapes_and_numbers_that_are_not_allowed_are_refused() {
    let keep = |layers: &mut Vec<Layer<'_>>, which: &[usize]| *layers = which.iter().map(|&i| layers[i]).collect();
    assert!(encoded(|layers, _| keep(layers, &[0, 4])).is_ok(), "the greatest width is allowed");
    let layer = |l| Err(BlobError::Layer { agent: 0, layer: l });
    assert_eq!(encoded(|layers, _| keep(layers, &[0, 1, 2, 3])), layer(1), "129 wide");
    assert_eq!(encoded(|layers, _| keep(layers, &[4])), layer(0), "other inputs than features");
    assert_eq!(encoded(|layers, _| keep(layers, &[0])), layer(1), "other outputs than choices");
    assert_eq!(encoded(|layers, _| keep(layers, &[])), layer(0), "no layer");
    assert_eq!(encoded(|layers, _| keep(layers, &[0, 3])), layer(1), "layers that do not fit");
    let wrong = |change: fn(&mut Layer<'_>)| {
        encoded(|layers, _| {
            keep(layers, &[0, 4]);
            change(&mut layers[0]);
        })
    };
    assert_eq!(wrong(|l| l.weights = &l.weights[1..]), layer(0), "a weight is missing");
    assert_eq!(wrong(|l| l.biases = &l.biases[4..]), layer(0), "a bias is missing");
    assert_eq!(wrong(|l| l.multipliers = &l.multipliers[1..]), layer(0), "a byte of a multiplier is missing");
    const FULL: [u8; 512] = [0xff; 512];
    const GREAT: [u8; 512] = [0x7f; 512];
    assert_eq!(wrong(|l| l.multipliers = &FULL), layer(0), "a negative multiplier");
    assert_eq!(wrong(|l| l.biases = &GREAT), layer(0), "a bias that could overflow");
    for mask in [0, 1, u64::MAX, (1 << 17) - 1, 1 << OUTPUTS] {
        let found = encoded(|layers, allowed| {
            keep(layers, &[0, 4]);
            *allowed = mask;
        });
        assert_eq!(found, Err(BlobError::Choices { agent: 0 }), "mask {mask:x}");
    }
}
