//! How far a long task is, and a way to stop it.

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, Write, stderr};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Time between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);
/// Exit status of an interrupted program: 128 + SIGINT.
const INTERRUPTED: i32 = 130;

/// Progress of a task of a known length, on stderr: a bar on a terminal, a line every few seconds
/// elsewhere, nothing when asked to be quiet.
#[derive(Debug)]
pub struct Progress {
    task: String,
    unit: String,
    display: Display,
    total: u64,
    done: u64,
    /// Units that were done before this run began.
    skipped: u64,
    started: Instant,
}

#[derive(Debug)]
enum Display {
    Bar(ProgressBar),
    Lines { next: Instant },
    Silent,
}

impl Progress {
    /// A task of `total` units: `Progress::new("training", "iterations", 200, quiet)`.
    #[must_use]
    pub fn new(task: &str, unit: &str, total: u64, quiet: bool) -> Self {
        let started = Instant::now();
        let display = match (quiet, stderr().is_terminal()) {
            (true, _) => Display::Silent,
            (false, true) => Display::Bar(bar(task, unit, total)),
            (false, false) => Display::Lines { next: started + LINE_EVERY },
        };
        Self { task: task.to_owned(), unit: unit.to_owned(), display, total, done: 0, skipped: 0, started }
    }

    /// Counts some units as done before the start, without counting them into the rate: a resumed run.
    pub fn resume_at(&mut self, done: u64) {
        (self.done, self.skipped, self.started) = (done, done, Instant::now());
        if let Display::Bar(bar) = &self.display {
            bar.set_position(done);
            bar.reset_eta();
        }
    }

    /// Some more units are done; `note` is shown beside the figures.
    pub fn advance(&mut self, units: u64, note: &str) {
        self.done += units;
        match &mut self.display {
            Display::Bar(bar) => {
                bar.set_message(note.to_owned());
                bar.inc(units);
            }
            Display::Lines { next } => {
                let now = Instant::now();
                if now >= *next || self.done >= self.total {
                    *next = now + LINE_EVERY;
                    let line = self.line(note);
                    // Nobody reads a closed stderr: that must not stop the task.
                    let _ = writeln!(stderr(), "{line}");
                }
            }
            Display::Silent => {}
        }
    }

    /// A line for people that keeps clear of the bar: "checkpoint written".
    pub fn say(&self, line: &str) {
        match &self.display {
            Display::Bar(bar) => bar.println(line),
            Display::Lines { .. } => {
                let _ = writeln!(stderr(), "{line}");
            }
            Display::Silent => {}
        }
    }

    /// Ends the task, leaving the last state on screen.
    pub fn finish(self) {
        if let Display::Bar(bar) = &self.display {
            bar.abandon();
        }
    }

    fn line(&self, note: &str) -> String {
        let note = if note.is_empty() { String::new() } else { format!(", {note}") };
        let pace = pace(self.done - self.skipped, self.total.saturating_sub(self.done), self.started.elapsed());
        format!("{}: {}/{} {}, {pace}{note}", self.task, self.done, self.total, self.unit)
    }
}

fn bar(task: &str, unit: &str, total: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
    let template = format!("{{prefix}} [{{bar:30}}] {{pos}}/{{len}} {unit}, {{per_sec}}, {{eta}} left  {{msg}}");
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_prefix(task.to_owned());
    bar
}

/// Rate and time left, from what was done since the start and what is still to do.
fn pace(done: u64, rest: u64, elapsed: Duration) -> String {
    if done == 0 || elapsed.is_zero() {
        return "no rate yet".to_owned();
    }
    let rate = done as f64 / elapsed.as_secs_f64();
    let left = rest as f64 / rate;
    let rate = if rate < 10.0 { format!("{rate:.2}/s") } else { format!("{rate:.0}/s") };
    if left < 0.5 {
        return format!("{rate}, done in {}", HumanDuration(elapsed));
    }
    format!("{rate}, {} left", HumanDuration(Duration::from_secs_f64(if left < 1e9 { left } else { 1e9 })))
}

/// The flag that Ctrl-C sets. Long loops poll it, leave a checkpoint and end with status 130.
#[derive(Clone, Copy, Debug)]
pub struct Interrupt {
    flag: &'static AtomicBool,
}

static REQUESTED: AtomicBool = AtomicBool::new(false);
static INSTALLED: OnceLock<Result<(), String>> = OnceLock::new();

/// Ctrl-C could not be caught.
#[derive(Clone, Debug, thiserror::Error)]
#[error("can't catch Ctrl-C: {0}")]
pub struct InterruptError(String);

impl Interrupt {
    /// Catches Ctrl-C from now on: the first sets the flag, the second exits at once. Any number of
    /// calls give the same flag.
    ///
    /// # Errors
    /// If the operating system refuses or another handler is in place.
    pub fn install() -> Result<Self, InterruptError> {
        let handler = || {
            if REQUESTED.swap(true, Ordering::SeqCst) {
                std::process::exit(INTERRUPTED);
            }
            let _ = writeln!(stderr(), "\nstopping after this step; press Ctrl-C again to stop at once");
        };
        INSTALLED
            .get_or_init(|| ctrlc::set_handler(handler).map_err(|error| error.to_string()))
            .clone()
            .map_err(InterruptError)?;
        Ok(Self { flag: &REQUESTED })
    }

    /// A flag that nothing sets: for callers that are not interactive, and tests.
    #[must_use]
    pub fn never() -> Self {
        static NEVER: AtomicBool = AtomicBool::new(false);
        Self { flag: &NEVER }
    }

    /// Whether to stop.
    #[must_use]
    pub fn requested(&self) -> bool {
        self.flag.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_tell_rate_and_time_left() {
        assert_eq!(pace(0, 10, Duration::from_secs(1)), "no rate yet");
        assert_eq!(pace(50, 150, Duration::from_secs(25)), "2.00/s, 75 seconds left");
        assert_eq!(pace(2000, 0, Duration::from_secs(2)), "1000/s, done in 2 seconds");
        let mut progress = Progress::new("training", "iterations", 8, true);
        progress.resume_at(1);
        progress.advance(1, "");
        assert!(progress.line("fill rate 97 %").starts_with("training: 2/8 iterations, "));
        assert!(progress.line("fill rate 97 %").ends_with(", fill rate 97 %"));
        progress.finish();
    }

    #[test]
    fn an_interrupt_that_nothing_sets_stays_quiet() {
        assert!(!Interrupt::never().requested());
        assert!(Interrupt::install().is_ok_and(|interrupt| !interrupt.requested()));
        assert!(Interrupt::install().is_ok(), "a second call gives the same flag");
    }
}
