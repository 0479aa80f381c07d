//! A metric alarm as `DescribeAlarms` shows it. Reads XML; evaluates nothing.

use serde_json::{Map, Value, json};

use super::evaluate::{Absent, Comparison, Rule, State};
use crate::wire::Xml;

/// `StateReason` of an alarm that was never evaluated.
pub(super) const UNCHECKED: &str = "Unchecked: Initial alarm creation";

/// State of an alarm and why, as it stood at one time.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Standing {
    pub state: State,
    pub reason: String,
    /// JSON, or empty.
    pub data: String,
    /// As the upstream wrote it.
    pub since: String,
}

/// An alarm on one metric, or on an expression over several.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Alarm {
    pub name: String,
    pub arn: String,
    pub description: Option<String>,
    pub configured: String,
    pub actions_enabled: bool,
    pub ok_actions: Vec<String>,
    pub alarm_actions: Vec<String>,
    pub insufficient_actions: Vec<String>,
    pub standing: Standing,
    pub namespace: String,
    pub metric: String,
    /// `Sum`, or `p99`.
    pub statistic: String,
    pub is_extended: bool,
    pub dimensions: Vec<(String, String)>,
    /// Seconds; of an expression, the longest of its metrics.
    pub period: u32,
    pub unit: Option<String>,
    pub periods: usize,
    /// `DatapointsToAlarm`, where it was given.
    pub to_alarm: Option<usize>,
    pub threshold: f64,
    pub comparison: String,
    pub treat_missing: String,
    /// `Metrics` of an expression, by their wire names.
    pub metrics: Vec<Value>,
}

impl Alarm {
    /// An element of `MetricAlarms`. `None` when it lacks what every alarm has.
    pub(super) fn read(xml: &Xml) -> Option<Self> {
        let some = |name: &str| Some(xml.text(name).to_owned()).filter(|text| !text.is_empty());
        let list = |name: &str| -> Vec<String> {
            xml.all(&format!("{name}/member")).iter().map(|x| x.text.clone()).collect()
        };
        let metrics: Vec<Value> = xml.all("Metrics/member").iter().map(|x| params(x)).collect();
        let period = metrics
            .iter()
            .filter_map(period_of)
            .max()
            .or_else(|| xml.text("Period").parse().ok())?;
        let pair = |x: &&Xml| (x.text("Name").to_owned(), x.text("Value").to_owned());
        let mut standing = Standing {
            state: State::of(xml.text("StateValue"))?,
            reason: xml.text("StateReason").into(),
            data: some("StateReasonData").filter(|data| data != "{}").unwrap_or_default(),
            since: xml.text("StateUpdatedTimestamp").into(),
        };
        if standing.reason == UNCHECKED {
            // moto begins with OK, AWS with this.
            standing.state = State::Insufficient;
        }
        Some(Self {
            name: some("AlarmName")?,
            arn: some("AlarmArn")?,
            description: some("AlarmDescription"),
            configured: xml.text("AlarmConfigurationUpdatedTimestamp").into(),
            actions_enabled: xml.text("ActionsEnabled") != "false",
            ok_actions: list("OKActions"),
            alarm_actions: list("AlarmActions"),
            insufficient_actions: list("InsufficientDataActions"),
            standing,
            namespace: xml.text("Namespace").into(),
            metric: xml.text("MetricName").into(),
            statistic: some("Statistic").or_else(|| some("ExtendedStatistic")).unwrap_or_default(),
            is_extended: some("ExtendedStatistic").is_some(),
            dimensions: xml.all("Dimensions/member").iter().map(pair).collect(),
            period,
            unit: some("Unit"),
            periods: xml.text("EvaluationPeriods").parse().ok().filter(|n| *n > 0)?,
            to_alarm: xml.text("DatapointsToAlarm").parse().ok(),
            threshold: xml.text("Threshold").parse().ok()?,
            comparison: xml.text("ComparisonOperator").into(),
            treat_missing: some("TreatMissingData").unwrap_or_else(|| "missing".into()),
            metrics,
        })
    }

    /// `None` for anomaly detection.
    pub(super) fn rule(&self) -> Option<Rule> {
        Some(Rule {
            comparison: Comparison::of(&self.comparison)?,
            threshold: self.threshold,
            periods: self.periods,
            to_alarm: self.to_alarm.unwrap_or(self.periods),
            missing: Absent::of(&self.treat_missing, &self.namespace),
        })
    }

    /// Who is notified of a state.
    pub(super) fn actions(&self, state: State) -> &[String] {
        match state {
            State::Ok => &self.ok_actions,
            State::Alarm => &self.alarm_actions,
            State::Insufficient => &self.insufficient_actions,
        }
    }

    pub(super) fn dimension(&self, name: &str) -> Option<&str> {
        self.dimensions.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The metrics of the alarm in the form of `GetMetricData`, and the id of the one that counts.
    pub(super) fn queries(&self, period: u32) -> (Vec<Value>, String) {
        if self.metrics.is_empty() {
            let dimensions: Vec<Value> =
                self.dimensions.iter().map(|(n, v)| json!({"Name": n, "Value": v})).collect();
            let metric = json!({"Namespace": self.namespace, "MetricName": self.metric, "Dimensions": dimensions});
            let query = |id: &str, stat: &str| {
                let mut stat = json!({"Metric": metric, "Period": period, "Stat": stat});
                if let Some(unit) = &self.unit {
                    stat["Unit"] = json!(unit);
                }
                json!({"Id": id, "MetricStat": stat, "ReturnData": true})
            };
            return (
                vec![query("m1", &self.statistic), query("samples", "SampleCount")],
                "m1".into(),
            );
        }
        let mut queries = self.metrics.clone();
        for query in &mut queries {
            if let Some(slot) = query.get_mut("MetricStat").and_then(|stat| stat.get_mut("Period"))
            {
                *slot = json!(period);
            }
        }
        let counts = |query: &&Value| query.get("ReturnData").is_some_and(|flag| flag == "true");
        let wanted = queries.iter().find(counts).or(queries.last());
        let id = wanted.and_then(|query| query.get("Id")?.as_str()).unwrap_or_default().to_owned();
        (queries, id)
    }
}

fn period_of(query: &Value) -> Option<u32> {
    let stat = query.get("MetricStat").and_then(|stat| stat.get("Period"));
    stat.or_else(|| query.get("Period"))?.as_str()?.parse().ok()
}

/// An element as the parameters that made it.
fn params(xml: &Xml) -> Value {
    if xml.children.is_empty() {
        return json!(xml.text);
    }
    if xml.children.iter().all(|child| child.name == "member") {
        return xml.children.iter().map(params).collect();
    }
    xml.children
        .iter()
        .map(|child| (child.name.clone(), params(child)))
        .collect::<Map<_, _>>()
        .into()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn sample() -> Alarm {
        let text = "<member><AlarmName>cpu</AlarmName><AlarmArn>arn:aws:cloudwatch:eu-west-1:111122223333:alarm:cpu</AlarmArn>\
            <AlarmConfigurationUpdatedTimestamp>2026-11-24T11:22:44.077176Z</AlarmConfigurationUpdatedTimestamp>\
            <ActionsEnabled>true</ActionsEnabled><OKActions/><AlarmActions><member>arn:aws:sns:eu-west-1:111122223333:t</member></AlarmActions>\
            <InsufficientDataActions/><StateValue>OK</StateValue><StateReason>Unchecked: Initial alarm creation</StateReason>\
            <StateReasonData>{}</StateReasonData><StateUpdatedTimestamp>2026-11-24T11:22:44.077197Z</StateUpdatedTimestamp>\
            <MetricName>CPUUtilization</MetricName><Namespace>AWS/EC2</Namespace><Statistic>Average</Statistic>\
            <Dimensions><member><Name>InstanceId</Name><Value>i-1</Value></member></Dimensions><Period>60</Period>\
            <EvaluationPeriods>2</EvaluationPeriods><Threshold>50.0</Threshold><ComparisonOperator>GreaterThanThreshold</ComparisonOperator><Metrics/></member>";
        Alarm::read(&Xml::parse(text).expect("XML")).expect("an alarm")
    }

    #[test]
    fn an_alarm_is_read() {
        let alarm = sample();
        assert_eq!(alarm.standing.state, State::Insufficient);
        assert_eq!(alarm.dimension("InstanceId"), Some("i-1"));
        assert_eq!(alarm.actions(State::Alarm), ["arn:aws:sns:eu-west-1:111122223333:t"]);
        let rule = alarm.rule().expect("a threshold");
        assert_eq!((rule.periods, rule.to_alarm, rule.missing), (2, 2, Absent::Missing));
        let (queries, id) = alarm.queries(1);
        assert_eq!((queries[0]["MetricStat"]["Period"].as_u64(), id.as_str()), (Some(1), "m1"));
    }

    #[test]
    fn the_query_that_returns_data_counts() {
        let metrics = "<Metrics><member><Id>a</Id><ReturnData>false</ReturnData><MetricStat><Metric><Namespace>N</Namespace>\
            <MetricName>M</MetricName></Metric><Period>300</Period><Stat>Sum</Stat></MetricStat></member>\
            <member><Id>e</Id><Expression>a*2</Expression><ReturnData>true</ReturnData></member></Metrics>";
        let text = format!(
            "<member><AlarmName>x</AlarmName><AlarmArn>arn</AlarmArn><StateValue>OK</StateValue>\
            <EvaluationPeriods>1</EvaluationPeriods><Threshold>1</Threshold>{metrics}</member>"
        );
        let alarm = Alarm::read(&Xml::parse(&text).expect("XML")).expect("an alarm");
        assert_eq!(alarm.period, 300);
        let (queries, id) = alarm.queries(5);
        assert_eq!((queries.len(), id.as_str()), (2, "e"));
        assert_eq!(queries[0]["MetricStat"]["Period"], 5);
        assert_eq!(alarm.rule(), None);
    }
}
