//! The web without a socket: a real store in a folder of its own, an engine in memory, requests through the router.

#![expect(clippy::unwrap_used, reason = "tests")]

mod answers;
mod api;
mod api_classes;
mod api_courses;
mod api_desk;
mod api_of_pages;
mod api_programme;
mod api_register;
mod cli;
mod courses;
mod desk;
mod exports;
mod figures;
mod forms;
mod gender;
mod headers;
mod hours;
mod house;
mod images;
mod judge;
mod live;
mod race;
mod recordings;
mod register;
mod remote;
mod remote_officer;
mod resets;
mod routes;
mod rulings;
mod sessions;
mod staff;
mod start;
mod webhooks;
