//! The board as browsers and proxies have it: one running exercise serves all looks at it.

mod proxy;
mod replay;
mod tabs;

use crate::harness::browser::Driver;
use crate::harness::keep;
use crate::harness::server::Setup;
use crate::harness::stage;

#[tokio::test(flavor = "multi_thread")]
async fn tabs_proxies_vanished_clients_and_a_replay() {
    let driver = Driver::start().await;
    let scene = stage::running_with(Setup { everywhere: true, ..Setup::default() }, 1).await;
    let token = stage::token(&scene.staff.admin, &["metrics:read"]).await;
    let browser = driver.browser("board", &scene.server.base()).await;
    let outcome = keep::outcome(async {
        tabs::eight_share_a_stream_and_the_ninth_page_works(&scene, &browser, &token).await;
        browser.goto("/board").await;
        proxy::a_stream_stands_behind_a_proxy_and_vanished_clients_leave_nothing(&scene).await;
        replay::the_wall_is_bare_and_any_moment_can_be_seen_again(&scene, &browser).await;
    })
    .await;
    if outcome.is_err() {
        browser.keep(&keep::folder("board")).await;
    }
    browser.close().await;
    keep::conclude(outcome);
}
