//! The steps and their order as a drawing, each box with the state it ended in. What it shows is in
//! the table of steps as well.

use std::fmt::Write;

use super::{
    Html, Px,
    graph::{Graph, Node},
    layout::{Sizes, layout},
    tables::is_off,
    view::{View, class, sign},
};
use crate::report::{look, plan::plural};

const LIMIT: usize = 130_000;
const MARGIN: f64 = 6.0;

pub(super) fn draw(view: &View<'_>, html: &mut Html) {
    let graph = Graph::of(&view.report.steps);
    if graph.nodes.len() < 2 {
        return;
    }
    let many = graph.nodes.len() > 150;
    let sizes = Sizes { node: 172.0, corner: 14.0, gap: 22.0, beside: 6, corners: !many };
    let (tall, step) = (40.0, if many { 54.0 } else { 74.0 });
    let plain: Vec<_> = graph.edges.iter().map(|(from, to, ..)| (*from, *to)).collect();
    let laid = layout(graph.nodes.len(), &plain, sizes);
    let (width, height) =
        (laid.width + 2.0 * MARGIN, laid.layers as f64 * step - (step - tall) + 2.0 * MARGIN);
    let name = format!(
        "{} in order; the table below lists what each step waits for",
        plural(graph.nodes.len(), "step")
    );
    let class = if laid.layers > 14 { "scroll tall" } else { "scroll" };
    let attrs: super::write::Attrs<'_> = &[
        ("class", &class),
        ("role", &"group"),
        ("tabindex", &"0"),
        ("aria-label", &"Graph of the steps"),
    ];
    html.tag("div", attrs, |html| {
        let attrs: super::write::Attrs<'_> = &[
            ("class", &"fit"),
            ("width", &Px(width)),
            ("height", &Px(height)),
            ("viewBox", &format_args!("0 0 {} {}", Px(width), Px(height))),
            ("role", &"group"),
            ("aria-labelledby", &"dag-t"),
        ];
        html.tag("svg", attrs, |html| {
            html.line("title", &[("id", &"dag-t")], &name);
            let end = html.len() + LIMIT;
            // The hot ones last, so that they lie on top.
            let mut order: Vec<_> = graph.edges.iter().zip(&laid.edges).collect();
            order.sort_by_key(|((_, _, _, hot), _)| *hot);
            for ((_, _, data, hot), way) in order {
                if html.len() < end {
                    edge(way, *data, *hot, tall, step, html);
                }
            }
            for (node, (x, layer)) in graph.nodes.iter().zip(&laid.nodes) {
                if html.len() < end {
                    let (x, y) = (x - sizes.node / 2.0 + MARGIN, *layer as f64 * step + MARGIN);
                    boxed(node, !many, (x, y), (sizes.node, tall), html);
                }
            }
        });
    });
    html.tag("ul", &[("class", &"key")], |html| {
        for (class, text) in [
            ("edge hot", "critical path"),
            ("edge", "reads an output"),
            ("edge order", "waits for"),
        ] {
            html.tag("li", &[], |html| {
                html.tag(
                    "svg",
                    &[("width", &26), ("height", &10), ("aria-hidden", &"true")],
                    |html| {
                        html.shape("path", &[("class", &class), ("d", &"M1 5H25")]);
                    },
                );
                html.text(text);
            });
        }
    });
}

fn edge(way: &[(f64, usize)], data: bool, hot: bool, tall: f64, step: f64, html: &mut Html) {
    let class = match (hot, data) {
        (true, _) => "edge hot",
        (false, true) => "edge",
        (false, false) => "edge order",
    };
    let at = |point: &(f64, usize)| (point.0 + MARGIN, point.1 as f64 * step + MARGIN);
    let mut d = String::new();
    for (place, pair) in way.windows(2).enumerate() {
        let ((x, y), (to_x, to_y)) = (at(&pair[0]), at(&pair[1]));
        // A corner is passed straight, at the height of the boxes beside it.
        let y = y + tall;
        if place == 0 {
            let _ = write!(d, "M{} {}", Px(x), Px(y));
        } else {
            let _ = write!(d, "V{}", Px(y));
        }
        let middle = Px(f64::midpoint(y, to_y));
        let _ = write!(d, "C{} {middle} {} {middle} {} {}", Px(x), Px(to_x), Px(to_x), Px(to_y));
    }
    html.shape("path", &[("class", &class), ("d", &d)]);
}

fn boxed(
    node: &Node<'_>,
    link: bool,
    (x, y): (f64, f64),
    (width, tall): (f64, f64),
    html: &mut Html,
) {
    let tone = node.state.tone();
    let inside = |html: &mut Html| {
        let title = node.title.unwrap_or_default();
        html.line("title", &[], format_args!("{} {}", node.id, look::shorten(title, 80)));
        let off = if is_off(node.state) { "box off" } else { "box" };
        let attrs: super::write::Attrs<'_> = &[
            ("class", &off),
            ("x", &Px(x)),
            ("y", &Px(y)),
            ("width", &Px(width)),
            ("height", &Px(tall)),
            ("rx", &6),
        ];
        html.shape("rect", attrs);
        let left = Px(x + 10.0);
        let name = look::shorten(node.id, 23);
        html.line("text", &[("class", &"m"), ("x", &left), ("y", &Px(y + 17.0))], name);
        let mut state = format!("{} {}", sign(tone), node.state.word());
        if node.items > 1 {
            let _ = write!(state, ", {} items", node.items);
        }
        html.line("text", &[("class", &"s"), ("x", &left), ("y", &Px(y + 32.0))], state);
    };
    let href = format!("#s{}", node.row);
    if link {
        html.tag("a", &[("class", &class(tone)), ("href", &href)], inside);
    } else {
        html.tag("g", &[("class", &class(tone))], inside);
    }
}
