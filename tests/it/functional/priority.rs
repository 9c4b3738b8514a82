//! The server among the other processes of its machine.

use std::process::Command;

use crate::harness::server::{Server, Setup};

/// Priority that this process may take, asked of the system's own program.
fn to_be_had(priority: &str) -> i32 {
    let out = Command::new("nice").args(["-n", priority, "nice"]).output().unwrap();
    String::from_utf8_lossy(&out.stdout).trim().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_goes_first_unless_it_was_given_a_place() {
    // Who runs the tests may have put them back; then that is the place of what they start.
    let own = to_be_had("0");
    let first = if own == 0 { to_be_had("-5") } else { own };
    let server = Server::start().await;
    assert_eq!(server.priority(), first);
    assert!(server.log().contains(&format!("priority={first}")), "{}", server.log());
    drop(server);
    let given = Server::with(Setup { priority: Some(3), ..Setup::default() }).await;
    assert_eq!(given.priority(), own + 3);
}
