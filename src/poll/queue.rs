//! Claimed feeds waiting for their host's turn.
//!
//! In: feeds that were claimed, and whether a host may be asked now. Out: the next feed to
//! poll. The rule: a host's feeds go one after the other, as soon as the host may be asked again
//! (its connection is still open then), and the one that was due first goes first; a host that
//! must wait holds up nobody else, nor does a slow feed a quick one of the same host.

use std::collections::{HashMap, VecDeque};

use crate::{
    fetch::host_key,
    model::{DueFeed, FeedId},
};

/// A host, and whether its quick feeds wait here or the others.
type Line = (String, bool);

/// Feeds by host, hosts in the order in which they are asked.
#[derive(Debug, Default)]
pub struct Queue {
    feeds: HashMap<Line, VecDeque<DueFeed>>,
    turns: VecDeque<Line>,
    waiting: usize,
}

impl Queue {
    pub fn push(&mut self, feed: DueFeed, is_quick: bool) {
        let name = (host_of(&feed), is_quick);
        let line = self.feeds.entry(name.clone()).or_default();
        if line.is_empty() {
            self.turns.push_back(name);
        }
        line.push_back(feed);
        self.waiting += 1;
    }

    /// The next feed whose host `may_go` admits; asked once a line, those first that have begun.
    pub fn next(&mut self, mut may_go: impl FnMut(&DueFeed) -> bool) -> Option<DueFeed> {
        let at = self.turns.iter().position(|host| {
            let first = self.feeds.get(host).and_then(VecDeque::front);
            first.is_some_and(&mut may_go)
        })?;
        let host = self.turns.remove(at)?;
        let line = self.feeds.get_mut(&host)?;
        let feed = line.pop_front()?;
        self.waiting -= 1;
        if line.is_empty() {
            self.feeds.remove(&host);
        } else {
            self.turns.push_front(host);
        }
        Some(feed)
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

/// What shares a turn: what the gate of hosts counts as one; files are all of one.
fn host_of(feed: &DueFeed) -> String {
    host_key(&feed.poll_url).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(id: i64, url: &str) -> DueFeed {
        let url: url::Url = url.parse().unwrap();
        DueFeed {
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
        }
    }

    fn queue(urls: &[&str]) -> Queue {
        let mut queue = Queue::default();
        for (id, url) in urls.iter().enumerate() {
            queue.push(feed(id as i64, url), false);
        }
        queue
    }

    fn order(queue: &mut Queue, mut may_go: impl FnMut(&DueFeed) -> bool) -> Vec<i64> {
        std::iter::from_fn(|| queue.next(&mut may_go)).map(|feed| feed.id.0).collect()
    }

    #[test]
    fn a_host_that_was_begun_goes_on_as_soon_as_it_may() {
        let mut queue = queue(&["http://a/1", "http://b/1", "http://a/2", "http://b/2"]);
        let mut busy = "a";
        let order = order(&mut queue, |feed| {
            let host = feed.poll_url.host_str().unwrap();
            let may_go = host != busy;
            if may_go {
                busy = if host == "a" { "a" } else { "b" };
            }
            may_go
        });
        assert_eq!(order, [1, 0, 3, 2]);
        assert!(queue.is_empty());
    }

    #[test]
    fn a_host_that_must_wait_holds_up_nobody() {
        let mut queue = queue(&["http://a/1", "http://a/2", "http://b/1", "http://c/1"]);
        let ready = |feed: &DueFeed| feed.poll_url.host_str() != Some("a");
        assert_eq!(order(&mut queue, ready), [2, 3]);
        assert_eq!(queue.len(), 2);
    }

    #[test]
    fn a_slow_feed_holds_up_no_quick_one_of_its_host() {
        let mut queue = queue(&["http://a/1", "http://a/2"]);
        queue.push(feed(2, "http://a/3"), true);
        assert_eq!(order(&mut queue, |feed| feed.id == FeedId(2)), [2]);
        assert_eq!(order(&mut queue, |_| true), [0, 1]);
    }

    #[test]
    fn what_is_drained_waits_no_more() {
        let mut queue = queue(&["http://a/1", "http://b/1"]);
        assert_eq!(queue.drain().len(), 2);
        assert!(queue.is_empty() && order(&mut queue, |_| true).is_empty());
    }
}
