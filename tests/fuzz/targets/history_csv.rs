//! Any bytes as a sales history and its products: a network folder that passes every check, or errors with places.
#![no_main]

use libfuzzer_sys::fuzz_target;
use restock_trainer::input;

fuzz_target!(|bytes: &[u8]| {
    let cut = bytes.windows(4).position(|w| w == b"\n==\n");
    let (demand, products) = cut.map_or((bytes, &[][..]), |at| (&bytes[..at], &bytes[at + 4..]));
    let place = std::env::temp_dir().join(format!("restock-fuzz-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&place);
    std::fs::create_dir_all(&place).expect("a folder for temporary files");
    std::fs::write(place.join("sales.csv"), demand).expect("writes");
    std::fs::write(place.join("products.csv"), products).expect("writes");
    let folder = place.join("net");
    match input::write_from_history(&folder, &place.join("sales.csv"), &place.join("products.csv")) {
        Ok(_) => {
            if let Err(problems) = input::load(&folder) {
                panic!("a folder made from a history does not pass its own checks:\n{problems}");
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
