//! What answers over time come to: whether each call is refused for good. Owns that a refusal counts only when the next
//! one, some seconds later, says the same; asks nobody.
//!
//! IAM is eventually consistent: one endpoint may refuse what the next still allows.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency>

use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::{Answer, Call};

/// Between the two refusals that count.
pub(super) const APART: Duration = Duration::from_secs(5);

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Until {
    /// Each call works once: what the attacker may do before the response.
    Works,
    /// Each call is refused twice in a row, some seconds apart.
    Refused,
}

/// What became of one call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct TriedCall {
    /// The call, and what it was made on.
    pub call: String,
    /// ARN of whoever made it.
    pub principal: String,
    /// `refused`, `still-works`, or `unknown`.
    pub outcome: String,
    /// AWS's code of the refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// RFC 3339, on AWS's clock: the first refusal of those that hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub refused_at: Option<Timestamp>,
    /// Why it is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// The refusals of one call that came one after the other.
#[derive(Clone, Debug)]
struct Streak {
    since: Timestamp,
    began: Instant,
    holds: bool,
}

/// What one call was answered so far.
#[derive(Clone, Debug, Default)]
struct Seen {
    last: Option<Answer>,
    worked: bool,
    streak: Option<Streak>,
}

/// What all calls were answered so far.
#[derive(Clone, Debug, Default)]
pub struct Watch(Vec<Seen>);

impl Watch {
    /// Takes an answer to each call, which came at `at` of AWS's clock and `now` of this machine's.
    pub fn saw(&mut self, answers: Vec<Answer>, at: Timestamp, now: Instant) {
        self.0.resize_with(answers.len(), Seen::default);
        for (seen, answer) in self.0.iter_mut().zip(answers) {
            match &answer {
                Answer::Refused(_) => match &mut seen.streak {
                    None => seen.streak = Some(Streak { since: at, began: now, holds: false }),
                    Some(streak) => streak.holds |= now.duration_since(streak.began) >= APART,
                },
                Answer::Works => (seen.worked, seen.streak) = (true, None),
                Answer::Unknown(_) => seen.streak = None,
            }
            seen.last = Some(answer);
        }
    }

    /// Whether no later answer is waited for. `over`: the time for it has passed; a refusal that came within it may
    /// still show that it holds.
    pub fn settled(&self, until: Until, over: bool, now: Instant) -> bool {
        let all = |is: &dyn Fn(&Seen) -> bool| !self.0.is_empty() && self.0.iter().all(is);
        match until {
            Until::Works => over || all(&|seen| seen.worked),
            Until::Refused if all(&|seen| seen.holds()) => true,
            Until::Refused => {
                let soon = |streak: &Streak| now.duration_since(streak.began) < APART * 3;
                let open = |seen: &Seen| {
                    seen.streak.as_ref().is_some_and(|streak| !streak.holds && soon(streak))
                };
                // One that works still decides by itself.
                let works = |seen: &Seen| seen.last == Some(Answer::Works);
                over && (self.0.iter().any(works) || !self.0.iter().any(open))
            }
        }
    }

    /// The calls that are still waited for.
    pub fn open<'a>(&self, calls: &'a [Call], until: Until) -> Vec<&'a Call> {
        let done = |seen: &Seen| match until {
            Until::Works => seen.worked,
            Until::Refused => seen.holds(),
        };
        let open = |at: usize| !self.0.get(at).is_some_and(done);
        calls.iter().enumerate().filter(|(at, _)| open(*at)).map(|(_, call)| call).collect()
    }

    /// Names of the calls that worked at least once.
    pub fn worked(&self, calls: &[Call]) -> Vec<String> {
        let worked = self.0.iter().zip(calls).filter(|(seen, _)| seen.worked);
        worked.map(|(_, call)| call.shown()).collect()
    }

    /// What became of each call. With `before`, the calls that worked before anybody responded: the refusal of another
    /// one shows nothing.
    pub fn ends(
        &self,
        calls: &[Call],
        principal: &str,
        before: Option<&[String]>,
    ) -> Vec<TriedCall> {
        let seen = self.0.iter().chain(std::iter::repeat(&NOTHING));
        calls.iter().zip(seen).map(|(call, seen)| seen.end(call, principal, before)).collect()
    }
}

static NOTHING: Seen = Seen { last: None, worked: false, streak: None };

impl Seen {
    fn holds(&self) -> bool {
        self.streak.as_ref().is_some_and(|streak| streak.holds)
    }

    fn end(&self, call: &Call, principal: &str, before: Option<&[String]>) -> TriedCall {
        let shown = call.shown();
        let known = before.is_none_or(|before| before.contains(&shown));
        let (outcome, code, why) = match &self.last {
            Some(Answer::Works) => ("still-works", None, None),
            Some(Answer::Refused(code)) if self.holds() && known => {
                ("refused", Some(code.clone()), None)
            }
            Some(Answer::Refused(code)) if self.holds() => {
                let why = format!(
                    "it was not seen to work before the response, so `{code}` shows nothing"
                );
                ("unknown", Some(code.clone()), Some(why))
            }
            Some(Answer::Refused(code)) => {
                let why = "it was refused, and not a second time some seconds later".to_owned();
                ("unknown", Some(code.clone()), Some(why))
            }
            Some(Answer::Unknown(why)) => ("unknown", None, Some(why.clone())),
            None => ("unknown", None, Some("it was not tried".to_owned())),
        };
        let since = self.streak.as_ref().map(|streak| streak.since);
        TriedCall {
            call: shown,
            principal: principal.into(),
            outcome: outcome.into(),
            code,
            refused_at: since.filter(|_| outcome == "refused"),
            why,
        }
    }
}

/// The worst of them: `pass` when each is refused, `still-works` when one does, else `unknown`.
pub fn outcome(calls: &[TriedCall]) -> &'static str {
    let is = |word: &str| calls.iter().any(|call| call.outcome == word);
    match () {
        () if is("still-works") => "still-works",
        () if calls.is_empty() || is("unknown") => "unknown",
        () => "pass",
    }
}

/// The outcome in a sentence, with each call that is not refused and whoever made it.
pub fn detail(calls: &[TriedCall]) -> String {
    let each = calls.iter().filter(|call| call.outcome != "refused").map(|one| {
        let TriedCall { call, principal, outcome, why, .. } = one;
        match (outcome.as_str(), why) {
            ("still-works", _) => format!("`{call}` as `{principal}` still works"),
            (_, Some(why)) => {
                format!("whether `{call}` as `{principal}` is refused is not known: {why}")
            }
            (_, None) => format!("whether `{call}` as `{principal}` is refused is not known"),
        }
    });
    let each: Vec<_> = each.collect();
    match (each.is_empty(), calls.first()) {
        (true, Some(first)) => format!(
            "{} as `{}`: refused ({})",
            listed(calls.iter().map(|call| format!("`{}`", call.call))),
            first.principal,
            listed(calls.iter().filter_map(|call| call.code.as_ref()).map(|c| format!("`{c}`"))),
        ),
        (true, None) => "nothing was tried".into(),
        (false, _) => each.join("; "),
    }
}

/// Each once, with commas.
fn listed(all: impl Iterator<Item = String>) -> String {
    let mut each: Vec<_> = all.collect();
    each.dedup();
    each.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::tried::{Name, Reads};

    const ATTACKER: &str = "arn:aws:iam::123456789012:user/leaky";

    fn calls() -> Vec<Call> {
        [Reads::ListUsers, Reads::DescribeInstances]
            .map(|call| Call { call: Name::Reads(call), on: None })
            .into()
    }

    fn no() -> Answer {
        Answer::Refused("AccessDenied".into())
    }

    /// Answers to both calls, by the second in which they came.
    fn watched(answers: &[(u64, Answer, Answer)]) -> (Watch, Instant) {
        let began = Instant::now();
        let mut watch = Watch::default();
        for (second, one, two) in answers {
            let at = Timestamp::from_second(1_790_000_000 + *second as i64).expect("a time");
            watch.saw(vec![one.clone(), two.clone()], at, began + Duration::from_secs(*second));
        }
        let last = answers.last().map_or(0, |(second, ..)| *second);
        (watch, began + Duration::from_secs(last))
    }

    fn ends(answers: &[(u64, Answer, Answer)]) -> Vec<String> {
        let ends = watched(answers).0.ends(&calls(), ATTACKER, None);
        ends.into_iter().map(|call| call.outcome).collect()
    }

    #[tokio::test]
    async fn one_refusal_is_not_believed_and_two_in_a_row_are() {
        let once = [(0, no(), no())];
        let (watch, now) = watched(&once);
        assert!(!watch.settled(Until::Refused, false, now));
        assert!(!watch.settled(Until::Refused, true, now), "it may still show that it holds");
        assert_eq!(ends(&once), ["unknown"; 2]);
        let soon = [(0, no(), no()), (2, no(), no())];
        assert_eq!(ends(&soon), ["unknown"; 2]);
        let twice = [(3, no(), no()), (8, no(), no())];
        let (watch, now) = watched(&twice);
        assert!(watch.settled(Until::Refused, false, now));
        let found = watch.ends(&calls(), ATTACKER, None);
        assert_eq!(outcome(&found), "pass");
        assert_eq!(
            found[0].refused_at,
            Timestamp::from_second(1_790_000_003).ok(),
            "the first of them"
        );
        assert_eq!(
            detail(&found),
            format!(
                "`iam:ListUsers`, `ec2:DescribeInstances` as `{ATTACKER}`: refused (`AccessDenied`)"
            )
        );
    }

    #[tokio::test]
    async fn what_works_in_between_begins_again() {
        let flapping =
            [(0, no(), no()), (4, Answer::Works, no()), (6, no(), no()), (9, no(), no())];
        assert_eq!(ends(&flapping), ["unknown", "refused"]);
        let late = [(0, no(), no()), (6, no(), no()), (7, Answer::Works, no())];
        let (watch, now) = watched(&late);
        assert!(!watch.settled(Until::Refused, false, now), "there is time for it");
        assert!(watch.settled(Until::Refused, true, now));
        let found = watch.ends(&calls(), ATTACKER, None);
        assert_eq!(outcome(&found), "still-works");
        assert_eq!(detail(&found), format!("`iam:ListUsers` as `{ATTACKER}` still works"));
        let unknown = [(0, no(), no()), (6, no(), Answer::Unknown("a throttle".into()))];
        assert_eq!(ends(&unknown), ["refused", "unknown"]);
    }

    #[tokio::test]
    async fn the_refusal_of_what_never_worked_shows_nothing() {
        let refused = [(0, no(), no()), (6, no(), no())];
        let (watch, _) = watched(&refused);
        let before = ["iam:ListUsers".to_owned()];
        let found = watch.ends(&calls(), ATTACKER, Some(&before));
        assert_eq!((found[0].outcome.as_str(), found[1].outcome.as_str()), ("refused", "unknown"));
        assert_eq!(outcome(&found), "unknown");
        assert!(
            detail(&found).contains("was not seen to work before the response"),
            "{}",
            detail(&found)
        );
    }

    #[tokio::test]
    async fn before_the_response_each_call_has_to_work_once() {
        let (watch, now) = watched(&[(0, no(), Answer::Works), (1, Answer::Works, no())]);
        assert!(watch.settled(Until::Works, false, now));
        assert_eq!(watch.worked(&calls()).len(), 2);
        let (watch, now) = watched(&[(0, no(), Answer::Works)]);
        assert!(!watch.settled(Until::Works, false, now));
        assert!(watch.settled(Until::Works, true, now));
        assert_eq!(watch.worked(&calls()), ["ec2:DescribeInstances"]);
        assert_eq!(watch.open(&calls(), Until::Works)[0].shown(), "iam:ListUsers");
    }

    #[test]
    fn nothing_tried_is_no_pass() {
        assert_eq!(outcome(&[]), "unknown");
        assert_eq!(outcome(&Watch::default().ends(&calls(), ATTACKER, None)), "unknown");
        assert!(!Watch::default().settled(Until::Refused, false, Instant::now()));
    }
}
