//! Actions on AWS Backup, one file each. Owns how things are restored and what is reported; the AWS
//! calls are in `aws::backup`.

pub mod back_up;
pub mod create_vault;
pub mod find_restore_test;
pub mod latest_point;
mod metadata;
pub mod report_validation;
pub mod restore;

/// A name of our own for what a step makes: lower-case letters, digits and single hyphens, at most
/// `longest` of them, and another for each step of each run.
fn own_name(run: &str, step: &str, longest: usize) -> String {
    let mut name = String::from("backburn-");
    let word = format!("{run}-{step}").to_ascii_lowercase();
    for c in word.chars() {
        match c {
            'a'..='z' | '0'..='9' => name.push(c),
            _ if name.ends_with('-') => {}
            _ => name.push('-'),
        }
    }
    name.truncate(longest);
    name.trim_end_matches('-').into()
}

#[cfg(test)]
mod tests {
    use super::own_name;

    #[test]
    fn names_fit_the_strictest_service() {
        let run = "01JZZZZZZZZZZZZZZZZZZZZZZZ";
        assert_eq!(
            own_name(run, "restore[1]", 50),
            format!("backburn-{}-restore-1", run.to_lowercase())
        );
        let long = own_name(run, &"x_".repeat(40), 50);
        assert!(long.len() <= 50 && !long.ends_with('-') && !long.contains("--"), "{long}");
    }
}
