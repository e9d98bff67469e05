//! What systemd is told: ready, reloading, stopping, a status line, and that we live.
//!
//! Without `NOTIFY_SOCKET` each call does nothing, so that the daemon runs anywhere.

use std::time::Duration;

use sd_notify::NotifyState;
use tracing::debug;

pub fn ready(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(status)]);
}

pub fn status(status: &str) {
    tell(&[NotifyState::Status(status)]);
}

pub fn reloading() {
    // systemd wants the moment, so that it can tell an old READY=1 from the new one.
    match NotifyState::monotonic_usec_now() {
        Ok(moment) => tell(&[NotifyState::Reloading, moment]),
        Err(error) => debug!("no monotonic clock for systemd: {error}"),
    }
}

pub fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// Only called when the store's writer and the poll loop have both answered.
pub fn alive() {
    tell(&[NotifyState::Watchdog]);
}

/// How often to say so: half of what the unit allows, `None` where nobody watches.
pub fn watchdog_period() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|limit| limit / 2)
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        debug!("systemd was not told: {error}");
    }
}
