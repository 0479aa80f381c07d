//! The one integration test binary: each more would link the SDKs again.

mod accounts;
mod actions_ec2;
mod belts;
mod binary;
mod cli;
mod crash;
mod direction;
mod docs;
mod drill_data;
mod drill_ec2;
mod drill_watch;
mod enforcement;
mod drill_backup;
mod drill_ec2;
mod drill_fis;
mod failing;
mod fan_out;
mod front;
mod front_fis;
mod invalid;
mod lab;
mod localstack;
mod playbooks;
mod rig;
mod support;
mod upstreams;
