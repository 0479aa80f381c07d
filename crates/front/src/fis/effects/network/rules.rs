//! Which entries a cloned network ACL gets. Pure.

/// Entries per direction, by AWS's quota.
const MOST: usize = 20;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Range {
    V4(String),
    V6(String),
}

impl Range {
    pub(super) fn of(cidr: &str) -> Self {
        if cidr.contains(':') { Self::V6(cidr.into()) } else { Self::V4(cidr.into()) }
    }

    fn everything() -> [Self; 2] {
        [Self::V4("0.0.0.0/0".into()), Self::V6("::/0".into())]
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub number: u32,
    pub is_egress: bool,
    pub is_allow: bool,
    /// Number of the protocol; `-1` for all.
    pub protocol: String,
    pub range: Range,
    pub ports: Option<(u32, u32)>,
    /// Code and type.
    pub icmp: Option<(i32, i32)>,
}

/// Addresses that a scope is about.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Ranges {
    /// Traffic with these stays as it was.
    pub spared: Vec<Range>,
    /// Traffic with these is denied.
    pub denied: Vec<Range>,
}

impl Ranges {
    /// Everything but these.
    pub(super) fn all_but(spared: Vec<Range>) -> Self {
        Self { spared, denied: Range::everything().into() }
    }
}

/// New entries first, then the original ones in their order.
///
/// # Errors
/// Too many entries. With scope `all` nothing of the original is kept: the deny rules hide it.
pub(super) fn build(
    original: &[Entry],
    ranges: &Ranges,
    scope: &str,
) -> Result<Vec<Entry>, String> {
    let mut entries = Vec::new();
    for is_egress in [false, true] {
        let wanted = ranges.spared.iter().map(|range| (range, true));
        let wanted = wanted.chain(ranges.denied.iter().map(|range| (range, false)));
        let first = (1_u32..).zip(wanted).map(|(number, (range, is_allow))| Entry {
            number,
            is_egress,
            is_allow,
            protocol: "-1".into(),
            range: range.clone(),
            ports: None,
            icmp: None,
        });
        let mut own: Vec<Entry> = first.collect();
        if scope != "all" {
            let shift = own.len() as u32;
            let mut kept: Vec<Entry> =
                original.iter().filter(|entry| entry.is_egress == is_egress).cloned().collect();
            kept.sort_by_key(|entry| entry.number);
            let collides = kept.first().is_some_and(|entry| entry.number <= shift);
            for entry in &mut kept {
                entry.number += if collides { shift } else { 0 };
            }
            own.extend(kept);
            if own.len() > MOST {
                return Err(format!(
                    "the clone would have {} entries; {MOST} is the limit",
                    own.len()
                ));
            }
        }
        entries.extend(own);
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(number: u32, is_egress: bool) -> Entry {
        Entry {
            number,
            is_egress,
            is_allow: true,
            protocol: "-1".into(),
            range: Range::of("0.0.0.0/0"),
            ports: None,
            icmp: None,
        }
    }

    #[test]
    fn all_spares_the_subnet_only() {
        let ranges = Ranges::all_but(vec![Range::of("10.0.1.0/24")]);
        let built = build(&[open(100, false), open(100, true)], &ranges, "all").expect("built");
        let ingress: Vec<_> = built.iter().filter(|entry| !entry.is_egress).collect();
        assert_eq!(built.len(), 6);
        assert!(ingress[0].is_allow && ingress[0].range == Range::of("10.0.1.0/24"));
        assert!(!ingress[1].is_allow && ingress[1].range == Range::of("0.0.0.0/0"));
        assert!(!ingress[2].is_allow && ingress[2].range == Range::of("::/0"));
    }

    #[test]
    fn denies_come_before_the_original_rules() {
        let ranges = Ranges {
            spared: vec![],
            denied: vec![Range::of("10.0.2.0/24"), Range::of("10.0.3.0/24")],
        };
        let kept =
            build(&[open(100, false), open(2, true)], &ranges, "availability-zone").expect("built");
        let numbers = |is_egress: bool| -> Vec<u32> {
            kept.iter().filter(|e| e.is_egress == is_egress).map(|e| e.number).collect()
        };
        assert_eq!(numbers(false), [1, 2, 100]);
        assert_eq!(numbers(true), [1, 2, 4]);
    }

    #[test]
    fn more_than_twenty_entries_are_refused() {
        let denied = (0..20).map(|n| Range::of(&format!("10.0.{n}.0/24"))).collect();
        let ranges = Ranges { spared: vec![], denied };
        assert!(
            build(&[open(100, false)], &ranges, "s3").expect_err("too many").contains("21 entries")
        );
    }
}
