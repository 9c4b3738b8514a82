//! The keys of scoring: each slip is one fault at its place.

use super::broken::{slip, try_all};
use super::edited;

#[test]
fn keys_of_scoring() {
    const OBJECTIVE: &str = "    points: 100\n    attempts: 20\n";
    const AVAILABILITY: &str = "  availability: 400          # points for a full run without outage\n";
    const TOLERANCE: &str = "  tolerance: 15m             # how far the reported time may lie from the act\n";
    try_all(&[
        slip(
            OBJECTIVE,
            "    points: 100\n    attempts: 20\n    decai: { by: harmonic, least: 10 }\n",
            "§decai: {",
            "unknown_key",
            "unknown key `decai` in objective `portal-db`",
            "did you mean `decay`?",
        ),
        slip(
            OBJECTIVE,
            "    points: 100\n    attempts: 20\n    decay: { by: capture, least: 10, steps: 3 }\n",
            "by: §capture,",
            "value",
            "`by`: `capture` is not one of the words that are possible here",
            "captures",
        ),
        slip(
            OBJECTIVE,
            "    points: 100\n    attempts: 20\n    decay: { by: time, least: 10 }\n",
            "decay: §{ by: time",
            "missing_key",
            "a decay by `time` has no `until`",
            "add `until`",
        ),
        slip(
            OBJECTIVE,
            "    points: 100\n    attempts: 20\n    decay: { by: harmonic, least: 10, steps: 3 }\n",
            "§steps: 3",
            "rule",
            "`steps` means nothing for a decay by `harmonic`",
            "by: captures",
        ),
        slip(
            OBJECTIVE,
            "    points: 100\n    attempts: 20\n    decay: { by: harmonic, least: 101 }\n",
            "least: §101",
            "rule",
            "`least` is more than `points`",
            "at most its points",
        ),
        slip(
            OBJECTIVE,
            "    points: 100\n    attempts: 20\n    decay: { by: time, least: 10, until: 91m }\n",
            "until: §91m",
            "rule",
            "`until` is longer than the exercise",
            "shorten it",
        ),
        slip(
            AVAILABILITY,
            "  recovery: 80\n",
            "§recovery: 80",
            "missing_key",
            "`scoring` has no `availability`",
            "or `blue`",
        ),
        slip(
            AVAILABILITY,
            "  blue: 1000\n  availability: 1\n",
            "§availability: 1\n",
            "rule",
            "`availability` and `blue` stand together here; the weight says what availability brings",
            "take one of them away",
        ),
        slip(
            AVAILABILITY,
            "  availability: 400\n  weights: { detection: 1 }\n",
            "§weights: {",
            "rule",
            "`weights` without `blue`",
            "add `blue`",
        ),
        slip(
            AVAILABILITY,
            "  blue: 1000\n  weights: { reports: 10 }\n",
            "reports: §10 }",
            "rule",
            "`reports` has a weight, but nothing can be earned in it",
            "add `criteria` to `reports`",
        ),
        slip(
            AVAILABILITY,
            "  blue: 1000\n  weights: { availability: 0, detection: 0, response: 0 }\n",
            "weights: §{ availability",
            "rule",
            "no part has a weight, so the total goes nowhere",
            "give one a weight",
        ),
        slip(
            TOLERANCE,
            "  tolerance: 15m\n  points: 100\n",
            "  §points: 100\n\n",
            "rule",
            "`points` without `criteria`",
            "add `criteria`",
        ),
    ]);
}

#[test]
fn weights_that_are_not_said_are_the_usual_ones() {
    let source = edited(
        "  availability: 400          # points for a full run without outage\n",
        "  blue: 900\n  weights: { availability: 20 }\n",
    );
    let scenario = super::read(&source);
    assert_eq!(scenario.blue_parts(), [257, 386, 257, 0]);
}
