//! The one way out for text that people read. Owns how characters that a terminal, a CI log or a reader would obey
//! are shown instead, which styles are the program's own, and the two streams. Knows nothing of what is said.
//!
//! Text reaches a stream only as [`Ready`], and only this module makes one. So nothing can be forgotten: what is
//! not the program's own style leaves as visible characters. `tests/it/direction.rs` holds that no other file
//! names a stream.
//!
//! Two things a stream cannot tell are decided earlier. A value is put on one line by [`value`], and a line is
//! added to a text by `line!`, where a line break inside of it is shown as `\x0a`. A name in a command that people
//! copy is put into it by [`argument`].

mod escape;
mod lines;
mod shell;
mod stream;
mod style;
#[cfg(test)]
mod tests;

pub use escape::{is_hidden, json, value};
pub use lines::one_line;
pub(crate) use lines::{AddLine, line};
pub use shell::argument;
pub use stream::{Ready, Stream};
pub use style::{Part, adopt, paint, parts, reset};

/// `1 record`, `2 records`.
pub(crate) fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
