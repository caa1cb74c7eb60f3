//! The part of a long text that a reader needs: what changed, with a little around it.

/// A text of so many characters is shown whole.
const WHOLE: usize = 280;
/// Characters shown on either side of a change.
const AROUND: usize = 48;
/// Characters of one change that are shown at either end.
const OF_A_CHANGE: usize = 120;
/// Characters shown in all.
const IN_ALL: usize = 700;

/// A piece of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Common to what it was compared with.
    Same(&'a str),
    /// Changed.
    Changed(&'a str),
    /// Left out here.
    Gap,
}

/// Joins the words of `text` into pieces and leaves out what is too long.
pub fn excerpt<'a>(text: &'a str, words: &[&'a str], kept: &[bool]) -> Vec<Piece<'a>> {
    let pieces = joined(text, words, kept);
    if text.chars().count() <= WHOLE {
        return pieces;
    }
    let last = pieces.len().saturating_sub(1);
    let mut shown = Vec::new();
    let mut budget = IN_ALL;
    for (i, piece) in pieces.iter().enumerate() {
        if budget == 0 {
            push_gap(&mut shown);
            break;
        }
        let (head, tail) = match piece {
            Piece::Changed(_) => (OF_A_CHANGE.min(budget), OF_A_CHANGE.min(budget)),
            _ if last == 0 => (WHOLE, 0),
            _ if i == 0 => (0, AROUND),
            _ if i == last => (AROUND, 0),
            _ => (AROUND, AROUND),
        };
        budget = budget.saturating_sub(cut(*piece, head, tail, &mut shown));
    }
    shown
}

/// Neighbours alike become one piece; blanks between two changes belong to them.
fn joined<'a>(text: &'a str, words: &[&'a str], kept: &[bool]) -> Vec<Piece<'a>> {
    let mut pieces: Vec<(bool, usize, usize)> = Vec::new();
    let mut end = 0;
    for (i, word) in words.iter().enumerate() {
        let start = end;
        end += word.len();
        let blank = word.trim().is_empty();
        let between = i > 0 && !kept[i - 1] && kept.get(i + 1) == Some(&false);
        let changed = !kept[i] || (blank && between);
        match pieces.last_mut() {
            Some(piece) if piece.0 == changed => piece.2 = end,
            _ => pieces.push((changed, start, end)),
        }
    }
    pieces
        .into_iter()
        .map(|(changed, start, end)| match changed {
            true => Piece::Changed(&text[start..end]),
            false => Piece::Same(&text[start..end]),
        })
        .collect()
}

/// Shows `head` and `tail` characters of a piece; returns how many that were.
fn cut<'a>(piece: Piece<'a>, head: usize, tail: usize, shown: &mut Vec<Piece<'a>>) -> usize {
    let (text, make): (&'a str, fn(&'a str) -> Piece<'a>) = match piece {
        Piece::Same(text) => (text, Piece::Same),
        Piece::Changed(text) => (text, Piece::Changed),
        Piece::Gap => return 0,
    };
    let length = text.chars().count();
    if length <= head + tail {
        shown.push(make(text));
        return length;
    }
    let place = |n: usize| text.char_indices().nth(n).map_or(text.len(), |(i, _)| i);
    if head > 0 {
        shown.push(make(&text[..place(head)]));
    }
    push_gap(shown);
    if tail > 0 {
        shown.push(make(&text[place(length - tail)..]));
    }
    head + tail
}

fn push_gap(shown: &mut Vec<Piece<'_>>) {
    if shown.last() != Some(&Piece::Gap) {
        shown.push(Piece::Gap);
    }
}

#[cfg(test)]
mod tests {
    use super::super::words::{common, split};
    use super::*;
    use proptest::prelude::*;

    fn of<'a>(text: &'a str, other: &str) -> Vec<Piece<'a>> {
        let (words, other) = (split(text), split(other));
        let (kept, _) = common(&words, &other);
        excerpt(text, &words, &kept)
    }

    #[test]
    fn short_texts_are_whole() {
        assert_eq!(
            of("one red fox", "one blue ox"),
            [Piece::Same("one "), Piece::Changed("red fox")]
        );
        assert!(of("", "x").is_empty());
    }

    #[test]
    fn long_texts_show_where_they_differ() {
        let (before, after) = ("word ".repeat(500), "more ".repeat(500));
        let text = format!("{before}HERE {after}");
        let pieces = of(&text, &format!("{before}there {after}"));
        assert_eq!(pieces[0], Piece::Gap);
        assert_eq!(pieces[2], Piece::Changed("HERE"));
        assert_eq!(pieces.last(), Some(&Piece::Gap));
        assert_eq!(pieces.len(), 5);
    }

    proptest! {
        #[test]
        fn never_too_long(a in "([a-c]{1,9} ?){0,300}", b in "([a-c]{1,9} ?){0,300}") {
            let shown: usize = of(&a, &b).iter().map(|piece| match piece {
                Piece::Same(text) | Piece::Changed(text) => text.chars().count(),
                Piece::Gap => 1,
            }).sum();
            prop_assert!(shown <= IN_ALL + 2 * OF_A_CHANGE + IN_ALL / 2);
        }
    }
}
