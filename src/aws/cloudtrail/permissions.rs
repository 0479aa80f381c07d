//! Every permission that the calls of this service need, once: for the call and for the tables.

use crate::engine::{Permission, on};

pub(crate) const TRAILS: &str = "arn:aws:cloudtrail:{region}:{account}:trail/*";

pub(crate) const ADD_TAGS: Permission = on("cloudtrail:AddTags", TRAILS);
pub(crate) const CREATE_TRAIL: Permission = on("cloudtrail:CreateTrail", TRAILS);
pub(crate) const DELETE_TRAIL: Permission = on("cloudtrail:DeleteTrail", TRAILS);
pub(crate) const GET_EVENT_SELECTORS: Permission = on("cloudtrail:GetEventSelectors", TRAILS);
pub(crate) const GET_TRAIL: Permission = on("cloudtrail:GetTrail", TRAILS);
pub(crate) const GET_TRAIL_STATUS: Permission = on("cloudtrail:GetTrailStatus", TRAILS);
pub(crate) const LIST_TAGS: Permission = on("cloudtrail:ListTags", TRAILS);
pub(crate) const LOOKUP_EVENTS: Permission = on("cloudtrail:LookupEvents", "*");
pub(crate) const START_LOGGING: Permission = on("cloudtrail:StartLogging", TRAILS);
pub(crate) const STOP_LOGGING: Permission = on("cloudtrail:StopLogging", TRAILS);
