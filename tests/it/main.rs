//! The one integration test binary: each more would link the SDKs again.

mod actions_ec2;
mod lab;
mod support;
