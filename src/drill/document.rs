//! A simulation as a typed document with spans. Owns the shape; `read` fills it, `lower` makes a
//! program of it.

use std::sync::Arc;

use indexmap::IndexMap;
use semver::Version;

use crate::playbook::{Actor, Input, Role, Span, Spanned, Step, expr::Template, types::Duration};

/// Steps by id, in file order.
pub type Steps = IndexMap<String, Step>;

/// One simulation file.
#[derive(Clone, Debug)]
pub struct Simulation {
    /// The `simulation` key.
    pub id: Spanned<String>,
    pub title: String,
    pub version: Version,
    /// What should be true, so that the drill can show it false.
    pub hypothesis: String,
    /// When it is due, as cron.
    pub schedule: Option<Spanned<String>>,
    /// One of the roles.
    pub owner: Option<String>,
    pub attack: Vec<Spanned<String>>,
    pub roles: IndexMap<String, Role>,
    pub inputs: IndexMap<String, Input>,
    pub guard: Guard,
    /// Builds the drill's own targets.
    pub arrange: Steps,
    pub steady_state: IndexMap<String, Check>,
    pub experiment: Option<Experiment>,
    pub faults: IndexMap<String, Fault>,
    pub stop_conditions: Vec<Template>,
    pub expect: IndexMap<String, Expect>,
    pub respond: Option<Respond>,
    /// What the attacker must not be able to do any more, once the response has ended.
    pub refused: IndexMap<String, Refused>,
    pub recover: Option<Recover>,
    pub cleanup: Steps,
}

/// What must hold before anything is touched.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    pub span: Span,
    pub accounts: Vec<String>,
    pub regions: Vec<String>,
    /// `key=value`, which every target must carry.
    pub required_tag: Option<String>,
    /// In USD.
    pub max_cost: f64,
    /// As `drill.guard` takes it.
    pub window: Option<Template>,
}

/// A check of the steady state.
#[derive(Clone, Debug)]
pub struct Check {
    pub step: Step,
    pub when: When,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    Both,
    Before,
    After,
}

/// The FIS experiment that holds every fault that is a FIS action.
#[derive(Clone, Debug)]
pub struct Experiment {
    pub span: Span,
    /// ARN of the role that FIS acts as.
    pub role: Template,
    /// A file with a FIS experiment template, instead of faults with `action`.
    pub template: Option<Spanned<String>>,
    pub empty_targets: Option<Template>,
    /// How long to wait for its end.
    pub at_most: Option<Duration>,
    /// With a `template`, whose actions are no faults of their own: looks that must succeed while it lasts.
    pub proof: Steps,
}

#[derive(Clone, Debug)]
pub struct Fault {
    pub span: Span,
    /// Other faults that come first.
    pub after: Vec<Spanned<String>>,
    /// Looks that must succeed once the fault took effect: without any, nobody knows that it did.
    pub proof: Steps,
    pub kind: FaultKind,
}

#[derive(Clone, Debug)]
pub enum FaultKind {
    /// One action of the experiment.
    Fis(FisAction),
    /// Steps that play the attacker; what they change is released.
    Attack {
        steps: Steps,
        /// Of these, those that AWS must refuse; all others it must allow.
        denied: Vec<String>,
    },
}

#[derive(Clone, Debug)]
pub struct FisAction {
    /// Such as `aws:ec2:stop-instances`.
    pub action: Spanned<String>,
    pub description: Option<String>,
    /// Target name to its selection.
    pub targets: Vec<(Spanned<String>, Template)>,
    pub parameters: Option<Template>,
}

/// A detection that must follow.
#[derive(Clone, Debug)]
pub struct Expect {
    pub span: Span,
    pub source: Template,
    /// The fault that it detects; the first one by default.
    pub fault: Option<Spanned<String>>,
    /// The drill's own resource, which the detection must name.
    pub resource: Template,
    pub matching: Option<Template>,
    pub pattern: Option<Template>,
    /// Where it arrives; the run's Region when none.
    pub region: Option<Template>,
    pub within: Duration,
    pub via: Via,
    /// A detection that only shows the plumbing (a sample) is enough.
    pub accepts_plumbing: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    Events,
    Poll,
}

/// The playbook that answers.
#[derive(Clone, Debug)]
pub struct Respond {
    pub span: Span,
    /// Relative to the simulation's file.
    pub playbook: Spanned<String>,
    pub with: Arc<Template>,
    pub within: Option<Duration>,
    /// The principal that responds.
    pub actor: Option<Actor>,
    pub after: RespondAfter,
}

/// What the response waits for, beside that every fault took effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RespondAfter {
    /// Nothing.
    Faults,
    /// The first detection that came. Where none comes, nobody is called.
    #[default]
    FirstDetection,
    /// Every detection's outcome.
    Detections,
}

/// Calls that must be refused after the response.
#[derive(Clone, Debug)]
pub struct Refused {
    pub span: Span,
    /// The attack whose calls they are; the first one by default.
    pub fault: Option<Spanned<String>>,
    /// Whom they are made as; the attack's principal by default.
    pub actor: Option<Actor>,
    /// Steps of the attack.
    pub steps: Vec<Spanned<String>>,
    /// Calls that only read, such as `iam:ListUsers`.
    pub calls: Vec<Spanned<String>>,
    pub within: Duration,
}

#[derive(Clone, Debug)]
pub struct Recover {
    pub span: Span,
    /// When the recovery point was made, RFC 3339; or a list of them.
    pub recovery_point: Option<Template>,
    pub rto: Option<Duration>,
    pub rpo: Option<Duration>,
    /// What it waits for; by default for the response, or else for the first detection.
    pub after: Option<RecoverAfter>,
    /// Content that nobody could compare is good enough.
    pub accepts_unverified: bool,
    /// What is restored and cannot be removed may stay, and cost.
    pub accepts_left_over: bool,
    pub steps: Steps,
}

/// What the recovery waits for, beside that every fault took effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecoverAfter {
    /// Nothing.
    Faults,
    /// The first detection, or the outcome of all.
    FirstDetection,
    /// The end of the response, however it ended.
    Response,
    /// The end of the experiment, and of all that comes before it.
    Experiment,
}
