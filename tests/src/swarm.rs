//! Many seeds over all processors, until the first that fails.

use crate::property::Property;
use std::any::Any;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

/// A property that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Which.
    pub property: Property,
    /// The seeds of the call that failed; mostly one.
    pub seeds: Range<u64>,
    /// What is wrong, with the seed.
    pub message: String,
}

impl Failure {
    /// The command that repeats it.
    #[must_use]
    pub fn command(&self) -> String {
        let count = self.seeds.end - self.seeds.start;
        format!("cargo soak --property {} --from {} --seeds {count}", self.property.name(), self.seeds.start)
    }
}

/// Threads that this machine runs at once.
#[must_use]
pub fn threads() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Checks properties over `seeds` on some threads, in batches that take turns. `watch` is told a few times a
/// second how many seeds are through; when it says `false`, no new batch begins.
///
/// Returns the number of seeds that are through, which are the first ones where nothing failed.
///
/// # Errors
/// The failure with the lowest seed of those found before all threads had stopped.
pub fn run(
    properties: &[Property],
    seeds: Range<u64>,
    threads: usize,
    mut watch: impl FnMut(u64) -> bool,
) -> Result<u64, Failure> {
    let batch = properties.iter().map(|property| property.batch()).max().unwrap_or(1);
    let (next, through, limit) = (AtomicU64::new(seeds.start), AtomicU64::new(0), AtomicU64::new(seeds.end));
    let failures = Mutex::new(Vec::new());
    let work = || {
        loop {
            let from = next.fetch_add(batch, Ordering::Relaxed);
            if from >= limit.load(Ordering::Relaxed) {
                return;
            }
            let until = (from + batch).min(seeds.end);
            for property in properties {
                if let Err(failure) = check(*property, from..until) {
                    limit.store(0, Ordering::Relaxed);
                    failures.lock().unwrap_or_else(|e| e.into_inner()).push(failure);
                    return;
                }
            }
            through.fetch_add(until - from, Ordering::Relaxed);
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
        while workers.iter().any(|worker| !worker.is_finished()) {
            thread::sleep(Duration::from_millis(50));
            if !watch(through.load(Ordering::Relaxed)) {
                limit.store(0, Ordering::Relaxed);
            }
        }
    });
    let failures = failures.into_inner().unwrap_or_else(|e| e.into_inner());
    let through = through.into_inner();
    let _ = watch(through);
    failures.into_iter().min_by_key(|failure| failure.seeds.start).map_or(Ok(through), Err)
}

/// One call of a property; a panic, of the property or of what it checks, is its failure.
fn check(property: Property, seeds: Range<u64>) -> Result<(), Failure> {
    let step = property.batch();
    let mut from = seeds.start;
    while from < seeds.end {
        let batch = from..(from + step).min(seeds.end);
        from = batch.end;
        let outcome = catch_unwind(AssertUnwindSafe(|| property.check(batch.clone())));
        outcome.map_err(|panic| Failure { property, seeds: batch, message: message_of(&*panic) })?;
    }
    Ok(())
}

fn message_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic without a message".to_owned())
}

/// For tests: all of `seeds`, on all processors.
///
/// # Panics
/// At the first failure, with the command that repeats it.
pub fn must_hold(property: Property, seeds: Range<u64>) {
    let count = seeds.end - seeds.start;
    match run(&[property], seeds, threads(), |_| true) {
        Ok(through) => assert_eq!(through, count, "not all seeds were checked"),
        Err(failure) => panic!("{}\nto repeat it: {}", failure.message, failure.command()),
    }
}
