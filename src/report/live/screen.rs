//! Draws lines at the foot of a terminal, over those that were there. Owns the cursor: it rests at the
//! start of the line below, so that what others write there is visible; its caller decides what is drawn.

use crate::text::{Ready, one_line};

use super::cut::{columns, cut};

/// What was drawn, and how wide the terminal was then.
#[derive(Debug, Default)]
pub(super) struct Screen {
    drawn: Vec<String>,
    width: usize,
    /// Lines that are longer than the terminal have become is wide are broken by it, which moves what
    /// stands below them.
    reflows: bool,
}

impl Screen {
    pub(super) fn new(reflows: bool) -> Self {
        Self { reflows, ..Self::default() }
    }

    /// Whether this process's terminal re-wraps lines when it becomes narrower. All do
    /// except a few, which identify themselves.
    pub(super) fn here() -> Self {
        let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        // Inside tmux these are of the terminal around it.
        let still = is_set("XTERM_VERSION") || is_set("STY");
        Self::new(is_set("TMUX") || !still)
    }

    /// What makes the screen show `lines`, which stay, above `frame`, which the next call draws over.
    /// Empty when it shows that already. Neither may be wider than `width` less one: the cursor must not
    /// come to stand past the last column.
    pub(super) fn draw(
        &mut self,
        lines: &[String],
        frame: &[String],
        width: usize,
        height: usize,
    ) -> Ready {
        let room = width.saturating_sub(1);
        let frame: Vec<_> = frame.iter().map(|line| cut(&one_line(line), room)).collect();
        if lines.is_empty() && frame == self.drawn && width == self.width {
            return Ready::default();
        }
        // One write that terminals show at once, where they know how to.
        let mut out = Ready::default();
        out.control("\u{1b}[?2026h");
        let up = self.rows(width).min(height.saturating_sub(1));
        if up > 0 {
            out.up(up);
        }
        out.control("\r");
        let same = lines.is_empty() && width == self.width;
        for line in lines {
            out.push(&cut(&one_line(line), room));
            out.control("\u{1b}[K\n");
        }
        for (index, line) in frame.iter().enumerate() {
            // Unchanged lines are not written: on a slow connection that saves most of the output.
            if same && self.drawn.get(index) == Some(line) {
                out.control("\n");
            } else {
                out.push(line);
                out.control("\u{1b}[K\n");
            }
        }
        out.control("\u{1b}[J\u{1b}[?2026l");
        (self.drawn, self.width) = (frame, width);
        out
    }

    /// How many rows what was drawn takes now.
    fn rows(&self, width: usize) -> usize {
        if !self.reflows || width >= self.width {
            return self.drawn.len();
        }
        self.drawn.iter().map(|line| columns(line).div_ceil(width.max(1)).max(1)).sum()
    }
}
