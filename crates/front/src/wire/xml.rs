//! XML of answers: a small tree to read, and values to write. No namespaces, no attributes but `xmlns`.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;
use serde_json::{Map, Value};

use super::time;

const DEEPEST: usize = 64;

/// An element.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Xml {
    pub name: String,
    /// Its own text, trimmed.
    pub text: String,
    pub children: Vec<Xml>,
}

impl Xml {
    /// The root element; `None` if the text is not XML, or is nested deeper than any AWS answer.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut reader = Reader::from_str(text);
        let mut open: Vec<Xml> = vec![Xml::default()];
        loop {
            match reader.read_event().ok()? {
                Event::Start(tag) if open.len() < DEEPEST => {
                    let name = tag.local_name().into_inner().to_owned();
                    open.push(Xml { name, ..Self::default() });
                }
                Event::Start(_) => return None,
                Event::Empty(tag) => {
                    let name = tag.local_name().into_inner().to_owned();
                    open.last_mut()?.children.push(Xml { name, ..Self::default() });
                }
                Event::End(_) => {
                    let mut done = open.pop()?;
                    done.text = done.text.trim().to_owned();
                    open.last_mut()?.children.push(done);
                }
                Event::Text(text) => open.last_mut()?.text.push_str(&text.xml10_content()),
                Event::CData(text) => open.last_mut()?.text.push_str(&text.xml10_content()),
                Event::GeneralRef(name) => {
                    let into = &mut open.last_mut()?.text;
                    match name.resolve_char_ref().ok()? {
                        Some(letter) => into.push(letter),
                        None => into.push_str(resolve_predefined_entity(&name)?),
                    }
                }
                Event::Eof => break,
                _ => {}
            }
        }
        let root = open.pop().filter(|_| open.is_empty())?;
        root.children.into_iter().next()
    }

    /// The first element at a path: `Error/Code`.
    pub(crate) fn get(&self, path: &str) -> Option<&Xml> {
        path.split('/').try_fold(self, |at, name| at.children.iter().find(|c| c.name == name))
    }

    /// Every element at a path, through every branch: `reservationSet/item/instancesSet/item`.
    pub(crate) fn all(&self, path: &str) -> Vec<&Xml> {
        path.split('/').fold(vec![self], |at, name| {
            at.into_iter().flat_map(|xml| xml.children.iter().filter(|c| c.name == name)).collect()
        })
    }

    /// Text of the first element at a path; empty when it is not there.
    pub(crate) fn text(&self, path: &str) -> &str {
        self.get(path).map_or("", |xml| &xml.text)
    }

    /// The first element of this name, at any depth.
    pub(crate) fn find(&self, name: &str) -> Option<&Xml> {
        if self.name == name {
            return Some(self);
        }
        self.children.iter().find_map(|child| child.find(name))
    }

    /// By the names of its elements as they are; lists of one name as arrays.
    pub(crate) fn named(&self) -> Value {
        if self.children.is_empty() {
            return self.to_value();
        }
        let mut members = Map::new();
        for child in &self.children {
            match members.get_mut(&child.name) {
                None => drop(members.insert(child.name.clone(), child.named())),
                Some(Value::Array(items)) => items.push(child.named()),
                Some(one) => *one = vec![one.take(), child.named()].into(),
            }
        }
        members.into()
    }

    /// As CloudTrail shows it: lists of `item` as `{"items": [..]}`, `member` as plain arrays, all else by name.
    pub(crate) fn to_value(&self) -> Value {
        if self.children.is_empty() {
            return match self.text.as_str() {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                text => Value::String(text.into()),
            };
        }
        if self.children.iter().all(|child| child.name == "member") {
            return self.children.iter().map(Self::to_value).collect();
        }
        if self.children.iter().all(|child| child.name == "item") {
            let items: Value = self.children.iter().map(Self::to_value).collect();
            return Value::Object(Map::from_iter([("items".into(), items)]));
        }
        self.children.iter().map(|c| (super::lower_first(&c.name), c.to_value())).collect()
    }
}

/// Text for between tags.
pub(crate) fn escape(text: &str) -> String {
    // Letters that XML 1.0 cannot carry in any form would make the whole answer unreadable.
    let legal = |c: &char| !c.is_control() || matches!(c, '\t' | '\n' | '\r');
    let clean: String = text.chars().filter(legal).collect();
    quick_xml::escape::escape(clean.as_str()).into_owned()
}

/// Members as elements; lists as `<Name><list>..</list></Name>`.
pub(super) fn write(into: &mut String, name: &str, value: &Value, list: &str) {
    if value.is_null() {
        return;
    }
    into.push_str(&format!("<{name}>"));
    match value {
        Value::Null => {}
        Value::Bool(flag) => into.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) => into.push_str(&number.to_string()),
        Value::String(text) => into.push_str(&escape(text)),
        Value::Array(items) => items.iter().for_each(|item| write(into, list, item, list)),
        Value::Object(members) => match time::milliseconds(value) {
            Some(milliseconds) => into.push_str(&time::of_milliseconds(milliseconds)),
            None => members.iter().for_each(|(key, inner)| write(into, key, inner, list)),
        },
    }
    into.push_str(&format!("</{name}>"));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_tree_is_read_by_path() {
        let text = r#"<?xml version="1.0"?><R xmlns="u"><set><item><id>i-1</id></item><item><id>a&amp;&#98;</id><none/></item></set></R>"#;
        let xml = Xml::parse(text).expect("XML");
        let ids: Vec<&str> = xml.all("set/item/id").iter().map(|x| x.text.as_str()).collect();
        assert_eq!(ids, ["i-1", "a&b"]);
        assert_eq!(xml.text("set/item/id"), "i-1");
        assert_eq!(xml.find("none").expect("there").text, "");
        assert_eq!(
            xml.to_value(),
            json!({"set": {"items": [{"id": "i-1"}, {"id": "a&b", "none": ""}]}})
        );
    }

    #[test]
    fn what_is_no_xml_is_none() {
        for bad in ["", "plain", "<a>", "<a></b>", "<a>&unknown;</a>", &"<a>".repeat(100_000)] {
            assert_eq!(Xml::parse(bad), None);
        }
    }

    #[test]
    fn values_are_written_and_escaped() {
        let mut text = String::new();
        write(
            &mut text,
            "R",
            &json!({"A": [{"B": "<&\u{0}>"}, true], "N": 1.5, "Z": null}),
            "member",
        );
        assert_eq!(
            text,
            "<R><A><member><B>&lt;&amp;&gt;</B></member><member>true</member></A><N>1.5</N></R>"
        );
    }
}
