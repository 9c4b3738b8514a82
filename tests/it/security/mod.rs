//! Each barrier between the zones of trust, tried from the hostile side.

mod abuse;
mod doors;
mod neighbours;
mod range;
mod roles;
mod secrets;
mod sweep;
mod walls;
