//! What actions do to the account, and how each is put back.
//!
//! An action begins, continues, and is undone. What must be undone is in the journal before the call that makes it
//! necessary, so that a front that was killed can still put it back. All that an effect sees is a [`Step`]; when it
//! begins and what becomes of its action is `run`'s business.

mod alarms;
mod databases;
mod faults;
mod instances;
mod network;
mod ssm;
mod step;
mod trouble;

use std::time::Duration;

pub(super) use alarms::states;
pub(super) use step::{Step, look};
pub(super) use trouble::Trouble;

use super::catalogue::Kind;
use super::model::Undo;
use super::validate;

/// How an action came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    Done,
    Halted,
}

/// An action whose effect is there.
#[derive(Default)]
pub(super) struct Begun {
    /// Of AWS's time; `None` when the action ends by itself.
    pub lasts: Option<Duration>,
    /// Shown as the reason of its state.
    pub note: Option<&'static str>,
}

impl Begun {
    fn lasting(step: &Step) -> Self {
        Self { lasts: Some(validate::length(&step.as_action())), note: None }
    }
}

/// The action's effect.
pub(super) async fn begin(step: &Step) -> Result<Begun, Trouble> {
    match step.kind {
        Kind::StopInstances => return instances::stop(step).await,
        Kind::RebootInstances => instances::reboot(step).await?,
        Kind::TerminateInstances => instances::terminate(step).await?,
        Kind::RebootDatabases => databases::reboot(step).await?,
        Kind::FailoverCluster => databases::failover(step).await?,
        Kind::AssertAlarmState => alarms::check(step).await?,
        Kind::SendCommand => return ssm::send(step).await,
        Kind::Wait => return Ok(Begun::lasting(step)),
        Kind::DisruptConnectivity => {
            network::disrupt(step).await?;
            return Ok(Begun::lasting(step));
        }
        Kind::InternalError | Kind::ThrottleError | Kind::UnavailableError => {
            faults::install(step).await?;
            return Ok(Begun::lasting(step));
        }
        Kind::PauseVolumeIo => {
            let note =
                "No effect in the lab: its volumes carry no I/O. The action is recorded only.";
            return Ok(Begun { note: Some(note), ..Begun::lasting(step) });
        }
    }
    Ok(Begun::default())
}

/// From the effect to the action's end.
pub(super) async fn go_on(step: &Step) -> Result<Ended, Trouble> {
    match step.kind {
        Kind::SendCommand => ssm::follow_command(step).await,
        _ => Ok(step.hold().await),
    }
}

/// What a restart must repeat before a running action continues.
pub(super) async fn renew(step: &Step) -> Result<(), Trouble> {
    match step.kind {
        Kind::InternalError | Kind::ThrottleError | Kind::UnavailableError => {
            faults::renew(step).await
        }
        _ => Ok(()),
    }
}

/// Puts one effect back.
pub(super) async fn undo(step: &Step, undo: &Undo) -> Result<(), Trouble> {
    match undo {
        Undo::StartInstances { account, instances, may_be_terminated } => {
            instances::start(step, account, instances, *may_be_terminated).await
        }
        Undo::Network(disruption) => network::restore(step, disruption).await,
        Undo::CancelCommand { account, command, instances } => {
            ssm::cancel(step, account, command, instances).await
        }
        Undo::RemoveFaults { rules } => {
            faults::remove(step, rules);
            Ok(())
        }
    }
}

/// Whether an action that was cut off while it began can begin again, once put back: nothing would happen twice.
pub(super) fn can_begin_again(kind: Kind) -> bool {
    !matches!(
        kind,
        Kind::SendCommand | Kind::RebootInstances | Kind::RebootDatabases | Kind::FailoverCluster
    )
}

/// Whether an action that ended by itself is undone: what it started has ended with it, or has not.
pub(super) fn is_undone_at_end(kind: Kind) -> bool {
    kind != Kind::SendCommand
}
