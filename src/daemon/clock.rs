//! The daemon's clock: tokio-cron-scheduler with a handful of jobs, all in UTC.
//!
//! In: the distinct cron texts of the config. Out: [`Ring`]s on a channel. A job does
//! nothing but ring, and a ring that finds the channel full is dropped: every ring may come
//! late, twice or not at all, since the truth about time is `feeds.next_poll` (decision 0003).

use tokio::sync::mpsc;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};
use tracing::warn;

/// What the clock says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ring {
    /// A second has passed: feeds may be due.
    Tick,
    /// The moment of a cron text: the feeds that have it are due.
    Schedule(String),
    /// The nightly hour of the sweep.
    Night,
}

/// A running clock; stops when told to.
pub struct Clock {
    scheduler: JobScheduler,
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Clock").finish_non_exhaustive()
    }
}

impl Clock {
    /// Starts the jobs: the tick, one for each of `schedules`, and the night.
    pub async fn start(
        schedules: &[String],
        rings: mpsc::Sender<Ring>,
    ) -> Result<Self, JobSchedulerError> {
        let scheduler = JobScheduler::new().await?;
        scheduler.add(job(TICK, Ring::Tick, &rings)?).await?;
        scheduler.add(job(NIGHT, Ring::Night, &rings)?).await?;
        for schedule in schedules {
            // `check` has read each with croner; the scheduler reads the same dialect.
            match job(schedule, Ring::Schedule(schedule.clone()), &rings) {
                Ok(job) => drop(scheduler.add(job).await?),
                Err(error) => warn!("schedule {schedule:?} is not kept by the clock: {error}"),
            }
        }
        scheduler.start().await?;
        Ok(Self { scheduler })
    }

    pub async fn stop(mut self) {
        if let Err(error) = self.scheduler.shutdown().await {
            warn!("the clock did not stop cleanly: {error}");
        }
    }
}

fn job(cron: &str, ring: Ring, rings: &mpsc::Sender<Ring>) -> Result<Job, JobSchedulerError> {
    let rings = rings.clone();
    Job::new_async(cron, move |_, _| {
        let (ring, rings) = (ring.clone(), rings.clone());
        Box::pin(async move {
            // Full means that the daemon is busy with earlier rings: one more says nothing new.
            let _ = rings.try_send(ring);
        })
    })
}

/// Each second: the finest interval that a config may ask for.
const TICK: &str = "* * * * * *";

/// Off the full hour, when every other machine does its own housekeeping.
const NIGHT: &str = "17 23 3 * * *";
