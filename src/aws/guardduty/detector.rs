//! Settings of GuardDuty: the detector of a Region. Owns how it is switched on, and given back: deleted
//! when this run made it, disabled when it was.
//!
//! <https://docs.aws.amazon.com/guardduty/latest/APIReference/API_CreateDetector.html>

use aws_sdk_guardduty::types::DetectorStatus;

use super::{permissions::*, things::DETECTOR};
use crate::aws::{
    kit::*,
    owned::{RUN_TAG, STEP_TAG},
};

setting! {
    /// The one detector that an account may have in a Region.
    pub struct Detector {
        pub run: String,
        pub step: String,
    }
    // `None`: GuardDuty is not used in this Region.
    "guardduty.detector" = Option<DetectorIs>, target "detector";
    reads [LIST_DETECTORS, GET_DETECTOR];
    writes [
        CREATE_DETECTOR, TAG_RESOURCE, UPDATE_DETECTOR, DELETE_DETECTOR,
        CREATE_SERVICE_LINKED_ROLE,
    ];
    releases [UPDATE_DETECTOR, DELETE_DETECTOR];
    release Removed Scaffolding;
    touches [DETECTOR] |_it, before| DetectorIs::things(before);
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct DetectorIs {
    /// Assigned by AWS; `None` in a value that is to be written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    pub enabled: bool,
}

impl DetectorIs {
    fn things(before: Option<&Option<Self>>) -> Vec<Thing> {
        let there = before.into_iter().flatten().filter_map(|detector| detector.id.as_ref());
        there.map(|id| DETECTOR.thing(id)).collect()
    }

    pub const ENABLED: Self = Self { id: None, enabled: true };
}

impl Detector {
    /// The detector, and the run that made it.
    async fn find(&self, aws: &Aws) -> Result<Option<(DetectorIs, Option<String>)>, CallError> {
        let page = |token| aws.guardduty().list_detectors().set_next_token(token).send();
        let pages = Pages::new(LIST_DETECTORS, page).all().await?;
        let mut ids = pages.into_iter().flat_map(|page| page.detector_ids.unwrap_or_default());
        let Some(id) = ids.next() else { return Ok(None) };
        let call = aws.guardduty().get_detector().detector_id(&id).send().await;
        let found = call.by(GET_DETECTOR)?;
        let enabled = found.status == Some(DetectorStatus::Enabled);
        let run = found.tags.unwrap_or_default().remove(RUN_TAG);
        Ok(Some((DetectorIs { id: Some(id), enabled }, run)))
    }

    async fn create(&self, aws: &Aws) -> Result<(), CallError> {
        let call = aws.guardduty().create_detector().enable(true);
        let call = call.client_token(format!("backburn-{}", self.run));
        let call = call.tags(RUN_TAG, &self.run).tags(STEP_TAG, &self.step).send().await;
        call.map(drop).by(CREATE_DETECTOR)
    }

    async fn switch(&self, aws: &Aws, id: &str, on: bool) -> Result<(), CallError> {
        let call = aws.guardduty().update_detector().detector_id(id).enable(on).send().await;
        call.map(drop).by(UPDATE_DETECTOR)
    }
}

impl Fact<Aws> for Detector {
    async fn read(&self, aws: &Aws) -> Result<Option<DetectorIs>, CallError> {
        Ok(self.find(aws).await?.map(|(detector, _)| detector))
    }
}

impl Setting<Aws> for Detector {
    /// Deletes no detector that another made.
    async fn write(&self, aws: &Aws, value: &Option<DetectorIs>) -> Result<(), CallError> {
        match (value, self.find(aws).await?) {
            (None, None) => Ok(()),
            (Some(want), None) if want.enabled => self.create(aws).await,
            (Some(_), None) => {
                let text = "the detector that was disabled is gone; nothing is left to disable";
                Err(CREATE_DETECTOR.invalid(text))
            }
            (Some(want), Some((have, _))) => {
                self.switch(aws, have.id.as_deref().unwrap_or_default(), want.enabled).await
            }
            (None, Some((have, run))) if run.as_ref() == Some(&self.run) => {
                let id = have.id.unwrap_or_default();
                let call = aws.guardduty().delete_detector().detector_id(id).send().await;
                call.by(DELETE_DETECTOR).done_if_gone()
            }
            (None, Some((have, _))) => {
                let text = format!(
                    "detector `{}` was not made by this run and stays; switch GuardDuty off by hand if it should go",
                    have.id.unwrap_or_default()
                );
                Err(DELETE_DETECTOR.invalid(text))
            }
        }
    }

    fn agrees(want: &Option<DetectorIs>, have: &Option<DetectorIs>) -> bool {
        match (want, have) {
            (None, None) => true,
            (Some(want), Some(have)) => {
                want.enabled == have.enabled
                    && (want.id.is_none() || have.id.is_none() || want.id == have.id)
            }
            _ => false,
        }
    }

    fn caveat(before: &Option<DetectorIs>) -> Option<&'static str> {
        before.is_none().then_some("a detector that is deleted takes its findings with it")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::replay::{Replay, aws};

    fn detector() -> Detector {
        Detector { run: "01RUN".into(), step: "detect".into() }
    }

    fn there(status: &str, run: &str) -> Replay {
        let detector = format!(
            r#"{{"serviceRole":"r","status":"{status}","tags":{{"backburn:run":"{run}"}}}}"#
        );
        Replay::default().answer("GET /detector", 200, r#"{"detectorIds":["d1"]}"#).answer(
            "GET /detector/d1",
            200,
            &detector,
        )
    }

    #[tokio::test]
    async fn only_a_detector_that_this_run_made_is_deleted() {
        let replay = there("ENABLED", "01OTHER");
        let error = detector().write(&aws(&replay), &None).await.expect_err("not ours");
        assert!(error.message.contains("was not made by this run"), "{error}");
        let replay = there("ENABLED", "01RUN").answer("DELETE /detector/d1", 200, "{}");
        detector().write(&aws(&replay), &None).await.expect("deleted");
        assert_eq!(replay.actions().last().map(String::as_str), Some("DELETE /detector/d1"));
    }

    #[tokio::test]
    async fn a_disabled_detector_is_switched_on_and_off_again() {
        let replay = there("DISABLED", "").answer("POST /detector/d1", 200, "{}");
        let aws = aws(&replay);
        let before = detector().read(&aws).await.expect("read");
        assert_eq!(before, Some(DetectorIs { id: Some("d1".into()), enabled: false }));
        detector().write(&aws, &Some(DetectorIs::ENABLED)).await.expect("on");
        detector().write(&aws, &before).await.expect("off");
        let bodies: Vec<_> = replay
            .seen()
            .into_iter()
            .filter(|seen| seen.action == "POST /detector/d1")
            .map(|seen| seen.body)
            .collect();
        assert_eq!(bodies, [r#"{"enable":true}"#, r#"{"enable":false}"#]);
    }

    #[tokio::test]
    async fn a_refusal_is_an_error_and_not_an_absence() {
        let denied = r#"{"__type":"AccessDeniedException","message":"No"}"#;
        let replay = Replay::default().answer("GET /detector", 403, denied);
        let error = detector().read(&aws(&replay)).await.expect_err("denied");
        assert_eq!(error.call, LIST_DETECTORS.action);
    }
}
