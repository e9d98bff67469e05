//! Which of the articles a document shows, and in which order.

use std::collections::{HashMap, HashSet};

use super::{Site, echo::is_echo, item, part::Part};
use crate::model::{Article, FeedId, OutputSetting};

/// The articles that a document shows: newest first by position, so that neither an edit
/// nor a future date lifts one; each id once; none that is only an echo of ourselves.
///
/// A subscription document holds at most `limit` of them and at most `max_per_feed` of one
/// feed. Archives and pages hold all they are given: their bounds were the query's.
pub fn pick<'a>(
    output: &OutputSetting,
    site: &Site,
    articles: &'a [Article],
    part: &Part,
) -> Vec<&'a Article> {
    let mut picked: Vec<&Article> =
        articles.iter().filter(|article| !is_echo(article, site)).collect();
    picked.sort_by_key(|article| std::cmp::Reverse((article.position, article.row)));
    let mut ids = HashSet::new();
    picked.retain(|article| ids.insert(item::public_id(article)));
    if matches!(part, Part::Subscription(_) | Part::Search { .. }) {
        if let Some(most) = output.filter.max_per_feed {
            cap_per_feed(&mut picked, most);
        }
        picked.truncate(output.limit as usize);
    }
    picked
}

/// Leaves out what comes after the first `most` articles of each feed, so that one loud
/// feed does not fill the page. An article counts for its representative's feed.
fn cap_per_feed(picked: &mut Vec<&Article>, most: u32) {
    let mut counts: HashMap<FeedId, u32> = HashMap::new();
    picked.retain(|article| {
        let Some(source) = article.sources.first() else { return true };
        let count = counts.entry(source.about.id).or_default();
        *count = count.saturating_add(1);
        *count <= most
    });
}

#[cfg(test)]
mod tests {
    use super::{
        super::{part::Older, sample},
        *,
    };

    fn rows(output: &OutputSetting, articles: &[Article]) -> Vec<i64> {
        let part = Part::Subscription(Older::default());
        pick(output, &sample::site(), articles, &part).iter().map(|article| article.row.0).collect()
    }

    #[test]
    fn an_edit_keeps_its_place() {
        let mut articles = [1, 2, 3].map(sample::article);
        articles[0].updated = Some(sample::time(900));
        articles[0].changed = sample::time(900);
        assert_eq!(rows(&sample::output(), &articles), [3, 2, 1]);
    }

    #[test]
    fn a_loud_feed_is_capped_and_the_others_move_up() {
        let mut articles = [1, 2, 3, 4, 5].map(sample::article);
        articles[0].sources[0].about.id = FeedId(7);
        let mut output = sample::output();
        output.filter.max_per_feed = Some(2);
        output.limit = 3;
        assert_eq!(rows(&output, &articles), [5, 4, 1]);
    }

    #[test]
    fn one_id_stands_once_in_a_document() {
        let mut articles = [1, 2].map(sample::article);
        articles[0].id = articles[1].id.clone();
        assert_eq!(rows(&sample::output(), &articles), [2]);
    }
}
