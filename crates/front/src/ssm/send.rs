//! `SendCommand`: refuses what AWS refuses, stores what AWS accepts. Nothing is run.
//!
//! Errors as in <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendCommand.html>.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::command::{Command, Invocation};
use super::nodes::{self, Node, text, texts};
use super::{KIND, table};
use crate::{AwsError, Front, Session, ids};

/// AWS's own documents that are taken without asking the upstream, which has none of them.
const DOCUMENTS: &[&str] = &[
    "AWS-ConfigureAWSPackage",
    "AWS-RunPatchBaseline",
    "AWS-RunPowerShellScript",
    "AWS-RunRemoteScript",
    "AWS-RunShellScript",
    "AWS-UpdateSSMAgent",
    "AWSFIS-Run-CPU-Stress",
    "AWSFIS-Run-Disk-Fill",
    "AWSFIS-Run-IO-Stress",
    "AWSFIS-Run-Kill-Process",
    "AWSFIS-Run-Memory-Stress",
    "AWSFIS-Run-Network-Blackhole-Port",
    "AWSFIS-Run-Network-Latency",
    "AWSFIS-Run-Network-Packet-Loss",
];
/// Seconds that a command stays deliverable, by default.
const TIMEOUT: i64 = 3600;

/// Sends a command; the answer is that of the API.
pub(super) async fn send_command(
    front: &Front,
    session: &Session,
    params: &Value,
) -> Result<Value, AwsError> {
    let of = |name: &str| text(&params[name]);
    let given = of("DocumentName");
    let document = given.rsplit('/').next().unwrap_or_default().to_owned();
    if document.is_empty() {
        return Err(AwsError::validation(
            "1 validation error detected: Value null at 'documentName' failed to satisfy constraint: Member must not be null",
        ));
    }
    let timeout = params["TimeoutSeconds"].as_i64();
    if let Some(seconds) = timeout.filter(|seconds| !(30..=2_592_000).contains(seconds)) {
        return Err(AwsError::validation(format!(
            "1 validation error detected: Value '{seconds}' at 'timeoutSeconds' failed to satisfy constraint: Member must have value greater than or equal to 30"
        )));
    }
    exists(session, &document).await?;
    check_parameters(&document, &params["Parameters"])?;
    let wanted = texts(&params["InstanceIds"]);
    let nodes =
        chosen(nodes::all(session).await?, &wanted, &params["Targets"], &session.scope().account)?;
    if document == "AWS-RunShellScript" && nodes.iter().any(|node| node.is_windows) {
        return Err(AwsError::new(
            400,
            "UnsupportedPlatformType",
            "The document is not supported on Windows",
        ));
    }
    let commands = texts(&params["Parameters"]["commands"]);
    let output = table::output(&commands.iter().map(String::as_str).collect::<Vec<_>>());
    let invocation = |node: Node| Invocation {
        instance: node.id,
        name: node.name,
        stdout: output.stdout.clone(),
        stderr: output.stderr.clone(),
        exit_code: output.exit_code,
    };
    let or = |text: String, default: &str| if text.is_empty() { default.to_owned() } else { text };
    let list = |value: &Value| if value.is_array() { value.clone() } else { json!([]) };
    let command = Command {
        id: ids::uuid(),
        requested: Timestamp::now(),
        document,
        version: of("DocumentVersion"),
        comment: of("Comment"),
        parameters: if params["Parameters"].is_object() {
            params["Parameters"].clone()
        } else {
            json!({})
        },
        instances: wanted,
        targets: list(&params["Targets"]),
        timeout: timeout.unwrap_or(TIMEOUT),
        max_concurrency: or(of("MaxConcurrency"), "50"),
        max_errors: or(of("MaxErrors"), "0"),
        bucket: of("OutputS3BucketName"),
        prefix: of("OutputS3KeyPrefix"),
        service_role: of("ServiceRoleArn"),
        invocations: nodes.into_iter().map(invocation).collect(),
        cancelled: None,
    };
    front.store().put(session.scope(), KIND, &command.id, &command);
    // A client that has the id must find it, even after a kill.
    front.store().save().await;
    Ok(json!({"Command": command.shape(front.clock(), command.requested)}))
}

async fn exists(session: &Session, document: &str) -> Result<(), AwsError> {
    if DOCUMENTS.contains(&document) {
        return Ok(());
    }
    let found = session.json("ssm", "AmazonSSM.DescribeDocument", json!({"Name": document})).await;
    match found {
        Ok(found)
            if found["Document"]["DocumentType"].as_str().is_none_or(|kind| kind == "Command") =>
        {
            Ok(())
        }
        Ok(_) => Err(AwsError::new(
            400,
            "InvalidDocument",
            format!("Document {document} is not a Command document."),
        )),
        Err(error) if error.status >= 500 => Err(error),
        Err(_) => Err(AwsError::new(
            400,
            "InvalidDocument",
            format!("Document with name {document} does not exist."),
        )),
    }
}

fn check_parameters(document: &str, parameters: &Value) -> Result<(), AwsError> {
    let invalid = |message: String| Err(AwsError::new(400, "InvalidParameters", message));
    let given = parameters.as_object();
    if let Some((name, _)) = given.into_iter().flatten().find(|(_, value)| !value.is_array()) {
        return Err(AwsError::new(
            400,
            "SerializationException",
            format!("`{name}` is no list of strings"),
        ));
    }
    let is_script = matches!(document, "AWS-RunShellScript" | "AWS-RunPowerShellScript");
    if !is_script {
        return Ok(());
    }
    let known = ["commands", "executionTimeout", "workingDirectory"];
    if let Some((name, _)) =
        given.into_iter().flatten().find(|(name, _)| !known.contains(&name.as_str()))
    {
        return invalid(format!("Invalid parameters provided. Unknown parameter: {name}"));
    }
    if texts(&parameters["commands"]).is_empty() {
        return invalid("Invalid parameters provided. Missing required parameter: commands".into());
    }
    Ok(())
}

/// The instances that a command goes to.
fn chosen(
    all: Vec<Node>,
    wanted: &[String],
    targets: &Value,
    account: &str,
) -> Result<Vec<Node>, AwsError> {
    let targets = targets.as_array().filter(|targets| !targets.is_empty());
    match (wanted, targets) {
        ([], None) => Err(AwsError::validation("Either InstanceIds or Targets must be specified")),
        ([], Some(targets)) => {
            let mut online: Vec<Node> = all.into_iter().filter(Node::is_online).collect();
            for target in targets {
                let (key, values) = (text(&target["Key"]), texts(&target["Values"]));
                if online.iter().any(|node| node.fits(&key, &values).is_none()) {
                    return Err(AwsError::new(
                        400,
                        "InvalidTarget",
                        format!("The target key {key} is not valid."),
                    ));
                }
                online.retain(|node| node.fits(&key, &values) == Some(true));
            }
            Ok(online)
        }
        (_, Some(_)) => {
            Err(AwsError::validation("InstanceIds and Targets cannot both be specified"))
        }
        (wanted, None) => {
            if (1..wanted.len()).any(|n| wanted[..n].contains(&wanted[n])) {
                return Err(AwsError::new(
                    400,
                    "DuplicateInstanceId",
                    "Duplicate instance ids are not allowed.",
                ));
            }
            let online =
                |id: &String| all.iter().find(|node| node.id == *id && node.is_online()).cloned();
            let bad: Vec<&str> =
                wanted.iter().filter(|id| online(id).is_none()).map(String::as_str).collect();
            if bad.is_empty() {
                return Ok(wanted.iter().filter_map(online).collect());
            }
            let message = format!(
                "Instances [[{}]] not in a valid state for account {account}",
                bad.join(", ")
            );
            Err(AwsError::new(400, "InvalidInstanceId", message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(id: &str, state: &str) -> Node {
        Node {
            id: id.into(),
            state: state.into(),
            name: id.into(),
            profile: "p".into(),
            address: String::new(),
            host: String::new(),
            is_windows: false,
            tags: vec![("team".into(), id.into())],
        }
    }

    fn ids(wanted: &[&str], targets: Value) -> Result<Vec<String>, String> {
        let all = vec![node("i-1", "running"), node("i-2", "stopped"), node("i-3", "running")];
        let wanted: Vec<String> = wanted.iter().map(|id| (*id).to_owned()).collect();
        let found =
            chosen(all, &wanted, &targets, "111122223333").map_err(|error| error.to_string())?;
        Ok(found.into_iter().map(|node| node.id).collect())
    }

    #[test]
    fn only_managed_running_instances_are_taken() {
        assert_eq!(ids(&["i-3", "i-1"], json!(null)), Ok(vec!["i-3".into(), "i-1".into()]));
        assert_eq!(
            ids(&["i-1", "i-2", "i-9"], json!([])),
            Err("InvalidInstanceId: Instances [[i-2, i-9]] not in a valid state for account 111122223333".into())
        );
        assert!(
            ids(&["i-1", "i-1"], json!(null))
                .expect_err("twice")
                .starts_with("DuplicateInstanceId")
        );
        assert!(ids(&[], json!(null)).is_err());
        let tagged = |value: &str| json!([{"Key": "tag:team", "Values": [value]}]);
        assert_eq!(ids(&[], tagged("i-3")), Ok(vec!["i-3".into()]));
        assert_eq!(ids(&[], tagged("i-2")), Ok(vec![]));
        assert!(ids(&[], json!([{"Key": "nonsense", "Values": []}])).is_err());
    }

    #[test]
    fn parameters_of_scripts_are_checked() {
        let check = |parameters: Value| check_parameters("AWS-RunShellScript", &parameters);
        assert_eq!(check(json!({"commands": ["id"], "executionTimeout": ["5"]})), Ok(()));
        assert!(check(json!({})).is_err());
        assert!(check(json!({"commands": ["id"], "x": ["y"]})).is_err());
        assert_eq!(check_parameters("mine", &json!({"x": ["y"]})), Ok(()));
        assert_eq!(
            check(json!({"commands": "id"})).expect_err("refused").code,
            "SerializationException"
        );
    }
}
