//! `backburn demo`: the main job on the lab, end to end, from one command.

use clap::Args;

use crate::{
    aws::ConnectOptions,
    conduct::{
        prepare::{self, operator},
        session::{self, Start},
    },
    engine::{
        plan::Expected,
        release::{Request, is_left_over},
    },
    lab,
    report::{self, look::GOOD, summary},
};

use super::{
    Context, Exit, Failure,
    lab::{Told, Where, up},
};

const NAME: &str = "playbooks/ec2-compromise.yaml";
const PLAYBOOK: &str = include_str!("../../playbooks/ec2-compromise.yaml");

#[derive(Args, Debug)]
pub struct Demo {
    #[command(flatten)]
    at: Where,
    /// Release the run as well, and show that the account is as before
    #[arg(long)]
    release: bool,
    /// Stop the lab at the end
    #[arg(long)]
    down: bool,
}

impl Demo {
    pub async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let mut options = self.at.options(context);
        // A demo is somebody's first contact: a port that is taken must not end it.
        if lab::status(&options).await?.is_none()
            && std::net::TcpListener::bind(("127.0.0.1", options.port)).is_err()
        {
            context.say(&format!("port {} is taken, the lab takes a free one", options.port));
            options.port = 0;
        }
        let told = Told::new(context);
        let (lab, seed) = up(&options, &told).await?;
        context.say(&format!(
            "the lab answers on {} ({}, not AWS); {} is compromised\n",
            lab.endpoint, lab.upstream, seed.instance
        ));
        let result = self.contain(context, &lab, &seed).await;
        if self.down {
            lab::down(&options, &told).await?;
        } else if !context.json() {
            context.say("\nThe lab still runs: `backburn lab down` ends it.");
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
        let prepared = prepare::prepared(context, NAME, PLAYBOOK.into(), &inputs)?;
        let run = prepare::new_run();
        let connect = ConnectOptions {
            region: Some(lab.region.clone()),
            endpoint_url: Some(lab.endpoint.clone()),
            keys: Some((lab::ACCESS_KEY_ID.into(), lab::SECRET_ACCESS_KEY.into())),
            ..ConnectOptions::default()
        };
        let aws = prepare::connect(context, connect).await?.with_run(&run);
        let plan = prepare::plan(&prepared, &aws, &run, true).await;
        context.say(&report::plan::plan(&plan, &context.err));
        if !plan.obstacles().is_empty() {
            return Err(Failure::new(Exit::Refused, "the plan is refused, nothing was changed"));
        }
        let (session, facts) =
            session::begin(context, NAME, &prepared, &plan, aws.clone(), Vec::new(), None).await?;
        // One document of JSON is enough for a program.
        let print = !(context.json() && self.release);
        // What the lab cannot show is presumed there, and said so; that is no failure of a demo.
        let exit = session.run(context, &prepared, facts, 16, true, print).await?;
        if !self.release || exit != Exit::Ok {
            return Ok(exit);
        }
        let start = Start::of(context, &run)?;
        let session =
            start.open(context, aws.clone(), Vec::new(), Expected::default(), Vec::new())?;
        let request = Request { by: operator(), ..Request::default() };
        let items = session.release(&request).await?;
        let again = prepared.plan(&aws, &run).await;
        let same = again.sha256 == plan.sha256;
        let json = serde_json::json!({ "items": items, "as-before": same });
        context.data(
            |look| {
                let mut text = summary::release(&run, &items, look);
                if same {
                    let word = look.paint(GOOD, "as before");
                    text.push_str(&format!(
                        "the account is {word}: a new plan has the same hash, {}\n",
                        again.sha256
                    ));
                } else {
                    let differences = plan.differences(&again).join("\n  ");
                    text.push_str(&format!("the account is not as before:\n  {differences}\n"));
                }
                text
            },
            &json,
        )?;
        Ok(if same && !items.iter().any(is_left_over) { Exit::Ok } else { Exit::Drift })
    }
}
