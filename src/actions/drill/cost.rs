//! What a drill may cost: one table of rough prices. A forecast from list prices of us-east-1,
//! rounded up; other Regions, taxes and what the drill's own workload does are not in it.

use schemars::JsonSchema;
use serde::Deserialize;

/// USD for one minute of one action in one account.
/// <https://aws.amazon.com/fis/pricing/>
const FIS_ACTION_MINUTE: f64 = 0.10;
/// USD for a backup: 100 GB of EBS snapshot, at 0.05 for a GB-month, kept for three days.
/// <https://aws.amazon.com/backup/pricing/>, <https://aws.amazon.com/ebs/pricing/>
const BACKUP: f64 = 0.50;
/// USD for a restore: 100 GB at 0.02 a GB, and the volume for a day.
/// <https://aws.amazon.com/backup/pricing/>
const RESTORE: f64 = 2.50;
/// USD for an instance that the drill starts: four hours of a large one, with its volume.
/// <https://aws.amazon.com/ec2/pricing/on-demand/>
const INSTANCE: f64 = 0.80;

/// How much of what costs money a drill is going to use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Forecast {
    /// Minutes of each FIS action, summed over the actions.
    #[schemars(range(min = 0))]
    pub fis_action_minutes: f64,
    /// Backups that are made.
    #[schemars(range(min = 0))]
    pub backups: f64,
    /// Restores that are made.
    #[schemars(range(min = 0))]
    pub restores: f64,
    /// Instances that are started.
    #[schemars(range(min = 0))]
    pub instances: f64,
}

impl Forecast {
    /// USD, rounded up to a cent.
    ///
    /// # Errors
    /// The text of a refusal: an amount is negative or no number.
    pub fn cost(&self) -> Result<f64, String> {
        let parts = [
            ("fis-action-minutes", self.fis_action_minutes, FIS_ACTION_MINUTE),
            ("backups", self.backups, BACKUP),
            ("restores", self.restores, RESTORE),
            ("instances", self.instances, INSTANCE),
        ];
        if let Some((name, amount, _)) = parts.iter().find(|(_, n, _)| !n.is_finite() || *n < 0.0) {
            return Err(format!("`forecast.{name}` is {amount}, which is no amount"));
        }
        let sum: f64 = parts.iter().map(|(_, amount, price)| amount * price).sum();
        // Sums of tenths are a hair above or below their cent.
        Ok((sum * 100.0 - 1e-6).ceil().max(0.0) / 100.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forecast_is_the_sum_rounded_up() {
        let cost = |forecast: Forecast| forecast.cost();
        assert_eq!(cost(Forecast::default()), Ok(0.0));
        let minutes = Forecast { fis_action_minutes: 3.0, ..Forecast::default() };
        assert_eq!(cost(minutes), Ok(0.30));
        let whole =
            Forecast { fis_action_minutes: 0.01, backups: 1.0, restores: 1.0, instances: 2.0 };
        assert_eq!(cost(whole), Ok(4.61));
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for bad in [-1.0, f64::NAN, f64::INFINITY] {
            let forecast = Forecast { restores: bad, ..Forecast::default() };
            assert!(forecast.cost().is_err(), "{bad}");
        }
    }
}
