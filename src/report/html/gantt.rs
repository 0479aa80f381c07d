//! The timeline: a lane a step, the path that decided how long it took, verdicts and moments. Owns the drawing; the
//! table of steps has the same in words.

use super::{
    Html, Px,
    scale::{Scale, since},
    tables::is_off,
    view::{View, between, class, seconds},
};
use crate::report::{
    look,
    model::{Mark, SpanKind, State, Stretch, Tone},
};

const WIDTH: f64 = 1040.0;
const LABEL: f64 = 210.0;
const RIGHT: f64 = WIDTH - 70.0;
const TOP: f64 = 34.0;
/// More items of a for-each than this share a lane.
const ITEMS: usize = 6;
const LIMIT: usize = 170_000;
/// Height of a lane where there are many.
const CLOSE: f64 = 15.0;

/// What there is to draw of each step.
struct Drawn<'a> {
    stretches: Vec<Vec<&'a Stretch>>,
    marks: Vec<Vec<&'a Mark>>,
}

impl<'a> Drawn<'a> {
    fn of(view: &View<'a>) -> Self {
        let report = view.report;
        let mut stretches = vec![Vec::new(); report.steps.len()];
        for stretch in &report.timeline.stretches {
            stretches[stretch.step].push(stretch);
        }
        let mut marks = vec![Vec::new(); report.steps.len()];
        for mark in &report.timeline.marks {
            if let Some(step) = mark.step {
                marks[step].push(mark);
            }
        }
        Self { stretches, marks }
    }
}

/// Steps that share a lane: one, or the items of a for-each.
struct Lane {
    name: String,
    steps: Vec<usize>,
    row: f64,
}

pub(super) fn gantt(view: &View<'_>, html: &mut Html) {
    let report = view.report;
    let stretches = &report.timeline.stretches;
    let busy = stretches.iter().map(|stretch| (stretch.from, stretch.to));
    let Some(scale) = Scale::of(busy, LABEL, RIGHT) else {
        html.line("p", &[("class", &"lead")], "No step began.");
        return;
    };
    let lanes = lanes(view);
    path(view, html);
    let height = lanes.last().map_or(0.0, |lane| lane.row) + 26.0;
    let row = if lanes.len() > 60 { CLOSE } else { 21.0 };
    let tall = if lanes.len() > 45 { "scroll tall" } else { "scroll" };
    html.tag(
        "div",
        &[("class", &tall), ("role", &"group"), ("tabindex", &"0"), ("aria-label", &"Timeline")],
        |html| {
            let view_box = format!("0 0 {WIDTH} {}", Px(height));
            let attrs: super::write::Attrs<'_> = &[
                ("class", &"fit gantt"),
                ("width", &Px(WIDTH)),
                ("height", &Px(height)),
                ("viewBox", &view_box),
                ("role", &"group"),
                ("aria-labelledby", &"gantt-t"),
            ];
            html.tag("svg", attrs, |html| {
                let title = format!(
                    "When each of {} lanes worked; the table of steps has the same times",
                    lanes.len()
                );
                html.line("title", &[("id", &"gantt-t")], title);
                backdrop(&scale, height, html);
                moments(view, &scale, height, html);
                let drawn = Drawn::of(view);
                let end = html.len() + LIMIT;
                for (at, lane) in lanes.iter().enumerate() {
                    if html.len() > end {
                        let text = format!("{} more steps", lanes.len() - at);
                        html.line("text", &[("x", &0), ("y", &Px(lane.row + 12.0))], text);
                        break;
                    }
                    draw(view, &drawn, &scale, lane, row, html);
                }
            });
        },
    );
    legend(html);
}

fn path(view: &View<'_>, html: &mut Html) {
    let mut hot: Vec<_> = view.report.steps.iter().filter(|step| step.critical).collect();
    hot.sort_by_key(|step| step.started);
    let Some((first, last)) = hot.first().zip(hot.last()) else { return };
    html.tag("p", &[("class", &"lead")], |html| {
        html.text("Critical path, what decided how long it took");
        if let Some((from, to)) = first.started.zip(last.ended) {
            html.text(format_args!(" ({})", between(from, to)));
        }
        html.text(": ");
        for (at, step) in hot.iter().take(30).enumerate() {
            if at > 0 {
                html.text(" → ");
            }
            view.step(html, &step.id);
            if let Some((from, to)) = step.started.zip(step.ended) {
                html.text(format_args!(" {}", between(from, to)));
            }
        }
        if hot.len() > 30 {
            html.text(format_args!(" → {} more", hot.len() - 30));
        }
    });
}

/// Lanes in the order in which they began.
fn lanes(view: &View<'_>) -> Vec<Lane> {
    let report = view.report;
    let mut of: indexmap::IndexMap<&str, Vec<usize>> = indexmap::IndexMap::new();
    for (at, step) in report.steps.iter().enumerate() {
        if step.started.is_some() && !is_off(step.state) {
            of.entry(&step.parent).or_default().push(at);
        }
    }
    let mut lanes: Vec<Lane> = Vec::new();
    for (parent, steps) in of {
        if steps.len() > ITEMS {
            lanes.push(Lane { name: format!("{parent} ×{}", steps.len()), steps, row: 0.0 });
        } else {
            let alone = steps.into_iter();
            lanes.extend(alone.map(|at| Lane {
                name: report.steps[at].id.clone(),
                steps: vec![at],
                row: 0.0,
            }));
        }
    }
    lanes.sort_by_key(|lane| {
        (lane.steps.iter().filter_map(|at| report.steps[*at].started).min(), lane.steps[0])
    });
    let row = if lanes.len() > 60 { CLOSE } else { 21.0 };
    let mut y = TOP;
    for lane in &mut lanes {
        lane.row = y;
        y += row;
    }
    lanes
}

fn backdrop(scale: &Scale, height: f64, html: &mut Html) {
    for (x, seconds) in scale.ticks() {
        html.shape(
            "path",
            &[("class", &"grid"), ("d", &format_args!("M{} 20V{}", Px(x), Px(height)))],
        );
        html.line("text", &[("class", &"s"), ("x", &Px(x + 2.0)), ("y", &14)], since(seconds));
    }
    for (x, left_out) in scale.cuts() {
        let (x, width, tall) = (Px(x), Px(Scale::CUT), Px(height - 20.0));
        html.tag("g", &[], |html| {
            html.line(
                "title",
                &[],
                format_args!("{} in which nothing ran, cut out", seconds(left_out)),
            );
            html.shape(
                "rect",
                &[("class", &"rest"), ("x", &x), ("y", &20), ("width", &width), ("height", &tall)],
            );
            html.line("text", &[("class", &"s"), ("x", &Px(x.0 + 6.0)), ("y", &32)], "⋯");
        });
    }
}

/// Events of the run as a whole; those of a release come after all lanes and are described in words.
fn moments(view: &View<'_>, scale: &Scale, height: f64, html: &mut Html) {
    let last = view.report.timeline.stretches.iter().map(|stretch| stretch.to).max();
    for mark in view.report.timeline.marks.iter().filter(|mark| mark.step.is_none()).take(40) {
        if last.is_none_or(|last| mark.at > last) {
            continue;
        }
        let x = Px(scale.x(mark.at));
        html.tag("g", &[("class", &class(mark.tone))], |html| {
            html.line("title", &[], format_args!("{} {}", view.clock(mark.at), mark.text));
            html.shape(
                "path",
                &[("class", &"moment"), ("d", &format_args!("M{x} 18V{}", Px(height)))],
            );
        });
    }
}

fn draw(view: &View<'_>, drawn: &Drawn<'_>, scale: &Scale, lane: &Lane, row: f64, html: &mut Html) {
    let report = view.report;
    let steps: Vec<_> = lane.steps.iter().map(|at| &report.steps[*at]).collect();
    let bad = steps.iter().find(|step| step.state == State::Failed || step.state == State::CutOff);
    let tone = bad.map_or_else(|| steps[0].state.tone(), |step| step.state.tone());
    let hot = steps.iter().any(|step| step.critical);
    let (y, thick) = (lane.row, row - 9.0);
    html.tag("g", &[("class", &class(tone))], |html| {
        let name = look::shorten(&lane.name, 29);
        let label = |html: &mut Html| {
            html.line("text", &[("class", &"m"), ("x", &0), ("y", &Px(y + thick))], name);
        };
        // Nobody walks over a hundred links by keyboard to get past a drawing.
        if row > CLOSE {
            html.tag("a", &[("href", &format_args!("#s{}", lane.steps[0]))], label);
        } else {
            label(html);
        }
        let mut own: Vec<_> =
            lane.steps.iter().flat_map(|at| &drawn.stretches[*at]).copied().collect();
        // What lies within the work is drawn over it.
        own.sort_by_key(|stretch| matches!(stretch.kind, SpanKind::Asked | SpanKind::Exposed));
        let mut end: f64 = 0.0;
        for stretch in own {
            end = end.max(bar(scale, stretch, y, thick, hot, html));
        }
        let from = steps.iter().filter_map(|step| step.started).min();
        let to = steps.iter().filter_map(|step| step.ended).max();
        if let Some((from, to)) = from.zip(to) {
            let text = ("text", between(from, to));
            html.line(
                text.0,
                &[("class", &"s"), ("x", &Px(end + 6.0)), ("y", &Px(y + thick))],
                text.1,
            );
        }
    });
    let marks = lane.steps.iter().flat_map(|at| &drawn.marks[*at]);
    for mark in marks.take(8) {
        let (x, y) = (scale.x(mark.at), y + thick / 2.0 + 1.0);
        let shape = match mark.tone {
            Tone::Good => format!("M{} {}l5 5-5 5-5-5z", Px(x), Px(y - 5.0)),
            _ => format!("M{} {}l5 9h-10z", Px(x), Px(y - 5.0)),
        };
        html.tag(
            "path",
            &[("class", &format_args!("pin {}", class(mark.tone))), ("d", &shape)],
            |html| {
                html.line("title", &[], look::shorten(&mark.text, 120));
            },
        );
    }
}

/// Draws one stretch and gives its right end.
fn bar(scale: &Scale, stretch: &Stretch, y: f64, thick: f64, hot: bool, html: &mut Html) -> f64 {
    let (from, to) = (scale.x(stretch.from), scale.x(stretch.to));
    let width = (to - from).max(2.0);
    let (kind, top, tall) = match stretch.kind {
        SpanKind::Work if hot => (" hot", y, thick),
        SpanKind::Work => ("", y, thick),
        SpanKind::Failed => (" failed", y, thick),
        SpanKind::Asked => (" asked", y + 2.0, thick - 4.0),
        SpanKind::Exposed => (" exposed", y + thick - 3.0, 5.0),
    };
    let attrs: super::write::Attrs<'_> = &[
        ("class", &format_args!("bar{kind}")),
        ("x", &Px(from)),
        ("y", &Px(top)),
        ("width", &Px(width)),
        ("height", &Px(tall)),
        ("rx", &2),
    ];
    html.shape("rect", attrs);
    from + width
}

fn legend(html: &mut Html) {
    let keys: [(&str, &str); 5] = [
        ("bar hot", "on the critical path"),
        ("bar good", "beside it"),
        ("bar failed", "failed attempt"),
        ("bar asked", "a person was asked"),
        ("bar exposed", "exposed state, until it was closed"),
    ];
    html.tag("ul", &[("class", &"key")], |html| {
        for (class, text) in keys {
            html.tag("li", &[], |html| {
                html.tag(
                    "svg",
                    &[("width", &22), ("height", &12), ("aria-hidden", &"true")],
                    |html| {
                        html.shape(
                            "rect",
                            &[
                                ("class", &class),
                                ("x", &1),
                                ("y", &1),
                                ("width", &20),
                                ("height", &10),
                                ("rx", &2),
                            ],
                        );
                    },
                );
                html.text(text);
            });
        }
        html.line("li", &[], "◆ proven");
        html.line("li", &[], "▲ presumed or failed");
        html.line("li", &[], "dashed lines: moments of the run");
    });
}
