//! The engine against a world in memory: every cut of a run, both worlds at each cut, and what
//! resume and release make of them. Owns no production code.

mod always;
mod belts;
mod cuts;
mod discards;
mod exposure;
mod failures;
mod first;
mod foreign;
mod harness;
mod kinds;
mod people;
mod planning;
mod random;
mod script;
mod shared;
mod stops;
mod versions;
mod walking;
mod withheld;
mod world;
