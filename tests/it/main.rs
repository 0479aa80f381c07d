//! The one integration test binary: each more would link the SDKs again.

mod lab;
mod support;
