//! The firmware on an emulated Cortex-M4F: it decides what the host decides, and refuses what is damaged.

use restock_core::blob::{PolicyBlob, Portable};
use restock_core::digest::Digest;
use restock_core::guard::Guarded;
use restock_core::hyperscore::HyperScore;
use restock_core::monitor::{HyperScoreMonitor, MonitorSettings};
use restock_core::policy::{QuantizedPolicy, Textbook};
use restock_core::{Network, Scenario};
use restock_device::random_network::{BENCHMARK_BYTES_MAX, Case, benchmark_policy, compare};
use restock_tests::checksum::crc32;
use restock_tests::emulator::{self, EmulatorError, Firmware, Run};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Days that the emulator in the test process simulates: it runs about 10 million instructions a second.
const DAYS: u32 = 7;
/// A whole year, for QEMU.
const DAYS_OF_A_YEAR: u32 = 364;
const SEED: u64 = 11;
/// Far above what [`DAYS`] take: past it the firmware hangs.
const INSTRUCTIONS_MAX: u64 = 1_000_000_000;
/// Far above what the checks at start take.
const CHECK_INSTRUCTIONS_MAX: u64 = 50_000_000;
/// Exit codes of the firmware.
const USAGE: i32 = 2;
const CHECK: i32 = 10;

/// What the firmware carries, and the firmware. Built once for all tests.
struct Device {
    firmware: Firmware,
    scenario: Vec<u8>,
    policy: Vec<u8>,
    /// Where the two lie in flash.
    scenario_at: usize,
    policy_at: usize,
}

fn device() -> &'static Device {
    static DEVICE: OnceLock<Device> = OnceLock::new();
    DEVICE.get_or_init(|| {
        let firmware = emulator::build(Path::new(env!("CARGO_TARGET_TMPDIR"))).unwrap_or_else(|e| panic!("{e}"));
        let assets = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../firmware-demo/assets");
        let read = |name: &str| std::fs::read(assets.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        let (scenario, policy) = (read("default.scenario.bin"), read("default.policy"));
        let scenario_at = firmware.find(&scenario).expect("the scenario lies in flash as it is, once");
        let policy_at = firmware.find(&policy).expect("the policy lies in flash as it is, once");
        Device { firmware, scenario, policy, scenario_at, policy_at }
    })
}

/// What the host computes, under the keys that the firmware prints.
fn on_the_host(days: u32) -> Vec<(&'static str, String)> {
    let device = device();
    let words: Vec<i32> = device.scenario.as_chunks::<4>().0.iter().map(|&bytes| i32::from_le_bytes(bytes)).collect();
    let scenario = Scenario::new(&words).expect("the committed scenario is sound");
    let file = PolicyBlob::decode(&device.policy).expect("the committed policy is sound");
    let mut features = vec![0; QuantizedPolicy::bytes(&scenario)];
    let policy = QuantizedPolicy::new(&file, &scenario, &mut features)
        .expect("the committed policy is for the committed scenario")
        .traced();
    let mut guard = Guarded::new(policy, HyperScoreMonitor::new(&scenario, MonitorSettings::WEEKLY));
    let mut memory = vec![0; Network::words(&scenario)];
    let mut network = Network::new(&scenario, &mut memory).expect("the memory has the size that was asked for");
    network.reset(SEED, 0, 0);
    let mut trace = Digest::new();
    for _ in 0..days {
        network.advance(&mut guard);
        network.trace(&mut trace);
        let _ = guard.watch(network.today(), network.disrupted());
    }
    let (policy, monitor) = (guard.policy(), guard.monitor());
    let kpis = network.kpis();
    let score = HyperScore::of(kpis, &scenario.score_parameters());
    vec![
        ("scenario hash", format!("{:016x}", scenario.hash())),
        ("choices digest", format!("{:016x}", policy.trace().expect("the policy is traced"))),
        ("trace digest", format!("{:016x}", trace.value())),
        ("decisions", policy.decisions().to_string()),
        ("days", days.to_string()),
        ("total cost", kpis.total_cost().to_string()),
        ("alarms", monitor.alarms().to_string()),
        ("days under the classical policy", guard.fallback_days().to_string()),
        ("hyperscore", format!("{:.3}", score.score)),
    ]
}

fn assert_agrees(run: &Run, days: u32) {
    assert_eq!(run.exit_code, 0, "{}", run.output);
    assert_eq!(run.value("outcome"), Some("passed"), "{}", run.output);
    for (key, value) in on_the_host(days) {
        assert_eq!(run.value(key), Some(value.as_str()), "{key}\n{}", run.output);
    }
}

fn arguments(days: u32) -> String {
    format!("days={days} seed={SEED}")
}

/// The number at the start of a value such as `1234 bytes`.
fn number(run: &Run, key: &str) -> usize {
    let value = run.value(key).unwrap_or_else(|| panic!("the firmware does not print {key}:\n{}", run.output));
    value
        .split(' ')
        .next()
        .and_then(|digits| digits.parse().ok())
        .unwrap_or_else(|| panic!("{key} is {value}, not a number"))
}

/// Runs a damaged image; it must say why it stops, before it decides anything.
fn refusal(firmware: &Firmware) -> String {
    let run = firmware.run("days=1", CHECK_INSTRUCTIONS_MAX).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(run.exit_code, CHECK, "{}", run.output);
    assert_eq!(run.value("run"), None, "a damaged device must not decide:\n{}", run.output);
    run.value("failed").unwrap_or_else(|| panic!("no reason given:\n{}", run.output)).to_owned()
}

#[test]
fn the_device_decides_what_the_host_decides() {
    let device = device();
    let run = device.firmware.run(&arguments(DAYS), INSTRUCTIONS_MAX).unwrap_or_else(|e| panic!("{e}"));
    assert_agrees(&run, DAYS);
    let golden =
        PolicyBlob::decode(&device.policy).map(|file| file.agents().map(|agent| agent.golden().count()).sum::<usize>());
    assert!(golden.is_ok_and(|count| count > 0 && number(&run, "golden vectors") == count), "{}", run.output);

    // What it says about memory is what the linker did, and the stack stayed inside it.
    assert_eq!(number(&run, "flash"), device.firmware.flash.len());
    assert_eq!(number(&run, "flash for the scenario"), device.scenario.len());
    assert_eq!(number(&run, "flash for the policies"), device.policy.len());
    let ram = number(&run, "ram for statics") + number(&run, "ram for the stack");
    assert!(ram < 256 * 1024, "{ram} bytes of RAM:\n{}", run.output);
}

#[test]
fn qemu_decides_what_the_host_decides_for_a_year() {
    let Some(run) = emulator::qemu(&device().firmware, &arguments(DAYS_OF_A_YEAR)) else {
        eprintln!("skipped: qemu-system-arm is not installed");
        return;
    };
    let run = run.unwrap_or_else(|e| panic!("{e}"));
    assert_agrees(&run, DAYS_OF_A_YEAR);
    assert_eq!(run.value("clock"), Some("40.000 instructions per tick"), "QEMU counts instructions");
    assert_budget(&run);
}

/// What `restock inspect --target` says beforehand is within 5 % of what the emulator counts.
fn assert_budget(run: &Run) {
    let policy = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../firmware-demo/assets/default.policy");
    let inspect = Command::new(env!("CARGO_BIN_EXE_restock-under-test"))
        .arg("inspect")
        .arg(policy)
        .args(["--target", "cortex-m4f", "--json"])
        .output()
        .expect("the program starts");
    assert!(inspect.status.success(), "{}", String::from_utf8_lossy(&inspect.stderr));
    let document: serde_json::Value = serde_json::from_slice(&inspect.stdout).expect("JSON");
    let said = |key: &str| document["budget"][key].as_u64().unwrap_or_else(|| panic!("no {key}: {document}")) as usize;
    let exact = [
        ("flash_policies", number(run, "flash for the policies")),
        ("flash_scenario", number(run, "flash for the scenario")),
        ("ram_statics", number(run, "ram for the network") + number(run, "ram for the features")),
    ];
    for (key, counted) in exact {
        assert_eq!(said(key), counted, "{key}");
    }
    let fixed = number(run, "flash") - number(run, "flash for the scenario") - number(run, "flash for the policies");
    let mut close = vec![
        ("flash_program", said("flash_program"), fixed),
        ("ram_stack", said("ram_stack"), number(run, "ram for the stack")),
        ("instructions_a_day", said("instructions_a_day"), number(run, "cost of a day")),
    ];
    for node in document["budget"]["nodes"].as_array().expect("a list") {
        let decision = node["instructions_a_decision"].as_u64().expect("a number") as usize;
        close.push(("decision", decision, number(run, "cost of a decision")));
    }
    assert_eq!(close.len(), 6, "{document}");
    for (key, said, counted) in close {
        assert!(said.abs_diff(counted) * 20 <= counted, "{key}: {said} said, {counted} counted: more than 5 % off");
    }
}

#[test]
fn a_flipped_bit_of_the_policy_is_refused() {
    let device = device();
    let length = device.policy.len();
    // Magic, version, length, then places all over the file, then the checksum itself.
    let places = [0, 4, 6].into_iter().chain((1..12).map(|i| i * length / 12)).chain([length - 1]);
    for at in places {
        let reason = refusal(&device.firmware.with_flipped(device.policy_at + at, 1 << (at % 8)));
        assert!(reason.starts_with("policy: "), "byte {at}: {reason}");
    }
}

#[test]
fn a_flipped_bit_of_the_scenario_is_refused() {
    let device = device();
    let length = device.scenario.len();
    // A value that is still in its range changes the hash, and the policies are for the old one.
    for at in [0, 4].into_iter().chain((1..8).map(|i| i * length / 8)).chain([length - 1]) {
        let reason = refusal(&device.firmware.with_flipped(device.scenario_at + at, 1 << (at % 8)));
        assert!(
            reason.starts_with("scenario: ") || reason == "policy: the policy was trained on another scenario",
            "byte {at}: {reason}"
        );
    }
}

#[test]
fn a_wrong_golden_vector_is_refused_though_the_checksum_is_right() {
    let device = device();
    let mut policy = device.policy.clone();
    let end = policy.len() - 4;
    policy[end - 1] ^= 0x40; // The file's last logit.
    let checksum = crc32(&policy[..end]);
    policy[end..].copy_from_slice(&checksum.to_le_bytes());
    let mut firmware = device.firmware.clone();
    firmware.flash[device.policy_at..][..policy.len()].copy_from_slice(&policy);
    let reason = refusal(&firmware);
    assert!(reason.contains("golden vector"), "{reason}");
}

#[test]
fn an_unknown_argument_is_refused() {
    for arguments in ["day=7", "days=seven", "days", "seed=-1"] {
        let run = device().firmware.run(arguments, CHECK_INSTRUCTIONS_MAX).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(run.exit_code, USAGE, "{arguments}: {}", run.output);
        assert_eq!(
            run.value("failed"),
            Some("arguments are days=NUMBER, seed=NUMBER and replica=NUMBER"),
            "{arguments}"
        );
    }
}

#[test]
fn a_program_that_does_not_end_is_stopped() {
    let stopped = device().firmware.run(&arguments(DAYS), 100_000);
    assert!(matches!(stopped, Err(EmulatorError::OutOfInstructions { .. })), "{stopped:?}");
}

#[test]
fn a_fault_is_reported_with_its_place() {
    let device = device();
    let mut firmware = device.firmware.clone();
    // The reset vector points to where there is no memory.
    firmware.flash[4..8].copy_from_slice(&0x0800_0001_u32.to_le_bytes());
    let fault = firmware.run("", CHECK_INSTRUCTIONS_MAX);
    assert!(matches!(fault, Err(EmulatorError::Fault { .. })), "{fault:?}");
}

/// The program that runs kernels on random networks, and its exit code where they differ or it is misused.
fn kernels() -> &'static Firmware {
    static KERNELS: OnceLock<Firmware> = OnceLock::new();
    KERNELS.get_or_init(|| {
        emulator::build_one(Path::new(env!("CARGO_TARGET_TMPDIR")), "kernels", "device")
            .unwrap_or_else(|e| panic!("{e}"))
    })
}

/// What a run says of so many random layers, against what the host's portable kernel computes on the same ones.
fn assert_same_layers(run: &Run, layers: u32) {
    assert_eq!(
        (run.exit_code, run.value("dsp"), run.value("differing")),
        (0, Some("true"), Some("0")),
        "{}",
        run.output
    );
    let right = compare(&mut Case::new(), 1, layers, &mut Portable, &mut Portable);
    assert_eq!(run.value("layers"), Some(right.layers.to_string().as_str()));
    assert_eq!(run.value("digest"), Some(format!("{:016x}", right.digest).as_str()), "{}", run.output);
}

#[test]
fn both_kernels_and_the_host_give_the_same_numbers_on_random_layers() {
    let run = kernels().run("layers=2000", INSTRUCTIONS_MAX).unwrap_or_else(|e| panic!("{e}"));
    assert_same_layers(&run, 2000);
}

#[test]
fn qemu_gives_the_same_numbers_on_a_million_random_layers() {
    let Some(run) = emulator::qemu(kernels(), "layers=1000000") else {
        eprintln!("skipped: qemu-system-arm is not installed");
        return;
    };
    assert_same_layers(&run.unwrap_or_else(|e| panic!("{e}")), 1_000_000);
}

/// 32-64-64-16, 7,168 multiply-adds: CMSIS-NN takes 21,095.
#[test]
fn a_row_of_the_benchmark_takes_at_most_11500_instructions() {
    let count = |rows: u32| {
        let run = kernels().run(&format!("rows={rows}"), INSTRUCTIONS_MAX).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(run.value("computed"), Some(rows.to_string().as_str()), "{}", run.output);
        (run.instructions, number(&run, "expected") as u64)
    };
    // Both numbers have three digits, so that what is printed takes the same instructions.
    let ((few, expected), (many, _)) = (count(100), count(900));
    let each = (many - few) / 800;
    println!("{each} instructions a row, {expected} expected");
    assert!(each <= 11_500, "{each} instructions");
    assert!(each.abs_diff(expected) * 20 <= each, "{each} instructions, {expected} expected: more than 5 % off");
}

#[test]
fn a_firmware_that_decides_takes_16_kib_of_flash_and_no_ram_but_its_arena() {
    let decide = emulator::build_one(Path::new(env!("CARGO_TARGET_TMPDIR")), "decide", "small");
    let decide = decide.unwrap_or_else(|e| panic!("{e}"));
    println!("{} bytes of flash", decide.flash.len());
    assert!(decide.flash.len() <= 16 * 1024, "{} bytes of flash", decide.flash.len());
    assert_eq!(decide.ram_bytes, 100, "ARENA_BYTES of `decide` are all of `.data`, `.bss` and `.uninit`");
    let run = decide.run("", CHECK_INSTRUCTIONS_MAX).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(run.exit_code, 0, "it decodes, passes its golden vectors and decides");
    let mut file = vec![0; BENCHMARK_BYTES_MAX];
    let length = benchmark_policy(&mut file).unwrap_or_else(|e| panic!("{e}"));
    let at = decide.find(&file[..length]).expect("the policy lies in flash as it is, once");
    for byte in [0, 5, 9, 40, 3000, length - 1] {
        let run = decide.with_flipped(at + byte, 4).run("", CHECK_INSTRUCTIONS_MAX).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(run.exit_code, CHECK, "byte {byte} is damaged");
    }
}

/// What `trial` is, as the host runs it: days under the built-in rule, then under the learned policy, each with a trace.
const TRIAL_WARM_UP_DAYS: u32 = 14;
const TRIAL_DAYS: u32 = 6;
/// Far above what two comparisons in the twin take.
const TRIAL_INSTRUCTIONS_MAX: u64 = 2_000_000_000;

fn trial_on_the_host(device: &Device) -> u64 {
    let words: Vec<i32> = device.scenario.as_chunks::<4>().0.iter().map(|&bytes| i32::from_le_bytes(bytes)).collect();
    let scenario = Scenario::new(&words).expect("the committed scenario is sound");
    let file = PolicyBlob::decode(&device.policy).expect("the committed policy is sound");
    let mut features = vec![0; QuantizedPolicy::bytes(&scenario)];
    let mut policy = QuantizedPolicy::new(&file, &scenario, &mut features).expect("it is for this scenario");
    let mut memory = vec![0; Network::words(&scenario)];
    let mut network = Network::new(&scenario, &mut memory).expect("the memory has the size that was asked for");
    network.reset(SEED, 0, 0);
    let mut trace = Digest::new();
    for day in 0..TRIAL_WARM_UP_DAYS + TRIAL_DAYS {
        if day < TRIAL_WARM_UP_DAYS {
            network.advance(&mut Textbook)
        } else {
            network.advance(&mut policy)
        }
        network.trace(&mut trace);
    }
    trace.value()
}

/// Staged, verified, tested, compared with its fallback, tried through a power cut, confirmed; then a policy that
/// orders nothing is sent back. The twins in between change nothing of the chain.
#[test]
fn a_policy_passes_its_trial_on_the_device_and_one_that_orders_nothing_does_not() {
    let trial = emulator::build_one(Path::new(env!("CARGO_TARGET_TMPDIR")), "trial", "release");
    let run = trial.and_then(|trial| trial.run("", TRIAL_INSTRUCTIONS_MAX)).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!((run.exit_code, run.value("outcome")), (0, Some("passed")), "{}", run.output);
    let version = PolicyBlob::decode(&device().policy).map(|file| file.header().model_version).unwrap_or_default();
    let learned = format!("model version {version}");
    assert_eq!(run.value("runs at first"), Some("the built-in rule"), "{}", run.output);
    for key in ["runs after the cut", "confirmed", "runs after it"] {
        assert_eq!(run.value(key), Some(learned.as_str()), "{key}\n{}", run.output);
    }
    assert_eq!(run.value("refused"), Some("worse in the twin"), "{}", run.output);
    assert_eq!(run.value("days under the classical policy"), Some("0"), "{}", run.output);
    assert_eq!(run.value("records"), Some("13, 0 dropped"), "two nodes daily, the supplier once\n{}", run.output);
    let right = format!("{:016x}", trial_on_the_host(device()));
    assert_eq!(run.value("trace digest"), Some(right.as_str()), "{}", run.output);
    let ram = number(&run, "ram for statics") + number(&run, "ram for the stack");
    assert!(ram < 320 * 1024, "{ram} bytes of RAM:\n{}", run.output);
}
