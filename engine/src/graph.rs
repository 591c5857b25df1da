//! Order: which of many things comes first, and what stands in a circle.
//!
//! Works on indexes, so that the same few functions order declarations and steps. Everything here
//! is linear in nodes and edges but for a heap, and nothing recurses: a chain may be as long as the
//! stack is large.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};

use petgraph::algo::kosaraju_scc;
use petgraph::graph::DiGraph;

/// The nodes with what they need first, and the smallest index first where there is a choice.
/// Nodes that stand in a circle, and what needs them, are left out.
pub(crate) fn sort(needs: &[Vec<usize>]) -> Vec<usize> {
    let mut missing: Vec<usize> = needs.iter().map(Vec::len).collect();
    let followers = reverse(needs);
    let mut ready: BinaryHeap<Reverse<usize>> =
        (0..needs.len()).filter(|node| missing[*node] == 0).map(Reverse).collect();
    let mut order = Vec::with_capacity(needs.len());
    while let Some(Reverse(node)) = ready.pop() {
        order.push(node);
        for &follower in &followers[node] {
            missing[follower] -= 1;
            if missing[follower] == 0 {
                ready.push(Reverse(follower));
            }
        }
    }
    order
}

/// The same edges, seen from the other end.
pub(crate) fn reverse(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut reversed = vec![Vec::new(); edges.len()];
    for (from, targets) in edges.iter().enumerate() {
        for &to in targets {
            reversed[to].push(from);
        }
    }
    reversed
}

/// Groups of nodes that can reach one another: the number of its group for each node that has
/// company or an edge to itself.
pub(crate) fn circles(edges: &[Vec<usize>]) -> HashMap<usize, usize> {
    let mut graph = DiGraph::<(), (), usize>::with_capacity(edges.len(), edges.len());
    for _ in edges {
        graph.add_node(());
    }
    for (from, targets) in edges.iter().enumerate() {
        for &to in targets {
            graph.add_edge(from.into(), to.into(), ());
        }
    }
    let mut groups = HashMap::new();
    for (number, group) in kosaraju_scc(&graph).into_iter().enumerate() {
        let alone = group.len() == 1 && !edges[group[0].index()].contains(&group[0].index());
        if !alone {
            groups.extend(group.into_iter().map(|node| (node.index(), number)));
        }
    }
    groups
}

/// One circle of every group, each as the shortest path from its smallest node back to it.
pub(crate) fn circle_paths(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let groups = circles(edges);
    let mut starts: HashMap<usize, usize> = HashMap::new();
    for (&node, &group) in &groups {
        let start = starts.entry(group).or_insert(node);
        *start = node.min(*start);
    }
    let mut starts: Vec<_> = starts.into_values().collect();
    starts.sort_unstable();
    starts.into_iter().map(|start| circle_from(start, edges, &groups)).collect()
}

fn circle_from(start: usize, edges: &[Vec<usize>], groups: &HashMap<usize, usize>) -> Vec<usize> {
    let mut came_from: HashMap<usize, usize> = HashMap::new();
    let mut queue = VecDeque::from([start]);
    'search: while let Some(node) = queue.pop_front() {
        for &next in edges[node].iter().filter(|next| groups.get(*next) == groups.get(&start)) {
            if next == start {
                came_from.insert(start, node);
                break 'search;
            }
            if let std::collections::hash_map::Entry::Vacant(entry) = came_from.entry(next) {
                entry.insert(node);
                queue.push_back(next);
            }
        }
    }
    let mut path = vec![start];
    let mut node = start;
    while let Some(&previous) = came_from.get(&node) {
        path.push(previous);
        node = previous;
        if node == start {
            break;
        }
    }
    path.reverse();
    path
}

/// Every node that can be reached from `starts`, themselves included.
pub(crate) fn reach(edges: &[Vec<usize>], starts: impl IntoIterator<Item = usize>) -> Vec<bool> {
    let mut reached = vec![false; edges.len()];
    let mut stack: Vec<usize> = starts.into_iter().collect();
    while let Some(node) = stack.pop() {
        if !std::mem::replace(&mut reached[node], true) {
            stack.extend(edges[node].iter().copied().filter(|next| !reached[*next]));
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_needed_comes_first_and_ties_keep_their_order() {
        assert_eq!(sort(&[vec![2], vec![], vec![]]), [1, 2, 0]);
    }

    #[test]
    fn circles_are_shown_as_short_paths() {
        let edges = vec![vec![1], vec![2, 0], vec![0], vec![3], vec![0]];
        assert_eq!(circle_paths(&edges), [vec![0, 1, 0], vec![3, 3]]);
        assert_eq!(sort(&edges), Vec::<usize>::new());
    }

    #[test]
    fn a_chain_of_any_length_does_not_exhaust_the_stack() {
        let mut edges: Vec<Vec<usize>> = (1..200_000).map(|next| vec![next]).collect();
        edges.push(vec![0]);
        assert_eq!(circle_paths(&edges)[0].len(), 200_001);
    }
}
