//! Which words of a text another text has kept.

/// More pairs of words than this are not compared one by one: the whole middle counts as changed.
const MAX_PAIRS: usize = 250_000;

/// A text in words: runs of letters and digits, runs of blanks, and each other character by itself.
pub fn split(text: &str) -> Vec<&str> {
    let kind = |c: char| match c {
        c if c.is_alphanumeric() => 0,
        c if c.is_whitespace() => 1,
        _ => 2,
    };
    let mut words = Vec::new();
    let mut start = 0;
    let mut before = None;
    for (i, c) in text.char_indices() {
        let now = kind(c);
        if i > 0 && (before != Some(now) || now == 2) {
            words.push(&text[start..i]);
            start = i;
        }
        before = Some(now);
    }
    if start < text.len() {
        words.push(&text[start..]);
    }
    words
}

/// For each word of either text, whether it is part of what both have in common.
pub fn common(a: &[&str], b: &[&str]) -> (Vec<bool>, Vec<bool>) {
    let head = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let tail =
        a[head..].iter().rev().zip(b[head..].iter().rev()).take_while(|(x, y)| x == y).count();
    let mut kept = (vec![true; a.len()], vec![true; b.len()]);
    let (a_middle, b_middle) = (head..a.len() - tail, head..b.len() - tail);
    kept.0[a_middle.clone()].fill(false);
    kept.1[b_middle.clone()].fill(false);
    if a_middle.len().saturating_mul(b_middle.len()) <= MAX_PAIRS {
        for (i, j) in longest(&a[a_middle], &b[b_middle]) {
            kept.0[head + i] = true;
            kept.1[head + j] = true;
        }
    }
    kept
}

/// The places of a longest common subsequence.
fn longest(a: &[&str], b: &[&str]) -> Vec<(usize, usize)> {
    let width = b.len() + 1;
    let mut lengths = vec![0u32; (a.len() + 1) * width];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            lengths[i * width + j] = match a[i] == b[j] {
                true => lengths[(i + 1) * width + j + 1] + 1,
                false => lengths[(i + 1) * width + j].max(lengths[i * width + j + 1]),
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut places = Vec::new();
    while i < a.len() && j < b.len() {
        if a[i] == b[j] {
            places.push((i, j));
            i += 1;
            j += 1;
        } else if lengths[(i + 1) * width + j] >= lengths[i * width + j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn changed<'a>(words: &[&'a str], kept: &[bool]) -> Vec<&'a str> {
        words.iter().zip(kept).filter(|(_, kept)| !**kept).map(|(word, _)| *word).collect()
    }

    #[test]
    fn words_are_found() {
        assert_eq!(split("It's 10 €,  ok"), ["It", "'", "s", " ", "10", " ", "€", ",", "  ", "ok"]);
        assert!(split("").is_empty());
    }

    #[test]
    fn changes_are_found() {
        let (a, b) = (split("the old title of a page"), split("the new title of one page!"));
        let (kept_a, kept_b) = common(&a, &b);
        assert_eq!(changed(&a, &kept_a), ["old", "a"]);
        assert_eq!(changed(&b, &kept_b), ["new", "one", "!"]);
    }

    #[test]
    fn large_differences_are_one() {
        let (a, b) = ("a b ".repeat(1000), "b c ".repeat(1000));
        let (a, b) = (split(&a), split(&b));
        let (kept, _) = common(&a, &b);
        assert!(kept.iter().filter(|kept| **kept).count() < 3);
    }

    proptest! {
        #[test]
        fn what_is_kept_is_alike(a in "[ab ,]{0,20}", b in "[ab ,]{0,20}") {
            let (a, b) = (split(&a), split(&b));
            let (kept_a, kept_b) = common(&a, &b);
            let left: Vec<_> = a.iter().zip(&kept_a).filter(|(_, k)| **k).map(|(w, _)| w).collect();
            let right: Vec<_> = b.iter().zip(&kept_b).filter(|(_, k)| **k).map(|(w, _)| w).collect();
            prop_assert_eq!(left, right);
        }

        #[test]
        fn splitting_loses_nothing(text in "\\PC*") {
            prop_assert_eq!(split(&text).concat(), text);
        }
    }
}
