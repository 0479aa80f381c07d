//! Actions on Lambda functions.

pub mod throttle_function;

#[cfg(test)]
mod tests;
