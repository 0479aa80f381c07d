//! A run in progress, as people watch it: bars on a terminal, plain lines with the time elsewhere.
//! One fold ([`View`]) of the engine's events or of the journal's records, and its drawing; a
//! lost terminal loses nothing but the view.

mod cut;
mod follower;
mod frame;
mod lines;
mod retold;
mod screen;
mod show;
#[cfg(test)]
mod tests;
mod view;

pub use follower::{Follower, Held, follow, print_err, still, writer};
pub use show::Show;
pub use view::{Head, View};
