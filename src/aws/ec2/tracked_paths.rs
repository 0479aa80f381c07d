//! What an instance's subnet offers over which connections are always tracked, whatever the groups say:
//! a change of groups does not end them.
//!
//! Read are the routes of the subnet (its own table, or its VPC's main one), the VPC's endpoints, and the
//! interfaces of load balancers, accelerators and Lambda in the VPC. Which of them an instance talks to,
//! no API shows. <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html>

use std::collections::{BTreeSet, HashMap};

use aws_sdk_ec2::types::{
    NetworkInterface, NetworkInterfaceType, Route, RouteState, RouteTable, VpcEndpoint,
    VpcEndpointType,
};

use super::{
    lookup::{filter, interfaces_where},
    permissions::*,
};
use crate::aws::kit::*;

/// Types of interfaces that lead connections to an instance which stay tracked.
const LEADING: [&str; 3] = ["network_load_balancer", "global_accelerator_managed", "lambda"];

fact! {
    #[derive(PartialEq, Eq, Hash)]
    pub struct TrackedPaths {
        pub vpc: String,
        pub subnet: String,
    }
    "ec2.tracked-paths" = Paths, target "{vpc}/{subnet}";
    reads [DESCRIBE_ROUTE_TABLES, DESCRIBE_VPC_ENDPOINTS, DESCRIBE_NETWORK_INTERFACES];
}

/// In words that a verdict can name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Paths {
    /// Connections over these stay tracked.
    pub tracked: BTreeSet<String>,
    /// Whether connections over these do could not be seen, and why.
    pub unseen: BTreeSet<String>,
}

impl Fact<Aws> for TrackedPaths {
    /// Hosts of one subnet that ask at the same time share one answer.
    async fn read(&self, aws: &Aws) -> Result<Paths, CallError> {
        <Self as FactHead<Aws>>::READS.iter().for_each(|permission| permission.witness());
        let own = aws.clone();
        let fetch = move |facts: Vec<Self>| {
            let aws = own.clone();
            async move {
                let mut all = HashMap::new();
                for fact in facts {
                    let paths = fact.find(&aws).await;
                    all.insert(fact, paths);
                }
                Ok(all)
            }
        };
        let found = aws.gathered_paths().load(self.clone(), fetch).await?;
        found.ok_or_else(|| DESCRIBE_ROUTE_TABLES.gone("VPC", &self.vpc))
    }
}

impl TrackedPaths {
    /// What may not be read is in the answer: looking must not keep anybody from containing.
    async fn find(&self, aws: &Aws) -> Paths {
        let of_vpc = || filter("vpc-id", vec![self.vpc.clone()]);
        let tables = async {
            let call = aws.ec2().describe_route_tables().filters(of_vpc());
            let page = |token| call.clone().set_next_token(token).send();
            let pages = Pages::new(DESCRIBE_ROUTE_TABLES, page).all().await?;
            let tables = pages.into_iter().flat_map(|page| page.route_tables.unwrap_or_default());
            Ok::<Vec<_>, CallError>(tables.collect())
        };
        let endpoints = async {
            let call = aws.ec2().describe_vpc_endpoints().filters(of_vpc());
            let page = |token| call.clone().set_next_token(token).send();
            let pages = Pages::new(DESCRIBE_VPC_ENDPOINTS, page).all().await?;
            let all = pages.into_iter().flat_map(|page| page.vpc_endpoints.unwrap_or_default());
            Ok::<Vec<_>, CallError>(all.collect())
        };
        let leading = filter("interface-type", LEADING.map(str::to_owned).to_vec());
        let interfaces = interfaces_where(aws, vec![of_vpc(), leading]);
        let (tables, endpoints, interfaces) = futures::join!(tables, endpoints, interfaces);
        let mut paths = Paths::default();
        let endpoints = paths.seen("endpoints of the VPC", endpoints);
        let tables = paths.seen("routes of the subnet", tables);
        if let Some(tables) = &tables {
            match table_of(tables, &self.subnet) {
                Some(table) => paths.route(table, endpoints.as_deref().unwrap_or_default()),
                None => {
                    let text = "routes of the subnet: no table is shown for it";
                    paths.unseen.insert(text.into());
                }
            }
        }
        for endpoint in endpoints.iter().flatten() {
            if endpoint.vpc_endpoint_type == Some(VpcEndpointType::Interface) {
                paths.tracked.insert(format!("PrivateLink {}", named(endpoint)));
            }
        }
        let leading = "load balancers, accelerators and functions of the VPC";
        for one in paths.seen(leading, interfaces).iter().flatten() {
            paths.tracked.extend(leads(one));
        }
        paths
    }
}

impl Paths {
    fn seen<T>(&mut self, what: &str, found: Result<T, CallError>) -> Option<T> {
        match found {
            Ok(found) => Some(found),
            Err(e) => {
                self.unseen.insert(format!("{what}: {e}"));
                None
            }
        }
    }

    fn route(&mut self, table: &RouteTable, endpoints: &[VpcEndpoint]) {
        let through = table.route_table_id().unwrap_or_default();
        for route in table.routes() {
            if route.state == Some(RouteState::Blackhole) {
                continue;
            }
            match over(route, endpoints) {
                Some(Over::Tracked(what)) => {
                    self.tracked.insert(format!("{what} (route table `{through}`)"));
                }
                Some(Over::Unseen(what)) => {
                    self.unseen.insert(format!("{what} (route table `{through}`)"));
                }
                None => {}
            }
        }
    }
}

enum Over {
    Tracked(String),
    Unseen(String),
}

fn over(route: &Route, endpoints: &[VpcEndpoint]) -> Option<Over> {
    if let Some(id) = &route.nat_gateway_id {
        return Some(Over::Tracked(format!("NAT gateway `{id}`")));
    }
    if let Some(id) = &route.egress_only_internet_gateway_id {
        return Some(Over::Tracked(format!("egress-only internet gateway `{id}`")));
    }
    if let Some(id) = route.transit_gateway_id.as_ref().or(route.core_network_arn.as_ref()) {
        return Some(Over::Unseen(format!(
            "what is behind `{id}`, such as a NAT gateway of another VPC"
        )));
    }
    // A NAT gateway behind a peering cannot be used, a load balancer or interface endpoint can:
    // https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html
    if let Some(id) = &route.vpc_peering_connection_id {
        return Some(Over::Unseen(format!(
            "load balancers and interface endpoints of the VPC behind `{id}`"
        )));
    }
    let id = route.gateway_id().filter(|id| id.starts_with("vpce-"))?;
    let Some(endpoint) = endpoints.iter().find(|one| one.vpc_endpoint_id() == Some(id)) else {
        return Some(Over::Unseen(format!("the service behind endpoint `{id}`")));
    };
    match &endpoint.vpc_endpoint_type {
        // Of the gateway endpoints AWS lists DynamoDB's alone.
        Some(VpcEndpointType::Gateway) => {
            let service = endpoint.service_name().unwrap_or_default();
            service
                .ends_with(".dynamodb")
                .then(|| Over::Tracked(format!("DynamoDB {}", named(endpoint))))
        }
        _ => {
            Some(Over::Tracked(format!("Network Firewall or other appliance {}", named(endpoint))))
        }
    }
}

fn named(endpoint: &VpcEndpoint) -> String {
    let (id, service) = (endpoint.vpc_endpoint_id(), endpoint.service_name());
    format!("endpoint `{}` (`{}`)", id.unwrap_or_default(), service.unwrap_or_default())
}

fn leads(one: &NetworkInterface) -> Option<String> {
    let what = match one.interface_type.as_ref()? {
        NetworkInterfaceType::NetworkLoadBalancer => "Network Load Balancer",
        NetworkInterfaceType::GlobalAcceleratorManaged => "Global Accelerator",
        NetworkInterfaceType::Lambda => "Lambda",
        _ => return None,
    };
    let about = one.description().filter(|text| !text.is_empty());
    let about = about.map(|text| format!(", {text}")).unwrap_or_default();
    Some(format!("{what} (interface `{}`{about})", one.network_interface_id()?))
}

/// The table that is associated with the subnet, or the VPC's main table.
fn table_of<'a>(tables: &'a [RouteTable], subnet: &str) -> Option<&'a RouteTable> {
    let own = tables
        .iter()
        .find(|table| table.associations().iter().any(|one| one.subnet_id() == Some(subnet)));
    own.or_else(|| {
        tables.iter().find(|table| table.associations().iter().any(|one| one.main == Some(true)))
    })
}

#[cfg(test)]
#[path = "tracked_paths_tests.rs"]
mod tests;
