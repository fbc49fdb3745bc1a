//! Ranges and the branches to them.

use super::*;

/// Looks a number up in branches, word by word.
fn contains(ranges: &[Numbers], number: u128, bits: u32) -> bool {
    let word = (number >> bits) as u32;
    let branches = branches(ranges, bits);
    assert!(branches.windows(2).all(|pair| pair[0].last < pair[1].first));
    let mut found = branches
        .iter()
        .filter(|b| b.first <= word && word <= b.last);
    found.next().is_some_and(|branch| match &branch.to {
        Then::Accept(place) => *place == 7,
        Then::Rest(rest) => {
            assert_eq!(branch.first, branch.last);
            contains(rest, number & ((1 << bits) - 1), bits - 32)
        }
    })
}

#[test]
fn a_range_over_many_words_is_split_at_its_ends_only() {
    // The numbers at the bounds of the ranges.
    let mut edges = vec![0, 1, 2, u128::MAX - 1, u128::MAX];
    for bits in [32, 64, 96] {
        for times in [1, 2, 5, u128::from(u32::MAX)] {
            edges.extend([0, 1, 2].map(|more| (times << bits) + more - 1));
        }
    }
    edges.sort_unstable();
    edges.dedup();
    let inside = |ranges: &[Numbers], number| {
        ranges
            .iter()
            .any(|range| range.0 <= number && number <= range.1)
    };
    for (index, first) in edges.iter().enumerate() {
        for last in &edges[index..] {
            // Alone, and with neighbours on both sides, two numbers away.
            let mut ranges = vec![(*first, *last, 7)];
            for _ in 0..2 {
                for edge in &edges {
                    assert_eq!(contains(&ranges, *edge, 96), inside(&ranges, *edge));
                }
                if *first > 2 {
                    ranges.insert(0, (0, first - 2, 7));
                }
                if *last < u128::MAX - 2 {
                    ranges.push((last + 2, u128::MAX, 7));
                }
            }
        }
    }
}

#[test]
fn whole_words_need_one_branch() {
    for (first, last, count) in [
        (0, u128::MAX, 1),
        (1 << 96, (5 << 96) - 1, 1),
        ((1 << 96) + 1, (5 << 96) - 1, 2),
        (1 << 96, (5 << 96) - 2, 2),
        ((1 << 96) + 1, (5 << 96) - 2, 3),
        ((1 << 96) + 1, (2 << 96) + 7, 2),
    ] {
        assert_eq!(branches(&[(first, last, 7)], 96).len(), count);
    }
}

#[test]
fn overlaps_and_neighbours_become_one() {
    let ranges = vec![
        (9, 9, 0),
        (3, 5, 0),
        (6, 7, 0),
        (4, 4, 0),
        (10, 10, 1),
        (11, u128::MAX, 0),
        (u128::MAX, u128::MAX, 0),
    ];
    let merged = merged(ranges);
    assert_eq!(
        merged,
        [(3, 7, 0), (9, 9, 0), (10, 10, 1), (11, u128::MAX, 0)]
    );
}
