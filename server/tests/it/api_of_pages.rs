//! Programs do what pages do: each route of the pages has its route of the API, or a reason why there is none.

use std::collections::{BTreeMap, BTreeSet};

use rampart::api::ApiRoute;
use rampart::{RouteInfo, Who};

/// Who is let in, in words.
fn whom(who: Who) -> Vec<String> {
    match who {
        Who::Open | Who::Public | Who::LoggedIn => {
            ["admin", "instructor", "officer", "seat"].map(Into::into).into()
        }
        Who::Account => ["admin", "instructor", "officer"].map(Into::into).into(),
        Who::Roles(roles) => {
            roles.iter().map(|role| role.as_str().replace("administrator", "admin")).collect()
        }
        Who::Seat | Who::Side(_) => vec!["seat".into()],
    }
}

#[test]
fn each_page_has_its_route_of_the_api_or_a_reason() {
    let mut told: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for line in include_str!("api_of_pages.txt").lines().filter(|line| !line.starts_with('#')) {
        let (page, rest) =
            line.split_once(" = ").unwrap_or_else(|| panic!("{line:?} is no line of the table"));
        let (method, path) = page.split_once(' ').unwrap();
        assert!(told.insert((method, path.trim()), rest).is_none(), "{page} stands twice");
    }
    let api: Vec<ApiRoute> = rampart::api::routes();
    let mut wrong = Vec::new();
    let mut reached: BTreeMap<&str, (Vec<String>, BTreeSet<String>)> = BTreeMap::new();
    let pages: Vec<RouteInfo> = rampart::routes();
    for page in &pages {
        let Some(rest) = told.remove(&(page.method, page.path)) else {
            wrong.push(format!("{} {}: nobody has said what programs use", page.method, page.path));
            continue;
        };
        if let Some(reason) = rest.strip_prefix('-') {
            if reason.trim().len() < 10 {
                wrong.push(format!("{} {}: no reason", page.method, page.path));
            }
            continue;
        }
        for named in rest.split(", ") {
            let (method, path) = named.split_once(' ').unwrap();
            let path = format!("/api/v1{path}");
            let Some(route) = api.iter().find(|route| route.method == method && route.path == path) else {
                wrong.push(format!("{} {}: there is no {named}", page.method, page.path));
                continue;
            };
            let (who, may) = reached.entry(named).or_insert_with(|| (whom(route.who), BTreeSet::new()));
            may.extend(whom(page.who));
            who.sort();
        }
    }
    // Nobody may more by a program than by all the pages that it stands for.
    for (route, (who, may)) in &reached {
        let more: Vec<&String> = who.iter().filter(|who| !may.contains(*who)).collect();
        if !more.is_empty() {
            wrong.push(format!("{route} lets {more:?} in, and none of its pages does"));
        }
    }
    wrong.extend(told.keys().map(|(method, path)| format!("{method} {path} is no page any more")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
