//! The text of one file as miette reads it, with an index of its lines. Owns that a place costs the same wherever it
//! stands: miette itself counts lines from the start of the file, several times for each drawing.

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

/// A named text that finds its lines by search.
#[derive(Clone, Debug)]
pub struct Source {
    name: String,
    text: String,
    /// Where each line starts, in miette's sense: after `\n`, `\r\n` and a lone `\r`.
    starts: Vec<usize>,
}

impl Source {
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let bytes = text.as_bytes();
        let ends = bytes.iter().enumerate().filter(|(at, byte)| match byte {
            b'\n' => true,
            b'\r' => bytes.get(at + 1) != Some(&b'\n'),
            _ => false,
        });
        let starts = std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect();
        Self { name: name.into(), text, starts }
    }
}

impl SourceCode for Source {
    /// What miette reads of the whole text, read of its lines from shortly before the span on.
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let line = self.starts.partition_point(|start| *start <= span.offset()) - 1;
        // One line more than is asked for: at the very start of a text miette reads an empty span differently.
        let first = line.saturating_sub(before + 1);
        let skipped = self.starts[first];
        let near = SourceSpan::new((span.offset() - skipped).into(), span.len());
        let found = self.text.as_bytes()[skipped..].read_span(&near, before, after)?;
        let place = SourceSpan::new((found.span().offset() + skipped).into(), found.span().len());
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            found.data(),
            place,
            found.line() + first,
            found.column(),
            found.line_count() + first,
        )))
    }
}

#[cfg(test)]
mod tests {
    use miette::NamedSource;
    use proptest::prelude::*;

    use super::*;

    /// Everything that miette takes from what was read.
    fn read(source: &dyn SourceCode, span: (usize, usize), around: (usize, usize)) -> String {
        match source.read_span(&span.into(), around.0, around.1) {
            Ok(found) => format!(
                "{:?} {:?} {:?} {}:{} of {}",
                found.name(),
                found.data(),
                found.span(),
                found.line(),
                found.column(),
                found.line_count()
            ),
            Err(error) => error.to_string(),
        }
    }

    proptest! {
        #[test]
        fn reads_as_miette_does(
            text in "[aö\n\r]{0,40}",
            offset in 0_usize..60,
            length in 0_usize..20,
            before in 0_usize..3,
            after in 0_usize..3,
        ) {
            // Of an empty span behind the end, miette takes a slice that begins after its end, and panics.
            prop_assume!(length > 0 || offset <= text.len());
            let (ours, theirs) = (Source::new("f", text.clone()), NamedSource::new("f", text));
            prop_assert_eq!(
                read(&ours, (offset, length), (before, after)),
                read(&theirs, (offset, length), (before, after))
            );
        }
    }
}
