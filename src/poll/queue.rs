//! Claimed feeds waiting for their host's turn.
//!
//! In: feeds that were claimed, and whether a host may be asked now. Out: the next feed to
//! poll. The rule: a host's feeds go one after the other, as soon as the host may be asked again
//! (its connection is still open then), and the one that was due first goes first; a host that
//! must wait holds up nobody else, nor does a slow feed a quick one of the same host.

use std::collections::{HashMap, VecDeque};

use crate::{
    fetch::{Entrance, HostGate},
    model::{DueFeed, FeedId},
};

/// A host, and whether its quick feeds wait here or the others.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Line {
    /// What shares a turn: what the gate of hosts counts as one; files are all of one.
    pub host: Entrance,
    pub is_quick: bool,
}

/// Feeds by host, hosts in the order in which they are asked.
#[derive(Debug, Default)]
pub struct Queue {
    feeds: HashMap<Line, VecDeque<Box<DueFeed>>>,
    turns: VecDeque<Line>,
    waiting: usize,
}

impl Queue {
    pub fn push(&mut self, feed: Box<DueFeed>, gate: &HostGate, is_quick: bool) {
        let line = Line { host: gate.entrance(&feed.poll_url), is_quick };
        let feeds = self.feeds.entry(line.clone()).or_default();
        if feeds.is_empty() {
            self.turns.push_back(line);
        }
        feeds.push_back(feed);
        self.waiting += 1;
    }

    /// The next feed whose line `may_go`, and whether none of its host waits any more; asked
    /// once a line, those first that have begun.
    pub fn next(&mut self, may_go: impl FnMut(&Line) -> bool) -> Option<(Box<DueFeed>, bool)> {
        let at = self.turns.iter().position(may_go)?;
        let line = self.turns.remove(at)?;
        let feeds = self.feeds.get_mut(&line)?;
        let feed = feeds.pop_front()?;
        self.waiting -= 1;
        if feeds.is_empty() {
            self.feeds.remove(&line);
            let other = Line { is_quick: !line.is_quick, ..line };
            return Some((feed, !self.feeds.contains_key(&other)));
        }
        self.turns.push_front(line);
        Some((feed, false))
    }

    /// From now on another gate lets them in.
    pub fn move_to(&mut self, gate: &HostGate) {
        let Self { mut feeds, turns, .. } = std::mem::take(self);
        for line in turns {
            for feed in feeds.remove(&line).unwrap_or_default() {
                self.push(feed, gate, line.is_quick);
            }
        }
    }

    pub fn len(&self) -> usize {
        self.waiting
    }

    pub fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    /// Takes out all that wait, to give them back.
    pub fn drain(&mut self) -> Vec<FeedId> {
        self.turns.clear();
        self.waiting = 0;
        self.feeds.drain().flat_map(|(_, line)| line).map(|feed| feed.id).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fetch::Turn;

    fn feed(id: i64, url: &str) -> Box<DueFeed> {
        let url: url::Url = url.parse().unwrap();
        Box::new(DueFeed {
            id: FeedId(id),
            name: id.to_string(),
            url: url.clone(),
            poll_url: url,
            validators: Default::default(),
            body_hash: None,
            timing: Default::default(),
            memory: Default::default(),
            next_poll: Default::default(),
            last_fetch: None,
            last_success: None,
            entries: 0,
            stands_alone: false,
        })
    }

    fn gate() -> HostGate {
        HostGate::new(1, None)
    }

    fn host(url: &str) -> Entrance {
        gate().entrance(&url.parse().unwrap())
    }

    fn queue(urls: &[&str]) -> Queue {
        let mut queue = Queue::default();
        for (id, url) in urls.iter().enumerate() {
            queue.push(feed(id as i64, url), &gate(), false);
        }
        queue
    }

    fn order(queue: &mut Queue, mut may_go: impl FnMut(&Line) -> bool) -> Vec<i64> {
        std::iter::from_fn(|| queue.next(&mut may_go)).map(|(feed, _)| feed.id.0).collect()
    }

    #[test]
    fn a_host_that_was_begun_goes_on_as_soon_as_it_may() {
        let mut queue = queue(&["http://a/1", "http://b/1", "http://a/2", "http://b/2"]);
        let mut busy = host("http://a/");
        let order = order(&mut queue, |line| {
            let may_go = line.host != busy;
            if may_go {
                busy = line.host.clone();
            }
            may_go
        });
        assert_eq!(order, [1, 0, 3, 2]);
        assert!(queue.is_empty());
    }

    #[test]
    fn a_host_that_must_wait_holds_up_nobody() {
        let mut queue = queue(&["http://a/1", "http://a/2", "http://b/1", "http://c/1"]);
        let ready = |line: &Line| line.host != host("http://a/");
        assert_eq!(order(&mut queue, ready), [2, 3]);
        assert_eq!(queue.len(), 2);
    }

    #[test]
    fn a_slow_feed_holds_up_no_quick_one_of_its_host() {
        let mut queue = queue(&["http://a/1", "http://a/2"]);
        queue.push(feed(2, "http://a/3"), &gate(), true);
        assert_eq!(order(&mut queue, |line| line.is_quick), [2]);
        assert_eq!(order(&mut queue, |_| true), [0, 1]);
    }

    #[test]
    fn the_last_of_a_host_is_known() {
        let mut queue = queue(&["http://a/1", "http://b/1", "http://a/2"]);
        queue.push(feed(3, "http://a/3"), &gate(), true);
        let last =
            std::iter::from_fn(|| queue.next(|_| true)).map(|(feed, last)| (feed.id.0, last));
        assert_eq!(
            last.collect::<Vec<_>>(),
            [(0, false), (2, false), (1, true), (3, true)],
            "of a's, quick ones wait in a line of their own"
        );
    }

    #[test]
    fn another_gate_finds_all_of_them_as_they_stood() {
        let mut queue = queue(&["http://a/1", "http://b/1", "http://a/2"]);
        queue.push(feed(3, "http://a/3"), &gate(), true);
        let renewed = gate();
        queue.move_to(&renewed);
        let passes: Vec<_> = std::iter::from_fn(|| {
            let mut pass = None;
            let feed = queue.next(|line| match renewed.try_enter(&line.host) {
                Turn::Now(open) => pass.replace(open).is_none(),
                _ => false,
            });
            Some((feed?.0.id.0, pass))
        })
        .collect();
        assert_eq!(passes.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(order(&mut queue, |_| true), [2, 3]);
    }

    #[test]
    fn what_is_drained_waits_no_more() {
        let mut queue = queue(&["http://a/1", "http://b/1"]);
        assert_eq!(queue.drain().len(), 2);
        assert!(queue.is_empty() && order(&mut queue, |_| true).is_empty());
    }
}
