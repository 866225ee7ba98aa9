//! The `restock` command as its users meet it: what it prints where, how it ends, what it leaves.
//!
//! The program under test is `host-trainer`'s own `main.rs`, built a second time as a binary of this
//! package: so Cargo builds it before the tests run and tells them where it is.

#[path = "cli/bad_input.rs"]
mod bad_input;
#[path = "cli/commands.rs"]
mod commands;
#[path = "cli/comparison.rs"]
mod comparison;
#[path = "cli/replay.rs"]
mod replay;
#[path = "cli/report.rs"]
mod report;
#[path = "cli/resume.rs"]
mod resume;
#[path = "cli/tampering.rs"]
mod tampering;
#[path = "cli/tune.rs"]
mod tune;

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Exit codes, as the help documents them.
const OK: i32 = 0;
const FAILED: i32 = 1;
const USAGE: i32 = 2;
const DATA: i32 = 3;
const CHECK: i32 = 10;
const INTERRUPTED: i32 = 130;

/// What keeps a training run on the starter network under a second.
const TINY: &str = "\
[training]
seed = 3
validate_every = 2
validation_replicas = 1
start_looks = 4
[training.ppo]
iterations = 3
minibatch = 256
actor_hidden = [8]
critic_hidden = [16]
[training.rollout]
replicas = 2
days = 14
warmup_days = 7
";

/// A folder of its own for a test, gone when the test has passed.
struct Workplace(PathBuf);

impl Workplace {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("cli-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&path).expect("the target folder can be written");
        Self(path)
    }

    /// With the starter network in `net`, trimmed to a quarter and to short training.
    fn with_network() -> Self {
        let place = Self::new();
        place.restock("init net").expect(OK);
        place.edit("net/network.toml", "horizon_days = 728", "horizon_days = 182");
        let text = place.read("net/network.toml");
        let before = text.split("[training]").next().expect("the starter has the section");
        fs::write(place.path("net/network.toml"), format!("{before}{TINY}")).expect("writes");
        place
    }

    /// With a trained and compared run in `run` too, as one that all tests copy.
    fn with_run() -> Self {
        static RUN: OnceLock<Workplace> = OnceLock::new();
        let made = RUN.get_or_init(|| {
            let place = Self::with_network();
            place.restock("train net --out run -q").expect(OK);
            place.restock("compare run --replicas 2 -q --tune-looks 6 --tune-paths 1").expect(OK);
            place
        });
        let place = Self::new();
        for folder in ["net", "run", "run/tensorboard"] {
            fs::create_dir_all(place.path(folder)).expect("makes a folder");
            for entry in fs::read_dir(made.path(folder)).expect("lists").map(|entry| entry.expect("an entry").path()) {
                if entry.is_file() {
                    fs::copy(&entry, place.path(folder).join(entry.file_name().expect("a name"))).expect("copies");
                }
            }
        }
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    /// The scenario image of the run.
    fn image(&self) -> Vec<i32> {
        restock_trainer::input::read_image(&self.path("run/scenario.bin")).expect("an image")
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap_or_else(|e| panic!("{name}: {e}"));
    }

    fn edit(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert!(text.contains(from), "{name} has no {from:?}");
        self.write(name, text.replacen(from, to, 1));
    }

    fn edit_json(&self, name: &str, change: impl FnOnce(&mut Value)) {
        let mut document = serde_json::from_str(&self.read(name)).expect("JSON");
        change(&mut document);
        self.write(name, document.to_string());
    }

    /// The program with these arguments, separated by spaces, in this folder.
    fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_restock-under-test"));
        command.args(arguments.split_whitespace()).current_dir(&self.0).stdin(Stdio::null());
        command
    }

    fn restock(&self, arguments: &str) -> Ended {
        Ended::of(arguments, self.command(arguments).output().expect("the program starts"))
    }
}

impl Drop for Workplace {
    fn drop(&mut self) {
        // What a failed test leaves is for looking at.
        if !std::thread::panicking() {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}

/// How a command ended.
struct Ended {
    arguments: String,
    code: i32,
    stdout: String,
    stderr: String,
}

impl Ended {
    /// Whatever it was asked: no panic, and a code that the help documents.
    fn of(arguments: &str, output: std::process::Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("prints UTF-8");
        let (stdout, stderr) = (text(output.stdout), text(output.stderr));
        let code = output.status.code().unwrap_or_else(|| panic!("restock {arguments}: {}\n{stderr}", output.status));
        let ended = Self { arguments: arguments.to_owned(), code, stdout, stderr };
        assert!([OK, FAILED, USAGE, DATA, CHECK, INTERRUPTED].contains(&code), "{ended}");
        assert!(!ended.stderr.contains("panicked") && !ended.stderr.contains("RUST_BACKTRACE"), "{ended}");
        ended
    }

    /// Ended with this code; one that did not do its work printed no data but says why.
    #[track_caller]
    fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self}");
        if code != OK {
            assert!(!self.stderr.is_empty(), "{self}");
        }
        self
    }

    /// Refused with this code, nothing on stdout, and all of these words on stderr.
    #[track_caller]
    fn refused(self, code: i32, words: &[&str]) -> Self {
        let ended = self.expect(code);
        assert_eq!(ended.stdout, "", "{ended}");
        for word in words {
            assert!(ended.stderr.contains(word), "does not say {word:?}: {ended}");
        }
        ended
    }

    /// The one JSON document that stdout holds.
    #[track_caller]
    fn json(&self) -> Value {
        let document: Value = serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}: {self}"));
        let (name, version) =
            document["format"].as_str().and_then(|f| f.split_once('/')).unwrap_or_else(|| panic!("no format: {self}"));
        assert!(name.starts_with("restock-") && version.parse::<u32>().is_ok(), "{self}");
        document
    }
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "`restock {}` ended with {}\nstdout: {}\nstderr: {}",
            self.arguments, self.code, self.stdout, self.stderr
        )
    }
}
