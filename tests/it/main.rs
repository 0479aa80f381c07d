//! The one integration test binary: each more would link the SDKs again.

mod accounts;
mod actions_ec2;
mod binary;
mod cli;
mod crash;
mod direction;
mod docs;
mod failing;
mod fan_out;
mod front;
mod front_fis;
mod invalid;
mod lab;
mod localstack;
mod pipelines;
mod playbooks;
mod reports;
mod support;
