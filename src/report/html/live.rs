//! The same page in parts, for showing it while the run is in progress: each part is rewritten and
//! takes the place of the one before. Owns which parts there are.

use super::{Html, Written, contents, foot, parts, section, view::View};
use crate::report::model::Report;

/// The sections, in order; each has its place from the start, even while it is empty.
pub(crate) const NAMES: [&str; 12] = [
    "summary",
    "drill",
    "containment",
    "timeline",
    "steps",
    "changes",
    "operations",
    "evidence",
    "people",
    "duties",
    "lessons",
    "proof",
];

/// The line at the top.
pub(crate) fn header(kind: &str, run: &str, html: &mut Html) {
    html.tag("header", &[("class", &"top")], |html| {
        html.line("b", &[], "backburn");
        html.line("span", &[], kind);
        html.line("span", &[("class", &"m")], run);
    });
}

/// Every part by its name: what is in `nav`, the sections of [`NAMES`], what is in `foot`.
pub(crate) fn parts_of(report: &Report) -> Vec<(&'static str, Written)> {
    let view = View::of(report);
    let there = parts(&view);
    let mut all = vec![("nav", written(|html| contents(&there, html)))];
    for name in NAMES {
        let part = there.iter().find(|(id, ..)| *id == name);
        all.push((
            name,
            written(|html| part.into_iter().for_each(|one| section(&view, one, html))),
        ));
    }
    all.push(("foot", written(|html| foot(report, html))));
    all
}

fn written(write: impl FnOnce(&mut Html)) -> Written {
    let mut html = Html::default();
    write(&mut html);
    html.part()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{
        html::html,
        model::testing::{drill, large},
    };

    #[test]
    fn the_parts_are_the_page() {
        for report in [drill(), large(20)] {
            let page = html(&report);
            let parts = parts_of(&report);
            for (name, part) in &parts {
                assert!(page.contains(part.as_str()), "{name}");
            }
            let sections = parts.iter().map(|(_, part)| part.as_str().matches("<section").count());
            assert_eq!(sections.sum::<usize>(), page.matches("<section").count());
        }
    }
}
