//! Policy files that are cut off, damaged, random or made to deceive: refused, or checked and safe.

use restock_core::blob::layer::bias_max;
use restock_core::blob::{
    AgentDraft, BlobError, Draft, Kernel, Layer, LayerDraft, Layers, PREAMBLE, PolicyBlob, Portable, TRAILER, WIDTH_MAX,
};
use restock_tests::checksum::crc32;
use restock_tests::damage;
use restock_tests::engines;
use restock_tests::policy_bytes::{damaged, exercise, file, framed, references, small, whole};
use restock_tests::random_network::Dice;
use restock_trainer::quantize::Signer;
use std::path::Path;
use std::process::Command;

#[test]
fn the_checksum_is_the_documented_one() {
    assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    for file in [whole(), small()] {
        assert_eq!(framed(&file[PREAMBLE..file.len() - TRAILER]), file);
        let blob = PolicyBlob::decode(&file).unwrap();
        assert_eq!(blob.self_test(), Ok(()));
        assert_eq!((blob.header().scenario_hash, blob.header().agents, blob.size()), (42, 2, file.len()));
        assert_eq!((blob.note(), blob.header().model_version, blob.key_id()), ("made by a test", 7, None));
    }
    assert_eq!(PolicyBlob::decode(&whole()).unwrap().fits_build(), Ok(()));
    assert_eq!(PolicyBlob::decode(&small()).unwrap().fits_build(), Err(BlobError::Schema));
}

#[test]
fn every_cut_of_a_policy_is_refused() {
    for file in references().into_iter().chain([whole()]) {
        for length in 0..file.len() {
            assert!(PolicyBlob::decode(&file[..length]).is_err(), "{length} of {} bytes are accepted", file.len());
            // Cut within the body by someone who repairs the frame.
            if let Some(body) = file.get(PREAMBLE..length) {
                assert!(PolicyBlob::decode(&framed(body)).is_err() || length == file.len() - TRAILER, "{length}");
            }
        }
        let longer = [&file[..], &[0]].concat();
        assert!(matches!(PolicyBlob::decode(&longer), Err(BlobError::TooLong { .. })));
    }
}

#[test]
fn every_flipped_bit_of_a_policy_is_refused() {
    for mut file in references().into_iter().chain([whole()]) {
        for bit in 0..file.len() * 8 {
            file[bit / 8] ^= 1 << (bit % 8);
            assert!(PolicyBlob::decode(&file).is_err(), "bit {} of byte {} is not noticed", bit % 8, bit / 8);
            file[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

/// Every value of every byte: refused as it is, refused or safe with a repaired checksum.
#[test]
fn every_value_of_every_byte_of_three_policies_is_refused_or_safe() {
    let mut d = Dice::new(3);
    let (mut accepted, mut refused) = (0, 0);
    for right in references() {
        damage::every_byte(&right, |file, what| assert!(PolicyBlob::decode(file).is_err(), "{what} is not noticed"));
        damage::every_byte(&right[..right.len() - TRAILER], |body, _| {
            let mut repaired = [body, &[0; TRAILER]].concat();
            damage::seal(&mut repaired);
            match PolicyBlob::decode(&repaired) {
                Ok(blob) => {
                    accepted += 1;
                    exercise(&blob, &mut d);
                }
                Err(_) => refused += 1,
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
            bytes[..6].copy_from_slice(b"RSTP\x02\x00");
        }
        assert!(PolicyBlob::decode(&bytes).is_err());
        if let Ok(file) = PolicyBlob::decode(&framed(&bytes)) {
            exercise(&file, &mut d);
        }
    }
}

/// A deceiver repairs length and checksum: then the structure must hold by itself. `cargo soak-policy` goes on.
#[test]
fn a_damaged_body_with_a_right_checksum_is_refused_or_safe() {
    for (file, seed) in [(whole(), 6), (small(), 7)] {
        let mut d = Dice::new(seed);
        let accepted = (0..20_000).filter(|_| damaged(&file, &mut d)).count();
        assert!((500..19_500).contains(&accepted), "{accepted} of 20000 accepted");
    }
}

/// Numbers of one layer, all alike.
fn stream(inputs: usize, outputs: usize, weight: i8, bias: i32, multiplier: i32) -> Option<Vec<u8>> {
    let draft = LayerDraft {
        inputs: inputs as u16,
        outputs: outputs as u16,
        weights: &vec![weight; inputs * outputs],
        biases: &vec![bias; outputs],
        multipliers: &vec![multiplier; outputs],
    };
    let mut out = vec![0; Layer::bytes(inputs, outputs)];
    assert_eq!(draft.pack(&mut out), Ok(out.len()));
    Layer::new(inputs as u16, outputs as u16, &out).is_some().then_some(out)
}

/// The bound on biases is the greatest that is safe, for every width: at it nothing overflows, and beyond it a
/// layer is refused.
#[test]
fn no_accumulator_overflows_at_any_width() {
    for inputs in 1..=WIDTH_MAX {
        let most = bias_max(inputs);
        assert_eq!(i64::from(most) + inputs as i64 * 128 * 128, i64::from(i32::MAX));
        for (weight, bias, input) in [(-128, most, -128), (-128, -most, 127), (127, most, 127), (127, -most, -128i8)] {
            let stream = stream(inputs, 3, weight, bias, i32::MAX).expect("allowed");
            let shapes = [[inputs as u8, 0, 3, 0]];
            let layers = Layers::new(&shapes, &stream).expect("allowed");
            let mut outputs = [0; 3];
            Portable.row(layers, &vec![input; inputs], &mut outputs);
            let acc = i64::from(bias) + inputs as i64 * i64::from(weight) * i64::from(input);
            assert!(i32::try_from(acc).is_ok());
            let right = (acc * i64::from(i32::MAX) + (1 << 31)) >> 32;
            assert!(outputs.iter().all(|&output| i64::from(output) == right), "{inputs} inputs");
        }
        assert!(stream(inputs, 1, 1, most + 1, 1).is_none(), "a bias that could overflow");
        assert!(stream(inputs, 1, 1, -most - 1, 1).is_none(), "a bias that could overflow");
        assert!(stream(inputs, 1, 1, 0, -1).is_none(), "a negative multiplier");
    }
}

/// What `encode` says of one agent that is like `change` makes it.
fn encoded(change: impl for<'a> FnOnce(&mut Vec<LayerDraft<'a>>, &mut u64, &mut [u8; 2])) -> Result<usize, BlobError> {
    let weights = vec![1; 130 * 130];
    let words: Vec<i32> = (0..130).collect();
    let layer = |inputs: usize, outputs: usize| LayerDraft {
        inputs: inputs as u16,
        outputs: outputs as u16,
        weights: &weights[..inputs * outputs],
        biases: &words[..outputs],
        multipliers: &words[..outputs],
    };
    let mut layers = vec![layer(9, 128), layer(128, 129), layer(129, 4), layer(4, 7), layer(128, 7)];
    let (mut allowed, mut fallback) = (0x7f, [1, 1]);
    change(&mut layers, &mut allowed, &mut fallback);
    let agent = AgentDraft { node_key: 1, allowed, fallback: &fallback, layers: &layers, golden: &[] };
    let draft = Draft {
        scenario_hash: 1,
        schema_hash: 2,
        model_version: 3,
        inputs: 9,
        heads: &[4, 3],
        note: "",
        agents: &[agent],
    };
    draft.encode(&mut vec![0; 1 << 16])
}

fn keep(layers: &mut Vec<LayerDraft<'_>>, which: &[usize]) {
    *layers = which.iter().map(|&i| layers[i]).collect();
}

#[test]
fn shapes_and_numbers_that_are_not_allowed_are_refused() {
    assert!(encoded(|layers, _, _| keep(layers, &[0, 4])).is_ok(), "the greatest width is allowed");
    let layer = |l| Err(BlobError::Layer { agent: 0, layer: l });
    assert_eq!(encoded(|layers, _, _| keep(layers, &[0, 1, 2, 3])), layer(1), "129 wide");
    assert_eq!(encoded(|layers, _, _| keep(layers, &[4])), layer(0), "other inputs than features");
    assert_eq!(encoded(|layers, _, _| keep(layers, &[0])), layer(1), "other outputs than choices");
    assert_eq!(encoded(|layers, _, _| keep(layers, &[])), layer(0), "no layer");
    assert_eq!(encoded(|layers, _, _| keep(layers, &[0, 3])), layer(1), "layers that do not fit");
    let wrong = |change: for<'a> fn(&mut LayerDraft<'a>)| {
        encoded(|layers, _, _| {
            keep(layers, &[0, 4]);
            change(&mut layers[0]);
        })
    };
    assert_eq!(wrong(|l| l.weights = &l.weights[1..]), layer(0), "a weight is missing");
    assert_eq!(wrong(|l| l.biases = &l.biases[1..]), layer(0), "a bias is missing");
    assert_eq!(wrong(|l| l.multipliers = &[-1; 128]), layer(0), "a negative multiplier");
    assert_eq!(wrong(|l| l.biases = &[i32::MAX; 128]), layer(0), "a bias that could overflow");
    let choices = [(0, [1, 1]), (0xf, [1, 1]), (0xff, [1, 1]), (u64::MAX, [1, 1]), (0x7f, [4, 1]), (0x7d, [1, 1])];
    for (mask, choice) in choices {
        let found = encoded(|layers, allowed, fallback| {
            keep(layers, &[0, 4]);
            (*allowed, *fallback) = (mask, choice);
        });
        assert_eq!(found, Err(BlobError::Choices { agent: 0 }), "mask {mask:x}, fallback {choice:?}");
    }
}

/// A layer of 5 x 3 is one group: biases, two blocks (the second of one input), multipliers; row 3 is filling.
#[test]
fn numbers_where_a_layer_is_filled_up_are_refused() {
    let right = stream(5, 3, 1, 1, 1).expect("allowed");
    assert_eq!(right.len(), 64);
    for at in 0..right.len() {
        let mut other = right.clone();
        other[at] ^= 1;
        let filling = at % 16 >= 12 || ((32..48).contains(&at) && at % 4 != 0);
        assert_eq!(Layer::new(5, 3, &other).is_none(), filling, "byte {at}");
    }
}

/// The same policy, signed; `edit` may change the bytes before the checksum is made right again.
fn signed(signer: &Signer, edit: impl FnOnce(&mut [u8])) -> Vec<u8> {
    let layers = [LayerDraft { inputs: 2, outputs: 2, weights: &[1, 2, 3, 4], biases: &[5, 6], multipliers: &[7, 8] }];
    let agent = AgentDraft { node_key: 1, allowed: 3, fallback: &[0], layers: &layers, golden: &[&[1, 2]] };
    let draft = Draft {
        scenario_hash: 1,
        schema_hash: 2,
        model_version: 3,
        inputs: 2,
        heads: &[2],
        note: "signed",
        agents: &[agent],
    };
    let mut out = vec![0; 1000];
    let length = draft.encode_signed(signer.trusted().id, |bytes| signer.sign(bytes), &mut out).expect("encodes");
    out.truncate(length);
    let end = length - TRAILER;
    edit(&mut out[..end]);
    let checksum = crc32(&out[..end]);
    out[end..].copy_from_slice(&checksum.to_le_bytes());
    out
}

#[test]
fn only_what_a_trusted_key_has_signed_is_verified_and_nothing_older() {
    let (ours, theirs) = (Signer::new([1; 32]), Signer::new([2; 32]));
    let keys = [theirs.trusted(), ours.trusted()];
    let file = signed(&ours, |_| ());
    let blob = PolicyBlob::decode(&file).unwrap();
    assert_eq!(blob.key_id(), Some(ours.trusted().id));
    assert_eq!((blob.verify(&keys, 0), blob.verify(&keys, 3)), (Ok(()), Ok(())));
    assert_eq!(blob.verify(&keys, 4), Err(BlobError::Downgrade { found: 3, least: 4 }));
    assert_eq!(blob.verify(&keys[..1], 0), Err(BlobError::Key(ours.trusted().id)));
    // A key under another's name.
    let mut false_key = theirs.trusted();
    false_key.id = ours.trusted().id;
    assert_eq!(blob.verify(&[false_key], 0), Err(BlobError::Signature));
    assert_eq!(PolicyBlob::decode(&small()).unwrap().verify(&keys, 0), Err(BlobError::Unsigned));
    // Whatever is changed under a right checksum: refused, at the latest by the signature.
    let mut noticed_by_signature = 0;
    for at in 0..file.len() - TRAILER {
        let changed = signed(&ours, |bytes| bytes[at] ^= 0x10);
        if let Ok(blob) = PolicyBlob::decode(&changed) {
            assert!(blob.verify(&keys, 0).is_err(), "byte {at}");
            noticed_by_signature += 1;
        }
    }
    assert!(noticed_by_signature > 80, "{noticed_by_signature}");
}

/// What `tests/oracle/policy_file.py` prints for a file, and whether it succeeded.
fn python(folder: &Path, file: &[u8], rows: &[u8]) -> (bool, String) {
    let (policy, inputs) = (folder.join("a.policy"), folder.join("rows"));
    std::fs::write(&policy, file).expect("writes");
    std::fs::write(&inputs, rows).expect("writes");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("oracle/policy_file.py");
    let output = Command::new("python3").arg("-B").arg(script).arg(policy).arg(inputs).output().expect("python3 runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), text)
}

/// What it should print.
fn printed(blob: &PolicyBlob<'_>, rows: &[u8]) -> String {
    let header = blob.header();
    let mut text = format!(
        "scenario {:016x}\nschema {:016x}\nmodel {}\nnote {}\n",
        header.scenario_hash,
        header.schema_hash,
        header.model_version,
        blob.note()
    );
    text += &blob.key_id().map_or("key none\n".to_owned(), |id| format!("key {id:016x}\n"));
    let words = |numbers: &[i32]| numbers.iter().map(|n| format!(" {n}")).collect::<String>();
    let choices = |choices: &[u8]| choices.iter().map(|c| format!(" {c}")).collect::<String>();
    for agent in blob.agents() {
        text += &format!("agent {:016x} {:x}{}\n", agent.node_key, agent.allowed, choices(agent.fallback()));
        text += &format!("golden {}\n", agent.golden().count());
        for row in rows.chunks(usize::from(header.inputs)) {
            let inputs: Vec<i8> = row.iter().map(|&byte| byte as i8).collect();
            let mut outputs = vec![0; agent.layers.outputs()];
            Portable.row(agent.layers, &inputs, &mut outputs);
            let mut chosen = vec![0; blob.heads().len()];
            agent.choose(&outputs, &mut chosen);
            text += &format!("row{}{}\n", words(&outputs), choices(&chosen));
        }
    }
    text
}

/// The reader that was written from `core/FORMAT.md` alone.
#[test]
fn another_language_reads_a_policy_from_its_specification() {
    if !engines::python_is_here() {
        eprintln!("skipped: python3 is not installed");
        return;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("policy_file");
    std::fs::create_dir_all(&folder).expect("a folder");
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../firmware-demo/assets/default.policy");
    let files = [
        std::fs::read(committed).expect("the committed policy is there"),
        whole(),
        small(),
        file(30, &[5, 9], 3, &[&[33, 17, 64], &[128]]),
        signed(&Signer::new([9; 32]), |_| ()),
    ];
    let mut d = Dice::new(8);
    for bytes in &files {
        let blob = PolicyBlob::decode(bytes).unwrap();
        let rows: Vec<u8> = (0..5 * blob.header().inputs).map(|_| d.bits() as u8).collect();
        assert_eq!(python(&folder, bytes, &rows), (true, printed(&blob, &rows)));
    }
    // It refuses what the loader refuses.
    let mut refused = 0;
    for at in (0..files[2].len() - TRAILER).step_by(23) {
        let mut body = files[2][..files[2].len() - TRAILER].to_vec();
        body[at] ^= 0x81;
        let checksum = crc32(&body);
        body.extend(checksum.to_le_bytes());
        let accepted = PolicyBlob::decode(&body).is_ok_and(|blob| blob.self_test().is_ok());
        let (success, said) = python(&folder, &body, &[]);
        assert_eq!(success, accepted, "byte {at}: {said}");
        refused += usize::from(!accepted);
    }
    assert!(refused > 5, "{refused} refused");
}
