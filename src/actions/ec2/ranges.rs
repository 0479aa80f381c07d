//! The division of an IPv4 range into equal parts, one for each subnet. Pure.

use std::net::Ipv4Addr;

/// AWS allows these for a VPC and for a subnet:
/// <https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html>.
const WIDEST: u32 = 16;
const NARROWEST: u32 = 28;

/// `count` equal ranges within `cidr`, in order.
///
/// # Errors
/// The range is not one that a VPC can have, or has no room for that many subnets.
pub(super) fn divide(cidr: &str, count: usize) -> Result<Vec<String>, String> {
    let wrong = || format!("`{cidr}` is not an IPv4 range from /{WIDEST} to /{NARROWEST}");
    let (address, length) = cidr.split_once('/').ok_or_else(wrong)?;
    let address: Ipv4Addr = address.parse().map_err(|_| wrong())?;
    let length: u32 = length.parse().map_err(|_| wrong())?;
    if !(WIDEST..=NARROWEST).contains(&length) {
        return Err(wrong());
    }
    let base = u32::from(address);
    if base & (u32::MAX >> length) != 0 {
        return Err(format!("`{cidr}` has bits set behind its first {length}"));
    }
    let parts = count.max(1).next_power_of_two();
    let inner = length + parts.trailing_zeros();
    if inner > NARROWEST {
        return Err(format!("`{cidr}` has no room for {count} subnets of at least /{NARROWEST}"));
    }
    let part = |nth: u32| format!("{}/{inner}", Ipv4Addr::from(base + nth * (1 << (32 - inner))));
    Ok((0..count as u32).map(part).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_divided_evenly() {
        let divided = |cidr, count| divide(cidr, count).expect("room");
        assert_eq!(divided("10.255.0.0/24", 1), ["10.255.0.0/24"]);
        assert_eq!(divided("10.255.0.0/24", 2), ["10.255.0.0/25", "10.255.0.128/25"]);
        let three = ["10.0.0.0/18", "10.0.64.0/18", "10.0.128.0/18"];
        assert_eq!(divided("10.0.0.0/16", 3), three);
    }

    #[test]
    fn what_a_vpc_cannot_have_is_refused() {
        for (cidr, count) in [
            ("10.0.0.0/8", 1),
            ("10.0.0.0/29", 1),
            ("10.0.0.1/24", 1),
            ("fd00::/64", 1),
            ("10.0.0.0/27", 3),
        ] {
            assert!(divide(cidr, count).is_err(), "{cidr}");
        }
    }
}
