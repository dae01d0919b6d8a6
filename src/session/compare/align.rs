//! Lays two sequences beside each other: which element of the one is which of the other.
//!
//! What stands once on either side is found first, since it is hardly ever the same by chance (patience diff); between, the
//! shortest edit script is looked for (Myers, "An O(ND) Difference Algorithm and Its Variations"), in windows of
//! at most [`MAX_EDITS`] edits. So sequences that have nothing in common take linear time, and the result follows from the
//! sequences alone: no clock ends it.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// So many edits are looked ahead.
const MAX_EDITS: usize = 128;

/// Which elements belong together, as pairs of indices that both ascend.
pub(super) fn align(a: &[u64], b: &[u64]) -> Vec<(usize, usize)> {
    if a.is_empty() || b.is_empty() {
        return Vec::new();
    }
    let (places_a, places_b) = (in_both(a, b), in_both(b, a));
    let keys = |all: &[u64], places: &[usize]| places.iter().map(|at| all[*at]).collect::<Vec<_>>();
    let pairs = align_common(&keys(a, &places_a), &keys(b, &places_b));
    pairs.into_iter().map(|(at_a, at_b)| (places_a[at_a], places_b[at_b])).collect()
}

/// Where the elements of `all` stand that `other` has too.
fn in_both(all: &[u64], other: &[u64]) -> Vec<usize> {
    let other: HashSet<u64> = other.iter().copied().collect();
    (0..all.len()).filter(|at| other.contains(&all[*at])).collect()
}

fn align_common(a: &[u64], b: &[u64]) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    let (mut from_a, mut from_b) = (0, 0);
    let end = (a.len(), b.len());
    for (at_a, at_b) in landmarks(a, b).into_iter().chain([end]) {
        between(a, b, from_a..at_a, from_b..at_b, &mut pairs);
        if (at_a, at_b) != end {
            pairs.push((at_a, at_b));
        }
        (from_a, from_b) = (at_a + 1, at_b + 1);
    }
    pairs
}

/// The longest ascending run of elements that stand once in each.
fn landmarks(a: &[u64], b: &[u64]) -> Vec<(usize, usize)> {
    let once = |all: &[u64]| {
        let mut places: HashMap<u64, Option<usize>> = HashMap::new();
        for (at, key) in all.iter().enumerate() {
            places.entry(*key).and_modify(|place| *place = None).or_insert(Some(at));
        }
        places
    };
    let (once_a, once_b) = (once(a), once(b));
    let place = |places: &HashMap<u64, Option<usize>>, key| places.get(key).copied().flatten();
    let common = a.iter().filter_map(|key| Some((place(&once_a, key)?, place(&once_b, key)?)));
    longest_ascent(&common.collect::<Vec<_>>())
}

/// Of pairs that ascend in the first number, the most that ascend in the second too.
fn longest_ascent(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    // By length, the pair that ends an ascent so long and is lowest there; and what stands before each pair.
    let mut ends: Vec<usize> = Vec::new();
    let mut before = vec![None; pairs.len()];
    for (at, (_, b)) in pairs.iter().enumerate() {
        let length = ends.partition_point(|end| pairs[*end].1 < *b);
        before[at] = length.checked_sub(1).map(|shorter| ends[shorter]);
        match ends.get_mut(length) {
            Some(end) => *end = at,
            None => ends.push(at),
        }
    }
    let mut ascent: Vec<_> =
        std::iter::successors(ends.last().copied(), |at| before[*at]).map(|at| pairs[at]).collect();
    ascent.reverse();
    ascent
}

/// Aligns a part without landmarks.
fn between(a: &[u64], b: &[u64], in_a: Range<usize>, in_b: Range<usize>, pairs: &mut Vec<(usize, usize)>) {
    let (mut x, mut y) = (in_a.start, in_b.start);
    while x < in_a.end && y < in_b.end {
        let (found, (dx, dy)) = window(&a[x..in_a.end], &b[y..in_b.end]);
        pairs.extend(found.into_iter().map(|(at_a, at_b)| (x + at_a, y + at_b)));
        (x, y) = (x + dx, y + dy);
    }
}

/// The shortest edit script, or the part of one that comes farthest with [`MAX_EDITS`]: what it keeps, and how far it comes.
/// It comes forward by one element at least.
fn window(a: &[u64], b: &[u64]) -> (Vec<(usize, usize)>, (usize, usize)) {
    // How far each number of edits comes on each diagonal, which is x - y + edits; `None` where it cannot be.
    let mut rounds: Vec<Vec<Option<usize>>> = Vec::new();
    for edits in 0..=MAX_EDITS {
        let mut round = vec![None; 2 * edits + 1];
        for diagonal in (0..=2 * edits).step_by(2) {
            let Some(start) = step(rounds.last(), edits, diagonal, a.len(), b.len()) else { continue };
            let y = (start + edits) - diagonal;
            let same = a[start..].iter().zip(&b[y..]).take_while(|(a, b)| a == b).count();
            round[diagonal] = Some(start + same);
        }
        let is_done = round
            .iter()
            .enumerate()
            .any(|(diagonal, x)| x.is_some_and(|x| x == a.len() && x + edits - diagonal == b.len()));
        rounds.push(round);
        if is_done {
            break;
        }
    }
    trace(&rounds, a.len(), b.len())
}

/// Where a number of edits begins on a diagonal: an element of `a` left out, or one of `b`, whichever comes farther.
fn step(
    last: Option<&Vec<Option<usize>>>,
    edits: usize,
    diagonal: usize,
    len_a: usize,
    len_b: usize,
) -> Option<usize> {
    let Some(last) = last else { return Some(0) };
    let reached = |at: Option<usize>| last.get(at?).copied().flatten();
    let without_a = reached(diagonal.checked_sub(2)).map(|x| x + 1).filter(|x| *x <= len_a);
    let without_b = reached(Some(diagonal)).filter(|x| x + edits - diagonal <= len_b);
    without_a.max(without_b)
}

/// Goes back from where the last round came farthest.
fn trace(rounds: &[Vec<Option<usize>>], len_a: usize, len_b: usize) -> (Vec<(usize, usize)>, (usize, usize)) {
    let farthest = |edits: usize| {
        let ends = rounds[edits].iter().enumerate().filter_map(move |(d, x)| Some((d, (*x)?)));
        ends.max_by_key(|(d, x)| x + (x + edits - d))
    };
    let edits = rounds.len() - 1;
    let Some((mut diagonal, mut x)) = farthest(edits) else { return (Vec::new(), (len_a, len_b)) };
    let end = (x, x + edits - diagonal);
    let mut pairs = Vec::new();
    for edits in (0..rounds.len()).rev() {
        let last = edits.checked_sub(1).map(|before| &rounds[before]);
        let start = step(last, edits, diagonal, len_a, len_b).unwrap_or(x);
        let y = |x: usize| x + edits - diagonal;
        pairs.extend((start..x).rev().map(|x| (x, y(x))));
        let Some(last) = last else { break };
        let came_without_a = diagonal.checked_sub(2).and_then(|d| last[d]).is_some_and(|x| x + 1 == start);
        (diagonal, x) = match came_without_a {
            true => (diagonal - 2, start - 1),
            false => (diagonal, start),
        };
    }
    pairs.reverse();
    (pairs, end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn letters(text: &str) -> Vec<u64> {
        text.bytes().map(u64::from).collect()
    }

    /// Lays two words beside each other; what is kept is given.
    fn kept(a: &str, b: &str) -> String {
        align(&letters(a), &letters(b)).iter().map(|(x, _)| char::from(a.as_bytes()[*x])).collect()
    }

    #[test]
    fn what_is_common_is_kept() {
        assert_eq!(kept("", "abc"), "");
        assert_eq!(kept("abc", "abc"), "abc");
        assert_eq!(kept("abcxyz", "abxyz"), "abxyz");
        assert_eq!(kept("aabbaa", "abba"), "abba");
        assert_eq!(kept("abcabba", "cbabac").len(), 4);
    }

    #[test]
    fn what_has_nothing_in_common_takes_no_time() {
        let (a, b): (Vec<u64>, Vec<u64>) = ((0..200_000).collect(), (200_000..400_000).collect());
        assert_eq!(align(&a, &b), []);
        let alternating = |of: u64| (0..100_000).map(|at| at % of).collect::<Vec<_>>();
        assert!(align(&alternating(2), &alternating(3)).len() > 50_000);
    }

    /// The length of the longest common subsequence, by the table of every textbook.
    fn longest(a: &[u64], b: &[u64]) -> usize {
        let mut table = vec![vec![0; b.len() + 1]; a.len() + 1];
        for (x, in_a) in a.iter().enumerate() {
            for (y, in_b) in b.iter().enumerate() {
                table[x + 1][y + 1] = match in_a == in_b {
                    true => table[x][y] + 1,
                    false => table[x][y + 1].max(table[x + 1][y]),
                };
            }
        }
        table[a.len()][b.len()]
    }

    proptest! {
        #[test]
        fn pairs_ascend_and_are_equal(
            a in prop::collection::vec(0u64..9, 0..60),
            b in prop::collection::vec(0u64..9, 0..60),
        ) {
            let pairs = align(&a, &b);
            prop_assert!(pairs.windows(2).all(|two| two[0].0 < two[1].0 && two[0].1 < two[1].1));
            prop_assert!(pairs.iter().all(|(x, y)| a[*x] == b[*y]));
        }

        #[test]
        fn without_landmarks_as_much_as_can_be_is_kept(
            a in prop::collection::vec(0u64..4, 0..40),
            b in prop::collection::vec(0u64..4, 0..40),
        ) {
            let mut pairs = Vec::new();
            between(&a, &b, 0..a.len(), 0..b.len(), &mut pairs);
            prop_assert_eq!(pairs.len(), longest(&a, &b));
        }

        #[test]
        fn what_is_equal_is_aligned_as_a_whole(a in prop::collection::vec(0u64..99, 0..600)) {
            prop_assert_eq!(align(&a, &a), (0..a.len()).map(|at| (at, at)).collect::<Vec<_>>());
        }

        #[test]
        fn what_is_left_out_is_found(
            a in prop::collection::vec(0u64..1_000_000, 1..400),
            keep in prop::collection::vec(any::<bool>(), 400),
        ) {
            let b: Vec<u64> = a.iter().zip(&keep).filter(|(_, keep)| **keep).map(|(key, _)| *key).collect();
            prop_assert_eq!(align(&a, &b).len(), b.len());
        }
    }
}
