//! The nearest known name to one that is not known.

/// `, did you mean "x"?` for the nearest of `known`, or all of them where none is near and they are few.
pub(crate) fn suggestion<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    let folded = found.trim().to_lowercase();
    let nearest = known.iter().map(|name| (distance(&folded, &name.to_lowercase()), *name)).min();
    match nearest {
        // A third of the letters may differ: more is another word.
        Some((d, name)) if d * 3 <= name.chars().count().max(folded.chars().count()) => format!("{name:?}"),
        _ if known.is_empty() => "left out".to_owned(),
        _ if known.len() <= 24 => format!("one of {}", known.join(", ")),
        _ => format!("one of {} known names, such as {}", known.len(), known[..3].join(", ")),
    }
}

/// Edits (insertion, deletion, substitution, exchange of neighbours) between two words. Long words
/// are cut, since only near ones matter.
fn distance(a: &str, b: &str) -> usize {
    const LONGEST: usize = 64;
    let a: Vec<char> = a.chars().take(LONGEST).collect();
    let b: Vec<char> = b.chars().take(LONGEST).collect();
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let substituted = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = substituted.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_name_is_suggested_and_a_far_one_is_not() {
        assert_eq!(suggestion("reveiw_days", ["review_days", "name"]), "\"review_days\"");
        assert_eq!(suggestion("colour", ["review_days", "name"]), "one of review_days, name");
        assert_eq!(distance("ab", "ba"), 1);
    }
}
