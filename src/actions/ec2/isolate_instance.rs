//! Cut an instance off the network at all its interfaces, IPv4 and IPv6, and prove it.
//!
//! Each interface is put into a closed security group: no rule in, no rule out, both default egress
//! rules revoked. Connections that are tracked survive a change of groups, so each interface first
//! goes into a group that allows everything, under which flows are not tracked, waits
//! `cut-connections-after`, and then into the closed one. The open group exposes the host for that
//! time: the wait is bounded and journaled, and closing is the first thing that any recovery does.
//! `0s` goes straight to the closed group; open connections may then persist.
//!
//! Groups are created for each VPC of an interface and removed on release, once the interfaces have
//! their groups back. Elastic IPs are recorded, and disassociated when asked; never released.
//!
//! Verdict: `proven` when fresh reads show every interface in the closed group alone and no rule in
//! that group; `presumed` when something cannot be seen (an interface that another service manages)
//! or open connections were not cut; `failed` otherwise, including when an interface was attached
//! meanwhile.
//!
//! An instance that another run has isolated is refused: resume or release that run first.
//!
//! What no group filters: the VPC resolver (DNS can carry data out; DNS Firewall stops that),
//! instance metadata (the role's credentials; see `ec2.revoke-instance-role`) and time. Connections
//! through NAT gateways, load balancers, PrivateLink and the like are always tracked and end only
//! when idle. <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html>

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
        AddressAssociation, EniGroups, Group, Instance, Interface, Interfaces, SecurityGroup,
        SecurityGroups,
    },
    playbook::types::{Duration, InstanceId},
};

const NOT_FILTERED: &str = "security groups do not filter the VPC resolver, instance metadata or time: block DNS with DNS Firewall and revoke the instance's role";
const ALWAYS_TRACKED: &str = "connections through NAT gateways, Network Load Balancers, PrivateLink, Global Accelerator, Network Firewall, egress-only internet gateways, Lambda, and ICMP are always tracked: they end when idle, not when the groups change";

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
            fact Instance, fact Interfaces, fact SecurityGroups, setting SecurityGroup,
            setting EniGroups, setting AddressAssociation,
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
        let mut groups = BTreeMap::new();
        for vpc in vpcs {
            groups.insert(vpc, self.groups(step, vpc).await?);
        }
        // Interfaces concurrently, and none is left half done because another one failed.
        let closing = ours.iter().filter_map(|(interface, vpc)| {
            Some(self.close(step, &interface.interface, groups.get(vpc)?))
        });
        join_all(closing).await.into_iter().collect::<Result<(), _>>()?;

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
        let wanted = Wanted {
            closed: closed.collect(),
            uncut: !self.cuts(),
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

/// The ids of the scaffolding groups of one VPC.
struct Pair {
    open: Option<String>,
    closed: String,
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

    /// Makes the groups of one VPC. Their names carry run and step: two steps never share one.
    async fn groups(&self, step: &Step<Aws>, vpc: &str) -> Result<Pair, StepError> {
        let group = |word: &str| SecurityGroup {
            vpc: vpc.into(),
            name: format!("backburn-{word}-{}-{}", step.run(), step.id()),
            description: format!("backburn {word} group for containment, taken away on release"),
            run: step.run().into(),
            step: step.id().into(),
        };
        let make = |setting: SecurityGroup, value: Group| async move {
            let made = step.set(setting.clone(), Some(value)).await?;
            Ok::<_, StepError>(setting.id_of(made.as_ref()))
        };
        let closed = make(group("closed"), Group::closed()).await?;
        let open = match self.cuts() {
            true => Some(make(group("open"), Group::open()).await?),
            false => None,
        };
        Ok(Pair { open, closed })
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
    ) -> Result<(crate::engine::Verdict, serde_json::Value), StepError> {
        let now = step.look(&Interfaces::of(&self.instance)).await?;
        let ids = now.iter().flat_map(|interface| interface.groups.iter().cloned());
        let groups = step.look(&SecurityGroups { groups: ids.collect() }).await?;
        let verdict = verdict(wanted, &now, &groups);
        Ok((verdict, json!({ "interfaces": now, "groups": groups })))
    }
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
