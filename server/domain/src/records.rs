//! Attendance and the tables made from it.
