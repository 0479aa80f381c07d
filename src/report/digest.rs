//! A report as Markdown, for tickets and step summaries. Owns its layout and the escaping of what
//! comes from outside; what is in it is `model`'s.

use std::fmt::{Display, Write};

use super::{look, model::Report, model::Tone};

/// Rows of a table beyond this are counted, not shown.
const ROWS: usize = 60;

/// Headings, lists and tables.
pub fn digest(report: &Report) -> String {
    let mut out = String::new();
    let run = &report.run;
    let title = if run.title.is_empty() { &run.document } else { &run.title };
    let sign = match report.summary.tone {
        Tone::Good => "✅",
        Tone::Care => "⚠",
        Tone::Bad => "❌",
        Tone::Quiet => "▫",
    };
    let _ = writeln!(
        out,
        "# {}\n\n{sign} **{}**\n",
        text(look::flow(title)),
        prose(&report.summary.headline)
    );
    for line in &report.summary.story {
        let _ = writeln!(out, "- {}", prose(line));
    }
    if let Some(started) = run.started {
        let _ = writeln!(out, "- T0 {}, run {}", started.strftime("%F %T UTC"), code(&run.id));
    }
    list(
        &mut out,
        "What is open",
        report.summary.open.iter().map(|one| match &one.step {
            Some(step) => format!("{} {}", code(step), prose(&one.text)),
            None => prose(&one.text),
        }),
    );
    let rows = report.verdicts.iter().map(|row| {
        [
            text(row.words()),
            prose(&row.subject),
            code(&row.step),
            prose(row.reason.as_deref().unwrap_or_default()),
        ]
    });
    table(&mut out, "Containment", ["Verdict", "Subject", "Step", "Reason"], rows);
    let objectives = report.drill.iter().flat_map(|card| &card.objectives);
    let time = |seconds: Option<f64>| {
        seconds.map_or_else(String::new, |seconds| format!("{seconds:.1} s"))
    };
    let rows = objectives.map(|one| {
        [
            format!("{} {}", one.part.word(), text(&one.name)),
            one.outcome.word().into(),
            time(one.took),
            time(one.budget),
        ]
    });
    table(&mut out, "Objectives", ["Objective", "Outcome", "Took", "Budget"], rows);
    let rows = report.changes.iter().map(|row| {
        let values = format!(
            "{} → {}",
            code(look::value(&row.before, 80)),
            code(look::value(&row.after, 80))
        );
        [
            format!("{} {}", text(&row.kind), code(&row.target)),
            values,
            text(&row.state),
            code(&row.step),
        ]
    });
    table(&mut out, "Changes", ["Setting", "Before → after", "Release", "Step"], rows);
    let rows = report.evidence.iter().map(|row| {
        let now = match row.same {
            Some(true) => "as recorded",
            Some(false) => "changed",
            None => "missing",
        };
        [code(&row.file), code(&row.sha256), now.into(), code(&row.step)]
    });
    table(&mut out, "Evidence", ["File", "SHA-256", "Now", "Step"], rows);
    let rows = report.answers.iter().map(|row| {
        let decision = if row.yes { "approved" } else { "declined" };
        let by = match row.who.is_unknown() {
            true => row.by.clone(),
            false => format!("{} ({})", row.by, row.who),
        };
        [text(look::flow(&row.question)), decision.into(), text(&by), text(&row.reason)]
    });
    let abort = run.aborted.iter().map(|abort| {
        let by = match abort.who.is_unknown() {
            true => abort.by.clone(),
            false => format!("{} ({})", abort.by, abort.who),
        };
        let reason = abort.reason.as_deref().unwrap_or_default();
        [String::new(), "aborted the run".into(), text(&by), text(look::flow(reason))]
    });
    let rows = rows.chain(abort);
    table(&mut out, "Decisions", ["Question", "Decision", "By", "Reason"], rows);
    let rows = report.clocks.iter().map(|row| {
        [
            text(&row.law),
            text(&row.duty),
            row.due.strftime("%F %H:%M UTC").to_string(),
            text(&row.from),
        ]
    });
    table(&mut out, "Regulatory clocks", ["Law", "Due", "When", "The law counts from"], rows);
    list(&mut out, "Observations", report.observations.iter().map(prose));
    list(&mut out, "Recommendations", report.recommendations.iter().map(prose));
    let next = report
        .summary
        .next
        .iter()
        .map(|next| format!("{}: {}", text(&next.why), code(&next.command)));
    list(&mut out, "Next", next);
    let _ = writeln!(
        out,
        "\nJournal head {}, plan {}.",
        code(&run.journal.head),
        code(&run.plan_sha256)
    );
    out
}

fn list(out: &mut String, heading: &str, rows: impl Iterator<Item = String>) {
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n## {heading}\n");
    for row in rows.iter().take(ROWS) {
        let _ = writeln!(out, "- {row}");
    }
    if rows.len() > ROWS {
        let _ = writeln!(out, "- and {} more", rows.len() - ROWS);
    }
}

fn table<const N: usize>(
    out: &mut String,
    heading: &str,
    heads: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) {
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n## {heading}\n\n| {} |\n|{}", heads.join(" | "), "---|".repeat(N));
    for row in rows.iter().take(ROWS) {
        let _ = writeln!(out, "| {} |", row.join(" | "));
    }
    if rows.len() > ROWS {
        let _ = writeln!(out, "\nand {} more", rows.len() - ROWS);
    }
}

/// Text from outside: no mark-up, no HTML, no mention of anybody, on one line.
pub fn text(text: impl Display) -> String {
    let mut out = String::new();
    for c in look::clean(&text.to_string()).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // GitHub looks for mentions in what an entity has become, and for none in code.
            '@' => out.push_str("`@`"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' | '~' | '!' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    // A bare address would become a link: <https://github.github.com/gfm/#autolinks-extension->
    out.replace("://", "&#58;//").replace("www.", "www\\.")
}

/// A sentence in which backticks mark code, as the program's messages have them.
pub fn prose(sentence: impl Display) -> String {
    let sentence = sentence.to_string();
    let mut parts = sentence.split('`').peekable();
    let (mut out, mut inside) = (String::new(), false);
    while let Some(part) = parts.next() {
        match (inside, parts.peek()) {
            (true, Some(_)) => out.push_str(&code(part)),
            // The last backtick has no partner.
            (true, None) => out.push_str(&text(format_args!("`{part}"))),
            (false, _) => out.push_str(&text(part)),
        }
        inside = !inside;
    }
    out
}

/// Text from outside in a code span, also within a table.
pub fn code(text: impl Display) -> String {
    let text = look::clean(&text.to_string()).replace('|', "¦");
    if text.is_empty() {
        return String::new();
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if longest > 0 { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_become_markup_or_mentions() {
        assert_eq!(
            text("[x](http://y) <b> @me\n#1"),
            "\\[x\\](http&#58;//y) &lt;b&gt; `@`me\\\\x0a\\#1"
        );
        assert_eq!(code("a`b``c"), "``` a`b``c ```");
        assert_eq!(code("a|b"), "`a¦b`");
        assert_eq!(prose("is `*x*` or `*y"), "is `*x*` or \\`\\*y");
    }
}
