//! The options that every command takes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    Always,
    Never,
}

#[derive(Args, Clone, Debug)]
pub(super) struct Global {
    /// Where runs and the lab are kept [default: $XDG_STATE_HOME/backburn, or ~/.local/state/backburn]
    #[arg(long, global = true, help_heading = "Files", env = "BACKBURN_HOME", value_name = "DIR")]
    pub home: Option<PathBuf>,
    /// Configuration [default: backburn.toml here or above, or in ~/.backburn; `none` for none]
    #[arg(
        long,
        global = true,
        help_heading = "Files",
        env = "BACKBURN_CONFIG",
        value_name = "FILE"
    )]
    pub config: Option<String>,
    /// Profile of the AWS config files
    #[arg(long, global = true, help_heading = "AWS")]
    pub profile: Option<String>,
    /// AWS Region
    #[arg(long, global = true, help_heading = "AWS")]
    pub region: Option<String>,
    /// Account of backburn.toml to work in, by name or id; its role is assumed
    #[arg(long, global = true, help_heading = "AWS", value_name = "NAME")]
    pub account: Option<String>,
    /// Endpoint to use instead of AWS
    #[arg(long, global = true, help_heading = "AWS", value_name = "URL")]
    pub endpoint_url: Option<String>,
    /// Allow an endpoint that is not on this machine
    #[arg(long, global = true, help_heading = "AWS")]
    pub allow_remote_endpoint: bool,
    /// Print data as JSON
    #[arg(long, global = true, help_heading = "Output")]
    pub json: bool,
    /// When to use colour
    #[arg(
        long,
        global = true,
        help_heading = "Output",
        value_name = "WHEN",
        default_value = "auto"
    )]
    pub color: Color,
    /// Log to stderr: -v for calls, -vv for everything (`BACKBURN_LOG` takes a filter)
    #[arg(short, long, global = true, help_heading = "Output", action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Send spans of the command, its steps and AWS calls to an OpenTelemetry collector, by OTLP over HTTP
    /// [default: OTEL_EXPORTER_OTLP_ENDPOINT, or this machine]
    #[arg(
        long,
        global = true,
        help_heading = "Output",
        value_name = "URL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = ""
    )]
    pub otlp: Option<String>,
}
