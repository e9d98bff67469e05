//! A small chart of a feed's last polls: drawn from numbers alone.

use super::markup::Markup;

/// Bars of new entries for each poll, oldest first; a failure is a mark below the line.
///
/// `None` where there is nothing to show.
pub fn chart(polls: &[Option<u64>]) -> Option<Markup> {
    if polls.is_empty() {
        return None;
    }
    let shown = polls.get(polls.len().saturating_sub(BARS)..).unwrap_or_default();
    let most = shown.iter().flatten().copied().max().unwrap_or(0).max(1);
    let failures = shown.iter().filter(|poll| poll.is_none()).count() as u64;
    let new: u64 = shown.iter().flatten().fold(0, |sum, count| sum.saturating_add(*count));

    let mut svg = Markup::default();
    svg.push_ours("<svg class=\"chart\" viewBox=\"0 0 120 24\" role=\"img\" aria-label=\"Last ");
    svg.push_number(shown.len() as u64);
    svg.push_ours(" polls: ");
    svg.push_number(new);
    svg.push_ours(" new entries, ");
    svg.push_number(failures);
    svg.push_ours(" failed\"><path class=\"base\" d=\"M0 19.5H120\"/>");
    // The newest poll stands at the right edge, however few there are.
    let first = BARS.saturating_sub(shown.len()) as u64;
    for (x, poll) in (first..).zip(shown) {
        let x = x * STEP;
        let (class, y, height) = match poll {
            None => ("<rect class=\"bad\" x=\"", BASE + 1, 4),
            Some(0) => ("<rect class=\"none\" x=\"", BASE - 1, 1),
            Some(count) => {
                // Roots, so that one flood does not flatten the days around it.
                let height = (HEIGHT * HEIGHT * (*count).min(most) / most).isqrt().max(2);
                ("<rect class=\"new\" x=\"", BASE - height, height)
            }
        };
        svg.push_ours(class);
        svg.push_number(x);
        svg.push_ours("\" y=\"");
        svg.push_number(y);
        svg.push_ours("\" width=\"3\" height=\"");
        svg.push_number(height);
        svg.push_ours("\"/>");
    }
    svg.push_ours("</svg>");
    Some(svg)
}

const BARS: usize = 30;
const STEP: u64 = 4;
const BASE: u64 = 19;
const HEIGHT: u64 = 18;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_says_in_words_what_it_shows() {
        let svg = chart(&[Some(0), None, Some(u64::MAX / 1_000), Some(3)]).unwrap();
        assert!(svg.as_str().contains("Last 4 polls: 18446744073709554 new entries, 1 failed"));
        assert_eq!(svg.as_str().matches("<rect").count(), 4);
        assert_eq!(chart(&[]), None);
    }
}
