//! `backburn demo`: the main job on the lab, end to end, from one command.

use clap::Args;

use crate::{
    aws::ConnectOptions,
    conduct::{self, Approvals, Loaded, Planning, Release, connect, release},
    engine::release::is_left_over,
    lab::{
        self,
        stolen::{Stolen, Tried},
    },
    program::prepare::Asked,
    report::{
        self,
        look::{GOOD, clean},
        summary,
    },
    text::line,
};

use super::{
    Context, Exit, Failure,
    lab::{Told, Where, up},
    run::close,
};

const NAME: &str = "playbooks/ec2-compromise.yaml";
const PLAYBOOK: &str = include_str!("../../playbooks/ec2-compromise.yaml");

#[derive(Args, Debug)]
pub(super) struct Demo {
    #[command(flatten)]
    at: Where,
    /// Release the run as well, and show that the account is as before
    #[arg(long)]
    release: bool,
    /// Stop the lab at the end
    #[arg(long)]
    down: bool,
}

async fn tries(stolen: Option<&Stolen>) -> Vec<Tried> {
    match stolen {
        Some(stolen) => stolen.tries().await,
        None => Vec::new(),
    }
}

/// What whoever stole the instance's credentials sees, before and after; nothing where the lab refuses nobody.
fn attacker(before: &[Tried], after: &[Tried]) -> String {
    let mut text = String::new();
    let Some(said) = after.iter().find_map(|one| one.refused.as_deref()) else { return text };
    line!(text, "With the instance's stolen credentials:");
    for (was, is) in before.iter().zip(after) {
        let words = match (was.refused.is_some(), is.refused.is_some()) {
            (false, true) => "  answered before, refused now",
            (_, false) => "  still answered",
            (true, true) => "  refused before and now",
        };
        line!(text, "{words}: {}", was.call);
    }
    line!(text, "  {}", clean(said));
    text
}

impl Demo {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let mut options = self.at.options(context);
        // A demo is somebody's first contact: a port that is taken must not end it.
        if lab::status(&options).await?.is_none()
            && std::net::TcpListener::bind(("127.0.0.1", options.port)).is_err()
        {
            context.say(&format!("port {} is in use, so the lab uses a free one", options.port));
            options.port = 0;
        }
        let told = Told::new(context);
        let (lab, seed) = up(&options, &told).await?;
        context.say(&format!(
            "the lab answers on {} ({}, not AWS); {} is compromised",
            lab.endpoint, lab.upstream, seed.instance
        ));
        context.show("");
        let result = self.contain(context, &lab, &seed).await;
        if self.down {
            lab::down(&options, &told).await?;
        } else if !context.json() {
            context.show("");
            context.show("The lab is still running: `backburn lab down` stops it.");
        }
        result
    }

    async fn contain(
        &self,
        context: &Context,
        lab: &lab::Lab,
        seed: &lab::seed::Seed,
    ) -> Result<Exit, Failure> {
        if seed.interfaces.is_empty() {
            let told = format!("{} has no instances to contain", lab.upstream);
            return Err(Failure::new(Exit::Usage, told).help("run the demo on moto or LocalStack"));
        }
        let inputs = vec![
            ("instance".to_owned(), seed.instance.clone()),
            ("case".to_owned(), "DEMO-1".to_owned()),
        ];
        let loaded = Loaded::playbook(context, NAME, PLAYBOOK.into(), &inputs).await?;
        let options = ConnectOptions {
            region: Some(lab.region.clone()),
            endpoint_url: Some(lab.endpoint.clone()),
            keys: Some((lab::ACCESS_KEY_ID.into(), lab::SECRET_ACCESS_KEY.into())),
            ..ConnectOptions::default()
        };
        let aws = connect(context, options.clone()).await?;
        // A lab that still runs has earlier demos in it: what they hold is no obstacle to another one.
        let planning = Planning { beside: vec![String::new()], ..Planning::default() };
        let planned = loaded.plan_in(context, aws, planning).await?;
        context.show(&report::plan::plan(&planned.plan, &context.err));
        if !planned.plan.obstacles().is_empty() {
            return Err(Failure::new(Exit::Refused, "the plan is refused, nothing was changed"));
        }
        let (plan, prepared, aws) =
            (planned.plan.clone(), planned.prepared.clone(), planned.aws.clone());
        let stolen = match lab.front.as_ref().is_some_and(|front| front.enforcement.is_some()) {
            true => Some(Stolen::take(lab, seed).await?),
            // Nobody would be refused.
            false => None,
        };
        let before = tries(stolen.as_ref()).await;
        let run = planned.begin(context, Approvals::default()).await?;
        let id = run.dir().id().to_owned();
        // One document of JSON is enough for a program.
        let print = !(context.json() && self.release);
        // What the lab cannot show is reported as presumed there; that does not fail a demo.
        let exit = close(context, run.run(16, true).await?, true, print).await?;
        let after = tries(stolen.as_ref()).await;
        let seen = attacker(&before, &after);
        if !seen.is_empty() {
            context.show("");
            context.show(seen.trim_end());
        }
        if !self.release || exit != Exit::Ok {
            return Ok(exit);
        }
        let there = conduct::Context::clone(context).connecting(options).in_account(None);
        let items = release(&there, &id, Release::default()).await?.items;
        let released = tries(stolen.as_ref()).await;
        let is_served = released.iter().all(|one| one.refused.is_none());
        if stolen.is_some() && is_served {
            context.show("the role's calls are answered again");
        }
        let again = prepared.plan(&aws, &id, Asked::default()).await;
        let same = again.sha256 == plan.sha256;
        let json = serde_json::json!({ "items": items, "as-before": same });
        context.data(
            |look| {
                let mut text = summary::release(&id, &items, look);
                if same {
                    let word = look.paint(GOOD, "as before");
                    line!(
                        text,
                        "the account is {word}: a new plan has the same hash, {}",
                        again.sha256
                    );
                } else {
                    line!(text, "the account is not as before:");
                    plan.differences(&again).iter().for_each(|one| line!(text, "  {one}"));
                }
                text
            },
            &json,
        )?;
        Ok(if same && !items.iter().any(is_left_over) { Exit::Ok } else { Exit::Drift })
    }
}
