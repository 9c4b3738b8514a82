//! Answers as people read them: one thing a line, columns in line.

use std::fmt::Write;

use rampart::api::types::{Board, Exercise, ExerciseDetail, Imported, Me, Seat, Slip};
use rampart_domain::records::roc::form_value;

/// Columns a character takes in a terminal: two for those of Chinese.
fn width(text: &str) -> usize {
    text.chars()
        .map(|c| {
            if matches!(u32::from(c), 0x1100..=0x115f | 0x2e80..=0xffdc | 0x1f300..=0x3fffd) { 2 } else { 1 }
        })
        .sum()
}

/// A table with two spaces between its columns.
pub(super) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = head.iter().map(|text| width(text)).collect();
    for row in rows {
        for (column, cell) in row.iter().enumerate() {
            widths[column] = widths[column].max(width(cell));
        }
    }
    let mut text = String::new();
    let mut line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut full = String::new();
        for (cell, wide) in cells.zip(&widths) {
            full.push_str(cell);
            full.push_str(&" ".repeat(wide + 2 - width(cell)));
        }
        text.push_str(full.trim_end());
        text.push('\n');
    };
    line(&mut head.iter().copied());
    for row in rows {
        line(&mut row.iter().map(String::as_str));
    }
    text
}

pub(super) fn me(me: &Me) -> String {
    let place = me.team.as_ref().map(|team| format!(", team {team}")).unwrap_or_default();
    format!(
        "{} ({}{place})\ntoken    {} {}…\nscopes   {}\nexpires  {}",
        me.name,
        me.role,
        me.token.name,
        me.token.hint,
        me.token.scopes.join(" "),
        form_value(me.token.expires_ms)
    )
}

pub(super) fn exercises(all: &[Exercise]) -> String {
    let row = |one: &Exercise| {
        vec![
            one.code.clone(),
            one.status.clone(),
            form_value(one.starts_ms),
            one.pairs.to_string(),
            one.scenario.clone(),
            one.title.clone(),
        ]
    };
    table(
        &["CODE", "STATUS", "STARTS", "PAIRS", "SCENARIO", "TITLE"],
        &all.iter().map(row).collect::<Vec<_>>(),
    )
}

pub(super) fn exercise(one: &ExerciseDetail) -> String {
    let of = &one.exercise;
    let mut text = format!("{} {}\nstatus    {}", of.code, of.title, of.status);
    if one.frozen {
        text.push_str(", board frozen");
    }
    if !one.progress.what.is_empty() {
        let _ = write!(text, ", {} {}/{}", one.progress.what, one.progress.done, one.progress.all);
    }
    if let Some(queued) = &one.progress.queued {
        let _ = write!(text, ", place {} of {}: {}", queued.place, queued.of, queued.why.text);
    }
    let _ = write!(text, "\nplanned   {} to {}", form_value(of.starts_ms), form_value(of.ends_ms));
    if let Some(at_ms) = one.launch_ms {
        let _ = write!(text, ", ranges built {}", form_value(at_ms));
    }
    let _ = write!(
        text,
        "\ndeadline  {}\nledger    {}{}\n",
        form_value(one.deadline_ms),
        of.seq,
        if one.intact { "" } else { ", BROKEN" }
    );
    if let Some(why) = &one.progress.why {
        let _ = writeln!(text, "because   {}", why.text);
    }
    for alarm in one.alarms.iter().filter(|alarm| alarm.over_ms.is_none()) {
        let _ = writeln!(text, "alarm     {}", alarm.what.text);
    }
    let row = |team: &rampart::api::types::Team| {
        vec![
            team.id.clone(),
            team.side.clone(),
            team.points.to_string(),
            team.seats.to_string(),
            team.name.clone(),
        ]
    };
    let rows: Vec<_> = one.teams.iter().map(row).collect();
    text + "\n" + &table(&["TEAM", "SIDE", "POINTS", "SEATS", "NAME"], &rows)
}

pub(super) fn board(board: &Board) -> String {
    let frozen = if board.frozen { ", frozen" } else { "" };
    let mut text =
        format!("{} {} ({}{frozen}, ledger {})\n", board.code, board.title, board.status, board.seq);
    for side in &board.sides {
        let row = |team: &rampart::api::types::BoardTeam| {
            let rank = if team.rank == 0 { "-".to_owned() } else { team.rank.to_string() };
            vec![rank, team.points.to_string(), team.name.clone()]
        };
        let rows: Vec<_> = side.teams.iter().map(row).collect();
        let _ = write!(text, "\n{}\n{}", side.side, table(&["RANK", "POINTS", "TEAM"], &rows));
    }
    text
}

pub(super) fn seats(seats: &[Seat]) -> String {
    let row = |seat: &Seat| {
        let state = match (seat.online, seat.code_used_ms, seat.code_waits) {
            (true, ..) => "online",
            (false, Some(_), _) => "opened",
            (false, None, true) => "slip made",
            (false, None, false) => "no slip",
        };
        vec![
            format!("{}-{}", seat.team, seat.number),
            state.to_owned(),
            seat.name.clone(),
            seat.agency.clone(),
            seat.id.clone(),
        ]
    };
    table(&["SEAT", "STATE", "NAME", "AGENCY", "ID"], &seats.iter().map(row).collect::<Vec<_>>())
}

pub(super) fn slips(slips: &[Slip]) -> String {
    let row = |slip: &Slip| {
        let code =
            format!("{}-{}", slip.code.get(..4).unwrap_or_default(), slip.code.get(4..).unwrap_or_default());
        vec![code, format!("{}-{}", slip.team, slip.number), slip.name.clone(), slip.agency.clone()]
    };
    table(&["CODE", "SEAT", "NAME", "AGENCY"], &slips.iter().map(row).collect::<Vec<_>>())
}

pub(super) fn imported(done: &Imported) -> String {
    let would = if done.dry_run { "would be " } else { "" };
    let counts =
        format!("{would}added {}, changed {}, unchanged {}", done.added, done.changed, done.unchanged);
    match done.withheld {
        0 => counts,
        n => format!("{counts}; gender of {n} left out, who withdrew what they had stated of themselves"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_in_line_with_chinese_in_them() {
        let rows = vec![vec!["許藍圖".into(), "r1".into()], vec!["Lee".into(), "b1".into()]];
        assert_eq!(table(&["NAME", "TEAM"], &rows), "NAME    TEAM\n許藍圖  r1\nLee     b1\n");
    }
}
