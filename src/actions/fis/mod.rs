//! Actions on AWS FIS experiments, one file each. Owns what is checked before a fault and what is reported
//! of it; the AWS calls are in `aws::fis`.

pub mod await_effect;
pub mod await_experiment;
mod experiment_input;
pub mod run_experiment;
