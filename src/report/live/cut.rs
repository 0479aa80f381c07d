//! How many columns a text takes, and cutting it to that. Owns the guess where terminals differ: the
//! larger one, since a line may be cut too early but must never wrap.

use crate::text::{Part, parts, reset};

/// Columns of a text that may be painted.
pub(super) fn columns(text: &str) -> usize {
    let of = |part| match part {
        Part::Char(c) => wide(c),
        Part::Style(_) => 0,
    };
    parts(text).map(of).sum()
}

/// A line of at most `width` columns, with `…` where something was cut off.
pub(super) fn cut(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.into();
    }
    let (mut kept, mut taken, mut painted) = (String::new(), 0, false);
    for part in parts(text) {
        match part {
            Part::Char(c) => {
                taken += wide(c);
                if taken >= width {
                    break;
                }
            }
            Part::Style(_) => painted = true,
        }
        part.push(&mut kept);
    }
    if width > 0 {
        kept.push('…');
    }
    if painted {
        kept.push_str(&reset());
    }
    kept
}

/// The text cut or filled to exactly `width` columns.
pub(super) fn fill(text: &str, width: usize) -> String {
    let text = cut(text, width);
    let missing = width.saturating_sub(columns(&text));
    text + &" ".repeat(missing)
}

fn wide(c: char) -> usize {
    let wide = matches!(u32::from(c),
        0x1100..=0x115f | 0x231a..=0x231b | 0x2329..=0x232a | 0x23e9..=0x23f3
        | 0x2600..=0x2712 | 0x2714..=0x2716 | 0x2718..=0x27bf | 0x2b00..=0x2bff
        | 0x2e80..=0xa4cf | 0xa960..=0xa97f | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe10..=0xfe6f
        | 0xff00..=0xffe6 | 0x16fe0..=0x18fff | 0x1b000..=0x1b2ff | 0x1f000..=0x3fffd);
    if wide { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use anstyle::Style;

    use super::*;
    use crate::text::{Ready, paint};

    #[test]
    fn a_line_is_cut_by_what_it_takes_on_the_screen() {
        assert_eq!(cut("isolate", 7), "isolate");
        assert_eq!(cut("isolate", 6), "isola…");
        let bold = |text: &str| paint(Style::new().bold(), text);
        assert_eq!(Ready::text(&cut(&bold("isolate"), 4)).as_str(), "\u{1b}[1miso…\u{1b}[0m");
        assert_eq!(columns(&format!("{}✓", bold("日本"))), 5);
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(fill("日本語", 4), "日… ");
        assert_eq!(fill("ab", 4), "ab  ");
    }
}
