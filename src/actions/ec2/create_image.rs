//! Make a machine image of an instance without rebooting it.
//!
//! The image can be launched in an isolated network to look at the system as it starts. For the
//! disks alone `ec2.snapshot-volumes` is enough. An image made without a reboot has its file systems
//! as after a power cut; with `no-reboot: false` EC2 reboots the instance to have them at rest, which
//! loses its memory and gives the intruder's start-up scripts their turn: capture memory before.
//! Release keeps the image and its snapshots as evidence.

use super::alive;
use crate::{
    actions::kit::*,
    aws::ec2::{CreateImage as Create, Instance},
    playbook::types::InstanceId,
};

/// Inputs of `ec2.create-image`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CreateImage {
    /// The instance to make an image of.
    pub instance: InstanceId,
    /// Name of the image, 3 to 128 letters, digits, spaces and `( ) [ ] . / - ' @ _`; unique in the
    /// account and Region. Names the run and instance when left out.
    #[serde(default)]
    #[schemars(length(min = 3, max = 128))]
    pub name: Option<String>,
    /// Whether EC2 must leave the instance running. `false` loses the contents of its memory.
    #[serde(default = "yes")]
    pub no_reboot: bool,
}

fn yes() -> bool {
    true
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ImageMade {
    /// Id of the image.
    pub image: String,
}

impl Action for CreateImage {
    const SPEC: Spec = spec! {
        "ec2.create-image": "Make a machine image of an instance without rebooting it";
        Preserve;
        uses [fact Instance, operation Create];
        effects [KeepsDisks, MayReboot];
    };
    type Output = ImageMade;

    async fn run(&self, step: &Step<Aws>) -> Result<ImageMade, StepError> {
        let name = match &self.name {
            Some(name) if !is_name(name) => {
                return Err(StepError::Refused(format!(
                    "`{name}` is no image name: use 3 to 128 letters, digits, spaces and `( ) [ ] . / - ' @ _`"
                )));
            }
            Some(name) => name.clone(),
            None => format!("backburn-{}-{}", step.run(), self.instance),
        };
        let facts = step.read(&Instance::of(&self.instance)).await?;
        alive(&facts)?;
        if !self.no_reboot {
            step.note(format!(
                "`{}` reboots, which loses the contents of its memory",
                self.instance
            ))
            .await?;
        }
        let image = step
            .start(Create {
                instance: self.instance.to_string(),
                name,
                description: format!("backburn {} {}", step.run(), step.id()),
                no_reboot: self.no_reboot,
            })
            .await?;
        Ok(ImageMade { image })
    }
}

/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateImage.html>
fn is_name(name: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || " ()[]./-'@_".contains(c);
    (3..=128).contains(&name.len()) && name.chars().all(good)
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn names_follow_ec2() {
        assert!(is_name("web [before] 1.0"));
        assert!(!is_name("ab") && !is_name("a#b#c") && !is_name(&"a".repeat(129)));
    }
}
