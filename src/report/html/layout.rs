//! Where the nodes of a graph stand: layers from top to bottom, few crossings, short edges. Plain
//! numbers in, plain numbers out.
//!
//! The layered method of Sugiyama: longest path layers, corner points on long edges, barycentre
//! order, then places by least squares under the order (pool adjacent violators).

/// A laid-out graph.
pub(super) struct Layout {
    /// Centre and layer of each node.
    pub nodes: Vec<(f64, usize)>,
    /// For each edge the points from its first to its last layer, centres.
    pub edges: Vec<Vec<(f64, usize)>>,
    pub width: f64,
    pub layers: usize,
}

/// Sizes in pixels.
#[derive(Clone, Copy)]
pub(super) struct Sizes {
    pub node: f64,
    /// Room that a passing edge takes.
    pub corner: f64,
    pub gap: f64,
    /// Most nodes beside each other; what is more goes below.
    pub beside: usize,
    /// Long edges get corners. Without them, they run straight.
    pub corners: bool,
}

struct Item {
    layer: usize,
    width: f64,
    above: Vec<usize>,
    below: Vec<usize>,
}

/// `edges` go from what comes first; there must be no cycle.
pub(super) fn layout(nodes: usize, edges: &[(usize, usize)], sizes: Sizes) -> Layout {
    let (layer, layers) = layers(nodes, edges, sizes.beside);
    let mut items: Vec<Item> = layer
        .iter()
        .map(|layer| Item { layer: *layer, width: sizes.node, above: vec![], below: vec![] })
        .collect();
    let mut ways = Vec::new();
    for &(from, to) in edges {
        let mut way = vec![from];
        if sizes.corners {
            for between in layer[from] + 1..layer[to] {
                items.push(Item {
                    layer: between,
                    width: sizes.corner,
                    above: vec![],
                    below: vec![],
                });
                way.push(items.len() - 1);
            }
        }
        way.push(to);
        for pair in way.windows(2) {
            items[pair[0]].below.push(pair[1]);
            items[pair[1]].above.push(pair[0]);
        }
        ways.push(way);
    }
    let rows = order(&items, layers);
    let x = places(&items, &rows, sizes.gap);
    let width = items.iter().zip(&x).map(|(item, x)| x + item.width / 2.0).fold(0.0, f64::max);
    let point = |at: usize| (x[at], items[at].layer);
    Layout {
        nodes: (0..nodes).map(point).collect(),
        edges: ways.into_iter().map(|way| way.into_iter().map(point).collect()).collect(),
        width,
        layers,
    }
}

/// The longest way from a source; a layer with too many nodes becomes several.
fn layers(nodes: usize, edges: &[(usize, usize)], beside: usize) -> (Vec<usize>, usize) {
    let mut below = vec![Vec::new(); nodes];
    let mut waits = vec![0; nodes];
    for &(from, to) in edges {
        below[from].push(to);
        waits[to] += 1;
    }
    let mut depth = vec![0; nodes];
    let mut ready: Vec<usize> = (0..nodes).filter(|node| waits[*node] == 0).collect();
    while let Some(node) = ready.pop() {
        for &next in &below[node] {
            depth[next] = depth[next].max(depth[node] + 1);
            waits[next] -= 1;
            if waits[next] == 0 {
                ready.push(next);
            }
        }
    }
    let deepest = depth.iter().copied().max().unwrap_or(0);
    let mut layer = vec![0; nodes];
    let mut next = 0;
    for level in 0..=deepest {
        let on: Vec<usize> = (0..nodes).filter(|node| depth[*node] == level).collect();
        for (place, node) in on.iter().enumerate() {
            layer[*node] = next + place / beside;
        }
        next += on.len().div_ceil(beside).max(1);
    }
    (layer, next)
}

/// Items of each layer from left to right: sorted by where their neighbours are, down and up again.
fn order(items: &[Item], layers: usize) -> Vec<Vec<usize>> {
    let mut rows = vec![Vec::new(); layers];
    for (at, item) in items.iter().enumerate() {
        rows[item.layer].push(at);
    }
    let mut rank = vec![0.0; items.len()];
    let number = |row: &[usize], rank: &mut Vec<f64>| {
        for (place, at) in row.iter().enumerate() {
            rank[*at] = (place as f64 + 0.5) / row.len() as f64;
        }
    };
    rows.iter().for_each(|row| number(row, &mut rank));
    for round in 0..8 {
        let down = round % 2 == 0;
        for at in 0..layers {
            let row = &mut rows[if down { at } else { layers - 1 - at }];
            row.sort_by(|a, b| {
                let mean = |item: usize| {
                    let near = if down { &items[item].above } else { &items[item].below };
                    if near.is_empty() {
                        return rank[item];
                    }
                    near.iter().map(|one| rank[*one]).sum::<f64>() / near.len() as f64
                };
                mean(*a).total_cmp(&mean(*b))
            });
            number(row, &mut rank);
        }
    }
    rows
}

fn places(items: &[Item], rows: &[Vec<usize>], gap: f64) -> Vec<f64> {
    let mut x = vec![0.0; items.len()];
    for row in rows {
        let mut at = 0.0;
        for item in row {
            x[*item] = at + items[*item].width / 2.0;
            at += items[*item].width + gap;
        }
        row.iter().for_each(|item| x[*item] -= at / 2.0);
    }
    for round in 0..16 {
        let down = round % 2 == 0;
        for at in 0..rows.len() {
            let row = &rows[if down { at } else { rows.len() - 1 - at }];
            let wanted: Vec<f64> = row
                .iter()
                .map(|item| {
                    let (above, below) = (&items[*item].above, &items[*item].below);
                    let near =
                        if down && !above.is_empty() || below.is_empty() { above } else { below };
                    let all =
                        if round > 11 { above.iter().chain(below) } else { near.iter().chain(&[]) };
                    let (sum, n) = all.fold((0.0, 0), |(sum, n), one| (sum + x[*one], n + 1));
                    if n == 0 { x[*item] } else { sum / f64::from(n) }
                })
                .collect();
            spread(items, row, &wanted, gap, &mut x);
        }
    }
    let left = items.iter().zip(&x).map(|(item, x)| x - item.width / 2.0).fold(f64::MAX, f64::min);
    x.iter_mut().for_each(|x| *x -= left);
    x
}

/// The places nearest to the wanted ones, in this order and without overlap.
fn spread(items: &[Item], row: &[usize], wanted: &[f64], gap: f64, x: &mut [f64]) {
    // Without the room that each needs, the order is all that is left: the sum of squares is
    // least for the means of pooled blocks.
    let mut room = 0.0;
    let mut offsets = Vec::with_capacity(row.len());
    let mut blocks: Vec<(f64, usize)> = Vec::new();
    for (place, item) in row.iter().enumerate() {
        if place > 0 {
            room += f64::midpoint(items[row[place - 1]].width, items[*item].width) + gap;
        }
        offsets.push(room);
        let mut block = (wanted[place] - room, 1);
        while let Some(last) = blocks.last().filter(|last| last.0 > block.0) {
            let n = last.1 + block.1;
            block = ((last.0 * last.1 as f64 + block.0 * block.1 as f64) / n as f64, n);
            blocks.pop();
        }
        blocks.push(block);
    }
    let spread = blocks.iter().flat_map(|(mean, n)| std::iter::repeat_n(*mean, *n));
    for ((item, offset), mean) in row.iter().zip(offsets).zip(spread) {
        x[*item] = mean + offset;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: Sizes = Sizes { node: 100.0, corner: 10.0, gap: 20.0, beside: 6, corners: true };

    #[test]
    fn nothing_overlaps_and_edges_go_down() {
        let edges = [(0, 1), (0, 2), (1, 3), (2, 3), (0, 3), (3, 4), (2, 5)];
        let found = layout(6, &edges, SIZES);
        for a in 0..6 {
            for b in 0..a {
                let ((xa, la), (xb, lb)) = (found.nodes[a], found.nodes[b]);
                assert!(la != lb || (xa - xb).abs() >= 119.9, "{a} and {b}");
            }
        }
        for (way, (from, to)) in found.edges.iter().zip(edges) {
            assert_eq!((way[0], way[way.len() - 1]), (found.nodes[from], found.nodes[to]));
            assert!(way.windows(2).all(|pair| pair[0].1 + 1 == pair[1].1));
        }
    }

    #[test]
    fn a_chain_is_straight_and_a_crowd_is_folded() {
        let found = layout(3, &[(0, 1), (1, 2)], SIZES);
        assert!(found.nodes.iter().all(|(x, _)| (x - 50.0).abs() < 0.01));
        let found = layout(20, &[], SIZES);
        assert_eq!((found.layers, found.nodes[19].1), (4, 3));
        assert_eq!(layout(0, &[], SIZES).nodes.len(), 0);
    }
}
