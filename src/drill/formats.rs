//! A schedule in the form of what will keep it: cron, systemd, GitHub Actions, EventBridge
//! Scheduler. Owns those texts; all of them are in UTC, as the schedule is.

use crate::text::argument;

use super::schedule::Schedule;

/// What is scheduled. Title and file are one line of visible characters.
pub struct Job<'a> {
    pub simulation: &'a str,
    pub title: &'a str,
    /// The simulation's file, as it is to be named on the other side.
    pub file: &'a str,
}

impl Job<'_> {
    fn command(&self) -> String {
        format!("backburn drill run {} --account \"$BACKBURN_DRILL_ACCOUNT\"", argument(self.file))
    }
}

/// A crontab of cronie or any other cron that knows `CRON_TZ`.
pub fn cron(schedule: &Schedule, job: &Job<'_>) -> String {
    // A bare % ends the command for cron, even in quotes.
    let command = job.command().replace('%', "\\%");
    format!("# {}\nCRON_TZ=UTC\n{} {command}\n", job.title, schedule.text)
}

/// A service and its timer: <https://www.freedesktop.org/software/systemd/man/systemd.time.html>.
///
/// # Errors
/// The schedule uses a form that systemd does not support.
pub fn systemd(schedule: &Schedule, job: &Job<'_>) -> Result<String, String> {
    let fields: Vec<&str> = schedule.text.split_whitespace().collect();
    let [minute, hour, day, month, weekday] = fields[..] else {
        return Err("it does not have five fields".into());
    };
    if day != "*" && weekday != "*" {
        return Err("cron takes either of day and weekday, systemd both; give one of them".into());
    }
    let weekday = match weekday {
        "*" => String::new(),
        days => {
            format!("{} ", days.split(',').map(week_days).collect::<Result<Vec<_>, _>>()?.join(","))
        }
    };
    let at = format!(
        "{weekday}*-{}-{} {}:{}:00 UTC",
        calendar(month, 1)?,
        calendar(day, 1)?,
        calendar(hour, 0)?,
        calendar(minute, 0)?
    );
    let name = format!("backburn-{}", job.simulation);
    // A backslash at the end would take the next line in.
    let title = job.title.replace('%', "%%");
    let title = title.trim_end_matches('\\');
    Ok(format!(
        "# /etc/systemd/system/{name}.service\n[Unit]\nDescription=Drill: {}\n\n[Service]\nType=oneshot\nEnvironmentFile=/etc/backburn/drills.env\nExecStart=/bin/sh -c {}\n\n# /etc/systemd/system/{name}.timer\n[Unit]\nDescription=Drill: {}\n\n[Timer]\nOnCalendar={at}\nPersistent=true\n\n[Install]\nWantedBy=timers.target\n",
        title,
        // systemd reads % and $ itself.
        format_args!(
            "\"{}\"",
            job.command().replace('%', "%%").replace('$', "$$").replace('"', "\\\"")
        ),
        title,
    ))
}

/// One field of a calendar event: `*/5` is `0/5`, `1-5` is `1..5`.
fn calendar(field: &str, first: u8) -> Result<String, String> {
    let part = |part: &str| -> Result<String, String> {
        if !part.bytes().all(|b| b.is_ascii_digit() || b"*/-".contains(&b)) {
            return Err(format!("`{part}` is written with names, which only weekdays can be here"));
        }
        Ok(part.replacen("*/", &format!("{first}/"), 1).replace('-', ".."))
    };
    Ok(field.split(',').map(part).collect::<Result<Vec<_>, _>>()?.join(","))
}

const DAYS: [&str; 8] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

fn week_days(field: &str) -> Result<String, String> {
    let day = |text: &str| {
        let named = DAYS.iter().find(|day| day.eq_ignore_ascii_case(text));
        let numbered = text.parse::<usize>().ok().and_then(|n| DAYS.get(n));
        named.or(numbered).map(|day| (*day).to_owned())
    };
    let both = field.split_once('-').and_then(|(a, b)| Some(format!("{}..{}", day(a)?, day(b)?)));
    both.or_else(|| day(field)).ok_or_else(|| format!("`{field}` is no weekday that systemd knows"))
}

/// A workflow of GitHub Actions:
/// <https://docs.github.com/actions/writing-workflows/choosing-when-your-workflow-runs/events-that-trigger-workflows#schedule>.
pub fn github(schedule: &Schedule, job: &Job<'_>) -> String {
    format!(
        "# .github/workflows/drill-{}.yml\nname: {}\non:\n  schedule:\n    - cron: \"{}\"\n  workflow_dispatch:\npermissions:\n  id-token: write\n  contents: read\njobs:\n  drill:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n      - uses: aws-actions/configure-aws-credentials@v4\n        with:\n          role-to-assume: ${{{{ vars.BACKBURN_DRILL_ROLE }}}}\n          aws-region: ${{{{ vars.BACKBURN_DRILL_REGION }}}}\n      - run: cargo install --locked --path .\n      - run: {}\n        env:\n          BACKBURN_DRILL_ACCOUNT: ${{{{ vars.BACKBURN_DRILL_ACCOUNT }}}}\n      - uses: actions/upload-artifact@v4\n        if: always()\n        with:\n          name: drill-{}\n          path: ~/.local/state/backburn/runs/\n          include-hidden-files: true\n",
        job.simulation,
        serde_json::Value::from(job.title),
        schedule.text,
        serde_json::Value::from(job.command()),
        job.simulation,
    )
}

/// The call that makes an EventBridge schedule. The schedule starts what the target is; backburn
/// runs there as a task of its own.
/// <https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based>
///
/// # Errors
/// The schedule uses a form that EventBridge does not support.
pub fn eventbridge(schedule: &Schedule, job: &Job<'_>) -> Result<String, String> {
    let fields: Vec<&str> = schedule.text.split_whitespace().collect();
    let [minute, hour, day, month, weekday] = fields[..] else {
        return Err("it does not have five fields".into());
    };
    let (day, weekday) = match (day, weekday) {
        (day, "*") => (day.to_owned(), "?".to_owned()),
        ("*", weekday) => ("?".to_owned(), shifted(weekday)?),
        _ => return Err("EventBridge takes either a day or a weekday; give one of them".into()),
    };
    Ok(format!(
        "aws scheduler create-schedule --name backburn-{} \\\n  --description {} \\\n  --schedule-expression 'cron({minute} {hour} {day} {month} {weekday} *)' \\\n  --schedule-expression-timezone UTC --flexible-time-window Mode=OFF \\\n  --target '{{\"Arn\": \"<ARN of the ECS cluster or CodeBuild project that runs backburn>\", \"RoleArn\": \"<ARN of the role that may start it>\"}}'\n# it runs: {}\n",
        job.simulation,
        argument(job.title),
        job.command(),
    ))
}

/// Weekdays count from Sunday = 1 there, from Sunday = 0 here.
fn shifted(field: &str) -> Result<String, String> {
    let (list, step) =
        field.split_once('/').map_or((field, None), |(list, step)| (list, Some(step)));
    let one = |text: &str| match text.parse::<u8>() {
        Ok(n @ 0..=7) => Ok((n % 7 + 1).to_string()),
        Ok(n) => Err(format!("`{n}` is no weekday")),
        Err(_) => Ok(text.to_uppercase()),
    };
    let part = |part: &str| match part.split_once('-') {
        Some((a, b)) => Ok(format!("{}-{}", one(a)?, one(b)?)),
        None => one(part),
    };
    let list = list.split(',').map(part).collect::<Result<Vec<_>, String>>()?.join(",");
    Ok(step.map_or(list.clone(), |step| format!("{list}/{step}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drill::schedule::parse;

    const JOB: Job<'_> =
        Job { simulation: "leaked-key", title: "A key leaks", file: "simulations/leaked-key.yaml" };

    #[test]
    fn a_name_adds_nothing_to_a_crontab_or_a_unit() {
        let job = Job { title: "100 % of \\", file: "100%;x.yaml", ..JOB };
        let crontab = cron(&on("0 6 * * 1"), &job);
        assert!(crontab.contains(r"drill run '100\%;x.yaml'"), "{crontab}");
        let unit = systemd(&on("0 6 * * 1"), &job).expect("a unit");
        assert!(unit.contains("Description=Drill: 100 %% of \n"), "{unit}");
    }

    fn on(text: &str) -> Schedule {
        parse(text).expect("a schedule")
    }

    #[test]
    fn systemd_has_its_own_calendar() {
        let line = |text: &str| {
            let all = systemd(&on(text), &JOB).expect("a timer");
            all.lines().find(|line| line.starts_with("OnCalendar=")).expect("a line").to_owned()
        };
        assert_eq!(line("0 9 * * 1"), "OnCalendar=Mon *-*-* 9:0:00 UTC");
        assert_eq!(line("*/15 8-17 * * 1-5"), "OnCalendar=Mon..Fri *-*-* 8..17:0/15:00 UTC");
        assert_eq!(line("30 6 1,15 * *"), "OnCalendar=*-*-1,15 6:30:00 UTC");
        assert!(systemd(&on("0 0 1 * 1"), &JOB).is_err());
    }

    #[test]
    fn eventbridge_counts_weekdays_from_one() {
        let text = eventbridge(&on("0 9 * * 1-5"), &JOB).expect("a schedule");
        assert!(text.contains("'cron(0 9 ? * 2-6 *)'"), "{text}");
        let text = eventbridge(&on("0 9 1 */3 *"), &JOB).expect("a schedule");
        assert!(text.contains("'cron(0 9 1 */3 ? *)'"), "{text}");
    }

    #[test]
    fn every_form_names_the_command() {
        for text in [
            cron(&on("0 9 * * 1"), &JOB),
            systemd(&on("0 9 * * 1"), &JOB).expect("a timer"),
            github(&on("0 9 * * 1"), &JOB),
            eventbridge(&on("0 9 * * 1"), &JOB).expect("a schedule"),
        ] {
            assert!(text.contains("backburn drill run simulations/leaked-key.yaml"), "{text}");
        }
    }
}
