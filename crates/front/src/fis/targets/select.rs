//! Selection modes: <https://docs.aws.amazon.com/fis/latest/userguide/targets.html#target-selection-mode>.

use crate::ids;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Selection {
    All,
    Count(usize),
    Percent(usize),
}

impl Selection {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let number = |prefix: &str| -> Option<usize> {
            let inner = text.strip_prefix(prefix)?.strip_prefix('(')?.strip_suffix(')')?;
            inner.trim().parse().ok()
        };
        if text == "ALL" {
            Some(Self::All)
        } else if let Some(count) = number("COUNT") {
            (count > 0).then_some(Self::Count(count))
        } else {
            number("PERCENT").filter(|n| (1..=100).contains(n)).map(Self::Percent)
        }
    }

    /// How many of so many; a share is rounded down.
    pub(crate) fn of(self, found: usize) -> usize {
        match self {
            Self::All => found,
            Self::Count(count) => count.min(found),
            Self::Percent(percent) => found * percent / 100,
        }
    }

    /// The chosen ones, at random, in the order in which they were found.
    pub(crate) fn pick<T>(self, found: Vec<T>) -> Vec<T> {
        let wanted = self.of(found.len());
        let mut places: Vec<(u128, usize)> =
            (0..found.len()).map(|at| (ids::random(), at)).collect();
        places.sort_unstable();
        let chosen: Vec<usize> = places.into_iter().take(wanted).map(|(_, at)| at).collect();
        let kept = found.into_iter().enumerate().filter(|(at, _)| chosen.contains(at));
        kept.map(|(_, item)| item).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_read() {
        assert_eq!(Selection::parse("ALL"), Some(Selection::All));
        assert_eq!(Selection::parse("COUNT(3)"), Some(Selection::Count(3)));
        assert_eq!(Selection::parse("PERCENT(50)"), Some(Selection::Percent(50)));
        for bad in ["", "all", "COUNT()", "COUNT(0)", "COUNT(-1)", "PERCENT(0)", "PERCENT(101)"] {
            assert_eq!(Selection::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn shares_are_rounded_down() {
        assert_eq!(Selection::Percent(50).of(5), 2);
        assert_eq!(Selection::Percent(5).of(4), 0);
        assert_eq!(Selection::Count(3).of(2), 2);
    }

    #[test]
    fn the_choice_is_random_and_keeps_the_order() {
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..200 {
            let two = Selection::Count(2).pick(vec![1, 2, 3, 4]);
            assert_eq!(two.len(), 2);
            assert!(two.is_sorted());
            seen.insert(two);
        }
        assert_eq!(seen.len(), 6);
    }
}
