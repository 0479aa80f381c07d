//! Cut an instance off the network at all its interfaces, IPv4 and IPv6, and prove it.
//!
//! Each interface is put into a closed security group: no rule in, no rule out, both default egress
//! rules revoked. Connections that are tracked survive a change of groups, so each interface first
//! goes into a group that allows everything, under which flows are not tracked, waits
//! `cut-connections-after`, and then into the closed one. The open group exposes the host for that
//! time: the wait is bounded and journaled, closing is the first thing that any recovery does, and an
//! interface is opened only when AWS's rate has room for closing it, too. `0s` goes straight to the
//! closed group; open connections may then persist.
//!
//! A run makes one pair of groups for each VPC, which all its steps and items share, and removes it on
//! release, once the last interface has its groups back. Where the open group cannot be made (the quota
//! of groups, a denial of the organization, Firewall Manager), interfaces are closed all the same, and
//! the verdict says what was not cut. Where the closed one cannot be made, a group of the VPC without any
//! rule takes its place; without one nothing is contained, and the step fails and says so. Elastic IPs
//! are recorded, and disassociated when asked; never released.
//!
//! A trunk has branch interfaces with groups of their own (pods of EKS with security groups, tasks of ECS
//! with trunking): they are found and closed with the instance.
//!
//! Verdict: `proven` when fresh reads show every interface in the closed group alone, no rule in that
//! group, and no path over which connections stay tracked; `presumed` when one of these paths is there,
//! or something cannot be seen or was not cut; `failed` otherwise, including when an interface was
//! attached meanwhile. It names the path that kept it from `proven`.
//!
//! Paths that are read: the instance's interfaces, those that other services manage among them, the
//! branches of its trunks, the rules of their groups, the routes of their subnets (NAT gateways,
//! egress-only internet gateways, Network Firewall, DynamoDB's gateway endpoints), the VPC's interface
//! endpoints (PrivateLink), and the interfaces of Network Load Balancers, Global Accelerator and Lambda in
//! the VPC. Connections over these are tracked whatever the groups say, and live until they are idle
//! (<https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html>). Only
//! a network ACL cuts them, and an ACL has no rule for a single host: its rules name the other end.
//!
//! Paths that no API of EC2 shows: which open connections there are; whether a load balancer of the VPC has
//! the instance as its target (its health checks would say; they are not read, so any such load balancer
//! counts), or one elsewhere has its address; what is behind a transit gateway or a peering; ICMP, which is
//! always tracked. And no group filters the VPC resolver (DNS can carry data out; DNS Firewall
//! stops that), instance metadata (the role's credentials; see `ec2.revoke-instance-role`) and time.
//!
//! An instance that another run has isolated is refused: resume or release that run first.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;

use super::{
    alive,
    auto_scaling::InAutoScalingGroup,
    isolation::{Wanted, verdict},
};
use crate::{
    actions::kit::*,
    aws::ec2::{
        AddressAssociation, EmptyGroups, EniGroups, Group, Instance, Interface, Interfaces, Paths,
        SecurityGroup, SecurityGroups, TrackedPaths,
    },
    engine::{CallError, Class},
    playbook::types::{Duration, InstanceId},
};

const NOT_FILTERED: &str = "security groups do not filter the VPC resolver, instance metadata or time: block DNS with DNS Firewall and revoke the instance's role";
const ALWAYS_TRACKED: &str =
    "ICMP and connections over what AWS tracks always end when idle, not when the groups change";

/// Inputs of `ec2.isolate-instance`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct IsolateInstance {
    /// The instance to isolate.
    pub instance: InstanceId,
    /// How long each interface stays in the open group, so that its connections become untracked
    /// and end when it closes. `0s` closes at once and lets tracked connections persist.
    #[serde(default = "ten_seconds")]
    pub cut_connections_after: Duration,
    /// Also takes Elastic IPs off the instance. Release puts them back.
    #[serde(default)]
    pub disassociate_addresses: bool,
    /// What to do when the instance belongs to an Auto Scaling group.
    #[serde(default)]
    pub in_auto_scaling_group: InAutoScalingGroup,
}

fn ten_seconds() -> Duration {
    Duration::new("10s").expect("a well-formed constant")
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Isolated {
    /// Id of the closed group of the primary interface's VPC.
    pub closed_group: String,
    /// Ids of the interfaces that were closed.
    pub network_interfaces: Vec<String>,
    /// Allocation ids of the instance's Elastic IPs.
    pub addresses: Vec<String>,
}

impl Action for IsolateInstance {
    const SPEC: Spec = spec! {
        "ec2.isolate-instance": "Cut an instance off the network at all its interfaces";
        Contain, verdict;
        uses [
            fact Instance, fact Interfaces, fact SecurityGroups, fact EmptyGroups,
            fact TrackedPaths, setting SecurityGroup, setting EniGroups,
            setting AddressAssociation,
        ];
        effects [CutsAgent, TakesOut];
    };
    type Output = Isolated;

    async fn run(&self, step: &Step<Aws>) -> Result<Isolated, StepError> {
        let facts = step.read(&Instance::of(&self.instance)).await?;
        alive(&facts)?;
        self.in_auto_scaling_group.check(step, &facts, "isolated").await?;
        let found = step.read(&Interfaces::of(&self.instance)).await?;
        if let Some((interface, run)) = held(&found, step.run()) {
            return Err(StepError::Refused(format!(
                "instance `{}` is held by run {run}: interface `{interface}` is in its group; resume or release that run first",
                self.instance
            )));
        }
        let (managed, ours): (Vec<_>, Vec<_>) =
            found.iter().partition(|interface| interface.managed_by.is_some());
        self.tell(step, &found, &managed).await?;
        let ours = ours.into_iter().map(|i| Ok((i, vpc_of(i)?)));
        let ours = ours.collect::<Result<Vec<_>, StepError>>()?;
        let Some((_, primary)) = ours.first().copied() else {
            return Err(StepError::Refused(format!(
                "instance `{}` has no network interface whose groups this account may change",
                self.instance
            )));
        };

        let vpcs: BTreeSet<_> = ours.iter().map(|(_, vpc)| *vpc).collect();
        let (mut groups, mut unmade) = (BTreeMap::new(), BTreeMap::new());
        for vpc in vpcs {
            match self.groups(step, vpc).await {
                Ok(pair) => drop(groups.insert(vpc, pair)),
                // The interfaces of other VPCs are closed all the same.
                Err(StepError::Call(e)) if !step.planning() && !passes(&e) => {
                    unmade.insert(vpc, e.to_string());
                }
                Err(other) => return Err(other),
            }
        }
        // Interfaces concurrently, and none is left half done because another one failed.
        let closing = ours.iter().filter_map(|(interface, vpc)| {
            Some(self.close(step, &interface.interface, groups.get(vpc)?))
        });
        join_all(closing).await.into_iter().collect::<Result<(), _>>()?;
        let unclosed: Vec<_> = ours.iter().filter(|(_, vpc)| unmade.contains_key(vpc)).collect();
        if !unclosed.is_empty() {
            let ids: Vec<_> = unclosed.iter().map(|(i, _)| format!("`{}`", i.interface)).collect();
            let why = unmade.values().cloned().collect::<Vec<_>>().join("; ");
            let reason = format!("interface {} is as open as before: {why}", ids.join(", "));
            let facts = json!({ "unclosed": ids, "why": why });
            let failed = async { Ok((Verdict::Failed { reason }, facts)) };
            step.verify(self.instance.as_ref(), failed).await?;
        }

        let addresses: BTreeSet<_> = found
            .iter()
            .flat_map(|interface| &interface.public)
            .filter_map(|public| public.allocation.clone())
            .collect();
        if self.disassociate_addresses {
            for allocation in &addresses {
                step.set(AddressAssociation::of(allocation), None).await?;
            }
        }

        let closed_of = |vpc: &str| groups.get(vpc).map(|pair| pair.closed.clone());
        let closed =
            ours.iter().filter_map(|(i, vpc)| Some((i.interface.clone(), closed_of(vpc)?)));
        let uncut = groups.values().filter_map(|pair| pair.uncut.clone()).collect();
        let foreign = groups.values().filter(|pair| pair.foreign).map(|pair| pair.closed.clone());
        let wanted = Wanted {
            closed: closed.collect(),
            uncut,
            foreign: foreign.collect(),
            disassociated: if self.disassociate_addresses {
                addresses.clone()
            } else {
                BTreeSet::new()
            },
            secondary: facts.secondary_interfaces,
        };
        step.verify(self.instance.as_ref(), self.check(step, &wanted)).await?;
        Ok(Isolated {
            closed_group: closed_of(primary).unwrap_or_default(),
            network_interfaces: wanted.closed.into_keys().collect(),
            addresses: addresses.into_iter().collect(),
        })
    }
}

/// The groups of one VPC that interfaces go through.
struct Pair {
    open: Option<String>,
    closed: String,
    /// The closed one is not the run's own.
    foreign: bool,
    /// Why open connections are not cut.
    uncut: Option<String>,
}

/// Which group closes the interfaces of a VPC.
#[derive(Serialize, Deserialize)]
struct Closed {
    group: String,
    foreign: bool,
}

/// The open group of a VPC, or why there is none.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Opened {
    By(String),
    Not(String),
}

impl IsolateInstance {
    fn cuts(&self) -> bool {
        !self.cut_connections_after.as_std().is_zero()
    }

    async fn tell(
        &self,
        step: &Step<Aws>,
        all: &[Interface],
        managed: &[&Interface],
    ) -> Result<(), StepError> {
        step.note(NOT_FILTERED).await?;
        step.note(ALWAYS_TRACKED).await?;
        if self.cuts() {
            step.note(format!(
                "for {} each interface of `{}` lets everything in and out, so that its connections end when it closes",
                self.cut_connections_after, self.instance
            ))
            .await?;
        } else {
            step.note(format!("tracked open connections of `{}` will persist", self.instance))
                .await?;
        }
        self.tell_paths(step, all).await?;
        for interface in managed {
            let owner = interface.managed_by.as_deref().unwrap_or_default();
            step.note(format!(
                "interface `{}` is managed by {owner}: its groups are left alone",
                interface.interface
            ))
            .await?;
        }
        let public = all.iter().flat_map(|interface| &interface.public);
        for public in public.filter(|public| public.allocation.is_none()) {
            step.note(format!(
                "public address `{}` was assigned by AWS and stays until the instance stops",
                public.address
            ))
            .await?;
        }
        Ok(())
    }

    /// Names in the plan what a change of groups does not cut, and what cannot be seen of it.
    async fn tell_paths(&self, step: &Step<Aws>, all: &[Interface]) -> Result<(), StepError> {
        for unseen in all.iter().filter_map(|interface| interface.unseen_branches.as_ref()) {
            step.note(format!(
                "pods and tasks may have branch interfaces that cannot be seen: {unseen}"
            ))
            .await?;
        }
        // A run looks at them for its verdict.
        if !step.planning() {
            return Ok(());
        }
        for fact in tracked(all) {
            let Paths { tracked, unseen } = step.read(&fact).await?;
            for path in tracked {
                step.note(format!("open connections over {path} are not cut: they are tracked whatever the groups say")).await?;
            }
            for path in unseen {
                step.note(format!("whether connections stay tracked cannot be seen of {path}"))
                    .await?;
            }
        }
        Ok(())
    }

    /// Makes the groups of one VPC, or finds those that another step of the run made. Their names carry
    /// the run alone: two runs never share one, all steps of a run do.
    async fn groups(&self, step: &Step<Aws>, vpc: &str) -> Result<Pair, StepError> {
        let group = |word: &str| SecurityGroup {
            vpc: vpc.into(),
            name: format!("backburn-{word}-{}", step.run()),
            description: format!("backburn {word} group for containment, taken away on release"),
            run: step.run().into(),
            step: step.id().into(),
        };
        let make = |setting: SecurityGroup, value: Group| async move {
            let made = step.share(setting.clone(), Some(value)).await?;
            Ok::<_, StepError>(setting.id_of(made.as_ref()))
        };
        let closed = async {
            match make(group("closed"), Group::closed()).await {
                Ok(group) => Ok(Closed { group, foreign: false }),
                Err(StepError::Call(error)) if !step.planning() && !passes(&error) => {
                    instead(step, vpc, error).await
                }
                Err(other) => Err(other),
            }
        };
        let closed = step.decide(&format!("closed group in {vpc}"), closed).await?;
        let mut pair =
            Pair { open: None, closed: closed.group, foreign: closed.foreign, uncut: None };
        if !self.cuts() {
            pair.uncut = Some("`cut-connections-after` is zero".into());
            return Ok(pair);
        }
        let open = async {
            match make(group("open"), Group::open()).await {
                Ok(id) => Ok(Opened::By(id)),
                // Closed now and not cut is better than neither.
                Err(StepError::Call(e)) if !step.planning() => Ok(Opened::Not(e.to_string())),
                Err(other) => Err(other),
            }
        };
        match step.decide(&format!("open group in {vpc}"), open).await? {
            Opened::By(group) => pair.open = Some(group),
            Opened::Not(why) => {
                let why = format!(
                    "the open group of `{vpc}`, in which they become untracked, cannot be made: {why}"
                );
                step.note(format!("open connections of `{}` persist: {why}", self.instance))
                    .await?;
                pair.uncut = Some(why);
            }
        }
        Ok(pair)
    }

    async fn close(&self, step: &Step<Aws>, eni: &str, groups: &Pair) -> Result<(), StepError> {
        let closed = BTreeSet::from([groups.closed.clone()]);
        if let Some(open) = &groups.open {
            let open = BTreeSet::from([open.clone()]);
            step.set_until(EniGroups::of(eni), open, closed.clone()).await?;
            let why = format!("connections of `{eni}` become untracked");
            step.wait(self.cut_connections_after.as_std(), &why).await?;
        }
        step.set(EniGroups::of(eni), closed).await.map(drop)
    }

    async fn check(
        &self,
        step: &Step<Aws>,
        wanted: &Wanted,
    ) -> Result<(Verdict, serde_json::Value), StepError> {
        let now = step.look(&Interfaces::of(&self.instance)).await?;
        let ids = now.iter().flat_map(|interface| interface.groups.iter().cloned());
        let groups = step.look(&SecurityGroups { groups: ids.collect() }).await?;
        let mut paths = Paths::default();
        for fact in tracked(&now) {
            let found = step.look(&fact).await?;
            paths.tracked.extend(found.tracked);
            paths.unseen.extend(found.unseen);
        }
        let verdict = verdict(wanted, &now, &groups, &paths);
        Ok((verdict, json!({ "interfaces": now, "groups": groups, "paths": paths })))
    }
}

/// The subnets of interfaces, as what stays tracked in them.
fn tracked(interfaces: &[Interface]) -> Vec<TrackedPaths> {
    let places = interfaces.iter().filter_map(|one| Some((one.vpc.clone()?, one.subnet.clone()?)));
    let places: BTreeSet<_> = places.collect();
    places.into_iter().map(|(vpc, subnet)| TrackedPaths { vpc, subnet }).collect()
}

/// Whether the same call may succeed at the next attempt, or with other credentials.
fn passes(error: &CallError) -> bool {
    matches!(error.class, Class::Throttled | Class::Unreachable | Class::Expired)
}

/// A group of the VPC that has no rules closes as well, while nobody gives it any.
async fn instead(step: &Step<Aws>, vpc: &str, error: CallError) -> Result<Closed, StepError> {
    let Some(group) = step.look(&EmptyGroups { vpc: vpc.into() }).await?.into_iter().next() else {
        let message = format!(
            "{}; and no group in `{vpc}` is without rules: nothing there is contained, every interface has its groups as before",
            error.message
        );
        return Err(StepError::Call(CallError { message, ..error }));
    };
    step.note(format!(
        "the closed group of `{vpc}` cannot be made ({error}); group `{group}`, which has no rules and is not the run's own, takes its place"
    ))
    .await?;
    Ok(Closed { group, foreign: true })
}

/// An interface that another run has isolated already. That run's release would open what this one
/// had closed.
fn held<'a>(found: &'a [Interface], own: &str) -> Option<(&'a str, &'a str)> {
    let mut held = found.iter().filter_map(|one| Some((&*one.interface, one.held_by.as_deref()?)));
    held.find(|(_, run)| *run != own)
}

/// Groups are per VPC, and an instance may have interfaces in several.
fn vpc_of(interface: &Interface) -> Result<&str, StepError> {
    interface.vpc.as_deref().ok_or_else(|| {
        let text = format!("interface `{}` is in no VPC, so it has no groups", interface.interface);
        StepError::Refused(text)
    })
}
