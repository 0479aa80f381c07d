//! CBOR (RFC 8949) as far as Smithy RPC v2 uses it. Values are JSON's; byte strings are base64 text.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Number, Value};

use super::time;

const DEEPEST: usize = 64;

/// One value, all of `bytes`; `None` for anything else.
pub(super) fn decode(bytes: &[u8]) -> Option<Value> {
    let mut reader = Reader { rest: bytes };
    let value = reader.value(0)?;
    reader.rest.is_empty().then_some(value)
}

struct Reader<'a> {
    rest: &'a [u8],
}

/// Length of an item that ends with a break.
const OPEN: u8 = 31;

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        Some(self.take(1)?[0])
    }

    fn argument(&mut self, info: u8) -> Option<u64> {
        let length = match info {
            0..=23 => return Some(u64::from(info)),
            24..=27 => 1 << (info - 24),
            _ => return None,
        };
        Some(self.take(length)?.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
    }

    fn at_break(&mut self) -> bool {
        let found = self.rest.first() == Some(&0xff);
        if found {
            self.rest = &self.rest[1..];
        }
        found
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        if depth > DEEPEST {
            return None;
        }
        let first = self.byte()?;
        let (major, info) = (first >> 5, first & 31);
        match major {
            0 => Some(self.argument(info)?.into()),
            1 => Some((-1 - i64::try_from(self.argument(info)?).ok()?).into()),
            2 => Some(STANDARD.encode(self.string(major, info)?).into()),
            3 => Some(String::from_utf8(self.string(major, info)?).ok()?.into()),
            4 => self.array(info, depth),
            5 => self.map(info, depth),
            6 => {
                let tag = self.argument(info)?;
                let inner = self.value(depth + 1)?;
                // Epoch seconds.
                Some(if tag == 1 { as_time(&inner).unwrap_or(inner) } else { inner })
            }
            _ => self.simple(info),
        }
    }

    fn string(&mut self, major: u8, info: u8) -> Option<Vec<u8>> {
        if info != OPEN {
            let length = usize::try_from(self.argument(info)?).ok()?;
            return Some(self.take(length)?.to_vec());
        }
        let mut whole = Vec::new();
        while !self.at_break() {
            let chunk = self.byte()?;
            if chunk >> 5 != major || chunk & 31 == OPEN {
                return None;
            }
            let length = usize::try_from(self.argument(chunk & 31)?).ok()?;
            whole.extend_from_slice(self.take(length)?);
        }
        Some(whole)
    }

    fn array(&mut self, info: u8, depth: usize) -> Option<Value> {
        let mut items = Vec::new();
        if info == OPEN {
            while !self.at_break() {
                items.push(self.value(depth + 1)?);
            }
        } else {
            for _ in 0..self.argument(info)? {
                items.push(self.value(depth + 1)?);
            }
        }
        Some(items.into())
    }

    fn map(&mut self, info: u8, depth: usize) -> Option<Value> {
        let mut members = Map::new();
        let mut left = if info == OPEN { u64::MAX } else { self.argument(info)? };
        while left > 0 && !(info == OPEN && self.at_break()) {
            let Value::String(name) = self.value(depth + 1)? else { return None };
            members.insert(name, self.value(depth + 1)?);
            left -= 1;
        }
        Some(members.into())
    }

    fn simple(&mut self, info: u8) -> Option<Value> {
        let number = match info {
            20 => return Some(false.into()),
            21 => return Some(true.into()),
            22 | 23 => return Some(Value::Null),
            25 => half(u16::from_be_bytes(self.take(2)?.try_into().ok()?)),
            26 => f64::from(f32::from_be_bytes(self.take(4)?.try_into().ok()?)),
            27 => f64::from_be_bytes(self.take(8)?.try_into().ok()?),
            _ => return None,
        };
        Some(Number::from_f64(number).map_or(Value::Null, Value::Number))
    }
}

fn half(bits: u16) -> f64 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
    let size = match exponent {
        0 => fraction * 2_f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1.0 + fraction / 1024.0) * 2_f64.powi(exponent - 15),
    };
    if bits >> 15 == 1 { -size } else { size }
}

fn as_time(seconds: &Value) -> Option<Value> {
    let at = jiff::Timestamp::from_millisecond((seconds.as_f64()? * 1000.0).round() as i64).ok()?;
    Some(time::iso(at).into())
}

/// A value in definite lengths, times tagged as epoch seconds.
pub(super) fn encode(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    push(&mut bytes, value);
    bytes
}

fn head(bytes: &mut Vec<u8>, major: u8, argument: u64) {
    let wide = argument.to_be_bytes();
    let (info, length) = match argument {
        0..=23 => (wide[7], 0),
        24..=0xff => (24, 1),
        0x100..=0xffff => (25, 2),
        0x1_0000..=0xffff_ffff => (26, 4),
        _ => (27, 8),
    };
    bytes.push(major << 5 | info);
    bytes.extend_from_slice(&wide[8 - length..]);
}

fn float(bytes: &mut Vec<u8>, number: f64) {
    bytes.push(0xfb);
    bytes.extend_from_slice(&number.to_be_bytes());
}

fn push(bytes: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => bytes.push(0xf6),
        Value::Bool(flag) => bytes.push(if *flag { 0xf5 } else { 0xf4 }),
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => head(bytes, 0, number),
            (_, Some(number)) => head(bytes, 1, !number as u64),
            _ => float(bytes, number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => {
            head(bytes, 3, text.len() as u64);
            bytes.extend_from_slice(text.as_bytes());
        }
        Value::Array(items) => {
            head(bytes, 4, items.len() as u64);
            items.iter().for_each(|item| push(bytes, item));
        }
        Value::Object(members) => {
            if let Some(milliseconds) = time::milliseconds(value) {
                head(bytes, 6, 1);
                float(bytes, milliseconds as f64 / 1000.0);
                return;
            }
            head(bytes, 5, members.len() as u64);
            for (name, inner) in members {
                head(bytes, 3, name.len() as u64);
                bytes.extend_from_slice(name.as_bytes());
                push(bytes, inner);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_come_back() {
        let value = json!({"a": [1, -1, 23, 24, 256, 65536, 4_294_967_296_u64, -500], "b": {"c": "é", "d": 1.5}, "e": [true, false, null]});
        assert_eq!(decode(&encode(&value)), Some(value));
    }

    #[test]
    fn open_lengths_halves_and_times_are_read() {
        assert_eq!(decode(&[0xbf, 0x61, b'a', 0x9f, 1, 0xff, 0xff]), Some(json!({"a": [1]})));
        assert_eq!(decode(&[0xf9, 0x3e, 0x00]), Some(json!(1.5)));
        assert_eq!(decode(&[0x7f, 0x61, b'a', 0x61, b'b', 0xff]), Some(json!("ab")));
        assert_eq!(decode(&[0x42, 1, 2]), Some(json!("AQI=")));
        assert_eq!(decode(&[0xc1, 0]), Some(json!("1970-01-01T00:00:00.000Z")));
    }

    #[test]
    fn what_is_no_cbor_is_none() {
        // Lengths that exceed the available data must not be trusted.
        for bad in [
            &[][..],
            &[0x9b, 255, 255, 255, 255, 255, 255, 255, 255],
            &[0x5b, 127],
            &[0xff],
            &[1, 1],
        ] {
            assert_eq!(decode(bad), None);
        }
        assert_eq!(decode(&vec![0x81; 100_000]), None);
    }
}
