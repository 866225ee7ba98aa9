//! Room: what enters a limited storage is owed, or there is room for it.

use super::Books;

impl Books<'_> {
    /// Of what entered today, all but what was owed fits into what was free in the morning; and nothing stays in
    /// the yard that would have fitted too.
    pub(super) fn storage(&self) {
        let (s, before, after) = (self.s, &self.before, &self.after);
        for (n, node) in s.nodes().iter().enumerate() {
            let Some(storage) = node.storage else { continue };
            let volume = |i: usize| i64::from(s.volume(i));
            let used: i64 = (0..s.products()).map(|i| self.on_hand(before, n, i) * volume(i)).sum();
            let free = (i64::from(storage) - used).max(0);
            let filled: i64 = (0..s.products())
                .map(|i| {
                    let entered = before.yard(s, n, i) + self.stocked(n, i) - after.yard(s, n, i);
                    let owed = (-before.level(s, n, i)).max(0);
                    assert!(entered >= 0, "what is stocked does not go back into the yard, {}", self.at(n, i));
                    (entered - owed).max(0) * volume(i)
                })
                .sum();
            assert!(
                filled <= free,
                "{filled} enter where {free} are free, seed {}, day {}, node {n}",
                self.seed,
                self.day
            );
            for i in (0..s.products()).filter(|&i| after.yard(s, n, i) > 0) {
                assert!(filled + volume(i) > free, "one more would have fitted, {}", self.at(n, i));
            }
        }
    }
}
