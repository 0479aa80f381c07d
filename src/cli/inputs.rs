//! `-i NAME=VALUE`: the inputs of a playbook.

use clap::Args;

#[derive(Args, Clone, Debug, Default)]
pub(super) struct Inputs {
    /// Input of the playbook; repeatable. A sensitive one is given as `NAME=@FILE`, `@-`, `env:VARIABLE`,
    /// `ssm:/PATH` or `secretsmanager:NAME`, the last two with an optional `#KEY` of a JSON object
    #[arg(short, long = "input", value_name = "NAME=VALUE", value_parser = pair)]
    pub inputs: Vec<(String, String)>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.into(), value.into())),
        _ => Err("write it as `name=value`".into()),
    }
}
