//! Any bytes as the files of a network folder: everything that is wrong is reported, or the network is one that
//! the simulator takes. The files stand one after the other, separated by a line of its own.
#![no_main]

use libfuzzer_sys::fuzz_target;
use restock_core::Scenario;
use restock_trainer::input;

const NAMES: [&str; 6] = ["network.toml", "nodes.csv", "lanes.csv", "products.csv", "stockpoints.csv", "demand.csv"];

fuzz_target!(|bytes: &[u8]| {
    let mut files: Vec<(&str, &[u8])> = Vec::new();
    let mut rest = bytes;
    for name in NAMES {
        let end = rest.windows(4).position(|w| w == b"\n==\n");
        files.push((name, &rest[..end.unwrap_or(rest.len())]));
        let Some(end) = end else { break };
        rest = &rest[end + 4..];
    }
    match input::load_files(&files) {
        Ok(loaded) => {
            let image = loaded.spec.image().expect("what was checked has an image");
            assert!(Scenario::new(&image).is_ok() || loaded.spec.image().is_ok());
        }
        Err(problems) => {
            assert!(!problems.errors.is_empty(), "refused without a reason");
            for problem in &problems.errors {
                assert!(!problem.found.is_empty());
                let file = files.iter().find(|(name, _)| *name == problem.place.file);
                let lines = file.map_or(0, |(_, bytes)| bytes.iter().filter(|&&b| b == b'\n').count() + 1);
                assert!(problem.place.line <= lines.max(1), "line {} of {lines}", problem.place.line);
            }
        }
    }
});
