use rampart_app::AccountError;
use rampart_store::{AuditLine, Role};

use crate::house::{House, MORNING};

const ROSTER: &str = "姓名,員工編號,機關,性別\n許藍圖,Q001,縣政府,女\n謝測試,Q002,環保局,不願透露\n";
const ADMIN: &str = "account-of-admin";

impl House {
    /// Audit lines so far, oldest first.
    async fn lines(&self) -> Vec<AuditLine> {
        let mut lines = self.app.store.audit().list(None, None, 100).await.unwrap();
        lines.reverse();
        lines
    }

    /// Lines after the first `known`: who, what, detail.
    async fn since(&self, known: usize) -> Vec<(String, String, String)> {
        let lines = self.lines().await.into_iter().skip(known);
        lines.map(|line| (line.account_id.unwrap_or_default(), line.what, line.detail)).collect()
    }
}

fn line(by: &str, what: &str, detail: &str) -> (String, String, String) {
    (by.to_owned(), what.to_owned(), detail.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_with_accounts_leaves_a_line_and_what_is_refused_none() {
    let house = House::new().await;
    let (_, first) = house.app.first_administrator().await.unwrap().unwrap();
    let once = house.app.create_account("teacher", "老師", Role::Instructor, Some(ADMIN)).await.unwrap();
    let id = async |login| house.app.store.accounts().by_login(login).await.unwrap().unwrap().account.id;
    let (admin, teacher) = (id("admin").await, id("teacher").await);
    // Refused: no line.
    let taken = house.app.create_account("teacher", "別人", Role::Officer, Some(ADMIN)).await;
    assert!(matches!(taken, Err(AccountError::Taken)));
    assert!(house.app.set_disabled("nobody", true, &admin).await.is_err());
    assert!(house.app.set_disabled(&admin, true, &teacher).await.is_err(), "the last administrator");
    assert!(house.app.reset_password("nobody", &admin).await.is_err());
    assert!(house.app.change_password(&teacher, "not it", "a long new password").await.is_err());

    house.app.change_password(&teacher, &once, "a long new password").await.unwrap();
    house.app.set_disabled(&teacher, true, &admin).await.unwrap();
    house.app.set_disabled(&teacher, false, &admin).await.unwrap();
    let (_, again) = house.app.reset_password(&teacher, &admin).await.unwrap();
    let last = house.app.set_role(&admin, Role::Officer, &admin).await;
    assert!(matches!(last, Err(AccountError::LastAdministrator)), "{last:?}");
    house.app.set_role(&teacher, Role::Instructor, &admin).await.unwrap();
    house.app.set_role(&teacher, Role::Officer, &admin).await.unwrap();
    let of_teacher = format!("account={teacher}");
    assert_eq!(
        house.since(0).await,
        [
            line("", "account.make", &format!("account={admin} role=administrator")),
            line(ADMIN, "account.make", &format!("account={teacher} role=instructor")),
            line(&teacher, "password.change", &of_teacher),
            line(&admin, "account.disable", &of_teacher),
            line(&admin, "account.enable", &of_teacher),
            line(&admin, "account.reset", &of_teacher),
            line(&admin, "account.role", &format!("{of_teacher} from=instructor to=officer")),
        ]
    );
    let text = format!("{:?}", house.lines().await);
    for secret in [&first, &once, &again, "a long new password", "老師"] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn roster_codes_and_sheet_leave_lines_of_ids_and_counts() {
    let house = House::new().await;
    let teacher = house.account("teacher", Role::Instructor).await;
    let exercise = house.exercise("S115-01", &teacher).await;
    let known = house.lines().await.len();
    let app = &house.app;
    assert!(app.import_roster("姓名\n誰\n".as_bytes(), Some(&teacher)).await.unwrap().is_err());
    let people = app.import_roster(ROSTER.as_bytes(), Some(&teacher)).await.unwrap().unwrap().ids;
    app.import_roster(ROSTER.as_bytes(), Some(&teacher)).await.unwrap().unwrap();
    app.make_codes(&exercise, None, &teacher).await.unwrap();
    app.spread(&exercise, &people, &teacher).await.unwrap();
    let slips = app.make_codes(&exercise, None, &teacher).await.unwrap();
    app.make_codes(&exercise, Some(&slips[0].seat), &teacher).await.unwrap();

    let refused = app.sign(&exercise, &people[0], MORNING, None, " ", &teacher).await;
    assert!(refused.is_err());
    app.sign(&exercise, &people[0], MORNING, None, "教室簽到", &teacher).await.unwrap();
    let sign = app.store.signs().list(&exercise).await.unwrap()[0].id.clone();
    house.clock.advance(60_000);
    // Each a second time: nothing changes, so nothing is told.
    for _ in 0..2 {
        app.sign_out(&exercise, &sign, MORNING + 60_000, &teacher).await.unwrap();
    }
    for _ in 0..2 {
        app.unsign(&exercise, &sign, &teacher).await.unwrap();
    }
    let of_sign = format!("exercise={exercise} sign={sign} person={}", people[0]);
    assert_eq!(
        house.since(known).await,
        [
            line(&teacher, "roster.import", "added=2 changed=0 unchanged=0"),
            line(&teacher, "roster.import", "added=0 changed=0 unchanged=2"),
            line(&teacher, "seat.codes", &format!("exercise={exercise} codes=2")),
            line(&teacher, "seat.codes", &format!("exercise={exercise} codes=1 seat={}", slips[0].seat)),
            line(&teacher, "sign.add", &of_sign),
            line(&teacher, "sign.close", &of_sign),
            line(&teacher, "sign.strike", &of_sign),
        ]
    );
    let text = format!("{:?}", house.lines().await);
    for personal in ["許藍圖", "Q001", "縣政府", "女", "不願透露", "教室簽到", &slips[0].code]
    {
        assert!(!text.contains(personal), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_written_down_is_not_done() {
    let house = House::new().await;
    let once = house.app.create_account("teacher", "老師", Role::Instructor, Some(ADMIN)).await.unwrap();
    let known = house.lines().await.len();
    house.sql("CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'disk full'); END").await;
    let refused = house.app.create_account("second", "老師", Role::Instructor, Some(ADMIN)).await;
    assert!(matches!(refused, Err(AccountError::App(_))), "{refused:?}");
    assert!(house.app.store.accounts().by_login("second").await.unwrap().is_none());
    let id = house.app.store.accounts().by_login("teacher").await.unwrap().unwrap().account.id;
    assert!(house.app.reset_password(&id, ADMIN).await.is_err());
    assert!(house.app.log_in("teacher", &once, "1").await.is_ok(), "the old password still holds");
    assert!(house.app.build_images(Vec::new(), false, ADMIN).await.is_err());
    assert!(!house.app.images_state().borrow().building, "no build without its line");
    assert_eq!(house.lines().await.len(), known);
}
