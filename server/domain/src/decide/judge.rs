//! The judge's desk: corrections, disqualification, disputes, the freeze of the board. Nothing that was entered is changed;
//! each ruling is an entry of its own, with what the judge wrote.

use scoreboard::{Actor, Body, Fold, Reason, Status};

use super::desk::untouched_run;
use super::{Entries, Refusal};

/// Longest text of a ruling or a dispute, characters.
pub const JUDGE_TEXT_LIMIT: usize = 400;
/// Most points that one ruling moves, either way.
pub const RULING_LIMIT: i64 = 10_000;
/// Disputes of one team that may be open at once.
const OPEN_CONTESTS: usize = 10;

/// What a judge rules on a dispute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulingForm {
    /// Contest id.
    pub contest: String,
    /// True when the team is right.
    pub upheld: bool,
    /// Points that follow; zero when the team is not right.
    pub points: i64,
    /// Why.
    pub text: String,
}

pub(super) fn staff(account: &str) -> Actor {
    Actor::Account(account.to_owned())
}

pub(super) fn field(field: &'static str, code: &'static str) -> Refusal {
    Refusal::Field { field, code }
}

pub(super) fn text_of(text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    if text.is_empty() {
        return Err(field("text", "required"));
    }
    if text.chars().count() > JUDGE_TEXT_LIMIT {
        return Err(field("text", "too_long"));
    }
    Ok(text.to_owned())
}

pub(super) fn points_of(points: i64) -> Result<i64, Refusal> {
    if (-RULING_LIMIT..=RULING_LIMIT).contains(&points) {
        Ok(points)
    } else {
        Err(field("points", "ruling_limit"))
    }
}

/// True once there is something to judge. It stays so after the end.
pub(super) fn judgeable(fold: &Fold) -> Result<(), Refusal> {
    match fold.status {
        Status::Draft | Status::Provisioning | Status::Ready => Err(Refusal::NotStarted),
        Status::Running | Status::Paused | Status::Ended | Status::Cleared => Ok(()),
    }
}

/// A judge gives or takes points; `about` is the entry that this puts right, where it is one.
///
/// # Errors
/// When there is nothing to judge yet, the team or the entry is not there, the entry is of an old run in whose place a
/// re-match counts, no points are moved, or a field is not right.
pub fn correct(
    fold: &Fold,
    account: &str,
    team: &str,
    points: i64,
    about: Option<u64>,
    text: &str,
) -> Result<Entries, Refusal> {
    judgeable(fold)?;
    fold.team(team).ok_or(Refusal::NotFound)?;
    if points == 0 {
        return Err(field("points", "required"));
    }
    let points = points_of(points)?;
    if about.is_some_and(|about| about == 0 || about > fold.seq) {
        return Err(field("about", "no_entry"));
    }
    if let Some(about) = about {
        untouched_run(fold, team, about, "about")?;
    }
    let reason = Reason::new("judge.correction", [("text", text_of(text)?)]);
    Ok(vec![(staff(account), Body::Correction { team: team.to_owned(), about, points, reason })])
}

/// A judge takes a team out of the ranks, or puts it back.
///
/// # Errors
/// When there is nothing to judge yet, the team is not there or stands so already, or the text is not right.
pub fn disqualify(fold: &Fold, account: &str, team: &str, out: bool, text: &str) -> Result<Entries, Refusal> {
    judgeable(fold)?;
    if fold.team(team).ok_or(Refusal::NotFound)?.out.is_some() == out {
        return Err(Refusal::AlreadySo);
    }
    let rule = if out { "judge.disqualified" } else { "judge.reinstated" };
    let reason = Reason::new(rule, [("text", text_of(text)?)]);
    Ok(vec![(staff(account), Body::Disqualified { team: team.to_owned(), out, reason })])
}

/// The public board stands still, or goes on.
///
/// # Errors
/// When there is nothing to see yet, or it stands so already. After the end it can be shown, not frozen.
pub fn freeze(fold: &Fold, account: &str, on: bool) -> Result<Entries, Refusal> {
    judgeable(fold)?;
    if on && fold.over() {
        return Err(Refusal::Over);
    }
    if fold.frozen.is_some() == on {
        return Err(Refusal::AlreadySo);
    }
    Ok(vec![(staff(account), Body::Freeze { on })])
}

/// A team disputes an entry that moved its score.
///
/// # Errors
/// When the entry is not one of those, a dispute about it is open or was ruled on, too many are open, or the text is not
/// right.
pub fn contest(
    fold: &Fold,
    team: &str,
    seat: &str,
    id: &str,
    about: u64,
    text: &str,
) -> Result<Entries, Refusal> {
    judgeable(fold)?;
    let own = fold.team(team).ok_or(Refusal::NotFound)?;
    if !own.scored.iter().any(|(seq, _)| *seq == about) {
        return Err(Refusal::NotFound);
    }
    if fold.contests.iter().any(|known| known.team == team && known.about == about) {
        return Err(Refusal::Contested);
    }
    let open = fold.contests.iter().filter(|known| known.team == team && known.ruled.is_none()).count();
    if open >= OPEN_CONTESTS {
        return Err(Refusal::LimitReached);
    }
    let body = Body::Contest {
        contest: id.to_owned(),
        team: team.to_owned(),
        seat: seat.to_owned(),
        about,
        text: text_of(text)?,
    };
    Ok(vec![(Actor::Seat(seat.to_owned()), body)])
}

/// A judge rules on a dispute.
///
/// # Errors
/// When it is not there or was ruled on already, or a field is not right. Who is not right gets no points, nor does who
/// disputed an entry of an old run in whose place a re-match counts.
pub fn rule(fold: &Fold, account: &str, form: &RulingForm) -> Result<Entries, Refusal> {
    let known = fold.contests.iter().find(|known| known.contest == form.contest).ok_or(Refusal::NotFound)?;
    if known.ruled.is_some() {
        return Err(Refusal::Contested);
    }
    let points = points_of(form.points)?;
    if !form.upheld && points != 0 {
        return Err(field("points", "rejected_points"));
    }
    if points != 0 {
        untouched_run(fold, &known.team, known.about, "points")?;
    }
    let rule = if form.upheld { "judge.upheld" } else { "judge.rejected" };
    let reason = Reason::new(rule, [("about", known.about.to_string()), ("text", text_of(&form.text)?)]);
    let body = Body::Ruled {
        contest: form.contest.clone(),
        team: known.team.clone(),
        upheld: form.upheld,
        points,
        reason,
    };
    Ok(vec![(staff(account), body)])
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use scoreboard::{Audience, Entry, Side};

    use super::*;

    /// Two pairs, running; the first red team has 100 points by entry 6.
    fn played() -> Fold {
        let mut fold = Fold::default();
        let team = |id: &str, side, range| Body::Team { team: id.into(), name: id.into(), side, range };
        let turn = |from, to| Body::Status { from, to, note: None, why: None };
        put(
            &mut fold,
            0,
            vec![(Actor::System, team("r1", Side::Red, 1)), (Actor::System, team("r2", Side::Red, 2))],
        );
        put(
            &mut fold,
            1,
            vec![
                (Actor::System, turn(Status::Draft, Status::Provisioning)),
                (Actor::System, turn(Status::Provisioning, Status::Ready)),
                (Actor::System, turn(Status::Ready, Status::Running)),
            ],
        );
        let flag = Body::Flag {
            team: "r1".into(),
            seat: "s1".into(),
            objective: "o".into(),
            answer: scoreboard::Answer::Correct,
            points: 100,
            reason: Reason::new("flag.correct", []),
        };
        put(&mut fold, 2, vec![(Actor::Seat("s1".into()), flag)]);
        fold
    }

    fn put(fold: &mut Fold, at_ms: i64, entries: Entries) {
        for (actor, body) in entries {
            fold.apply(&Entry { seq: fold.seq + 1, at_ms, actor, body });
        }
    }

    #[test]
    fn a_correction_is_an_entry_and_says_why() {
        let mut fold = played();
        for (points, about, text, refused) in [
            (0, None, "why", field("points", "required")),
            (10_001, None, "why", field("points", "ruling_limit")),
            (-5, None, "  ", field("text", "required")),
            (-5, Some(99), "why", field("about", "no_entry")),
        ] {
            assert_eq!(correct(&fold, "acc", "r1", points, about, text), Err(refused));
        }
        assert_eq!(correct(&fold, "acc", "r9", 1, None, "why"), Err(Refusal::NotFound));
        let entries = correct(&fold, "acc", "r1", -30, Some(6), " 代打 ").unwrap();
        put(&mut fold, 3, entries);
        let team = fold.team("r1").unwrap();
        assert_eq!((team.points, team.reached_ms), (70, 3));
        assert_eq!(team.last.as_ref().unwrap().0.args["text"], "代打");
    }

    #[test]
    fn a_disqualified_team_keeps_its_points_and_has_no_rank() {
        let mut fold = played();
        let out = disqualify(&fold, "acc", "r1", true, "why").unwrap();
        put(&mut fold, 3, out);
        let ranks = |fold: &Fold| -> Vec<(String, u32, i64)> {
            fold.ranks(Side::Red, Audience::Public)
                .into_iter()
                .map(|row| (row.id, row.rank, row.points))
                .collect()
        };
        assert_eq!(ranks(&fold), [("r2".into(), 1, 0), ("r1".into(), 0, 100)]);
        assert_eq!(disqualify(&fold, "acc", "r1", true, "why"), Err(Refusal::AlreadySo));
        let back = disqualify(&fold, "acc", "r1", false, "why").unwrap();
        put(&mut fold, 4, back);
        assert_eq!(ranks(&fold), [("r1".into(), 1, 100), ("r2".into(), 2, 0)]);
    }

    #[test]
    fn a_dispute_is_ruled_once_and_both_texts_stay() {
        let mut fold = played();
        assert_eq!(contest(&fold, "r2", "s2", "c0", 6, "not mine"), Err(Refusal::NotFound));
        assert_eq!(contest(&fold, "r1", "s1", "c0", 5, "no score"), Err(Refusal::NotFound));
        let entries = contest(&fold, "r1", "s1", "c1", 6, "應得 150").unwrap();
        put(&mut fold, 3, entries);
        assert_eq!(contest(&fold, "r1", "s1", "c2", 6, "again"), Err(Refusal::Contested));
        let mut form =
            RulingForm { contest: "c1".into(), upheld: false, points: 50, text: "不成立".into() };
        assert_eq!(rule(&fold, "acc", &form), Err(field("points", "rejected_points")));
        form.upheld = true;
        let entries = rule(&fold, "acc", &form).unwrap();
        put(&mut fold, 4, entries);
        assert_eq!(rule(&fold, "acc", &form), Err(Refusal::Contested));
        assert_eq!(fold.team("r1").unwrap().points, 150);
        let contested = &fold.contests[0];
        assert_eq!(contested.text, "應得 150");
        assert_eq!(contested.ruled.as_ref().unwrap().reason.args["text"], "不成立");
    }

    #[test]
    fn a_frozen_board_shows_nothing_that_moves_after_it() {
        let mut fold = played();
        let entries = freeze(&fold, "acc", true).unwrap();
        put(&mut fold, 3, entries);
        let frozen = serde_json::to_string(&fold.board(Audience::Public)).unwrap();
        let before = fold.clone();
        let entries = correct(&fold, "acc", "r2", 500, None, "why").unwrap();
        put(&mut fold, 4, entries);
        let out = disqualify(&fold, "acc", "r1", true, "why").unwrap();
        put(&mut fold, 5, out);
        assert_eq!(serde_json::to_string(&fold.board(Audience::Public)).unwrap(), frozen, "byte for byte");
        let delta = fold.delta(&before, Audience::Public);
        assert_eq!((delta.from, delta.seq, delta.series.len(), delta.ticker.len()), (7, 7, 0, 0));
        assert_eq!(fold.board(Audience::Staff).sides[0].teams[0].points, 500);
        assert_eq!(freeze(&fold, "acc", true), Err(Refusal::AlreadySo));
        // The end is told, the scores are not.
        put(
            &mut fold,
            6,
            vec![(
                Actor::System,
                Body::Status { from: Status::Running, to: Status::Ended, note: None, why: None },
            )],
        );
        let ended = fold.board(Audience::Public);
        assert_eq!((ended.status, ended.seq, ended.sides[0].teams[0].points), (Status::Ended, 10, 100));
        let hidden = fold.clone();
        let entries = freeze(&fold, "acc", false).unwrap();
        put(&mut fold, 7, entries);
        let delta = fold.delta(&hidden, Audience::Public);
        assert_eq!((delta.from, delta.seq), (10, 11));
        assert_eq!(delta.sides[0].teams[0].points, 500);
        assert!(!delta.series.is_empty() && delta.ticker.len() >= 3, "everything at once");
        assert_eq!(freeze(&fold, "acc", true), Err(Refusal::Over));
    }
}
