//! The kinds of the world in memory: a number, a number under a version, a thing made part by part, a
//! gate, a job.

use serde::{Deserialize, Serialize};

use crate::engine::{
    AFTER_RUN, CallError, Class, Fact, FactHead, How, Operation, OperationHead, Order, Permission,
    Progress, Reach, Rule, Setting, SettingHead, Token,
};

use super::world::{Inner, Memory};

type Edit = Box<dyn FnOnce(&mut Vec<u32>) + Send>;

/// One number. Those named `slow…` read back late; those named `kept…` are retained; those named
/// `part…` are gone with what they are a part of.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Cell(pub String);

impl FactHead<Memory> for Cell {
    const KIND: &'static str = "mem.cell";
    const READS: &'static [Permission] = &[];
    type Value = i64;
    fn target(&self) -> String {
        self.0.clone()
    }
}

impl Fact<Memory> for Cell {
    async fn read(&self, world: &Memory) -> Result<i64, CallError> {
        let is_gone = |inner: &mut Inner| !inner.state.cells.contains_key(&self.0);
        if self.0.starts_with("part") && world.look(is_gone).await? {
            return Err(CallError::local(Self::KIND, Class::Gone, "there is no such cell"));
        }
        let read = |inner: &mut Inner| match inner.lag.get_mut(&self.0) {
            Some((old, left)) if *left > 0 => {
                *left -= 1;
                *old
            }
            _ => inner.state.cells.get(&self.0).copied().unwrap_or_default(),
        };
        world.look(read).await
    }
}

impl SettingHead<Memory> for Cell {
    const RULE: Rule = Rule { how: How::Restored, order: Order::Network };
    const WRITES: &'static [Permission] = &[];
    const REACH: Reach = Reach::Changes;
    const LOOKUPS: &'static [&'static [Permission]] = &[];
    fn touches(&self, _before: Option<&i64>) -> Vec<String> {
        vec![self.0.clone()]
    }
}

impl Setting<Memory> for Cell {
    fn rule(&self) -> Rule {
        let how = if self.0.starts_with("kept") { How::Retained } else { How::Restored };
        Rule { how, ..Self::RULE }
    }
    async fn write(&self, world: &Memory, value: &i64) -> Result<(), CallError> {
        let effect = |inner: &mut Inner| {
            let old = inner.state.cells.insert(self.0.clone(), *value).unwrap_or_default();
            if self.0.starts_with("slow") {
                inner.lag.insert(self.0.clone(), (old, 2));
            }
        };
        world.mutate(format!("cell {} = {value}", self.0), effect).await
    }
}

/// One number under a version, as services with optimistic locks keep it: a swap names the version
/// that it replaces. A plain write asks for none.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Versioned(pub String);

impl FactHead<Memory> for Versioned {
    const KIND: &'static str = "mem.versioned";
    const READS: &'static [Permission] = &[];
    type Value = i64;
    fn target(&self) -> String {
        self.0.clone()
    }
}

impl Fact<Memory> for Versioned {
    async fn read(&self, world: &Memory) -> Result<i64, CallError> {
        Ok(self.latest(world).await?.1)
    }
}

impl SettingHead<Memory> for Versioned {
    const RULE: Rule = Rule { how: How::Restored, order: Order::Network };
    const WRITES: &'static [Permission] = &[];
    const REACH: Reach = Reach::Changes;
    const LOOKUPS: &'static [&'static [Permission]] = &[];
    fn touches(&self, _before: Option<&i64>) -> Vec<String> {
        vec![self.0.clone()]
    }
}

impl Setting<Memory> for Versioned {
    async fn write(&self, world: &Memory, value: &i64) -> Result<(), CallError> {
        let effect = |inner: &mut Inner| {
            let (version, now) = inner.state.versioned.entry(self.0.clone()).or_default();
            (*version, *now) = (*version + 1, *value);
        };
        world.mutate(format!("overwrite {} = {value}", self.0), effect).await
    }
    async fn swap(
        &self,
        world: &Memory,
        before: Option<&i64>,
        after: &i64,
    ) -> Result<(), CallError> {
        let stale = || {
            let text = "it was changed by someone else meanwhile";
            CallError::local(Self::KIND, Class::Throttled, text)
        };
        let (seen, now) = self.latest(world).await?;
        if Some(&now) != before {
            return Err(stale());
        }
        let effect = |inner: &mut Inner| {
            let (version, now) = inner.state.versioned.entry(self.0.clone()).or_default();
            let is_current = *version == seen;
            if is_current {
                (*version, *now) = (*version + 1, *after);
            }
            is_current
        };
        match world.mutate(format!("swap {} = {after}", self.0), effect).await? {
            true => Ok(()),
            false => Err(stale()),
        }
    }
}

impl Versioned {
    /// The version and the number under it.
    async fn latest(&self, world: &Memory) -> Result<(u64, i64), CallError> {
        let latest = |inner: &mut Inner| inner.state.versioned.get(&self.0).copied();
        Ok(world.look(latest).await?.unwrap_or_default())
    }
}

/// Something that is made, part by part; the world gives it an id.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Thing(pub String);

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Parts {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    pub parts: Vec<u32>,
}

impl Parts {
    pub(super) fn of(parts: &[u32]) -> Self {
        Self { id: None, parts: parts.into() }
    }
}

impl FactHead<Memory> for Thing {
    const KIND: &'static str = "mem.thing";
    const READS: &'static [Permission] = &[];
    type Value = Option<Parts>;
    fn target(&self) -> String {
        self.0.clone()
    }
}

impl Fact<Memory> for Thing {
    async fn read(&self, world: &Memory) -> Result<Option<Parts>, CallError> {
        world.look(|inner| inner.state.things.get(&self.0).cloned()).await
    }
}

impl SettingHead<Memory> for Thing {
    const RULE: Rule = Rule { how: How::Removed, order: Order::Scaffolding };
    const WRITES: &'static [Permission] = &[];
    const REACH: Reach = Reach::Changes;
    const LOOKUPS: &'static [&'static [Permission]] = &[];
    fn touches(&self, _before: Option<&Option<Parts>>) -> Vec<String> {
        vec![self.0.clone()]
    }
}

impl Setting<Memory> for Thing {
    async fn write(&self, world: &Memory, value: &Option<Parts>) -> Result<(), CallError> {
        let now = self.read(world).await?;
        let want = value.as_ref().map_or(&[][..], |want| &want.parts);
        if now.is_none() && value.is_some() {
            let make = |inner: &mut Inner| {
                inner.ids += 1;
                let id = Some(format!("thing-{}", inner.ids));
                inner.state.things.insert(self.0.clone(), Parts { id, parts: vec![] });
            };
            world.mutate(format!("make {}", self.0), make).await?;
        }
        let has = now.map(|now| now.parts).unwrap_or_default();
        let edit = |change: Edit| {
            let edit = move |inner: &mut Inner| {
                inner
                    .state
                    .things
                    .entry(self.0.clone())
                    .and_modify(|thing| change(&mut thing.parts));
            };
            world.mutate(format!("edit {}", self.0), edit)
        };
        for part in has.iter().rev().filter(|part| !want.contains(part)).copied() {
            edit(Box::new(move |parts| parts.retain(|p| *p != part))).await?;
        }
        for part in want.iter().filter(|part| !has.contains(part)).copied() {
            edit(Box::new(move |parts| parts.push(part))).await?;
        }
        if value.is_none() {
            let remove = |inner: &mut Inner| drop(inner.state.things.remove(&self.0));
            world.mutate(format!("remove {}", self.0), remove).await?;
        }
        Ok(())
    }
    fn agrees(want: &Option<Parts>, have: &Option<Parts>) -> bool {
        want.as_ref().map(|t| &t.parts) == have.as_ref().map(|t| &t.parts)
    }
    fn halfway(before: &Option<Parts>, after: &Option<Parts>, now: &Option<Parts>) -> bool {
        let all = |value: &Option<Parts>| value.clone().unwrap_or_default().parts;
        let (before, after) = (all(before), all(after));
        now.as_ref().is_some_and(|now| {
            now.parts.iter().all(|part| before.contains(part) || after.contains(part))
        })
    }
}

/// `wide`, `open` or `shut`: never left `open`.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Gate(pub String);

impl FactHead<Memory> for Gate {
    const KIND: &'static str = "mem.gate";
    const READS: &'static [Permission] = &[];
    type Value = Option<String>;
    fn target(&self) -> String {
        self.0.clone()
    }
}

impl Fact<Memory> for Gate {
    async fn read(&self, world: &Memory) -> Result<Option<String>, CallError> {
        let name = world.named(&self.0);
        world.look(|inner| inner.state.gates.get(&name).cloned()).await
    }
}

impl SettingHead<Memory> for Gate {
    const RULE: Rule = Rule { how: How::Restored, order: Order::Network };
    const WRITES: &'static [Permission] = &[];
    const REACH: Reach = Reach::Changes;
    const LOOKUPS: &'static [&'static [Permission]] = &[];
    fn touches(&self, _before: Option<&Option<String>>) -> Vec<String> {
        vec![self.0.clone()]
    }
}

impl Setting<Memory> for Gate {
    async fn write(&self, world: &Memory, value: &Option<String>) -> Result<(), CallError> {
        let name = world.named(&self.0);
        let call = format!("gate {name} = {value:?}");
        let effect = |inner: &mut Inner| match value {
            Some(value) => drop(inner.state.gates.insert(name, value.clone())),
            None => drop(inner.state.gates.remove(&name)),
        };
        world.mutate(call, effect).await
    }
}

/// A job that runs for a few looks and leaves two things; one named `broken…` fails the first
/// time, what one named `done…` did cannot be taken back.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Job(pub String);

impl OperationHead<Memory> for Job {
    const KIND: &'static str = "mem.job";
    const USES: &'static [Permission] = &[];
    const REACH: Reach = Reach::Changes;
    type Output = String;
    fn target(&self) -> String {
        self.0.clone()
    }
    fn touches(&self) -> Vec<String> {
        vec![self.0.clone()]
    }
    fn leaves(&self) -> String {
        format!("result of {}", self.0)
    }
    fn planned(&self) -> String {
        AFTER_RUN.into()
    }
}

impl Operation<Memory> for Job {
    async fn find(&self, world: &Memory, token: &Token) -> Result<Option<String>, CallError> {
        world.look(|inner| inner.state.jobs.get(&token.id).map(|(id, _)| id.clone())).await
    }
    async fn start(&self, world: &Memory, token: &Token) -> Result<String, CallError> {
        let effect = |inner: &mut Inner| {
            let own = format!("{}-", self.0);
            let mine = |(id, _): &&(String, u32)| id.starts_with(&own);
            let id = format!("{}-{}", self.0, inner.state.jobs.values().filter(mine).count());
            inner.state.jobs.insert(token.id.clone(), (id.clone(), 2));
            inner.state.litter.insert(id.clone(), 2);
            id
        };
        world.mutate(format!("start {}", self.0), effect).await
    }
    async fn poll(&self, world: &Memory, job: &str) -> Result<Progress<String>, CallError> {
        let broken = self.0.starts_with("broken") && job.ends_with("-0");
        let poll = |inner: &mut Inner| {
            let mut jobs = inner.state.jobs.values_mut();
            let Some((_, left)) = jobs.find(|(id, _)| id == job) else {
                return Progress::Failed("no such job".into());
            };
            if *left > 0 {
                *left -= 1;
                return Progress::Running { percent: None, note: "busy".into() };
            }
            match broken {
                true => Progress::Failed("broken".into()),
                false => Progress::Done(format!("{} done", self.0)),
            }
        };
        world.look(poll).await
    }
    fn made(&self, job: &str) -> Vec<String> {
        vec![job.to_owned()]
    }
    fn costs(&self) -> bool {
        self.0.contains("costly")
    }
    /// The job itself goes first: after that its token finds nothing.
    async fn discard(&self, world: &Memory, job: &str) -> Result<bool, CallError> {
        if self.0.starts_with("done") {
            return Ok(false);
        }
        let forget = |inner: &mut Inner| inner.state.jobs.retain(|_, (id, _)| id != job);
        world.mutate(format!("forget {job}"), forget).await?;
        while world.look(|inner| inner.state.litter.contains_key(job)).await? {
            let take = |inner: &mut Inner| {
                if let Some(left) = inner.state.litter.remove(job).filter(|left| *left > 1) {
                    inner.state.litter.insert(job.into(), left - 1);
                }
            };
            world.mutate(format!("take from {job}"), take).await?;
        }
        Ok(true)
    }
}
