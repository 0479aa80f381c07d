//! The front as a whole, before a real moto and before small upstreams of the tests' own.

mod basics;
mod enforce;
mod enforce_keys;
mod enforce_owners;
mod enforce_passed;
mod enforce_resources;
mod faults;
mod hostile;
mod independent;
mod instance_credentials;
mod kill;
mod load;
mod passthrough;
mod standing;
mod trail;
mod upstream;

use super::testing;
