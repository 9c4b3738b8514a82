//! The real server with real containers, driven as people drive it.

mod board;
mod crowd;
mod desktop;
pub mod durable;
mod faults;
mod full;
mod hands;
mod kills;
mod node;
mod nodes;
mod priority;
mod queue;
mod reboot;
mod remote;
mod restart;
mod signing;
mod small_disk;
mod story;
mod subnets;
mod terminals;
mod year;
