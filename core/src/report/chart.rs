//! Bars of events per hour, as SVG.

use super::html::Html;
use super::quantity::counted;

/// Width of a bar with the space behind it, and the height of the highest, in the chart's own units.
const STEP: i64 = 10;
const HEIGHT: i64 = 36;

/// One bar for each count, the oldest first; `hours` names them.
pub fn bars(label: &str, counts: &[i64], hours: &[String]) -> Html {
    let highest = counts.iter().copied().max().unwrap_or_default().max(1);
    let mut html = Html::new();
    html.raw("<svg role=\"img\" preserveAspectRatio=\"none\" viewBox=\"0 0 ");
    html.plain(counts.len() as i64 * STEP).raw(" ").plain(HEIGHT + 1).raw("\"><title>");
    html.text(label).raw("</title><path class=\"ground\" d=\"M0 ").plain(HEIGHT);
    html.raw("h").plain(counts.len() as i64 * STEP).raw("v1H0z\"/>");
    for (i, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        // By square roots, so that one import does not flatten all else; whatever happened is seen.
        let height =
            ((*count as f64 / highest as f64).sqrt() * HEIGHT as f64).round().max(1.0) as i64;
        html.raw("<rect x=\"").plain(i as i64 * STEP + 1).raw("\" y=\"").plain(HEIGHT - height);
        html.raw("\" width=\"").plain(STEP - 2).raw("\" height=\"").plain(height).raw("\"><title>");
        html.text(hours.get(i).map_or("", String::as_str)).raw(": ");
        html.text(&counted(*count, "event", "events")).raw("</title></rect>");
    }
    html.raw("</svg>");
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_have_heights_by_the_roots_of_their_counts() {
        assert!(bars("", &[100, 25], &[]).finish().contains("y=\"18\" width=\"8\" height=\"18\""));
        let hours = vec!["1<".to_owned(), "2".to_owned(), "3".to_owned()];
        let svg = bars("a & b", &[i64::MAX, 0, 1], &hours).finish();
        assert!(svg.contains("viewBox=\"0 0 30 37\""), "{svg}");
        assert!(svg.contains("<title>a &amp; b</title>"));
        assert_eq!(svg.matches("<rect").count(), 2);
        assert!(svg.contains("y=\"0\" width=\"8\" height=\"36\"><title>1&lt;: "), "{svg}");
        assert!(svg.contains("y=\"35\" width=\"8\" height=\"1\"><title>3: 1 event</title>"));
    }

    #[test]
    fn nothing_is_a_line() {
        assert!(!bars("none", &[0; 48], &[]).finish().contains("<rect"));
        assert!(bars("none", &[], &[]).finish().ends_with("</svg>"));
    }
}
