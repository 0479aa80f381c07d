//! Tests of the compiler as a whole: every fixture, random graphs, hostile text, schemas that schemars derives.

mod derived;
mod fixtures;
mod graphs;
mod hostile;
