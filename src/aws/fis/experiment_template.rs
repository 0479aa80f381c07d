//! An experiment template that a step makes: absent, or present with what its experiment does. It
//! does nothing by itself. Found by its tags, and made once by its client token.
//!
//! <https://docs.aws.amazon.com/fis/latest/APIReference/API_CreateExperimentTemplate.html>

use aws_sdk_fis::types;

use super::{Design, Mark, permissions::*};
use crate::aws::{kit::*, new_role::with_new_role};

setting! {
    #[derive(PartialEq, Eq)]
    pub struct ExperimentTemplate {
        #[serde(flatten)]
        pub mark: Mark,
        /// At most 512 characters.
        pub description: String,
    }
    // `None`: there is no such template.
    "fis.experiment-template" = Option<Template>, target "{}" of |it| it.mark.target();
    reads [LIST_EXPERIMENT_TEMPLATES];
    writes [
        CREATE_EXPERIMENT_TEMPLATE, CREATE_EXPERIMENT_TEMPLATE.at(ACTIONS),
        TAG_RESOURCE.at(EXPERIMENT_TEMPLATES), DELETE_EXPERIMENT_TEMPLATE, PASS_ROLE,
    ];
    releases [DELETE_EXPERIMENT_TEMPLATE];
    release Removed Scaffolding;
    makes;
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Template {
    /// Assigned by AWS; `None` in a value that is to be written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// `None` in a value that was read: FIS fills in defaults, so a design never reads back as it
    /// was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub design: Option<Design>,
}

impl Template {
    /// The id, or what stands for it in a plan.
    pub fn id_or_open(template: Option<&Self>) -> String {
        template.and_then(|template| template.id.clone()).unwrap_or_else(|| AFTER_RUN.into())
    }
}

impl ExperimentTemplate {
    /// Ids, sorted.
    async fn find(&self, aws: &Aws) -> Result<Vec<String>, CallError> {
        let page = |token| aws.fis().list_experiment_templates().set_next_token(token).send();
        let pages = Pages::new(LIST_EXPERIMENT_TEMPLATES, page).all().await?;
        let all = pages.into_iter().flat_map(|p| p.experiment_templates.unwrap_or_default());
        let ours = all.filter(|one| self.mark.is_on(one.tags.as_ref()));
        let mut ids: Vec<_> = ours.filter_map(|one| one.id).collect();
        ids.sort();
        Ok(ids)
    }

    async fn create(&self, aws: &Aws, design: &Design) -> Result<(), CallError> {
        let incomplete =
            |e: aws_sdk_fis::error::BuildError| CREATE_EXPERIMENT_TEMPLATE.invalid(e.to_string());
        let mode =
            types::EmptyTargetResolutionMode::from(design.empty_target_resolution_mode.as_str());
        let options = types::CreateExperimentTemplateExperimentOptionsInput::builder()
            .account_targeting(types::AccountTargeting::SingleAccount)
            .empty_target_resolution_mode(mode)
            .build();
        let mut call = aws
            .fis()
            .create_experiment_template()
            .client_token(self.mark.token("template"))
            .description(&self.description)
            .role_arn(&design.role)
            .experiment_options(options)
            .set_stop_conditions(Some(design.stops().map_err(incomplete)?))
            .set_tags(Some(self.mark.all()));
        for (name, action) in &design.actions {
            call = call.actions(name, action.input().map_err(incomplete)?);
        }
        for (name, target) in &design.targets {
            call = call.targets(name, target.input().map_err(incomplete)?);
        }
        call.send().await.map(drop).by(CREATE_EXPERIMENT_TEMPLATE)
    }
}

impl Fact<Aws> for ExperimentTemplate {
    async fn read(&self, aws: &Aws) -> Result<Option<Template>, CallError> {
        let found = self.find(aws).await?.into_iter().next();
        Ok(found.map(|id| Template { id: Some(id), design: None }))
    }
}

impl Setting<Aws> for ExperimentTemplate {
    async fn write(&self, aws: &Aws, value: &Option<Template>) -> Result<(), CallError> {
        let found = self.find(aws).await?;
        let Some(want) = value else {
            for id in found {
                let call = aws.fis().delete_experiment_template().id(id).send().await;
                call.by(DELETE_EXPERIMENT_TEMPLATE).done_if_gone()?;
            }
            return Ok(());
        };
        match &want.design {
            Some(design) if found.is_empty() => with_new_role(|| self.create(aws, design)).await,
            Some(_) => Ok(()),
            None => {
                let text = "a template cannot be made without what its experiment does";
                Err(CallError::local(Self::KIND, Class::Invalid, text))
            }
        }
    }

    fn agrees(want: &Option<Template>, have: &Option<Template>) -> bool {
        match (want, have) {
            (None, None) => true,
            (Some(want), Some(have)) => {
                let same = |a: bool, b: bool, equal: bool| !a || !b || equal;
                same(want.id.is_some(), have.id.is_some(), want.id == have.id)
                    && same(
                        want.design.is_some(),
                        have.design.is_some(),
                        want.design == have.design,
                    )
            }
            _ => false,
        }
    }
}
