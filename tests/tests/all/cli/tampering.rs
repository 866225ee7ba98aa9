//! Files that were cut off, changed or mixed up are refused with a reason, never with a panic.

use super::*;
use restock_core::blob::{PolicyBlob, TRAILER};
use restock_core::policy::QuantizedPolicy;
use restock_core::{Network, Scenario};
use restock_tests::checksum::crc32;

#[test]
fn a_digest_that_has_changed_fails_the_check() {
    let place = Workplace::with_run();
    place.restock("verify run").expect(OK);
    place
        .edit_json("run/manifest.json", |manifest| manifest["evaluation"]["digests"][1][1] = "0123456789abcdef".into());
    place.restock("verify run").refused(CHECK, &["(s, S): was 0123456789abcdef, is "]);
    let ended = place.restock("verify run --json").expect(CHECK);
    let document = ended.json();
    // Four rules, six tuned ones, and the learned policy twice; a plan is not verified.
    assert_eq!((&document["checked"], document["changed"].as_array().map(Vec::len)), (&12.into(), Some(1)), "{ended}");
    // A policy that has left the comparison is a change too.
    place.edit_json("run/manifest.json", |manifest| manifest["evaluation"]["digests"][0][0] = "my own rule".into());
    place.restock("verify run").refused(CHECK, &["my own rule: was ", ", is not run"]);
}

/// Another policy in the place of the packed one: the day and the stockpoint that are named are those found by
/// running both, path by path and day by day.
#[test]
fn a_changed_digest_names_the_first_day_and_stockpoint_that_differ() {
    let place = Workplace::with_run();
    let before = place.bytes("run/restock.policy");
    // A seed and a length that beat the textbook rule, from which every policy starts and to which others come back.
    place.restock("train net --out other --seed 10 --iterations 120 -q").expect(OK);
    place.restock("pack other --out run/restock.policy").expect(OK);
    let after = place.bytes("run/restock.policy");
    let manifest: Value = serde_json::from_str(&place.read("run/manifest.json")).expect("JSON");
    let (day, at, products) = first_difference(&place, &manifest["evaluation"], &before, &after);
    let name = |what: &str, i: usize| manifest["names"][what][i].as_str().expect("a name").to_owned();
    let (node, product) = (name("nodes", at / products), name("products", at % products));
    let words = format!("first on day {day} at {node}/{product}");
    place.restock("verify run").refused(CHECK, &["PPO int8: was ", &words]);
    let ended = place.restock("verify run --json").expect(CHECK);
    let expected = serde_json::json!([{ "day": day, "node": node, "product": product }]);
    assert_eq!(ended.json()["first_differences"], expected, "{ended}");
    // A trace that is damaged is said to be; without one the digests are still compared.
    let trace = place.bytes("run/trace.bin");
    place.write("run/trace.bin", &trace[..trace.len() / 2]);
    place.restock("verify run").refused(DATA, &["run/trace.bin is damaged"]);
    fs::remove_file(place.path("run/trace.bin")).expect("removes");
    place.restock("verify run").refused(CHECK, &["PPO int8: was ", "its days were not kept"]);
}

/// First day, and on it the first stockpoint, on which two policies leave another level or order.
fn first_difference(place: &Workplace, evaluation: &Value, one: &[u8], other: &[u8]) -> (u64, usize, usize) {
    let number = |key: &str| evaluation[key].as_u64().expect("a number");
    let image = place.image();
    let scenario = Scenario::new(&image).expect("sound");
    let days = |policy: &[u8], replica: u64| -> Vec<(Vec<i32>, Vec<i32>)> {
        let blob = PolicyBlob::decode(policy).expect("decodes");
        let mut features = vec![0; QuantizedPolicy::bytes(&scenario)];
        let mut policy = QuantizedPolicy::new(&blob, &scenario, &mut features).expect("fits");
        let mut memory = vec![0; Network::words(&scenario)];
        let mut network = Network::new(&scenario, &mut memory).expect("room");
        network.reset(number("seed"), replica as u32, number("first_day") as u32);
        (0..number("warmup_days") + number("days"))
            .map(|_| {
                network.advance(&mut policy);
                (network.state().inventory_level.to_vec(), network.state().ordered_today.to_vec())
            })
            .collect()
    };
    let p = scenario.products();
    let customer = |lane: usize| scenario.lanes()[lane].customer;
    let mut found = Vec::new();
    for replica in 0..number("replicas") {
        for (day, (a, b)) in days(one, replica).iter().zip(&days(other, replica)).enumerate() {
            let levels = (0..a.0.len()).filter(|&i| a.0[i] != b.0[i]);
            let orders = (0..a.1.len()).filter(|&i| a.1[i] != b.1[i]).map(|i| customer(i / p) * p + i % p);
            found.extend(levels.chain(orders).map(|at| (day as u64 + number("first_day"), at)));
        }
    }
    let (day, at) = found.into_iter().min().expect("the policies differ somewhere");
    (day, at, p)
}

#[test]
fn a_damaged_policy_file_is_refused_with_the_reason() {
    let place = Workplace::with_run();
    let whole = place.bytes("run/restock.policy");
    let refused = |bytes: &[u8], words: &[&str]| {
        place.write("run/restock.policy", bytes);
        place.restock("inspect run/restock.policy").refused(DATA, &[&["run/restock.policy: "], words].concat());
        place.restock("verify run").refused(DATA, words);
        place.restock("simulate net --policy run/restock.policy").refused(DATA, words);
        place.restock("explain --run run --node shop --product mug --day 3").refused(DATA, words);
    };
    refused(&[], &["has 0 bytes, needs 52: it is cut off"]);
    refused(&whole[..whole.len() / 2], &["it is cut off"]);
    refused(&whole[..whole.len() - 1], &["it is cut off"]);
    refused(&[&whole[..], b"!"].concat(), &["its header says"]);
    refused(b"name,sells\nshop,yes\n", &["not a policy file"]);
    let flipped = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x04;
        bytes
    };
    refused(&flipped(1), &["not a policy file"]);
    refused(&flipped(4), &["policy format version 6, this build reads version 2"]);
    for at in [20, whole.len() / 3, whole.len() - 3] {
        refused(&flipped(at), &["its checksum does not match"]);
    }
}

#[test]
fn a_golden_vector_that_does_not_hold_fails_the_check() {
    let place = Workplace::with_run();
    let whole = place.bytes("run/restock.policy");
    // The last words of the file before its checksum are the logits of the last agent's last golden vector.
    let mut bytes = whole.clone();
    let end = bytes.len() - TRAILER;
    bytes[end - 1] ^= 0x40;
    let checksum = crc32(&bytes[..end]);
    bytes[end..].copy_from_slice(&checksum.to_le_bytes());
    let vectors = PolicyBlob::decode(&bytes).expect("decodes").agents().last().expect("an agent").golden().count();
    place.write("run/restock.policy", &bytes);
    for command in ["inspect run/restock.policy", "verify run"] {
        place.restock(command).refused(CHECK, &[&format!("golden vector {} gives other logits", vectors - 1)]);
    }
    // Packed anew it is sound again.
    place.restock("pack run").expect(OK);
    assert_eq!(place.bytes("run/restock.policy"), whole);
}

#[test]
fn a_policy_of_another_network_is_refused() {
    let place = Workplace::with_run();
    place.edit("net/products.csv", "24.00", "25.00");
    place
        .restock("simulate net --policy run/restock.policy")
        .refused(DATA, &["run/restock.policy: the policy was trained on another scenario"]);
    place.restock("simulate --policy run/restock.policy").refused(DATA, &["trained on another scenario"]);
    // In the run folder too, where it would take the place of the right one.
    place.restock("train net --out other -q").expect(OK);
    place.restock("pack other --out run/restock.policy").expect(OK);
    for command in ["verify run", "explain --run run --node shop --product mug --day 3"] {
        place.restock(command).refused(DATA, &["trained on another scenario"]);
    }
}

/// The commands that read a run.
const READERS: [&str; 5] = [
    "compare run",
    "verify run",
    "pack run",
    "train --resume run",
    "explain --run run --node shop --product mug --day 3",
];

#[test]
fn a_run_folder_that_was_tampered_with_is_refused() {
    let refused = |words: &[&str], tamper: &dyn Fn(&Workplace)| {
        let place = Workplace::with_run();
        tamper(&place);
        for reader in READERS {
            place.restock(reader).refused(DATA, words);
        }
    };
    let flip = |place: &Workplace, name: &str, at: usize| {
        let mut bytes = place.bytes(name);
        let at = at % bytes.len();
        bytes[at] ^= 0x01;
        place.write(name, bytes);
    };
    for at in [0, 4, 1000, 5003, 10_002] {
        refused(&["run/scenario.bin: "], &|place| flip(place, "run/scenario.bin", at));
    }
    let cut = |place: &Workplace, name: &str, keep: usize| place.write(name, &place.bytes(name)[..keep]);
    refused(&["run/scenario.bin: "], &|place| cut(place, "run/scenario.bin", 1002));
    refused(&["run/scenario.bin: "], &|place| cut(place, "run/scenario.bin", 0));
    refused(&["run/manifest.json:", "EOF"], &|place| cut(place, "run/manifest.json", 300));
    refused(&["run/manifest.json:1:0: EOF"], &|place| cut(place, "run/manifest.json", 0));
    let manifest =
        |words: &[&str], change: fn(&mut Value)| refused(words, &|place| place.edit_json("run/manifest.json", change));
    manifest(&["manifest version 2, this build reads 1"], |m| m["manifest"] = 2.into());
    manifest(&["its digest is ", "the manifest says 0"], |m| m["scenario_hash"] = "0".into());
    manifest(&["the names of nodes, products or routes are not those of scenario.bin"], |m| {
        m["names"]["nodes"][0] = "shpo".into()
    });
    manifest(&["the names of nodes, products or routes"], |m| {
        drop(m["names"]["products"].as_array_mut().and_then(Vec::pop))
    });
    manifest(&["training.ppo.clip is 4.0, should be above 0 and below 1"], |m| m["training"]["ppo"]["clip"] = 4.into());
    manifest(&["run/manifest.json:", "unknown field `clipp`"], |m| m["training"]["ppo"]["clipp"] = 1.into());
    manifest(&["4000000000 paths"], |m| m["evaluation"]["replicas"] = 4_000_000_000_u32.into());
    manifest(&["which does not fit 182 days"], |m| m["evaluation"]["days"] = 400.into());
    refused(&["run/manifest.json"], &|place| fs::remove_file(place.path("run/manifest.json")).expect("removes"));
}

#[test]
fn a_checkpoint_of_another_run_is_refused() {
    let refused = |words: &[&str], tamper: &dyn Fn(&Workplace)| {
        let place = Workplace::with_run();
        tamper(&place);
        // `explain` needs the packed policy only.
        for reader in &READERS[..4] {
            place.restock(reader).refused(DATA, words);
        }
    };
    let from = |options: &'static str| {
        move |place: &Workplace| {
            place.edit("net/products.csv", "24.00", if options.is_empty() { "25.00" } else { "24.00" });
            place.restock(&format!("train net --out other -q {options}")).expect(OK);
            fs::copy(place.path("other/checkpoint.bin"), place.path("run/checkpoint.bin")).expect("copies");
        }
    };
    refused(&["run/checkpoint.bin belongs to another scenario"], &from(""));
    refused(&["run/checkpoint.bin has the seed 9, the manifest 3"], &from("--seed 9"));
    refused(&["trained with other settings than the manifest has"], &from("--iterations 4"));
    refused(&["run/checkpoint.bin is damaged"], &|place| {
        let bytes = place.bytes("run/checkpoint.bin");
        place.write("run/checkpoint.bin", &bytes[..bytes.len() / 2]);
    });
    refused(&["is not a Restock checkpoint"], &|place| place.write("run/checkpoint.bin", "hello"));
}

#[test]
fn a_run_without_a_checkpoint_starts_over() {
    let place = Workplace::with_run();
    let whole = place.bytes("run/checkpoint.bin");
    fs::remove_file(place.path("run/checkpoint.bin")).expect("removes");
    for reader in &READERS[..3] {
        place.restock(reader).refused(DATA, &["run has no checkpoint yet: `restock train --resume run` trains it"]);
    }
    place.restock("train --resume run -q").expect(OK);
    assert_eq!(place.bytes("run/checkpoint.bin"), whole);
}
