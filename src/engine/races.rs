//! Two steps may not write one setting without an order between them: which of a plan's steps do. Owns
//! that comparison, which must stay fast for thousands of steps; refusing the plan is `program`'s.

use std::collections::HashMap;

use indexmap::IndexMap;

use super::{Place, Scope, plan::PlannedStep};

/// Steps that would write one setting, with no order between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Race {
    /// The first two that follow each other in the order of the steps.
    pub first: String,
    pub second: String,
    pub place: Place,
    /// Steps that write it with no order to the one before them, `second` among them: as many `needs`
    /// put all of them in order.
    pub count: usize,
}

/// Which step comes after which.
pub struct StepOrder<'a> {
    place: HashMap<&'a str, usize>,
    /// By place: the places before it.
    needs: Vec<Vec<usize>>,
}

impl<'a> FromIterator<(&'a str, Vec<&'a str>)> for StepOrder<'a> {
    /// Steps with those that they need, which stand before them.
    fn from_iter<T: IntoIterator<Item = (&'a str, Vec<&'a str>)>>(steps: T) -> Self {
        let (mut place, mut needs) = (HashMap::new(), Vec::new());
        for (at, (step, before)) in steps.into_iter().enumerate() {
            needs.push(before.iter().filter_map(|need| place.get(need).copied()).collect());
            place.insert(step, at);
        }
        Self { place, needs }
    }
}

impl StepOrder<'_> {
    /// Where a step stands; those of a for-each, which carry their item, share the for-each's place.
    fn of(&self, step: &str) -> Option<usize> {
        self.place.get(step.split('[').next().unwrap_or(step)).copied()
    }

    /// Whether the second of each pair comes after the first, however many are between. All pairs at
    /// once, in rounds of so many first ones that a machine word or a few hold their answers for a step.
    fn follow(&self, pairs: &[(usize, usize)]) -> Vec<bool> {
        const WORDS: usize = 8;
        const ROUND: usize = WORDS * u64::BITS as usize;
        let mut firsts: Vec<usize> = pairs.iter().map(|(first, _)| *first).collect();
        firsts.sort_unstable();
        firsts.dedup();
        let mut by_first: Vec<usize> = (0..pairs.len()).collect();
        by_first.sort_unstable_by_key(|pair| pairs[*pair].0);
        let mut found = vec![false; pairs.len()];
        let mut rest = &by_first[..];
        // Of each step, which of the round's first ones come before it.
        let mut before = vec![[0_u64; WORDS]; self.needs.len()];
        for round in firsts.chunks(ROUND) {
            let bit = |place: usize| {
                let at = round.binary_search(&place).ok()?;
                Some((at / 64, 1_u64 << (at % 64)))
            };
            for (place, needs) in self.needs.iter().enumerate() {
                let mut all = [0; WORDS];
                for need in needs {
                    for (word, more) in all.iter_mut().zip(before[*need]) {
                        *word |= more;
                    }
                    if let Some((word, bit)) = bit(*need) {
                        all[word] |= bit;
                    }
                }
                before[place] = all;
            }
            let last = round.last().copied().unwrap_or_default();
            let (these, others) =
                rest.split_at(rest.partition_point(|pair| pairs[*pair].0 <= last));
            for pair in these {
                let (first, second) = pairs[*pair];
                // A step that is not in the order comes after none.
                found[*pair] = bit(first)
                    .zip(before.get(second))
                    .is_some_and(|((word, bit), before)| before[word] & bit != 0);
            }
            rest = others;
        }
        found
    }
}

/// One race for each setting that steps would write with no order between them, in the order of the
/// steps that first write it. Writers are in order when each comes after the one before it, so only
/// neighbours are compared.
pub fn races(steps: &[PlannedStep], order: &StepOrder<'_>) -> Vec<Race> {
    let mut writers = IndexMap::<(&Scope, &str, &str), Vec<(usize, &str, &Place)>>::new();
    for step in steps {
        // A step that is not in the order comes after none, and none after it.
        let at = order.of(&step.id).unwrap_or(usize::MAX);
        for change in &step.changes {
            let place = &change.place;
            // Two things that AWS has not named yet are not the same thing.
            if place.target.contains("(known after run") {
                continue;
            }
            let those = writers.entry((&change.scope, &place.kind, &place.target)).or_default();
            if those.last().is_none_or(|(_, last, _)| *last != step.id) {
                those.push((at, &step.id, place));
            }
        }
    }
    let mut pairs = Vec::new();
    for those in writers.values_mut() {
        // Steps of one for-each stay as they are: there is no order between them.
        those.sort_by_key(|(at, _, _)| *at);
        pairs.extend(those.windows(2).map(|pair| (pair[0].0, pair[1].0)));
    }
    let mut follow = order.follow(&pairs).into_iter();
    let mut found = Vec::new();
    for those in writers.values() {
        let mut race: Option<Race> = None;
        for pair in those.windows(2) {
            if follow.next() == Some(true) {
                continue;
            }
            let ((_, first, _), (_, second, place)) = (pair[0], pair[1]);
            let new = || Race {
                first: first.to_owned(),
                second: second.to_owned(),
                place: place.clone(),
                count: 0,
            };
            race.get_or_insert_with(new).count += 1;
        }
        found.extend(race);
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};
    use serde_json::Value;

    use super::*;
    use crate::engine::{How, plan::PlannedChange};

    /// A step and the cells that it writes.
    fn step(id: String, cells: &[u8]) -> PlannedStep {
        let changes = cells.iter().map(|cell| PlannedChange {
            place: Place { kind: "mem.cell".into(), target: cell.to_string(), nth: 0 },
            scope: Scope { account: "1".into(), region: "r".into(), principal: "p".into() },
            before: Value::Null,
            after: Value::Null,
            until: None,
            release: How::Restored,
            caveat: None,
        });
        PlannedStep { id, changes: changes.collect(), ..PlannedStep::default() }
    }

    /// Steps `0`, `1`, ... each with its needs, which stand before it, the cells that it writes, and
    /// how many items it has where it is a for-each.
    type Node = (Vec<usize>, Vec<u8>, Option<usize>);

    fn order(names: &[String], nodes: &[Node]) -> Vec<Race> {
        let needs = |at: usize| nodes[at].0.iter().map(|need| names[*need].as_str()).collect();
        let order: StepOrder<'_> =
            (0..nodes.len()).map(|at| (names[at].as_str(), needs(at))).collect();
        races(&steps(nodes), &order)
    }

    fn steps(nodes: &[Node]) -> Vec<PlannedStep> {
        let all = nodes.iter().enumerate().flat_map(|(at, (_, cells, items))| match items {
            None => vec![step(at.to_string(), cells)],
            Some(items) => (0..*items).map(|item| step(format!("{at}[{item}]"), cells)).collect(),
        });
        all.collect()
    }

    fn found(nodes: &[Node]) -> Vec<Race> {
        let names: Vec<_> = (0..nodes.len()).map(|at| at.to_string()).collect();
        order(&names, nodes)
    }

    fn has_path(nodes: &[Node], from: usize, to: usize) -> bool {
        nodes[to].0.iter().any(|need| *need == from || has_path(nodes, from, *need))
    }

    /// Every pair of steps that write `cell` with no order between them, by searching a path for each.
    fn naive(nodes: &[Node], cell: u8) -> Vec<(String, String)> {
        let steps = steps(nodes);
        let target = cell.to_string();
        let writes =
            |step: &&PlannedStep| step.changes.iter().any(|one| one.place.target == target);
        let writers: Vec<_> = steps.iter().filter(writes).map(|step| step.id.clone()).collect();
        let at = |id: &str| id.split('[').next().unwrap().parse::<usize>().unwrap();
        let mut pairs = Vec::new();
        for (nth, first) in writers.iter().enumerate() {
            for second in &writers[nth + 1..] {
                if !has_path(nodes, at(first), at(second)) {
                    pairs.push((first.clone(), second.clone()));
                }
            }
        }
        pairs
    }

    fn graph() -> impl Strategy<Value = Vec<Node>> {
        let node = (
            vec(any::<prop::sample::Index>(), 0..3),
            vec(0..4_u8, 0..3),
            prop::option::weighted(0.1, 0..3_usize),
        );
        vec(node, 1..14).prop_map(|nodes| {
            let numbered = nodes.into_iter().enumerate();
            let placed = numbered.map(|(at, (needs, mut cells, items))| {
                let mut needs: Vec<_> = match at {
                    0 => Vec::new(),
                    _ => needs.iter().map(|need| need.index(at)).collect(),
                };
                needs.sort_unstable();
                needs.dedup();
                cells.sort_unstable();
                cells.dedup();
                (needs, cells, items)
            });
            placed.collect()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn a_setting_has_a_race_where_some_pair_has_no_order(nodes in graph()) {
            let found = found(&nodes);
            for cell in 0..4_u8 {
                let pairs = naive(&nodes, cell);
                let race: Vec<_> =
                    found.iter().filter(|race| race.place.target == cell.to_string()).collect();
                prop_assert_eq!(race.len(), usize::from(!pairs.is_empty()));
                if let Some(race) = race.first() {
                    prop_assert!(pairs.contains(&(race.first.clone(), race.second.clone())), "{race:?}");
                    prop_assert!((1..=pairs.len()).contains(&race.count), "{race:?}");
                }
            }
        }

        /// What is counted is what is to be done.
        #[test]
        fn as_many_needs_put_all_in_order(nodes in graph()) {
            let mut nodes: Vec<Node> =
                nodes.into_iter().map(|(needs, cells, _)| (needs, cells, None)).collect();
            let mut left = found(&nodes).iter().map(|race| race.count).sum::<usize>();
            while let Some(race) = found(&nodes).first() {
                let (first, second) = (race.first.parse().unwrap(), race.second.parse::<usize>().unwrap());
                nodes[second].0.push(first);
                prop_assert!(left > 0);
                left -= 1;
            }
        }
    }

    #[test]
    fn a_long_chain_is_in_order_and_a_wide_graph_is_one_race() {
        const STEPS: usize = 2_000;
        let needs = |at: usize| at.checked_sub(1).into_iter().collect();
        let chain: Vec<Node> = (0..STEPS).map(|at| (needs(at), vec![0], None)).collect();
        assert_eq!(found(&chain), []);
        let mut broken = chain;
        broken[700].0.clear();
        let race = found(&broken);
        assert_eq!(race.len(), 1);
        assert_eq!((&*race[0].first, &*race[0].second, race[0].count), ("699", "700", 1));
        let wide: Vec<Node> = (0..STEPS).map(|_| (Vec::new(), vec![0, 1], None)).collect();
        let race = found(&wide);
        assert_eq!(race.len(), 2, "one for each setting");
        assert!(race.iter().all(|race| race.count == STEPS - 1), "{race:?}");
    }

    #[test]
    fn a_step_that_is_not_in_the_order_is_ordered_with_none() {
        let order: StepOrder<'_> = [("a", Vec::new())].into_iter().collect();
        let steps = [step("a".into(), &[0]), step("b".into(), &[0]), step("c".into(), &[0])];
        assert_eq!(races(&steps, &order)[0].count, 2);
        assert_eq!(races(&steps[..1], &order), []);
    }
}
