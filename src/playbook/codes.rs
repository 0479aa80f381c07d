//! Every diagnostic code with the paragraph that explains it. A test holds that each code has a fixture.

/// Code and explanation, sorted by topic.
pub const CODES: &[(&str, &str)] = &[
    (
        "playbook::syntax",
        "The file is not valid YAML 1.2, or not UTF-8 text. It cannot be checked further until this is fixed. The position is where the parser gave up; the mistake is there or a line above.",
    ),
    (
        "playbook::too-large",
        "A playbook may have 8 MiB of text and 64 levels of nesting. More is refused before it is read, so that a hostile file cannot exhaust the responder's machine.",
    ),
    (
        "playbook::alias-limit",
        "Anchors and aliases are allowed, but not so many that they expand to a document far larger than the file (an alias bomb).",
    ),
    (
        "playbook::many-documents",
        "A file holds exactly one playbook. A `---` line in the middle starts a second document.",
    ),
    ("playbook::empty", "The file holds no YAML value, only white space or comments."),
    (
        "playbook::duplicate-key",
        "A mapping gives the same key twice. YAML parsers disagree on which one applies, so neither is trusted.",
    ),
    (
        "playbook::merge-key",
        "`<<` is a YAML 1.1 merge key. Playbooks are YAML 1.2, where it has no meaning; write the keys out.",
    ),
    (
        "playbook::unknown-key",
        "A mapping has a key that the playbook format does not define. Unknown keys are errors because a misspelt `needs` would silently change the order of a containment.",
    ),
    ("playbook::missing-key", "A required key is missing."),
    (
        "playbook::wrong-type",
        "A value does not have the YAML type that its key requires. Common causes: an unquoted version (`1.0` is a number) or `yes`, which is a string in YAML 1.2.",
    ),
    (
        "playbook::bad-id",
        "Ids of playbooks, steps, roles and inputs are lower-case words with dashes, such as `snapshot-volumes`, because expressions, file names and tags carry them.",
    ),
    (
        "playbook::bad-version",
        "The version of a playbook is a semantic version with three numbers, such as `1.4.0`.",
    ),
    (
        "playbook::bad-technique",
        "An ATT&CK technique id is `T` and four digits, and for a sub-technique a point and three digits: `T1552.005`.",
    ),
    ("playbook::unknown-value", "The key accepts one of a few words, and this is not one of them."),
    (
        "playbook::unknown-role",
        "A step is owned or approved by a role that the playbook does not declare under `roles`.",
    ),
    (
        "playbook::bad-principal",
        "`one-of` of an approval lists the callers of AWS that may answer: `user/NAME`, `role/NAME` (every session of it) or `assumed-role/NAME/SESSION` in the account that the run works in, or a whole ARN. `*` stands for any text in a name, never in an account. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html",
    ),
    (
        "playbook::unknown-type",
        "An input has a type that does not exist. Types are `string`, `boolean`, `integer`, `duration`, the AWS ids such as `instance`, and `list of` any of them.",
    ),
    ("playbook::bad-default", "The default of an input does not fit the type of that input."),
    (
        "playbook::sensitive-default",
        "A sensitive input is never displayed or stored. A default would be in the file, in version control and in the copy that each run keeps of its playbook; give the value with `-i` instead.",
    ),
    (
        "playbook::sensitive-shown",
        "A sensitive input stands where it, or something of it, can be seen by others. Whether a step runs and how often (`if`, `for-each`) is in plans and journals. A tag can be read by whoever may list resources, and AWS advises against secrets in tags. What names a resource has to be in the journal, so that a change can be given back: names and ids are no secrets. By most other inputs an action decides something. Those that may be sensitive say so in `backburn actions NAME`; an input of a drill's response may where that playbook declares it sensitive.",
    ),
    (
        "playbook::plain-secret",
        "An input of an action is a secret by what it is, such as the secret of a leaked key, and is given as plain text or from something that is not sensitive. It would be in the plan, in the journal, in reports and on the command line. Declare an input with `sensitive: true`, read that alone, and give it with `-i NAME=@FILE`, `env:VARIABLE`, `ssm:/PATH` or `secretsmanager:ID`.",
    ),
    (
        "playbook::sensitive-part",
        "An expression uses something of a sensitive input: a letter, its length, how it compares, what is found by it. A plan shows what comes of that, in the text itself or in what it refuses, and enough of such questions show the whole value. Use it as a whole: alone, in a text, in a list, as a value of a mapping, joined with `~` (texts also with `+`, a list with `join`), or with `upper`, `lower`, `string`, `tojson` or `default`. Decide by another input; have a command on the instance look into the value.",
    ),
    (
        "playbook::bad-duration",
        "A duration is one or more numbers with a unit of `ms`, `s`, `m`, `h` or `d`, largest first: `500ms`, `10s`, `1h30m`.",
    ),
    ("playbook::out-of-range", "A number is outside the range that its key allows."),
    ("playbook::no-steps", "A playbook without steps does nothing."),
    (
        "playbook::expression-not-here",
        "Expressions are evaluated in `with`, `if` and `for-each`. Anywhere else `${{ }}` would stay as text, so it is refused.",
    ),
    (
        "playbook::expression-syntax",
        "The text between `${{` and `}}` is not an expression. The syntax is that of Jinja: names, literals, operators, filters with `|`, tests with `is`.",
    ),
    (
        "playbook::expression-unterminated",
        "An expression starts with `${{` and never ends. Close it with `}}`, or write `$${{` for the literal characters.",
    ),
    (
        "playbook::expression-too-long",
        "An expression may have 4096 bytes. Longer ones hide what a step does from the person who approves it.",
    ),
    (
        "playbook::unknown-name",
        "An expression uses a name that does not exist. Names are `inputs.<name>`, `steps.<id>.<output>`, `item`, `run.id`, `run.started` and `run.partition`.",
    ),
    (
        "playbook::whole-namespace",
        "An expression uses `inputs`, `steps`, `run` or a step as a whole, or picks from it by a computed name. Name the value itself, so that the order of steps can be known before the run.",
    ),
    ("playbook::unknown-input", "An expression reads an input that the playbook does not declare."),
    ("playbook::unknown-step", "An expression reads the output of a step that does not exist."),
    (
        "playbook::unknown-output",
        "An expression reads an output that the action of that step does not have.",
    ),
    ("playbook::unknown-filter", "An expression uses a filter that does not exist."),
    ("playbook::unknown-test", "An expression uses a test (`is ...`) that does not exist."),
    (
        "playbook::unknown-function",
        "An expression calls something. Apart from `range`, expressions have filters instead of functions and methods.",
    ),
    (
        "playbook::item-outside-for-each",
        "`item` is the current element of a `for-each`, and this step has no `for-each` (or this is the `for-each` itself).",
    ),
    (
        "playbook::self-reference",
        "A step reads its own output or needs itself, so it could never start.",
    ),
    (
        "playbook::unknown-action",
        "A step uses an action that is not in the catalogue; `backburn actions` lists them.",
    ),
    (
        "playbook::unknown-action-input",
        "`with` gives an input that the action does not have; `backburn actions <name>` lists them.",
    ),
    ("playbook::missing-action-input", "`with` does not give an input that the action requires."),
    (
        "playbook::bad-value",
        "A literal value in `with` does not fit the schema of that input: wrong type, not one of the allowed words, or not a well-formed AWS id.",
    ),
    (
        "playbook::type-mismatch",
        "An expression yields a type that can never fit where it is used, such as a volume where an instance is wanted, or a list where one value is wanted.",
    ),
    (
        "playbook::unused-input",
        "An input is declared but never read. People would be asked for it in the middle of an incident, so remove it.",
    ),
    ("playbook::unknown-need", "`needs` names a step that does not exist."),
    ("playbook::duplicate-need", "`needs` names a step twice. Once is enough."),
    (
        "playbook::cycle",
        "Steps wait for each other in a cycle, by `needs` or by reading outputs, so none of them could start.",
    ),
    (
        "simulation::no-faults",
        "A simulation without a fault proves nothing: it needs an FIS action or an attack under `faults`, or an FIS template.",
    ),
    (
        "simulation::bad-fault",
        "A fault is either one action of the FIS experiment (`action`) or steps that play the attacker (`attack`).",
    ),
    (
        "simulation::unknown-fault",
        "A fault, a detection or an entry of `refused` names a fault that the simulation does not have.",
    ),
    (
        "simulation::empty-proof",
        "A proof shows that a fault had an effect: one of its steps has to look at the account, or at what a step saw there. A wait, a mark, a question to a person, or an assertion that reads no step succeeds whatever happened.",
    ),
    (
        "simulation::nothing-expected",
        "A response begins with the first detection, unless it says `after: faults`. Where the simulation expects no detection, nobody would ever be called.",
    ),
    (
        "simulation::no-experiment",
        "FIS acts as a role of the account, which `experiment.role` names. Without it no FIS action can start.",
    ),
    (
        "simulation::two-experiments",
        "A drill runs one experiment: from its own faults or from a template file, not from both.",
    ),
    (
        "simulation::bad-actor",
        "`as` selects the principal that an attack or a response acts as: one access key that the drill made, one role, or one session of a role (`role` with `session`), which is taken once and kept as stolen credentials are.",
    ),
    (
        "simulation::no-attempt",
        "An entry of `refused` would show nothing: there is no response that could have contained anybody, nobody but whoever runs the drill to try as, or no call to try.",
    ),
    (
        "simulation::never-refused",
        "AWS answers `sts:GetCallerIdentity` to whoever has valid credentials, also where a policy denies it, so it cannot show that a principal is contained. https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html",
    ),
    (
        "simulation::unsafe-attempt",
        "What an attacker tries again may still work. So a drill tries only calls that read, from a fixed list, and steps of its own attack whose effect stays on what the drill made and ends with it.",
    ),
    (
        "simulation::open-guard",
        "A drill injects faults, so its guard names the accounts and Regions where it may run. Everywhere else it is refused before anything is touched.",
    ),
    (
        "simulation::bad-account",
        "An AWS account id is twelve digits. In YAML they stand in quotes.",
    ),
    ("simulation::bad-tag", "The tag that every target must carry is written as `key=value`."),
    (
        "simulation::bad-schedule",
        "The schedule is cron with five fields (minute, hour, day of month, month, day of week), read in UTC.",
    ),
    (
        "simulation::bad-file",
        "A file that the simulation names, the response playbook or the FIS template, cannot be read. Paths are relative to the simulation's own file.",
    ),
    (
        "simulation::bad-template",
        "The FIS template is one that a drill would run otherwise than it is meant: it has no actions, acts on other accounts too, or has parts that a drill leaves out. A template is taken as `aws fis get-experiment-template` prints it, or as `create-experiment-template` takes it.",
    ),
    (
        "simulation::no-target",
        "The guard demands a tag on everything that the experiment hits, and an action has no targets: an automation, for example, acts on whatever its document says. Nothing could hold it to the tag, so it is refused. Actions that hit nothing, such as `aws:fis:wait`, need no targets. https://docs.aws.amazon.com/fis/latest/userguide/fis-actions-reference.html",
    ),
    (
        "simulation::duplicate-step",
        "Two steps of a drill have the same id. All sections share one set of ids, and some are used by the steps that a drill adds itself.",
    ),
    (
        "hazard::memory-after-isolation",
        "A command, such as a memory capture, runs on an instance after it was isolated or its role was denied, or at the same time. The Systems Manager agent needs the network and the role's credentials, so the command never arrives, and memory is the one kind of evidence that cannot be taken later. Run the command before. https://docs.aws.amazon.com/wellarchitected/latest/security-pillar/sec_incident_response_prepare_forensic.html",
    ),
    (
        "hazard::image-reboots",
        "An image is made with `no-reboot: false` and nothing was captured before. EC2 reboots the instance for it: memory is lost, and the intruder's start-up scripts run. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateImage.html",
    ),
    (
        "hazard::stop-before-snapshot",
        "An instance is stopped or terminated and no snapshot or image of it was taken before. A stopped instance may not start again, instance-store disks are lost, and a termination deletes volumes. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Stop_Start.html",
    ),
    (
        "hazard::isolate-in-group",
        "An instance is isolated although it may belong to an Auto Scaling group (`in-auto-scaling-group: allow`), and no step before puts it on standby. The group finds it unhealthy, terminates it with its evidence and starts another. https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-enter-exit-standby.html",
    ),
    (
        "hazard::role-comes-back",
        "Every session of a role issued before now is denied, but anyone its trust policy admits can assume it again at once. Repair the trust policy too, or deny the instance's own sessions permanently (`scope: instance`). https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html",
    ),
    (
        "hazard::shared-under-default-key",
        "A snapshot is shared with another account and may be under the default key `aws/ebs`, which cannot be shared. Copy it under a customer key first, with `kms-key`. https://docs.aws.amazon.com/ebs/latest/userguide/ebs-modifying-snapshot-permissions.html",
    ),
    (
        "hazard::evidence-in-one-place",
        "Evidence is taken, but none of it is shared with another account. Whoever controls the contained account can delete it there. https://docs.aws.amazon.com/wellarchitected/latest/security-pillar/sec_incident_response_prepare_forensic.html",
    ),
    (
        "hazard::release-beside",
        "A step with `on-failure: release` runs concurrently with a containment, and neither waits for the other. If the step fails, that containment is released or not, depending on which was faster. Order the two with `needs`. https://docs.aws.amazon.com/security-ir/latest/userguide/source-containment.html",
    ),
    (
        "hazard::no-owner",
        "A step names no `owner`. In an incident, nobody is responsible for answering its questions or for finding out why it failed. https://docs.aws.amazon.com/wellarchitected/latest/security-pillar/sec_incident_response_identify_personnel.html",
    ),
    (
        "hazard::irreversible-without-approval",
        "A step does something that release cannot give back, and no person approves it (`approval`). https://docs.aws.amazon.com/wellarchitected/latest/security-pillar/sec_incident_response_playbooks.html",
    ),
    (
        "hazard::nothing-to-accept",
        "`accept` names a hazard that the playbook does not have. It would hide the hazard if it came back, so remove the entry.",
    ),
    (
        "config::syntax",
        "The configuration is not valid TOML. It cannot be checked further until this is fixed. https://toml.io",
    ),
    (
        "config::unknown-key",
        "`backburn.toml` has a key that its format does not define. Unknown keys are errors because a misspelt `only-listed` would let a run into any account.",
    ),
    ("config::missing-key", "A required key is missing."),
    (
        "config::bad-value",
        "A value does not have the type or form that its key requires: account ids are twelve digits in quotes, ARNs and Regions are checked, and some keys take one of a few words.",
    ),
    (
        "config::secret-in-file",
        "Secrets are never in the configuration: whoever reads the file, or its history, could use them. A Slack URL, a signing key and a URL with a password or token in it are secrets. Name an environment variable or a file that holds it.",
    ),
    (
        "config::bad-url",
        "Notifications are sent by `https`, or by `http` to this machine: nobody on the network path may read what they contain about an incident.",
    ),
    ("config::one-way", "A notification target has exactly one of `slack`, `webhook` and `sns`."),
    (
        "config::misplaced-key",
        "A key that is valid only together with another one: `key` with `webhook`, `external-id` with `role`.",
    ),
    (
        "config::duplicate-account",
        "Two names have the same account id. It would be undefined which role, Regions and permission to drill apply to the account.",
    ),
    (
        "config::role-elsewhere",
        "The role of an account is in another account: `--account NAME` would work in a different account than its name suggests.",
    ),
    (
        "config::unknown-account",
        "A target is limited to an account that is neither listed under `accounts` nor twelve digits: it would never be notified.",
    ),
];

/// The codes of the linter's hazards.
pub fn hazards() -> impl Iterator<Item = &'static str> {
    CODES.iter().map(|(code, _)| *code).filter(|code| code.starts_with("hazard::"))
}

/// The explanation of `code`.
pub fn explain(code: &str) -> Option<&'static str> {
    CODES.iter().find(|(name, _)| *name == code).map(|(_, text)| *text)
}
