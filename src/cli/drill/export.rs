//! `backburn drill export-fis`: the FIS experiment template that a simulation would create.

use std::path::PathBuf;

use clap::Args;
use indexmap::IndexMap;
use serde_json::Value;

use crate::{
    actions::catalogue,
    aws::partition,
    conduct::Loaded,
    drill,
    engine::AFTER_RUN,
    playbook::expr::{RunFacts, Scope},
};

use super::{super::inputs::Inputs, Context, Exit, Failure};

#[derive(Args, Debug)]
pub(super) struct ExportFis {
    /// Simulation
    file: PathBuf,
    #[command(flatten)]
    inputs: Inputs,
}

impl ExportFis {
    pub(super) fn run(self, context: &Context) -> Result<Exit, Failure> {
        let name = self.file.display().to_string();
        let Loaded { prepared, outline, .. } =
            Loaded::file(context, &self.file, &self.inputs.inputs)?;
        let inject = prepared.program.get("inject").zip(outline.as_ref());
        let Some((inject, outline)) = inject else {
            return Err(Failure::new(Exit::Invalid, format!("{name} has no FIS experiment"))
                .help("faults with `action`, or `experiment.template`, make one"));
        };
        // What the drill makes has no id yet; the template shows that in its place.
        let open = |uses: &str| -> Value {
            let names = catalogue::find(uses).map(|entry| (entry.outputs)());
            let names = names.as_ref().and_then(|schema| schema["properties"].as_object());
            let names = names.into_iter().flat_map(|names| names.keys());
            Value::Object(names.map(|name| (name.clone(), AFTER_RUN.into())).collect())
        };
        let steps: IndexMap<String, Value> =
            prepared.program.nodes().map(|node| (node.id.clone(), open(&node.uses))).collect();
        // Nobody is asked who calls: the Region that is given says where the template is for.
        let region = context.global.region.as_deref();
        let partition = region.map_or(partition::AWS, partition::of_region).name;
        let run = RunFacts { id: AFTER_RUN, started: AFTER_RUN, partition };
        let scope = Scope { inputs: &prepared.inputs, steps: &steps, item: None, run };
        let with = inject.with.eval(&scope).map_err(|e| {
            Failure::new(Exit::Invalid, format!("the experiment cannot be evaluated: {e}"))
        })?;
        let template = drill::template_json(&with, outline);
        if template.to_string().contains(AFTER_RUN) {
            context.say("note: things that the drill creates itself have no id yet and are shown as `(known after run)`; fill them in before `aws fis create-experiment-template`");
        }
        let text = serde_json::to_string_pretty(&template)
            .map_err(|e| Failure::new(Exit::Internal, e.to_string()))?;
        context.print_json(&(text + "\n"))?;
        Ok(Exit::Ok)
    }
}
