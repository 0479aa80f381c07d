//! Tests of the compiler as a whole: every fixture, random graphs, hostile text, schemas that schemars derives.

#[cfg(feature = "aws")]
mod confided;
mod derived;
mod fixtures;
mod graphs;
mod hostile;
