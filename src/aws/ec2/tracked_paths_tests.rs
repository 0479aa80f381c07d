//! Which paths are found, through the real SDK with answers shaped as EC2 gives them.

use super::*;
use crate::aws::replay::{Replay, aws};

fn account(routes: &str, endpoints: &str, interfaces: &str) -> Replay {
    let tables = format!(
        "<DescribeRouteTablesResponse><routeTableSet>\
         <item><routeTableId>rtb-main</routeTableId><routeSet><item>\
         <destinationCidrBlock>0.0.0.0/0</destinationCidrBlock><gatewayId>igw-1</gatewayId>\
         <state>active</state></item></routeSet><associationSet><item><main>true</main></item></associationSet></item>\
         <item><routeTableId>rtb-own</routeTableId><routeSet>{routes}</routeSet><associationSet><item>\
         <main>false</main><subnetId>subnet-1</subnetId></item></associationSet></item>\
         </routeTableSet></DescribeRouteTablesResponse>"
    );
    let endpoints = format!(
        "<DescribeVpcEndpointsResponse><vpcEndpointSet>{endpoints}</vpcEndpointSet></DescribeVpcEndpointsResponse>"
    );
    let interfaces = format!(
        "<DescribeNetworkInterfacesResponse><networkInterfaceSet>{interfaces}</networkInterfaceSet></DescribeNetworkInterfacesResponse>"
    );
    Replay::default()
        .xml("DescribeRouteTables", &tables)
        .xml("DescribeVpcEndpoints", &endpoints)
        .xml("DescribeNetworkInterfaces", &interfaces)
}

async fn paths(replay: &Replay, subnet: &str) -> Paths {
    let fact = TrackedPaths { vpc: "vpc-1".into(), subnet: subnet.into() };
    fact.read(&aws(replay)).await.expect("an answer")
}

fn route(target: &str) -> String {
    format!(
        "<item><destinationCidrBlock>0.0.0.0/0</destinationCidrBlock>{target}<state>active</state></item>"
    )
}

fn endpoint(id: &str, kind: &str, service: &str) -> String {
    format!(
        "<item><vpcEndpointId>{id}</vpcEndpointId><vpcEndpointType>{kind}</vpcEndpointType>\
         <serviceName>{service}</serviceName></item>"
    )
}

#[tokio::test]
async fn each_path_over_which_connections_stay_tracked_is_named() {
    let dynamodb = "com.amazonaws.us-east-1.dynamodb";
    let gateway = endpoint("vpce-d", "Gateway", dynamodb);
    let s3 = endpoint("vpce-s", "Gateway", "com.amazonaws.us-east-1.s3");
    let firewall =
        endpoint("vpce-f", "GatewayLoadBalancer", "com.amazonaws.vpce.us-east-1.vpce-svc-1");
    let private = endpoint("vpce-p", "Interface", "com.amazonaws.us-east-1.ssm");
    let by = |id: &str| route(&format!("<gatewayId>{id}</gatewayId>"));
    let balancer = "<item><networkInterfaceId>eni-n</networkInterfaceId>\
        <interfaceType>network_load_balancer</interfaceType><description>ELB net/web/1</description></item>";
    for (routes, endpoints, interfaces, said) in [
        (
            route("<natGatewayId>nat-1</natGatewayId>"),
            "",
            "",
            "NAT gateway `nat-1` (route table `rtb-own`)",
        ),
        (
            route("<egressOnlyInternetGatewayId>eigw-1</egressOnlyInternetGatewayId>"),
            "",
            "",
            "egress-only internet gateway `eigw-1`",
        ),
        (by("vpce-d"), &gateway, "", "DynamoDB endpoint `vpce-d`"),
        (by("vpce-f"), &firewall, "", "Network Firewall or other appliance endpoint `vpce-f`"),
        (String::new(), &private, "", "PrivateLink endpoint `vpce-p`"),
        (String::new(), "", balancer, "Network Load Balancer (interface `eni-n`, ELB net/web/1)"),
    ] {
        let found = paths(&account(&routes, endpoints, interfaces), "subnet-1").await;
        assert_eq!(found.tracked.len(), 1, "{found:?}");
        assert!(found.tracked.iter().all(|path| path.starts_with(said)), "{said}: {found:?}");
        assert_eq!(found.unseen.len(), 0, "{found:?}");
    }
    let plain = paths(&account(&by("vpce-s"), &s3, ""), "subnet-1").await;
    assert_eq!(plain, Paths::default(), "AWS does not list S3's");
}

#[tokio::test]
async fn a_subnet_without_a_table_has_the_main_one() {
    let replay = account(&route("<natGatewayId>nat-1</natGatewayId>"), "", "");
    assert_eq!(paths(&replay, "subnet-2").await, Paths::default());
}

#[tokio::test]
async fn what_cannot_be_seen_is_said() {
    let behind = account(&route("<transitGatewayId>tgw-1</transitGatewayId>"), "", "");
    let found = paths(&behind, "subnet-1").await;
    assert!(found.unseen.iter().any(|path| path.contains("`tgw-1`")), "{found:?}");
    let peer = route("<vpcPeeringConnectionId>pcx-1</vpcPeeringConnectionId>");
    let found = paths(&account(&peer, "", ""), "subnet-1").await;
    assert!(found.unseen.iter().any(|path| path.contains("behind `pcx-1`")), "{found:?}");
    let denied = Replay::default()
        .ec2_error("DescribeRouteTables", 403, "UnauthorizedOperation", "no")
        .ec2_error("DescribeVpcEndpoints", 403, "UnauthorizedOperation", "no")
        .ec2_error("DescribeNetworkInterfaces", 403, "UnauthorizedOperation", "no");
    assert_eq!(paths(&denied, "subnet-1").await.unseen.len(), 3);
}
