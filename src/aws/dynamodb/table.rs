//! A table that a run makes for itself, with its items: absent, or there. Owns how it is made, known by
//! the tags of its creating call, and removed.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html>

use std::{collections::BTreeMap, time::Duration};

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, Select,
    TableDescription, TableStatus, Tag,
};

use super::{KEY, TableTags, WantedItems, permissions::*, writing};
use crate::aws::{
    kit::*,
    owned::{Made, RUN_TAG, STEP_TAG, not_ours},
};

/// How long a table may take to become usable, or to go.
const TAKES: Duration = Duration::from_mins(3);

setting! {
    pub struct Table {
        pub name: String,
        pub run: String,
        pub step: String,
        pub items: WantedItems,
        pub tags: BTreeMap<String, String>,
    }
    // The id is the table's ARN.
    "dynamodb.table" = Option<Made>, target "{name}";
    reads [DESCRIBE_TABLE, LIST_TAGS_OF_RESOURCE, SCAN];
    writes [CREATE_TABLE, TAG_RESOURCE, BATCH_WRITE_ITEM, DELETE_TABLE];
    releases [DELETE_TABLE];
    release Removed Scaffolding;
    makes;
}

impl Table {
    async fn describe(&self, aws: &Aws) -> Result<Option<TableDescription>, CallError> {
        let call = aws.dynamodb().describe_table().table_name(&self.name).send().await;
        Ok(call.by(DESCRIBE_TABLE).absent_if_gone()?.and_then(|found| found.table))
    }

    /// The table, when it is this run's.
    async fn find(&self, aws: &Aws) -> Result<Option<TableDescription>, CallError> {
        let Some(table) = self.describe(aws).await? else { return Ok(None) };
        // A table that comes may not show its tags yet, one that goes has none any more.
        let passing = [TableStatus::Creating, TableStatus::Deleting];
        if !table.table_status.as_ref().is_some_and(|status| passing.contains(status)) {
            let tags = TableTags { table: self.name.clone() }.read(aws).await?;
            if tags.is_some_and(|tags| tags.get(RUN_TAG) != Some(&self.run)) {
                return Err(not_ours(DESCRIBE_TABLE.action, &format!("table `{}`", self.name)));
            }
        }
        Ok(Some(table))
    }

    async fn create(&self, aws: &Aws) -> Result<(), CallError> {
        let wrong = |e: &dyn std::fmt::Display| CREATE_TABLE.invalid(e.to_string());
        let attribute = AttributeDefinition::builder()
            .attribute_name(KEY)
            .attribute_type(ScalarAttributeType::S)
            .build()
            .map_err(|e| wrong(&e))?;
        let key = KeySchemaElement::builder().attribute_name(KEY).key_type(KeyType::Hash).build();
        let own = self.tags.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        let all = own.chain([(RUN_TAG, self.run.as_str()), (STEP_TAG, self.step.as_str())]);
        let tags = all.filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok());
        let call = aws
            .dynamodb()
            .create_table()
            .table_name(&self.name)
            .attribute_definitions(attribute)
            .key_schema(key.map_err(|e| wrong(&e))?)
            .billing_mode(BillingMode::PayPerRequest)
            .set_tags(Some(tags.collect()))
            .send()
            .await;
        match call.map(drop).by(CREATE_TABLE) {
            // An attempt before this one made it.
            Err(e) if e.code.as_deref() == Some("ResourceInUseException") => Ok(()),
            other => other,
        }
    }

    async fn until_active(&self, aws: &Aws) -> Result<(), CallError> {
        // "Not ours" was ruled out before it was created: its tags are late.
        let passes =
            |e: &CallError| e.class == Class::Gone || e.class == Class::Invalid && e.code.is_none();
        aws.for_up_to(TAKES, passes, || async {
            let found = self.find(aws).await?;
            if found.is_some_and(|table| table.table_status == Some(TableStatus::Active)) {
                return Ok(());
            }
            let text = format!("table `{}` was created but is not active", self.name);
            Err(CallError::local(DESCRIBE_TABLE.action, Class::Gone, text))
        })
        .await
    }

    async fn delete(&self, aws: &Aws) -> Result<(), CallError> {
        // While a table is created or backed up it cannot be deleted.
        let busy = |e: &CallError| e.code.as_deref() == Some("ResourceInUseException");
        let call = || async {
            let call = aws.dynamodb().delete_table().table_name(&self.name).send().await;
            call.map(drop).by(DELETE_TABLE)
        };
        let going = self.describe(aws).await?.and_then(|table| table.table_status);
        if going != Some(TableStatus::Deleting) {
            aws.for_up_to(TAKES, busy, call).await.done_if_gone()?;
        }
        let there = |e: &CallError| e.class == Class::AlreadySo;
        aws.for_up_to(TAKES, there, || async {
            match self.describe(aws).await? {
                None => Ok(()),
                Some(_) => {
                    let text = format!("table `{}` is still being deleted", self.name);
                    Err(CallError::local(DELETE_TABLE.action, Class::AlreadySo, text))
                }
            }
        })
        .await
    }

    /// Whether there are as many items as asked for, at least.
    async fn is_full(&self, aws: &Aws) -> Result<bool, CallError> {
        let call = aws.dynamodb().scan().table_name(&self.name).select(Select::Count);
        let call = call.consistent_read(true);
        let page = |key| call.clone().set_exclusive_start_key(key).send();
        let pages = Pages::new(SCAN, page).all().await?;
        let count: i32 = pages.iter().map(|page| page.count).sum();
        Ok(usize::try_from(count).unwrap_or_default() >= self.items.all(&self.name).len())
    }
}

impl Fact<Aws> for Table {
    async fn read(&self, aws: &Aws) -> Result<Option<Made>, CallError> {
        let Some(table) = self.find(aws).await? else { return Ok(None) };
        let active = table.table_status == Some(TableStatus::Active);
        let complete = active && settled(self.is_full(aws).await, Class::Gone)?;
        Ok(Made::found(table.table_arn.unwrap_or_default(), complete))
    }
}

impl Setting<Aws> for Table {
    async fn write(&self, aws: &Aws, value: &Option<Made>) -> Result<(), CallError> {
        let there = self.find(aws).await?.is_some();
        if value.is_none() {
            return if there { self.delete(aws).await } else { Ok(()) };
        }
        if !there {
            self.create(aws).await?;
        }
        self.until_active(aws).await?;
        writing::put(aws, &self.name, self.items.all(&self.name).into_values()).await
    }

    fn agrees(want: &Option<Made>, have: &Option<Made>) -> bool {
        Made::agrees(want, have)
    }

    fn halfway(before: &Option<Made>, after: &Option<Made>, now: &Option<Made>) -> bool {
        Made::halfway(before, after, now)
    }
}
