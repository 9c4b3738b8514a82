//! The register as pages show it.

use rampart_app::PersonCard;
use rampart_domain::records::{self, Area, Level};
use rampart_pages::{
    AgencyArea, AgencyForm, AgencyRow, FieldChange, Identity, PersonAct, PersonChange, PersonExercise,
    PersonField, PersonForm, PersonRef, PersonSort,
};
use rampart_store::{Agency, Change, Person, PersonOrder};

use super::count;

/// An identity.
#[must_use]
pub fn identity(of: records::Identity) -> Identity {
    match of {
        records::Identity::Civil => Identity::Civil,
        records::Identity::Contract => Identity::Contract,
        records::Identity::Vendor => Identity::Vendor,
        records::Identity::Engineer => Identity::Engineer,
        records::Identity::Student => Identity::Student,
    }
}

/// An order.
#[must_use]
pub fn sort(of: PersonOrder) -> PersonSort {
    match of {
        PersonOrder::StaffNo => PersonSort::StaffNo,
        PersonOrder::Name => PersonSort::Name,
        PersonOrder::Agency => PersonSort::Agency,
        PersonOrder::Identity => PersonSort::Identity,
    }
}

/// A person to point at.
#[must_use]
pub fn reference(person: &Person) -> PersonRef {
    PersonRef {
        id: person.id.clone(),
        name: person.name.clone(),
        staff_no: person.staff_no.clone(),
        agency: person.agency.clone(),
    }
}

/// A person's row as the form holds it.
#[must_use]
pub fn form(card: &PersonCard) -> PersonForm {
    PersonForm {
        name: card.person.name.clone(),
        staff_no: card.person.staff_no.clone(),
        agency: card.person.agency.clone(),
        grade: card.person.grade.clone(),
        identity: card.person.identity.map(identity),
        emails: card.emails.join("\n"),
    }
}

fn field(name: &str) -> PersonField {
    match name {
        "name" => PersonField::Name,
        "staff_no" => PersonField::StaffNo,
        "agency" => PersonField::Agency,
        "grade" => PersonField::Grade,
        "identity" => PersonField::Identity,
        "email" => PersonField::Email,
        "duty" => PersonField::Duty,
        _ => PersonField::Reason,
    }
}

/// A line of the history.
#[must_use]
pub fn change(of: Change) -> PersonChange {
    PersonChange {
        at_ms: of.at_ms,
        who: of.by_account,
        act: match of.act.as_str() {
            "made" => PersonAct::Made,
            "import" => PersonAct::Import,
            "removed" => PersonAct::Removed,
            "restored" => PersonAct::Restored,
            "merged" => PersonAct::Merged,
            "parted" => PersonAct::Parted,
            "erased" => PersonAct::Erased,
            "agency" => PersonAct::Agency,
            _ => PersonAct::Edit,
        },
        fields: of
            .fields
            .into_iter()
            .map(|(name, before, after)| FieldChange { field: field(&name), before, after })
            .collect(),
    }
}

/// Exercises of a person.
#[must_use]
pub fn took_part(card: &PersonCard) -> Vec<PersonExercise> {
    card.took_part
        .iter()
        .map(|part| PersonExercise {
            id: part.exercise.clone(),
            code: part.code.clone(),
            title: part.title.clone(),
            starts_ms: part.starts_ms,
            team: part.team.clone(),
            withdrawn: part.withdrawn,
            booked_ms: part.seconds * 1000,
        })
        .collect()
}

/// A row of the list of agencies.
#[must_use]
pub fn agency(of: Agency, people: u64) -> AgencyRow {
    AgencyRow {
        level: of.level.map(|level| level.code().to_owned()),
        area: of.area.map(|area| match area {
            Area::Seat => AgencyArea::Seat,
            Area::Plain => AgencyArea::Plain,
            Area::Remote => AgencyArea::Remote,
        }),
        people: count(usize::try_from(people).unwrap_or(usize::MAX)),
        id: of.id,
        code: of.code,
        name: of.name,
        county: of.county,
    }
}

/// An agency as the form holds it.
#[must_use]
pub fn agency_form(of: &Agency) -> AgencyForm {
    AgencyForm {
        id: of.id.clone(),
        code: of.code.clone(),
        name: of.name.clone(),
        level: of.level.map_or("", Level::code).to_owned(),
        area: of.area.map_or("", Area::code).to_owned(),
        county: of.county.clone(),
    }
}
