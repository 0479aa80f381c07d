//! Did-you-mean and lists of names for messages. Owns wording shared by every diagnostic that names alternatives.

/// The candidate that `name` is most likely a misspelling of.
pub(crate) fn closest<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let allowed = (name.chars().count() / 3).clamp(1, 4);
    candidates
        .into_iter()
        .filter(|candidate| candidate.len().abs_diff(name.len()) <= allowed + 8)
        .filter_map(|candidate| {
            let distance = strsim::damerau_levenshtein(name, candidate);
            let starts = name.len() > 2 && candidate.starts_with(name);
            let near = starts || distance <= allowed || strsim::jaro_winkler(name, candidate) > 0.9;
            near.then_some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// ``did you mean `x`?``, or the whole list when nothing is near.
pub(crate) fn did_you_mean<'a, I>(name: &str, candidates: I, otherwise: &str) -> String
where
    I: IntoIterator<Item = &'a str> + Clone,
{
    match closest(name, candidates.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("{otherwise} {}", listed(candidates)),
    }
}

/// `` `a`, `b` and `c` ``, cut after twenty names; `nothing` when there are none.
pub(crate) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut names = names.into_iter();
    let mut quoted: Vec<String> = names.by_ref().take(20).map(|name| format!("`{name}`")).collect();
    let hidden = names.count();
    if hidden > 0 {
        return format!("{} and {hidden} more", quoted.join(", "));
    }
    match quoted.pop() {
        None => "nothing".to_owned(),
        Some(last) if quoted.is_empty() => last,
        Some(last) => format!("{} and {last}", quoted.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_suggested_and_far_ones_are_not() {
        assert_eq!(closest("instanse", ["instance", "volume"]), Some("instance"));
        assert_eq!(closest("zebra", ["instance", "volume"]), None);
        assert_eq!(listed(["a", "b", "c"]), "`a`, `b` and `c`");
        assert_eq!(listed([]), "nothing");
    }
}
