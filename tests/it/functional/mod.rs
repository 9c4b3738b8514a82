//! The real server with real containers, driven as people drive it.

mod desktop;
mod faults;
mod kills;
mod queue;
mod restart;
mod story;
mod terminals;
