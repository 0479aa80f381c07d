//! Numbers, moments and addresses as policies and requests write them.

use std::{cmp::Ordering, net::IpAddr};

use jiff::Timestamp;

/// How a text was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reading<T> {
    Is(T),
    /// It is none.
    Not,
    /// The documents do not say whether AWS takes it. If it does, it may be one of these; with none, anything.
    Open(Vec<T>),
}

/// A decimal number of any length: sign, and the digits before and after the point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Number {
    negative: bool,
    whole: String,
    rest: String,
}

/// "An integer or decimal value": <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_Numeric>
pub(crate) fn number(text: &str) -> Reading<Number> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, rest) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if !(all_digits(whole) && all_digits(rest)) || whole.is_empty() && rest.is_empty() {
        // `1e3`, `inf` and the like.
        let Ok(value) = text.parse::<f64>() else { return Reading::Not };
        if !value.is_finite() {
            return Reading::Open(Vec::new());
        }
        let before = text.split(['e', 'E']).next().unwrap_or(text);
        let both = [value.to_string(), before.to_owned()].map(|text| number(&text));
        return Reading::Open(
            both.into_iter()
                .filter_map(|reading| match reading {
                    Reading::Is(number) => Some(number),
                    _ => None,
                })
                .collect(),
        );
    }
    let whole = whole.trim_start_matches('0').to_owned();
    let rest = rest.trim_end_matches('0').to_owned();
    let negative = negative && !(whole.is_empty() && rest.is_empty());
    Reading::Is(Number { negative, whole, rest })
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        let size = || {
            let lengths = self.whole.len().cmp(&other.whole.len());
            lengths.then_with(|| (&self.whole, &self.rest).cmp(&(&other.whole, &other.rest)))
        };
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => size(),
            (true, true) => size().reverse(),
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A moment: one of the W3C's forms of ISO 8601, or seconds since 1970.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_Date>,
/// <https://www.w3.org/TR/NOTE-datetime>
pub(crate) fn moment(text: &str) -> Reading<Timestamp> {
    // Four digits are a year in the one form and a second in the other.
    if text.len() != 4
        && let Ok(seconds) = text.parse::<i64>()
    {
        return Timestamp::from_second(seconds).map_or(Reading::Open(Vec::new()), Reading::Is);
    }
    let (date, time) = match text.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let shape: String = date.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let date = match (shape.as_str(), time) {
        ("0000", None) => return Reading::Open(Vec::new()),
        ("0000-00", None) => format!("{date}-01"),
        ("0000-00-00", _) => date.to_owned(),
        _ if text.parse::<f64>().is_ok() => return Reading::Open(Vec::new()),
        _ => return Reading::Not,
    };
    let Some(time) = time else { return read(&format!("{date}T00:00:00Z")) };
    let (clock, zone) = match time.find(['Z', '+', '-']) {
        Some(at) => time.split_at(at),
        // A time without its zone is none of the W3C's forms, but often written.
        None => return Reading::Open(Vec::new()),
    };
    let minutes = clock.len() == 5;
    read(&format!("{date}T{clock}{}{zone}", if minutes { ":00" } else { "" }))
}

fn read(text: &str) -> Reading<Timestamp> {
    text.parse::<Timestamp>().map_or(Reading::Not, Reading::Is)
}

/// An address or a range in CIDR notation; without a prefix length, one address.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_IPAddress>
pub(crate) fn range(text: &str) -> Reading<(IpAddr, u32)> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (text, None),
    };
    let Ok(address) = address.parse::<IpAddr>() else { return Reading::Not };
    let bits = if address.is_ipv4() { 32 } else { 128 };
    let length = match length {
        None => Some(bits),
        Some(text) => text.parse::<u32>().ok().filter(|length| *length <= bits),
    };
    length.map_or(Reading::Not, |length| Reading::Is((address, length)))
}

/// Whether an address is within a range. Bits of the range beyond its length do not count.
pub(crate) fn within(address: IpAddr, (network, length): (IpAddr, u32)) -> bool {
    let high = |bits: u128, width: u32| bits.checked_shr(width - length).unwrap_or(0);
    match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(n)) => {
            high(a.to_bits().into(), 32) == high(n.to_bits().into(), 32)
        }
        (IpAddr::V6(a), IpAddr::V6(n)) => high(a.to_bits(), 128) == high(n.to_bits(), 128),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_exactly() {
        let is = |text: &str| match number(text) {
            Reading::Is(number) => number,
            other => panic!("{text}: {other:?}"),
        };
        let ascending =
            ["-10.5", "-10", "-2", "0", "0.05", "0.5", "1", "299.5", "300", "9007199254740993"];
        assert!(ascending.windows(2).all(|pair| is(pair[0]) < is(pair[1])));
        assert_eq!(is("+007.50"), is("7.5"));
        assert_eq!(is("-0"), is("0"));
        assert_eq!(number("1e3"), Reading::Open(vec![is("1000"), is("1")]));
        assert_eq!(number("inf"), Reading::Open(Vec::new()));
        assert_eq!(number(""), Reading::Not);
        assert_eq!(number("1.2.3"), Reading::Not);
    }

    #[test]
    fn moments_are_read_in_every_form() {
        let at = |text: &str| match moment(text) {
            Reading::Is(at) => at.as_second(),
            other => panic!("{text}: {other:?}"),
        };
        for text in [
            "2026-05-01T10:00:00Z",
            "2026-05-01T10:00Z",
            "2026-05-01T12:00:00+02:00",
            "2026-05-01T10:00:00.000Z",
            "1777629600",
        ] {
            assert_eq!(at(text), 1_777_629_600, "{text}");
        }
        assert_eq!(at("2026-05"), at("2026-05-01"));
        for open in ["2026", "2026-05-01T10:00:00", "1.5", "99999999999999999"] {
            assert_eq!(moment(open), Reading::Open(Vec::new()), "{open}");
        }
        for not in ["", "x", "2026-13-01", "2026-05-01T", "2026-05-01T25:00Z", "01-05-2026"] {
            assert!(matches!(moment(not), Reading::Not | Reading::Open(_)), "{not}");
        }
    }

    #[test]
    fn addresses_are_within_ranges() {
        let ask = |address: &str, text: &str| match (address.parse(), range(text)) {
            (Ok(address), Reading::Is(range)) => within(address, range),
            other => panic!("{other:?}"),
        };
        assert!(ask("198.51.100.7", "0.0.0.0/0"));
        assert!(ask("203.0.113.9", "203.0.113.77/25"));
        assert!(!ask("203.0.113.200", "203.0.113.77/25"));
        assert!(ask("2001:db8::5", "2001:DB8:0::5"));
        assert!(ask("2001:db8::5", "::/0"));
        assert!(!ask("198.51.100.7", "::/0"));
        assert_eq!(range("10.0.0.0/33"), Reading::Not);
    }
}
