//! Tags in EC2's forms. A tag with the job's id marks what a job made, so that a restart finds it again.

use serde_json::{Value, json};

use crate::backup::model::Texts;
use crate::wire::Xml;

pub(super) const JOB: &str = "backburn:backup-job";

/// `TagSpecification` of things that a job makes.
pub(super) fn specification(kinds: &[&str], job: &str, tags: &Texts) -> Value {
    let mut all = vec![json!({ "Key": JOB, "Value": job })];
    // Only services may set names that begin with `aws:`.
    let own = tags.iter().filter(|(key, _)| !key.starts_with("aws:") && *key != JOB);
    all.extend(own.map(|(key, value)| json!({ "Key": key, "Value": value })));
    kinds.iter().map(|kind| json!({ "ResourceType": kind, "Tag": all })).collect()
}

/// `Filter` for what a job made.
pub(super) fn filter(job: &str) -> Value {
    json!([{ "Name": format!("tag:{JOB}"), "Value": [job] }])
}

/// `tagSet` of an item.
pub(super) fn read(item: &Xml) -> Texts {
    let tags = item.all("tagSet/item");
    let pairs = tags.iter().map(|tag| (tag.text("key").to_owned(), tag.text("value").to_owned()));
    pairs.filter(|(key, _)| key != JOB).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_is_added_and_left_out_again() {
        let tags = Texts::from_iter([("a".into(), "1".into()), ("aws:x".into(), "2".into())]);
        let made = specification(&["volume"], "J", &tags);
        assert_eq!(made[0]["Tag"], json!([{"Key": JOB, "Value": "J"}, {"Key": "a", "Value": "1"}]));
        let xml = Xml::parse(
            "<i><tagSet><item><key>backburn:backup-job</key><value>J</value></item><item><key>a</key><value>1</value></item></tagSet></i>",
        );
        assert_eq!(read(&xml.expect("XML")), Texts::from_iter([("a".into(), "1".into())]));
    }
}
