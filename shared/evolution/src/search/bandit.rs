//! Which operator makes the next child.

use serde::{Deserialize, Serialize};

use crate::Operator;

/// What of the last generations' gains and runs is remembered in the next.
const MEMORY: f64 = 0.95;
/// How many runs' worth of evidence stands behind the belief that operators are equally good.
const BELIEF: f64 = 20.0;
/// How far an operator's share may get from what it has to begin with, up or down.
const MOST: f64 = 8.0;

/// What an operator was tried for and yielded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The operator's name.
    pub operator: String,
    /// How many genomes it made that were judged.
    pub tries: u64,
    /// How many of them were better than the better of their parents.
    pub gains: u64,
    /// On how many cases candidates were run to judge them, and on its own account.
    pub runs: u64,
    /// Gains and evaluations, the later the weightier.
    recent: Recent,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, Default)]
struct Recent {
    gains: f64,
    evaluations: f64,
}

/// A try of an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Attempt {
    /// Which one; none for what no operator answers for.
    pub(super) operator: Option<u16>,
    /// On how many cases candidates were run.
    pub(super) runs: u64,
    /// Whether a child came of it that is better than its parents.
    pub(super) gained: bool,
}

impl Record {
    pub(super) fn new(operator: &str) -> Self {
        Self {
            operator: operator.to_owned(),
            tries: 0,
            gains: 0,
            runs: 0,
            recent: Recent::default(),
        }
    }
}

/// Takes in what a generation of `attempts` says.
pub(super) fn learn(records: &mut [Record], attempts: impl Iterator<Item = Attempt>, cases: u32) {
    let mut fresh = vec![(0_u64, 0_u64, 0_u64); records.len()];
    for attempt in attempts {
        let operator = attempt.operator.map(usize::from);
        if let Some((tries, gains, runs)) = operator.and_then(|at| fresh.get_mut(at)) {
            *tries += 1;
            *gains += u64::from(attempt.gained);
            *runs += attempt.runs;
        }
    }
    for (record, (tries, gains, runs)) in records.iter_mut().zip(fresh) {
        record.tries += tries;
        record.gains += gains;
        record.runs += runs;
        let recent = &mut record.recent;
        recent.gains = recent.gains * MEMORY + as_f64(gains);
        recent.evaluations = recent.evaluations * MEMORY + as_f64(runs) / f64::from(cases.max(1));
    }
}

/// The share of the children that each operator makes; the shares sum up to 1.
///
/// To begin with, those of one parent share `mutation_rate` equally, and those of two the rest.
/// Then each share is multiplied by the operator's gains per evaluation over everybody's, lately
/// (probability matching with forgetting, Thierens 2005); an operator without evidence counts as
/// everybody does. No share gets more than [`MOST`] times larger or smaller by that, so that
/// nobody is forgotten, and an operator that evaluates a hundred times for a child pays for it.
pub(super) fn shares(
    operators: &[Box<dyn Operator>],
    records: &[Record],
    mutation_rate: f64,
) -> Vec<f64> {
    let sum = |of: fn(&Recent) -> f64| records.iter().map(|r| of(&r.recent)).sum::<f64>();
    let (gains, evaluations) = (sum(|r| r.gains), sum(|r| r.evaluations));
    // With nothing gained yet, all are alike but for what they cost.
    let usual = (gains + 1.0) / (evaluations + BELIEF);
    let prior = prior(operators, mutation_rate);
    let weigh = |(prior, record): (&f64, &Record)| {
        let recent = &record.recent;
        let own = (recent.gains + usual * BELIEF) / (recent.evaluations + BELIEF);
        prior * (own / usual).clamp(1.0 / MOST, MOST)
    };
    let weights: Vec<f64> = prior.iter().zip(records).map(weigh).collect();
    let total: f64 = weights.iter().sum();
    weights.iter().map(|weight| weight / total).collect()
}

/// Shares that know nothing yet. If all operators take the same number of parents, or the rate is
/// 0 or 1 and there is only the other kind, they share everything.
fn prior(operators: &[Box<dyn Operator>], mutation_rate: f64) -> Vec<f64> {
    let of_two = operators.iter().filter(|o| o.arity() == 2).count();
    let of_one = operators.len() - of_two;
    let rate = match (of_one, of_two) {
        (0, _) => 0.0,
        (_, 0) => 1.0,
        _ => mutation_rate,
    };
    let each = |operator: &dyn Operator| match operator.arity() {
        2 => (1.0 - rate) / as_f64(of_two as u64),
        _ => rate / as_f64(of_one as u64),
    };
    operators.iter().map(|o| each(&**o)).collect()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "beyond 2^53 a rounded count is as good"
)]
fn as_f64(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Genome, Rng, Scope, Trial};

    struct Of(usize);

    impl Operator for Of {
        fn name(&self) -> &'static str {
            "of"
        }

        fn arity(&self) -> usize {
            self.0
        }

        fn vary(
            &self,
            _parents: &[&Genome],
            _scope: &Scope,
            _rng: &mut Rng,
            _trial: &mut Trial<'_>,
        ) -> Option<Genome> {
            None
        }
    }

    fn shares_of(arities: &[usize], rate: f64, attempts: &[Attempt]) -> Vec<f64> {
        let boxed = |arity: &usize| -> Box<dyn Operator> { Box::new(Of(*arity)) };
        let operators: Vec<Box<dyn Operator>> = arities.iter().map(boxed).collect();
        let mut records = vec![Record::new("of"); arities.len()];
        learn(&mut records, attempts.iter().copied(), 10);
        let shares = shares(&operators, &records, rate);
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        shares
    }

    fn attempts(operator: u16, count: usize, gained: bool, runs: u64) -> Vec<Attempt> {
        let attempt = Attempt {
            operator: Some(operator),
            runs,
            gained,
        };
        vec![attempt; count]
    }

    #[test]
    fn the_mutation_rate_is_what_is_believed_at_first() {
        let near = |found: &[f64], expected: &[f64]| {
            let mut pairs = found.iter().zip(expected);
            assert!(pairs.all(|(a, b)| (a - b).abs() < 1e-12), "{found:?}");
        };
        near(&shares_of(&[2, 1, 1], 0.1, &[]), &[0.9, 0.05, 0.05]);
        near(&shares_of(&[1, 1], 0.1, &[]), &[0.5, 0.5]);
        near(&shares_of(&[2], 1.0, &[]), &[1.0]);
        near(&shares_of(&[2, 1], 0.0, &[]), &[1.0, 0.0]);
    }

    #[test]
    fn gains_count_by_what_they_cost() {
        let dear = [attempts(0, 100, true, 1000), attempts(1, 100, true, 10)].concat();
        let shares = shares_of(&[1, 1], 1.0, &dear);
        assert!(shares[0] < shares[1] / 10.0, "{shares:?}");
        let vain = [attempts(0, 100, false, 10), attempts(1, 100, true, 10)].concat();
        let shares = shares_of(&[1, 1], 1.0, &vain);
        assert!(shares[0] < shares[1], "{shares:?}");
        // Nobody is given up.
        assert!(shares[0] > 1.0 / (MOST * MOST + 1.0) / 2.0);
    }

    #[test]
    fn what_was_long_ago_is_forgotten() {
        let mut record = [Record::new("of")];
        learn(&mut record, attempts(0, 10, true, 10).into_iter(), 10);
        let fresh = record[0].recent;
        for _ in 0..100 {
            learn(&mut record, std::iter::empty(), 10);
        }
        assert!(record[0].recent.gains < fresh.gains / 100.0);
        assert_eq!(
            (record[0].tries, record[0].gains, record[0].runs),
            (10, 10, 100)
        );
    }
}
