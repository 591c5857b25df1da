//! Where nodes stand: in columns, with what is needed left of what needs it.
//!
//! The main function is [`layout`]. The crate that does this as in the textbook takes four seconds
//! for a thousand nodes; this one is near enough to linear, and draws long arrows straight.

use std::collections::BTreeSet;

/// How often the columns are arranged by their neighbours, in each direction.
const SWEEPS: usize = 6;

/// A column, and the middle of a node in it, in units of one node and the gap to the next.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Spot {
    pub(super) column: usize,
    pub(super) row: f64,
}

/// Where each node stands. Rows begin at 0. `arrows` lead from what needs to what is needed.
pub(super) fn layout(count: usize, arrows: &BTreeSet<(usize, usize)>) -> Vec<Spot> {
    let mut needs = vec![Vec::new(); count];
    let mut needed_by = vec![Vec::new(); count];
    for &(from, to) in arrows {
        needs[from].push(to);
        needed_by[to].push(from);
    }
    let columns = columns(&needs, &needed_by);
    let last = columns.iter().max().copied().unwrap_or(0);
    let mut members = vec![Vec::new(); last + 1];
    for (node, column) in columns.iter().enumerate() {
        members[*column].push(node);
    }
    let mut rows = vec![0.0; count];
    for column in &members {
        for (row, node) in column.iter().enumerate() {
            rows[*node] = row as f64;
        }
    }
    for _ in 0..SWEEPS {
        for column in members.iter_mut().skip(1) {
            arrange(column, &needs, &mut rows);
        }
        for column in members.iter_mut().rev().skip(1) {
            arrange(column, &needed_by, &mut rows);
        }
    }
    let top = rows.iter().copied().fold(f64::INFINITY, f64::min);
    let spots = columns.into_iter().zip(rows);
    spots.map(|(column, row)| Spot { column, row: row - top }).collect()
}

/// The column of each node: one right of all that it needs, and what needs nothing close to what
/// needs it.
fn columns(needs: &[Vec<usize>], needed_by: &[Vec<usize>]) -> Vec<usize> {
    let mut columns = vec![0_usize; needs.len()];
    let mut missing: Vec<_> = needs.iter().map(Vec::len).collect();
    let mut ready: Vec<_> = (0..needs.len()).filter(|node| missing[*node] == 0).collect();
    // What is in a circle stays in the first column: it is refused elsewhere.
    while let Some(node) = ready.pop() {
        for &user in &needed_by[node] {
            columns[user] = columns[user].max(columns[node] + 1);
            missing[user] -= 1;
            if missing[user] == 0 {
                ready.push(user);
            }
        }
    }
    for node in (0..needs.len()).filter(|node| needs[*node].is_empty()) {
        let first = needed_by[node].iter().map(|user| columns[*user]).min();
        columns[node] = first.map_or(0, |first| first.saturating_sub(1));
    }
    columns
}

/// Orders a column by where the neighbours of its nodes stand, and moves its nodes as close to them
/// as their own width allows.
fn arrange(column: &mut [usize], neighbours: &[Vec<usize>], rows: &mut [f64]) {
    let wish = |node: usize, rows: &[f64]| {
        let near = &neighbours[node];
        if near.is_empty() {
            return rows[node];
        }
        near.iter().map(|near| rows[*near]).sum::<f64>() / near.len() as f64
    };
    let mut wishes: Vec<_> = column.iter().map(|node| (wish(*node, rows), *node)).collect();
    wishes.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
    // Neighbours in a column are one row apart at least. Without that row each wants a place of its
    // own: those whose wishes cross share the mean of them.
    let mut blocks: Vec<(f64, usize)> = Vec::with_capacity(wishes.len());
    for (place, (wish, _)) in wishes.iter().enumerate() {
        let mut block = (wish - place as f64, 1);
        while let Some(before) =
            blocks.pop_if(|before| before.0 / before.1 as f64 > block.0 / block.1 as f64)
        {
            block = (block.0 + before.0, block.1 + before.1);
        }
        blocks.push(block);
    }
    let places =
        blocks.iter().flat_map(|(sum, count)| std::iter::repeat_n(sum / *count as f64, *count));
    for (place, ((_, node), base)) in wishes.iter().zip(places).enumerate() {
        column[place] = *node;
        rows[*node] = base + place as f64;
    }
}

/// The arrows that no longer way replaces.
pub(super) fn reduced(count: usize, arrows: &BTreeSet<(usize, usize)>) -> BTreeSet<(usize, usize)> {
    let mut needs = vec![Vec::new(); count];
    let mut missing = vec![0_usize; count];
    let mut needed_by = vec![Vec::new(); count];
    for &(from, to) in arrows {
        needs[from].push(to);
        needed_by[to].push(from);
        missing[from] += 1;
    }
    let words = count.div_ceil(64);
    let mut reach = vec![vec![0_u64; words]; count];
    let mut ready: Vec<_> = (0..count).filter(|node| missing[*node] == 0).collect();
    while let Some(node) = ready.pop() {
        let mut far = vec![0_u64; words];
        for &needed in &needs[node] {
            far.iter_mut().zip(&reach[needed]).for_each(|(far, reach)| *far |= reach);
        }
        needs[node].retain(|needed| far[needed / 64] & (1 << (needed % 64)) == 0);
        for &needed in &needs[node] {
            far[needed / 64] |= 1 << (needed % 64);
        }
        reach[node] = far;
        for &user in &needed_by[node] {
            missing[user] -= 1;
            if missing[user] == 0 {
                ready.push(user);
            }
        }
    }
    let kept = needs.into_iter().enumerate();
    kept.flat_map(|(from, needs)| needs.into_iter().map(move |to| (from, to))).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn graphs() -> impl Strategy<Value = (usize, BTreeSet<(usize, usize)>)> {
        (1_usize..40).prop_flat_map(|count| {
            let arrow = (0..count, 0..count).prop_filter("one way", |(from, to)| from > to);
            let arrows = proptest::collection::btree_set(arrow, 0..if count > 1 { 80 } else { 1 });
            (Just(count), arrows)
        })
    }

    proptest! {
        #[test]
        fn nothing_overlaps_and_what_is_needed_is_left((count, arrows) in graphs()) {
            let spots = layout(count, &arrows);
            for (from, to) in &arrows {
                prop_assert!(spots[*to].column < spots[*from].column);
            }
            for (one, other) in (0..count).flat_map(|one| (0..one).map(move |other| (one, other))) {
                let apart = (spots[one].row - spots[other].row).abs();
                prop_assert!(spots[one].column != spots[other].column || apart > 0.999, "{apart}");
                prop_assert!(spots[one].row >= 0.0);
            }
        }

        #[test]
        fn what_is_left_out_is_still_reached((count, arrows) in graphs()) {
            let reduced = reduced(count, &arrows);
            prop_assert!(reduced.is_subset(&arrows));
            for (from, to) in &arrows {
                let mut seen = BTreeSet::from([*from]);
                let mut open = vec![*from];
                while let Some(node) = open.pop() {
                    let next = reduced.iter().filter(|(start, _)| *start == node).map(|(_, end)| *end);
                    open.extend(next.filter(|next| seen.insert(*next)));
                }
                prop_assert!(seen.contains(to));
            }
        }
    }

    #[test]
    fn a_short_cut_is_not_drawn() {
        let arrows = BTreeSet::from([(1, 0), (2, 1), (2, 0)]);
        assert_eq!(reduced(3, &arrows), BTreeSet::from([(1, 0), (2, 1)]));
    }
}
