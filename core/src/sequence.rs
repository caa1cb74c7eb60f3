//! Runs of numbers that must have no hole.

use std::ops::RangeInclusive;

/// The numbers above `floor` and up to `bound` that `present`, which rises, does not hold.
pub fn missing(
    floor: i64,
    bound: i64,
    present: impl IntoIterator<Item = i64>,
) -> Vec<RangeInclusive<i64>> {
    let mut holes = Vec::new();
    let mut next = floor + 1;
    for number in present {
        if number > bound {
            break;
        }
        if number > next {
            holes.push(next..=number - 1);
        }
        next = next.max(number + 1);
    }
    if next <= bound {
        holes.push(next..=bound);
    }
    holes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn edges() {
        assert!(missing(0, 0, []).is_empty());
        assert!(missing(5, 3, [1, 2]).is_empty());
        assert_eq!(missing(0, 3, []), [1..=3]);
        assert_eq!(missing(2, 9, [1, 2, 4, 7]), [3..=3, 5..=6, 8..=9]);
        assert_eq!(missing(0, 2, [1, 2, 3, 9]), []);
    }

    proptest! {
        #[test]
        fn is_the_complement(
            present in proptest::collection::btree_set(1..60i64, 0..40),
            floor in 0..30i64,
            bound in 0..60i64,
        ) {
            let found: BTreeSet<i64> = missing(floor, bound, present.iter().copied())
                .into_iter().flatten().collect();
            let expected: BTreeSet<i64> =
                (floor + 1..=bound).filter(|n| !present.contains(n)).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
