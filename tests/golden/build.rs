//! Takes the scenes that the tests want run into the program, and lays out a device's memory.

use std::path::PathBuf;
use std::{env, fs};

/// What mps2-an385 and mps2-an386 have.
const MEMORY: &str = "MEMORY
{
  FLASH : ORIGIN = 0x00000000, LENGTH = 4M
  RAM   : ORIGIN = 0x20000000, LENGTH = 4M
}
";

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=RESTOCK_GOLDEN_SCENES");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo runs this script"));
    // Without scenes it is still a program, which runs none.
    let pack = env::var_os("RESTOCK_GOLDEN_SCENES").map_or(vec![0; 8], |file| {
        println!("cargo:rerun-if-changed={}", PathBuf::from(&file).display());
        fs::read(&file).unwrap_or_else(|e| panic!("{}: {e}", PathBuf::from(file).display()))
    });
    let word = |i: usize| i32::from_le_bytes([pack[4 * i], pack[4 * i + 1], pack[4 * i + 2], pack[4 * i + 3]]);
    let source = format!(
        "pub static PACK: [i32; {}] = words(include_bytes!(\"scenes.bin\"));\npub const MEMORY_WORDS: usize = {};\n",
        pack.len() / 4,
        word(1),
    );
    fs::write(out.join("scenes.bin"), &pack).expect("the output folder can be written");
    fs::write(out.join("pack.rs"), source).expect("the output folder can be written");
    if env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "none") {
        fs::write(out.join("memory.x"), MEMORY).expect("the output folder can be written");
        println!("cargo:rustc-link-search={}", out.display());
        println!("cargo:rustc-link-arg-bins=-Tlink.x");
    }
}
