//! The golden table holds on every target: `restock_tests::golden`.

use restock_tests::emulator::Board;
use restock_tests::golden::{self, Entry, Table, targets::Target};
use std::path::Path;

fn golden_table() -> Table {
    golden::read().unwrap_or_else(|e| panic!("{e}"))
}

#[track_caller]
fn assert_golden(found: &Table, place: &str) {
    let differences = golden::differences(&golden_table(), found, place);
    assert!(differences.is_empty(), "\n{}", differences.join("\n"));
}

fn assert_golden_on(target: Target) {
    let found = target.run(&golden::scenes(), Path::new(env!("CARGO_TARGET_TMPDIR"))).unwrap_or_else(|e| panic!("{e}"));
    assert_golden(&found, &target.name());
}

#[test]
fn the_golden_table_holds_here() {
    assert_golden(&golden::run_here(&golden::scenes()), "the tests' own profile");
}

#[test]
fn the_golden_table_holds_on_the_host_at_opt_level_0() {
    assert_golden_on(Target::HostDebug);
}

#[test]
fn the_golden_table_holds_on_the_host_at_opt_level_3() {
    assert_golden_on(Target::HostRelease);
}

#[test]
fn the_golden_table_holds_on_a_cortex_m4f() {
    assert_golden_on(Target::Device(Board::M4F));
}

#[test]
fn the_golden_table_holds_on_a_soft_float_cortex_m3() {
    assert_golden_on(Target::Device(Board::M3));
}

#[test]
fn the_golden_table_holds_in_qemu() {
    for board in [Board::M4F, Board::M3] {
        let Some(found) = Target::run_in_qemu(board, &golden::scenes(), Path::new(env!("CARGO_TARGET_TMPDIR"))) else {
            eprintln!("skipped: qemu-system-arm is not installed");
            return;
        };
        assert_golden(&found.unwrap_or_else(|e| panic!("{e}")), &format!("{} in QEMU", board.processor()));
    }
}

#[test]
fn a_digest_that_changes_is_told_with_scene_day_and_remedy() {
    let golden = golden_table();
    let mut found = golden.clone();
    let entry = found.get_mut("mail").expect("a scene");
    entry.digest = "0123456789abcdef".to_owned();
    let other = if &entry.daily[4 * 17..][..4] == "0000" { "1111" } else { "0000" };
    entry.daily.replace_range(4 * 17..4 * 17 + 4, other);
    let told = golden::differences(&golden, &found, "somewhere").join("\n");
    for words in ["somewhere, scene mail: ", "is 0123456789abcdef (from day 17 on)", "cargo golden renew --reason"] {
        assert!(told.contains(words), "{words} is not in\n{told}");
    }
    assert!(golden::differences(&golden, &golden, "here").is_empty());
    found.remove("mail");
    assert!(golden::differences(&golden, &found, "here")[0].contains("did not run"));
}

#[test]
fn renewing_touches_what_changed_and_keeps_the_reasons_of_the_rest() {
    let mut table = golden_table();
    let mut found = table.clone();
    assert_eq!(golden::renew(&mut table, &found, &[], "nothing has changed"), [""; 0]);
    assert_eq!(table, golden_table());
    found.get_mut("mail").expect("a scene").digest = "0123456789abcdef".to_owned();
    found.get_mut("surges").expect("a scene").digest = "0123456789abcdef".to_owned();
    assert_eq!(golden::renew(&mut table, &found, &["mail".to_owned()], "the post is faster"), ["mail"]);
    assert_eq!(table["mail"].reason, "the post is faster");
    assert_eq!(table["surges"], golden_table()["surges"], "not asked for");
    assert_eq!(golden::parse(&golden::text(&table)), Ok(table.clone()), "text and back");
    let silent = Entry { reason: " ".to_owned(), ..Entry::default() };
    table.insert("mail".to_owned(), silent);
    assert!(golden::parse(&golden::text(&table)).is_err_and(|e| e.contains("no reason")));
}
