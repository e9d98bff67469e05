//! Is it our own network? Decided from what the last requests met.

use std::collections::{HashSet, VecDeque};

/// What one request met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Somebody answered, be it with an error.
    Reached,
    /// No name, no connection, no answer.
    Unreached,
}

/// Remembers the last requests, and tells whether our own network is down.
///
/// It is down when several hosts in a row could not be reached, and either nobody else is
/// known or so long a row would be a strange accident given what came before. Anything that
/// answers ends it.
#[derive(Debug, Clone, Default)]
pub struct NetworkWatch {
    /// Oldest first.
    seen: VecDeque<(String, Reach)>,
}

impl NetworkWatch {
    /// Takes note of one request's end.
    pub fn saw(&mut self, host: &str, reach: Reach) {
        if self.seen.len() >= REMEMBERED {
            self.seen.pop_front();
        }
        self.seen.push_back((host.to_owned(), reach));
    }

    /// Whether the last request reached somebody.
    pub fn reached_last(&self) -> bool {
        self.seen.back().is_some_and(|(_, reach)| *reach == Reach::Reached)
    }

    /// Whether what was seen last speaks against our network rather than against the hosts.
    pub fn is_down(&self) -> bool {
        let row: HashSet<&str> = self
            .seen
            .iter()
            .rev()
            .take_while(|(_, reach)| *reach == Reach::Unreached)
            .map(|(host, _)| host.as_str())
            .collect();
        if row.len() < FEWEST_HOSTS {
            return false;
        }
        let before = || self.seen.iter().filter(|(host, _)| !row.contains(host.as_str()));
        let (all, unreached) =
            (before().count(), before().filter(|(_, reach)| *reach == Reach::Unreached).count());
        let nobody_else = all == 0;
        let chance = (unreached + 1) as f64 / (all + 2) as f64;
        nobody_else || chance.powf(row.len() as f64) < STRANGE_ACCIDENT
    }
}

/// Enough to know how many of our feeds are dead anyway.
const REMEMBERED: usize = 256;

/// Two hosts may well be down at once, and often share a machine.
const FEWEST_HOSTS: usize = 3;

/// How unlikely a row of dead hosts must be before we blame ourselves.
const STRANGE_ACCIDENT: f64 = 0.001;

#[cfg(test)]
mod tests {
    use super::*;

    fn watch(seen: &[(&str, Reach)]) -> NetworkWatch {
        let mut watch = NetworkWatch::default();
        seen.iter().for_each(|(host, reach)| watch.saw(host, *reach));
        watch
    }

    use Reach::{Reached, Unreached};

    #[test]
    fn one_dead_host_is_its_own_fault_however_often_it_fails() {
        assert!(!watch(&[("a", Unreached), ("a", Unreached), ("a", Unreached)]).is_down());
    }

    #[test]
    fn three_hosts_and_nobody_else_are_our_network() {
        assert!(watch(&[("a", Unreached), ("b", Unreached), ("c", Unreached)]).is_down());
    }

    #[test]
    fn any_answer_ends_the_outage() {
        let mut watch = watch(&[("a", Unreached), ("b", Unreached), ("c", Unreached)]);
        watch.saw("d", Reached);
        assert!(!watch.is_down());
    }

    #[test]
    fn a_row_of_failures_after_many_answers_is_our_network() {
        let mut watch = NetworkWatch::default();
        (0..50).for_each(|n| watch.saw(&format!("host{n}"), Reached));
        ["a", "b", "c"].iter().for_each(|host| watch.saw(host, Unreached));
        assert!(watch.is_down());
    }

    #[test]
    fn among_many_dead_feeds_a_short_row_proves_nothing() {
        let mut watch = NetworkWatch::default();
        for n in 0..100 {
            watch.saw(&format!("dead{n}"), Unreached);
            watch.saw(&format!("alive{n}"), Reached);
        }
        ["a", "b", "c"].iter().for_each(|host| watch.saw(host, Unreached));
        assert!(!watch.is_down());
    }
}
