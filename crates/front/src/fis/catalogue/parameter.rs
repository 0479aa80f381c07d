//! Forms of action parameters, and whether a value has its form.

use super::duration;

/// A parameter of an action.
pub(crate) struct Parameter {
    pub name: &'static str,
    pub is_required: bool,
    pub form: Form,
    pub description: &'static str,
}

/// What a value may be.
pub(crate) enum Form {
    /// ISO 8601, from so many seconds to 12 hours.
    Duration {
        from: u64,
    },
    Percentage,
    OneOf(&'static [&'static str]),
    /// Separated by commas.
    SomeOf(&'static [&'static str]),
    Text,
    AlarmArns,
    /// A JSON object of strings and lists of strings.
    Document,
}

impl Parameter {
    pub(crate) const fn required(
        name: &'static str,
        form: Form,
        description: &'static str,
    ) -> Self {
        Self { name, is_required: true, form, description }
    }

    pub(crate) const fn optional(
        name: &'static str,
        form: Form,
        description: &'static str,
    ) -> Self {
        Self { name, is_required: false, form, description }
    }

    /// The problem with a value, as the end of a sentence.
    pub(crate) fn wrong(&self, value: &str) -> Option<String> {
        match &self.form {
            Form::Duration { from } => duration::check(value, *from).err(),
            Form::Percentage => {
                let ok = value.parse::<u8>().is_ok_and(|n| (1..=100).contains(&n));
                (!ok).then(|| "must be a whole number from 1 to 100".into())
            }
            Form::OneOf(known) => (!known.contains(&value)).then(|| {
                format!("is not supported for the action; supported: {}", known.join(", "))
            }),
            Form::SomeOf(known) => {
                let odd = list(value).find(|item| !known.contains(item));
                odd.map(|_| format!("must be values of: {}", known.join(", ")))
            }
            Form::Text => value.trim().is_empty().then(|| "must not be empty".into()),
            Form::AlarmArns => {
                let is_alarm = |arn: &str| arn.starts_with("arn:") && arn.contains(":alarm:");
                let ok = (1..=5).contains(&list(value).count()) && list(value).all(is_alarm);
                (!ok).then(|| "must be one to five alarm ARNs, separated by commas".into())
            }
            Form::Document => {
                let ok = document(value).is_some();
                (!ok).then(|| "must be a JSON object of strings and lists of strings".into())
            }
        }
    }
}

/// Items of a list with commas.
pub(crate) fn list(value: &str) -> impl Iterator<Item = &str> {
    value.split(',').map(str::trim).filter(|item| !item.is_empty())
}

/// Parameters of an SSM document, each as a list.
pub(crate) fn document(value: &str) -> Option<serde_json::Map<String, serde_json::Value>> {
    let parsed: serde_json::Map<String, serde_json::Value> = serde_json::from_str(value).ok()?;
    let as_list = |value: serde_json::Value| match value {
        serde_json::Value::String(_) => Some(serde_json::Value::Array(vec![value])),
        serde_json::Value::Array(ref items) if items.iter().all(serde_json::Value::is_string) => {
            Some(value)
        }
        _ => None,
    };
    parsed.into_iter().map(|(name, value)| Some((name, as_list(value)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_checked_by_form() {
        let of = |form| Parameter::required("p", form, "");
        assert!(of(Form::Duration { from: 60 }).wrong("PT1M").is_none());
        assert!(of(Form::Duration { from: 60 }).wrong("PT59S").is_some());
        assert!(of(Form::Percentage).wrong("100").is_none());
        for bad in ["0", "101", "1.5", "", "x"] {
            assert!(of(Form::Percentage).wrong(bad).is_some(), "{bad}");
        }
        assert!(of(Form::SomeOf(&["OK", "ALARM"])).wrong("OK, ALARM").is_none());
        assert!(of(Form::SomeOf(&["OK"])).wrong("ok").is_some());
        assert!(of(Form::AlarmArns).wrong("arn:aws:cloudwatch:us-east-1:1:alarm:a").is_none());
        assert!(of(Form::AlarmArns).wrong("").is_some());
        assert!(of(Form::Document).wrong(r#"{"a":"b","c":["d"]}"#).is_none());
        assert!(of(Form::Document).wrong(r#"{"a":1}"#).is_some());
    }
}
