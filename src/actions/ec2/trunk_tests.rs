//! A whole isolation of a node whose trunk has branches, through the real SDK, in an account with a state of
//! its own: no local endpoint has trunks.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::json;

use crate::{
    actions::testing,
    aws::replay::{Replay, aws},
    engine::Verdict,
    journal::StepLedger,
};

const NODE: &str = "i-0123456789abcdef0";
/// By id: type, what else is said of it, and whether this run's caller may change its groups.
const INTERFACES: &[(&str, &str)] =
    &[("eni-0", "interface"), ("eni-t", "trunk"), ("eni-pod", "branch"), ("eni-task", "branch")];

#[derive(Default)]
struct Account {
    /// Groups of each interface, after every change.
    groups: BTreeMap<String, Vec<String>>,
    /// The groups that were made, by id.
    made: BTreeMap<String, Made>,
    /// An interface whose groups stay as they are, whatever is answered.
    stuck: Option<&'static str>,
}

struct Made {
    name: String,
    /// Ranges of the rules in and out.
    rules: [BTreeSet<String>; 2],
}

/// Values of a form's parameters whose names begin so.
fn values(body: &str, name: &str) -> Vec<String> {
    let pairs = form_urlencoded::parse(body.as_bytes());
    pairs.filter(|(key, _)| key.starts_with(name)).map(|(_, value)| value.into_owned()).collect()
}

fn one(body: &str, name: &str) -> String {
    values(body, name).into_iter().next().unwrap_or_default()
}

impl Account {
    fn new(stuck: Option<&'static str>) -> Self {
        let first = |id: &str| (id.to_owned(), vec![format!("sg-of-{id}")]);
        let groups = INTERFACES.iter().map(|(id, _)| first(id)).collect();
        Self { groups, stuck, ..Self::default() }
    }

    fn interface(&self, id: &str, kind: &str) -> String {
        let attached = match kind {
            "branch" => String::new(),
            _ => format!(
                "<attachment><deviceIndex>{}</deviceIndex><instanceId>{NODE}</instanceId></attachment>",
                u8::from(kind == "trunk")
            ),
        };
        let name = |group: &String| self.made.get(group).map_or("workload", |made| &made.name);
        let groups: String = self.groups[id]
            .iter()
            .map(|group| {
                format!(
                    "<item><groupId>{group}</groupId><groupName>{}</groupName></item>",
                    name(group)
                )
            })
            .collect();
        format!(
            "<item><networkInterfaceId>{id}</networkInterfaceId><vpcId>vpc-1</vpcId>\
             <subnetId>subnet-1</subnetId><interfaceType>{kind}</interfaceType>{attached}\
             <groupSet>{groups}</groupSet></item>"
        )
    }

    /// The branch of the pod is tagged by its controller; that of the task is only in the associations.
    fn found(&self, body: &str) -> String {
        let asked = values(body, "Filter.");
        let hit = |(id, kind): &&(&str, &str)| match asked.first().map(String::as_str) {
            Some("attachment.instance-id") => *kind != "branch",
            Some("tag:vpcresources.k8s.aws/trunk-eni-id") => *id == "eni-pod",
            Some("vpc-id") => false,
            _ => asked.iter().chain(&values(body, "NetworkInterfaceId")).any(|one| one == id),
        };
        INTERFACES.iter().filter(hit).map(|(id, kind)| self.interface(id, kind)).collect()
    }

    fn described(&self, body: &str) -> String {
        let asked = values(body, "Filter.").into_iter().chain(values(body, "GroupId"));
        let asked: Vec<_> = asked.collect();
        let hit =
            |(id, made): &(&String, &Made)| asked.iter().any(|one| one == *id || *one == made.name);
        let rule = |cidr: &String| {
            let range = match cidr.contains(':') {
                true => {
                    format!("<ipv6Ranges><item><cidrIpv6>{cidr}</cidrIpv6></item></ipv6Ranges>")
                }
                false => format!("<ipRanges><item><cidrIp>{cidr}</cidrIp></item></ipRanges>"),
            };
            format!("<item><ipProtocol>-1</ipProtocol>{range}</item>")
        };
        let item = |(id, Made { name, rules }): (&String, &Made)| {
            let [into, out] =
                rules.each_ref().map(|some| some.iter().map(rule).collect::<String>());
            format!(
                "<item><groupId>{id}</groupId><groupName>{name}</groupName><vpcId>vpc-1</vpcId>\
                 <ipPermissions>{into}</ipPermissions><ipPermissionsEgress>{out}</ipPermissionsEgress>\
                 <tagSet><item><key>backburn:run</key><value>{}</value></item></tagSet></item>",
                testing::RUN
            )
        };
        self.made.iter().filter(hit).map(item).collect()
    }

    fn answer(&mut self, action: &str, body: &str) -> Option<String> {
        let inner = match action {
            "DescribeInstances" => format!(
                "<reservationSet><item><instancesSet><item><instanceId>{NODE}</instanceId>\
                 <instanceState><name>running</name></instanceState></item></instancesSet></item></reservationSet>"
            ),
            "DescribeNetworkInterfaces" => {
                format!("<networkInterfaceSet>{}</networkInterfaceSet>", self.found(body))
            }
            "DescribeTrunkInterfaceAssociations" => {
                let of = |branch: &str| {
                    format!(
                        "<item><branchInterfaceId>{branch}</branchInterfaceId>\
                         <trunkInterfaceId>eni-t</trunkInterfaceId></item>"
                    )
                };
                let all = of("eni-pod") + &of("eni-task");
                format!("<interfaceAssociationSet>{all}</interfaceAssociationSet>")
            }
            "DescribeSecurityGroups" => {
                format!("<securityGroupInfo>{}</securityGroupInfo>", self.described(body))
            }
            "CreateSecurityGroup" => {
                let id = format!("sg-{}", self.made.len());
                let rules = [BTreeSet::new(), ["0.0.0.0/0", "::/0"].map(str::to_owned).into()];
                self.made.insert(id.clone(), Made { name: one(body, "GroupName"), rules });
                format!("<groupId>{id}</groupId>")
            }
            "AuthorizeSecurityGroupIngress"
            | "AuthorizeSecurityGroupEgress"
            | "RevokeSecurityGroupIngress"
            | "RevokeSecurityGroupEgress" => {
                let made = self.made.get_mut(&one(body, "GroupId"))?;
                let rules = &mut made.rules[usize::from(action.ends_with("Egress"))];
                let mut ranges = values(body, "IpPermissions.1.Ip");
                ranges.retain(|value| value.contains('/'));
                match action.starts_with("Authorize") {
                    true => rules.extend(ranges),
                    false => rules.retain(|rule| !ranges.contains(rule)),
                }
                "<return>true</return>".into()
            }
            "ModifyNetworkInterfaceAttribute" => {
                let id = one(body, "NetworkInterfaceId");
                if self.stuck != Some(id.as_str()) {
                    *self.groups.get_mut(&id)? = values(body, "SecurityGroupId");
                }
                "<return>true</return>".into()
            }
            "DescribeRouteTables" => {
                let main = "<item><routeTableId>rtb-1</routeTableId><vpcId>vpc-1</vpcId><routeSet/>\
                    <associationSet><item><main>true</main></item></associationSet></item>";
                format!("<routeTableSet>{main}</routeTableSet>")
            }
            "DescribeVpcEndpoints" => "<vpcEndpointSet/>".into(),
            _ => return None,
        };
        Some(format!("<{action}Response>{inner}</{action}Response>"))
    }
}

/// What the step of the node came to, the interfaces whose groups were written, and the groups that they end in.
async fn isolated(stuck: Option<&'static str>) -> (StepLedger, BTreeSet<String>, BTreeSet<String>) {
    let account = Arc::new(Mutex::new(Account::new(stuck)));
    let playing = account.clone();
    let replay = Replay::default().finding_nothing().played(move |action, body| {
        playing.lock().unwrap_or_else(PoisonError::into_inner).answer(action, body)
    });
    let inputs = json!({ "instance": NODE, "cut-connections-after": "10ms" });
    let mut ledger = testing::run(aws(&replay), "ec2.isolate-instance", inputs).await;
    let written = replay.seen().into_iter().filter_map(|seen| {
        (seen.action == "ModifyNetworkInterfaceAttribute")
            .then(|| one(&seen.body, "NetworkInterfaceId"))
    });
    let account = account.lock().unwrap_or_else(PoisonError::into_inner);
    let ends = account.groups.values().map(|groups| groups.join(",")).collect();
    (ledger.steps.shift_remove("step").expect("the step"), written.collect(), ends)
}

fn verdict(step: &StepLedger) -> Option<&Verdict> {
    step.verdicts.values().next().map(|(verdict, _)| verdict)
}

#[tokio::test]
async fn branches_are_closed_with_their_node() {
    let (step, written, ends) = isolated(None).await;
    assert_eq!(written, INTERFACES.iter().map(|(id, _)| (*id).to_owned()).collect());
    assert_eq!(ends.len(), 1, "one closed group: {ends:?}");
    assert_eq!(verdict(&step), Some(&Verdict::Proven), "{:?}", step.state);
}

#[tokio::test]
async fn a_branch_that_stays_open_is_named() {
    for branch in ["eni-pod", "eni-task"] {
        let (step, _, ends) = isolated(Some(branch)).await;
        assert_ne!(verdict(&step), Some(&Verdict::Proven));
        assert!(format!("{:?}", step.state).contains(branch), "{:?}", step.state);
        assert_eq!(ends.len(), 2, "the others are closed all the same: {ends:?}");
    }
}
