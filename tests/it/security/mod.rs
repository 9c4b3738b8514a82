//! Each barrier between the zones of trust, tried from the hostile side.

mod doors;
mod range;
mod roles;
mod secrets;
mod walls;
