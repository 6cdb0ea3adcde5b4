//! Log events with the target `audit`: sign-ins, passwords and sessions.

use proto::user::v1 as pb;
use serde_json::{Value, json};
use tonic::Request;

use crate::captured_log::CapturedLog;
use crate::fixture::{PASSWORD, TestService, from_network};

const ADA: &str = "ada@example.com";
const NEW_ADDRESS: &str = "lovelace@example.com";
const NEW_PASSWORD: &str = "another password";
const WRONG_PASSWORD: &str = "wrong password";
const HOME: &str = "203.0.113.0/24";

/// Returns a call of `actor` from [`HOME`], as the gateway makes it.
fn call<T>(message: T, actor: &str, request_id: &str) -> Request<T> {
    let mut request = from_network(message, HOME);
    let metadata = request.metadata_mut();
    metadata.insert("x-request-id", request_id.parse().unwrap());
    if !actor.is_empty() {
        metadata.insert("x-actor-id", actor.parse().unwrap());
    }
    request
}

async fn login(service: &TestService, password: &str, request_id: &str) {
    let message = pb::LoginRequest { email: ADA.into(), password: password.into() };
    // The log shows the result.
    service.client.clone().login(call(message, "", request_id)).await.ok();
}

async fn change_password(service: &TestService, user: &str, current: &str, request_id: &str) {
    let message = pb::ChangePasswordRequest {
        user_id: user.into(),
        current_password: current.into(),
        new_password: NEW_PASSWORD.into(),
        session_id: String::new(),
    };
    service.client.clone().change_password(call(message, user, request_id)).await.ok();
}

/// Returns what an event reports, without its subject, and the id of the request.
fn summary(event: &Value) -> Value {
    let fields = &event["fields"];
    assert_eq!(fields["client.network"], HOME, "{event}");
    json!([event["span"]["request.id"], fields["action"], fields["outcome"], fields["actor.id"]])
}

#[tokio::test]
async fn sign_ins_passwords_and_sign_outs_are_audit_events() {
    let log = CapturedLog::start();
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let id = service.customer(ADA).await;
    login(&service, PASSWORD, "r-1").await;
    login(&service, WRONG_PASSWORD, "r-2").await;
    change_password(&service, &id, WRONG_PASSWORD, "r-3").await;
    change_password(&service, &id, PASSWORD, "r-4").await;
    let all = pb::LogoutRequest { user_id: id.clone(), all: true, ..Default::default() };
    service.client.clone().logout(call(all, &id, "r-5")).await.unwrap();
    service.request_password_reset(ADA).await.unwrap();
    let token = service.notification.wait_for("reset", ADA, 1).await.remove(0).content;
    let reset = pb::ResetPasswordRequest { token: token.clone(), new_password: PASSWORD.into() };
    service.client.clone().reset_password(call(reset, "", "r-6")).await.unwrap();

    let change = pb::ChangeEmailRequest {
        user_id: id.clone(),
        email: NEW_ADDRESS.into(),
        current_password: PASSWORD.into(),
    };
    service.client.clone().change_email(call(change, &id, "r-7")).await.unwrap();
    let mailed = service.notification.wait_for("verification", NEW_ADDRESS, 1).await.remove(0);
    let verify = pb::VerifyEmailRequest { token: mailed.content.clone() };
    service.client.clone().verify_email(call(verify, "", "r-8")).await.unwrap();

    let events = log.events("audit");
    let summaries: Vec<_> = events.iter().map(summary).collect();
    assert_eq!(
        summaries,
        [
            json!(["r-1", "sign_in", "succeeded", ""]),
            json!(["r-2", "sign_in", "refused", ""]),
            json!(["r-3", "password.change", "refused", id]),
            json!(["r-4", "password.change", "succeeded", id]),
            json!(["r-5", "sessions.end_all", "succeeded", id]),
            json!(["r-6", "password.reset", "succeeded", ""]),
            json!(["r-7", "email.change", "requested", id]),
            json!(["r-8", "email.change", "succeeded", ""]),
        ]
    );
    // The subject is the account; a refused sign-in has a digest of the address.
    let subjects: Vec<_> = events.iter().map(|event| event["fields"]["subject"].clone()).collect();
    assert_eq!(subjects[1].as_str().unwrap().len(), 16, "{subjects:?}");
    assert!((0..8).all(|n| n == 1 || subjects[n] == *id), "{subjects:?}");
    let text = log.text();
    for secret in
        [ADA, NEW_ADDRESS, PASSWORD, NEW_PASSWORD, WRONG_PASSWORD, &token, &mailed.content]
    {
        let leak = text.lines().find(|line| line.contains(secret));
        assert!(leak.is_none(), "{secret} is in {leak:?}");
    }
    service.stop().await;
}
