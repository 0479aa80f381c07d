//! `backburn config`: checks the configuration, and shows it without its secrets.

use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::{
    aws::Aws,
    conduct::{Configuration, as_account, connect, operator, telling::way},
    config::{Config, EVERY_KIND, Kind, Target, Way},
    engine::World,
    notify::{self, Deliver, Notification, Resolved},
    report::look::{BAD, GOOD, Look},
    text::line,
};

use super::{Context, Exit, Failure};

/// How long one target may take to hear a test.
const HEARS: Duration = Duration::from_secs(15);

#[derive(Args, Debug)]
pub(super) struct ConfigCommand {
    #[command(subcommand)]
    command: What,
}

#[derive(Subcommand, Debug)]
enum What {
    /// Find every mistake of backburn.toml
    Check(Check),
    /// Show the configuration and the file it comes from; without secrets
    Show,
}

#[derive(Args, Debug)]
struct Check {
    /// Send a test message to each target of notifications
    #[arg(long)]
    send: bool,
    /// Ask AWS whether each account's role can be assumed
    #[arg(long)]
    aws: bool,
}

/// Something that was tried.
struct Tried {
    what: String,
    name: String,
    why: Option<String>,
}

impl ConfigCommand {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        match self.command {
            What::Check(check) => check.run(context).await,
            What::Show => show(context),
        }
    }
}

impl Check {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let found = context.configuration();
        let Some((path, _)) = &found.file else {
            return Err(Failure::new(Exit::Usage, "there is no backburn.toml here")
                .help("it is looked for here and in the folders above, then in ~/.backburn; `--config FILE` names one"));
        };
        let name = path.display().to_string();
        let Some(checked) = &found.checked else {
            context.good_configuration()?;
            return Ok(Exit::Internal);
        };
        let mut tried = Vec::new();
        if !checked.has_errors() {
            if self.aws {
                tried.extend(roles(context, found.config()).await?);
            }
            if self.send {
                tried.extend(send(context, found).await);
            }
        }
        let bad = checked.has_errors();
        let failed = tried.iter().any(|one| one.why.is_some());
        let said = json!({
            "ok": !bad && !failed,
            "file": name,
            "diagnostics": checked.to_json(),
            "tried": tried.iter().map(Tried::to_json).collect::<Vec<_>>(),
        });
        context.data(
            |look| {
                let mut text = checked.render(look.color, look.width);
                if !bad {
                    line!(text, "{name}: ok");
                }
                for one in &tried {
                    one.write(look, &mut text);
                }
                text
            },
            &said,
        )?;
        Ok(match () {
            () if bad => Exit::Invalid,
            () if failed => Exit::Aws,
            () => Exit::Ok,
        })
    }
}

impl Tried {
    fn to_json(&self) -> Value {
        json!({ "what": self.what, "name": self.name, "ok": self.why.is_none(), "why": self.why })
    }

    fn write(&self, look: &Look, text: &mut String) {
        let word = match &self.why {
            None => look.paint(GOOD, "ok"),
            Some(_) => look.paint(BAD, "failed"),
        };
        let why = self.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        line!(text, "  {word} {} `{}`{why}", self.what, self.name);
    }
}

async fn roles(context: &Context, config: &Config) -> Result<Vec<Tried>, Failure> {
    let aws = connect(context, context.connect_options()).await?;
    let mut tried = Vec::new();
    for (name, account) in &config.accounts {
        let Some(role) = &account.role else { continue };
        let why = match as_account(&aws, account).await {
            Ok(there) if there.scope().account == account.id => None,
            Ok(there) => Some(format!("it is in account {}", there.scope().account)),
            Err(error) => Some(format!("{role}: {error}")),
        };
        tried.push(Tried { what: "role of".into(), name: name.clone(), why });
    }
    Ok(tried)
}

async fn send(context: &Context, found: &Configuration) -> Vec<Tried> {
    let config = found.config();
    let (targets, _) = notify::resolve(config, found.folder(), false);
    context.hide(targets.iter().flat_map(Resolved::secrets).collect());
    let topics = config.notifications.targets.values().any(|target| target.sns.is_some());
    let aws: Option<Aws> = match topics {
        true => connect(context, context.connect_options()).await.ok(),
        false => None,
    };
    let told = Notification::test(&operator());
    let mut tried = Vec::new();
    for mut target in targets {
        let way = way(&mut target, aws.as_ref());
        let why = match (&target.address, way) {
            (Err(why), _) => Some(why.clone()),
            (Ok(_), Some(way)) => heard(&*way, &told).await,
            (Ok(_), None) => Some("there is no way to it".into()),
        };
        tried.push(Tried { what: "test to".into(), name: target.name, why });
    }
    tried
}

async fn heard(way: &dyn Deliver, told: &Notification) -> Option<String> {
    match tokio::time::timeout(HEARS, way.deliver(told)).await {
        Ok(sent) => sent.err().map(|refusal| refusal.why),
        Err(_) => Some("it did not answer in time".into()),
    }
}

fn show(context: &Context) -> Result<Exit, Failure> {
    let config = context.good_configuration()?;
    let file = context.configuration().file.as_ref();
    let json = json!({
        "file": file.map(|(path, _)| path.display().to_string()),
        "origin": file.map(|(_, origin)| origin.words()),
        "contacts": config.contacts,
        "evidence-bucket": config.evidence_bucket,
        "clocks": config.clocks,
        "only-listed": config.only_listed,
        "accounts": config.accounts.iter().map(|(name, account)| (name.clone(), json!({
            "id": account.id, "role": account.role, "external-id": account.external_id,
            "regions": account.regions, "drill": account.drill,
        }))).collect::<serde_json::Map<_, _>>(),
        "notifications": {
            "from-lab": config.notifications.from_lab,
            "targets": config.notifications.targets.iter().map(|(name, target)| {
                (name.clone(), shown(target))
            }).collect::<serde_json::Map<_, _>>(),
        },
    });
    context.data(|_| text(&json), &json)?;
    Ok(Exit::Ok)
}

/// A target without its secrets: where they come from, not what they are.
fn shown(target: &Target) -> Value {
    let mut out = serde_json::Map::new();
    match target.way() {
        Some(Way::Slack(url)) => {
            out.insert("slack".into(), url.to_string().into());
        }
        Some(Way::Webhook(url, key)) => {
            out.insert("webhook".into(), url.to_string().into());
            if let Some(key) = key {
                out.insert("key".into(), key.to_string().into());
            }
        }
        Some(Way::Sns(topic)) => {
            out.insert("sns".into(), topic.into());
        }
        None => {}
    }
    let on = target.on.as_deref().unwrap_or(&EVERY_KIND);
    out.insert("on".into(), on.iter().map(|kind: &Kind| kind.name()).collect());
    for (key, list) in [("playbooks", &target.playbooks), ("accounts", &target.accounts)] {
        if let Some(list) = list {
            out.insert(key.into(), list.clone().into());
        }
    }
    out.into()
}

/// The same for people: a line a value, indented by its depth.
fn text(value: &Value) -> String {
    fn lines(value: &Value, depth: usize, out: &mut String) {
        let Value::Object(map) = value else { return };
        for (key, value) in map {
            let indent = "  ".repeat(depth);
            let plain = |one: &Value| one.as_str().map_or_else(|| one.to_string(), str::to_owned);
            match value {
                Value::Null => continue,
                Value::Object(inner) if inner.is_empty() => continue,
                Value::Object(_) => line!(out, "{indent}{key}"),
                Value::Array(all) if all.is_empty() => continue,
                Value::Array(all) => {
                    let all: Vec<_> = all.iter().map(plain).collect();
                    line!(out, "{indent}{key}: {}", all.join(", "));
                }
                other => line!(out, "{indent}{key}: {}", plain(other)),
            }
            lines(value, depth + 1, out);
        }
    }
    if value["file"].is_null() {
        return "no backburn.toml is used\n".into();
    }
    let mut out = String::new();
    lines(value, 0, &mut out);
    out
}
