//! `backburn explain`: the page for a code shown in brackets in a message.

use clap::Args;
use serde_json::json;

use crate::report::{ci::codes, look};

use super::{Context, Exit, Failure};

#[derive(Args, Debug)]
pub(super) struct Explain {
    /// A code such as `playbook::unknown-key`; without one, all codes are listed
    code: Option<String>,
}

impl Explain {
    pub(super) fn run(self, context: &Context) -> Result<Exit, Failure> {
        let Some(code) = self.code else {
            let all: Vec<_> = codes::all().collect();
            context.data(|_| all.iter().map(|code| (*code).to_owned() + "\n").collect(), &all)?;
            return Ok(Exit::Ok);
        };
        let Some(text) = codes::explain(&code) else {
            let help = crate::playbook::did_you_mean(&code, codes::all(), "the codes are");
            return Err(Failure::new(Exit::Usage, format!("there is no code `{code}`")).help(help));
        };
        context.data(
            |look| {
                let name = look.paint(look::BOLD, &code);
                [name, String::new(), look::wrap(text, "  ", look.width.min(90)) + "\n"].join("\n")
            },
            &json!({ "code": code, "text": text }),
        )?;
        Ok(Exit::Ok)
    }
}
