//! The stolen credentials of the lab's compromised instance, and what whoever has them tries. Owns those calls; whom
//! they are refused by is the lab's business.
//!
//! EC2 hands an instance its role's credentials through the instance's metadata
//! (<https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html>). The lab's front has
//! a page with what the metadata would answer.

use aws_config::SdkConfig;
use aws_sdk_sts::{
    config::{Credentials, SharedCredentialsProvider},
    error::{ProvideErrorMetadata, SdkError},
};
use serde_json::Value;

use super::{ACCESS_KEY_ID, Lab, LabError, http, seed::Seed};

/// Credentials of the instance's role that are not on the instance any more.
pub struct Stolen(SdkConfig);

/// A call with them, none of which changes anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    pub call: &'static str,
    /// AWS's words where access was refused.
    pub refused: Option<String>,
}

/// Codes of a refusal, of the services that are called:
/// <https://docs.aws.amazon.com/systems-manager/latest/APIReference/CommonErrors.html>,
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>.
const REFUSALS: [&str; 2] = ["AccessDeniedException", "AccessDenied"];

impl Stolen {
    /// # Errors
    /// The lab hands out no credentials for the instance.
    pub async fn take(lab: &Lab, seed: &Seed) -> Result<Self, LabError> {
        let config = lab.sdk_config(ACCESS_KEY_ID);
        let step = "the instance's credentials";
        let failed = |why: String| LabError::Seed { step: step.into(), why };
        let path = format!(
            "/_backburn/instance-credentials/{}?account={}&region={}",
            seed.instance, seed.account, lab.region
        );
        let (status, text) = http::send(&lab.endpoint, &path, None, &[]).await?;
        let told: Value = serde_json::from_str(&text).unwrap_or_default();
        if status != 200 || told["Code"] != "Success" {
            return Err(failed(text));
        }
        let of = |name: &str| told[name].as_str().unwrap_or_default().to_owned();
        let keys = Credentials::new(
            of("AccessKeyId"),
            of("SecretAccessKey"),
            Some(of("Token")),
            None,
            "the lab",
        );
        let config = config.into_builder();
        Ok(Self(config.credentials_provider(SharedCredentialsProvider::new(keys)).build()))
    }

    /// What the role may do while nobody contains it.
    pub async fn tries(&self) -> Vec<Tried> {
        let ssm = aws_sdk_ssm::Client::new(&self.0);
        let s3 = aws_sdk_s3::config::Builder::from(&self.0).force_path_style(true).build();
        let s3 = aws_sdk_s3::Client::from_conf(s3);
        let (one, all, object) = tokio::join!(
            ssm.get_parameters().names("/web/database").send(),
            ssm.get_parameters_by_path().path("/web/").send(),
            s3.get_object().bucket("lab-artifacts").key("release.tar.gz").send(),
        );
        vec![
            Tried { call: "ssm:GetParameters", refused: refusal(one) },
            Tried { call: "ssm:GetParametersByPath", refused: refusal(all) },
            Tried { call: "s3:GetObject", refused: refusal(object) },
        ]
    }
}

/// That a thing is not there is an answer like any other.
fn refusal<T, E, R>(answer: Result<T, SdkError<E, R>>) -> Option<String>
where
    SdkError<E, R>: ProvideErrorMetadata,
{
    let error = answer.err()?;
    let code = error.code().filter(|code| REFUSALS.contains(code))?;
    Some(error.message().unwrap_or(code).to_owned())
}
