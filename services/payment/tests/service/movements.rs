//! Authorise, capture, charge, refund: what happens, what is refused, what a repeat is told.

use proto::payment::v1::{self as pb, TransactionStatus as Status, TransactionType as Type};
use sqlx::PgPool;
use tonic::Code;

use crate::shop::{Shop, authorization, code, dollars, order, refused, user};

#[sqlx::test(migrator = "payment::MIGRATOR")]
async fn money_is_held_taken_in_parts_and_given_back(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let answer = shop.authorize("auth", "pm_test_visa", 1000).await.unwrap();
    assert!(answer.success);
    assert_eq!((&*answer.error_message, &*answer.decline_code), ("", ""));
    let held = answer.authorization.unwrap();
    assert_eq!((held.r#type(), held.status()), (Type::Authorization, Status::Authorized));
    assert_eq!((held.order_id, held.user_id), (order(1), user(1)));
    assert_eq!((&*held.payment_method_id, held.amount), ("pm_test_visa", Some(dollars(1000))));
    assert_eq!((&*held.idempotency_key, &*held.created_at), ("auth", "2026-03-01T12:00:00Z"));
    assert!(!held.provider_ref.is_empty());

    let part = shop.capture("capture 1", &held.id, 600).await.unwrap();
    assert!(part.success);
    let part = part.transaction.unwrap();
    assert_eq!((part.r#type(), part.status()), (Type::Capture, Status::Succeeded));
    assert_eq!((&part.order_id, &part.user_id), (&order(1), &user(1)));
    let refusal = refused(shop.capture("capture 2", &held.id, 401).await);
    assert_eq!(refusal, "capture_exceeds_authorization");
    assert!(shop.capture("capture 3", &held.id, 400).await.unwrap().success);

    let back = shop.refund("refund 1", &part.id, Some(100)).await.unwrap();
    assert!(back.success);
    assert_eq!(back.transaction.unwrap().r#type(), Type::Refund);
    assert_eq!(shop.status(&part.id).await, Status::Succeeded);
    let refusal = refused(shop.refund("refund 2", &part.id, Some(501)).await);
    assert_eq!(refusal, "refund_exceeds_capture");
    let rest = shop.refund("refund 3", &part.id, None).await.unwrap().transaction.unwrap();
    assert_eq!(rest.amount, Some(dollars(500)));
    assert_eq!(shop.status(&part.id).await, Status::Refunded);
    assert_eq!(refused(shop.refund("refund 4", &part.id, None).await), "refund_exceeds_capture");

    let expected = [
        (Type::Authorization, Status::Authorized),
        (Type::Capture, Status::Refunded),
        (Type::Capture, Status::Succeeded),
        (Type::Refund, Status::Succeeded),
        (Type::Refund, Status::Succeeded),
    ];
    assert_eq!(shop.of_order(&order(1)).await, expected);
    assert!(shop.of_order(&order(2)).await.is_empty());
    shop.close_sound().await;
}

#[sqlx::test(migrator = "payment::MIGRATOR")]
async fn a_charge_takes_money_in_one_and_can_be_given_back(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let charge = shop.charge("charge", "pm_test_visa", 500).await.unwrap().transaction.unwrap();
    assert_eq!((charge.r#type(), charge.status()), (Type::Charge, Status::Succeeded));
    assert!(shop.refund("refund", &charge.id, None).await.unwrap().success);
    assert_eq!(shop.status(&charge.id).await, Status::Refunded);
    let declined = shop.charge("charge 2", "pm_test_declined", 500).await.unwrap();
    assert!(!declined.success);
    let declined = declined.transaction.unwrap().id;
    assert_eq!(refused(shop.refund("refund 2", &declined, None).await), "not_refundable");
    shop.close_sound().await;
}

#[sqlx::test(migrator = "payment::MIGRATOR")]
async fn a_repeat_gets_the_first_answer_and_is_marked(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let mut client = shop.client.clone();
    let request = authorization("auth", "pm_test_visa", 1000);
    let first = client.authorize(request.clone()).await.unwrap();
    assert!(first.metadata().get("idempotency-replayed").is_none());
    let again = client.authorize(request).await.unwrap();
    assert_eq!(again.metadata().get("idempotency-replayed").unwrap(), "true");
    assert_eq!(first.get_ref(), again.get_ref());

    let held = first.into_inner().authorization.unwrap().id;
    let capture = shop.capture("capture", &held, 700).await.unwrap();
    assert_eq!(shop.capture("capture", &held, 700).await.unwrap(), capture);
    let taken = capture.transaction.unwrap().id;
    let refund = shop.refund("refund", &taken, None).await.unwrap();
    assert_eq!(shop.refund("refund", &taken, None).await.unwrap(), refund);
    let charge = shop.charge("charge", "pm_test_visa", 5).await.unwrap();
    assert_eq!(shop.charge("charge", "pm_test_visa", 5).await.unwrap(), charge);
    let declined = shop.authorize("poor", "pm_test_insufficient_funds", 5).await.unwrap();
    let again = shop.authorize("poor", "pm_test_insufficient_funds", 5).await.unwrap();
    assert_eq!(again, declined);

    for (operation, times) in [("authorize", 1), ("capture", 1), ("refund", 1), ("charge", 1)] {
        assert_eq!(shop.acts(operation).await, times, "{operation}");
    }
    shop.close_sound().await;
}

#[sqlx::test(migrator = "payment::MIGRATOR")]
async fn a_repeat_with_other_values_is_refused(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let held = shop.held("auth", 1000).await;
    let first = authorization("auth", "pm_test_visa", 1000);
    let others = [
        pb::AuthorizeRequest { order_id: order(2), ..first.clone() },
        pb::AuthorizeRequest { user_id: user(2), ..first.clone() },
        pb::AuthorizeRequest { payment_method_id: "pm_test_declined".into(), ..first.clone() },
        pb::AuthorizeRequest { amount: Some(dollars(1001)), ..first.clone() },
    ];
    for other in others {
        let answer = shop.client.clone().authorize(other).await;
        assert_eq!(refused(answer), "idempotency_key_reused");
    }
    let other_held = shop.held("auth 2", 1000).await;
    let taken = shop.capture("capture", &held, 10).await.unwrap().transaction.unwrap().id;
    assert_eq!(refused(shop.capture("capture", &held, 11).await), "idempotency_key_reused");
    assert_eq!(refused(shop.capture("capture", &other_held, 10).await), "idempotency_key_reused");
    shop.refund("refund", &taken, Some(5)).await.unwrap();
    assert_eq!(refused(shop.refund("refund", &taken, Some(4)).await), "idempotency_key_reused");
    assert_eq!(refused(shop.refund("refund", &taken, None).await), "idempotency_key_reused");
    shop.void("void", &other_held).await.unwrap();
    assert_eq!(refused(shop.void("void", &held).await), "idempotency_key_reused");
    // Also when what they name is not there.
    let absent = order(404);
    for answer in [
        refused(shop.capture("capture", &absent, 10).await),
        refused(shop.refund("refund", &absent, Some(5)).await),
        refused(shop.void("void", &absent).await),
    ] {
        assert_eq!(answer, "idempotency_key_reused");
    }
    assert_eq!(refused(shop.authorize("auth", &absent, 1000).await), "idempotency_key_reused");
    // Each operation has keys of its own.
    assert!(shop.capture("auth", &held, 10).await.unwrap().success);
    assert!(shop.charge("auth", "pm_test_visa", 10).await.unwrap().success);
    shop.close_sound().await;
}

#[sqlx::test(migrator = "payment::MIGRATOR")]
async fn a_refusal_stays_one_for_its_key(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let held = shop.held("auth", 100).await;
    let taken = shop.capture("capture", &held, 100).await.unwrap().transaction.unwrap().id;
    shop.refund("refund", &taken, Some(60)).await.unwrap();
    assert_eq!(refused(shop.refund("late", &taken, Some(50)).await), "refund_exceeds_capture");
    // There is room again, as when an open refund has failed; the late duplicate must not use it.
    shop.sql("UPDATE transactions SET claimed_cents = 0, settled_cents = 0 WHERE kind = 'capture'")
        .await;
    assert_eq!(refused(shop.refund("late", &taken, Some(50)).await), "refund_exceeds_capture");
    assert!(shop.refund("new", &taken, Some(40)).await.unwrap().success);
    shop.close().await;
}

#[sqlx::test(migrator = "payment::MIGRATOR")]
async fn what_is_named_must_fit_what_is_asked(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let (held, charge) = (shop.held("auth", 100).await, shop.charged("charge", 100).await);
    assert_eq!(refused(shop.capture("capture", &charge, 1).await), "not_an_authorization");
    assert_eq!(refused(shop.void("void", &charge).await), "not_an_authorization");
    assert_eq!(refused(shop.refund("refund", &held, None).await), "not_refundable");
    let poor = shop.authorize("poor", "pm_test_declined", 100).await.unwrap();
    let poor = poor.authorization.unwrap().id;
    assert_eq!(refused(shop.capture("capture 2", &poor, 1).await), "authorization_declined");

    let nobody = order(404);
    assert_eq!(code(shop.capture("capture 3", &nobody, 1).await), Code::NotFound);
    assert_eq!(code(shop.refund("refund 2", &nobody, None).await), Code::NotFound);
    assert_eq!(code(shop.void("void 2", &nobody).await), Code::NotFound);
    let request = pb::GetTransactionRequest { id: nobody };
    assert_eq!(code(shop.client.clone().get_transaction(request).await), Code::NotFound);
    shop.close_sound().await;
}

#[sqlx::test(migrator = "payment::MIGRATOR")]
async fn an_authorisation_ends_by_itself(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let (held, part) = (shop.held("auth", 100).await, shop.held("auth 2", 100).await);
    assert!(shop.capture("capture", &part, 10).await.unwrap().success);
    shop.later(7 * 24 * 3600 - 1);
    assert!(shop.capture("capture 2", &part, 10).await.unwrap().success);
    shop.later(1);
    assert_eq!(refused(shop.capture("capture 3", &held, 100).await), "authorization_expired");
    assert_eq!(refused(shop.capture("capture 4", &part, 80).await), "authorization_expired");
    shop.until(&held, Status::Voided).await;
    assert_eq!(refused(shop.capture("capture 5", &held, 100).await), "authorization_expired");
    let repeat = shop.authorize("auth", "pm_test_visa", 100).await;
    assert_eq!(refused(repeat), "authorization_expired");
    shop.void("void", &held).await.expect("nothing is held");
    assert_eq!(shop.status(&part).await, Status::Authorized, "part of it was captured");
    shop.close_sound().await;
}

#[sqlx::test(migrator = "payment::MIGRATOR")]
async fn a_provider_whose_clock_runs_ahead_refuses_as_we_do(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let held = shop.held("auth", 100).await;
    shop.sql("UPDATE simulator_movements SET expires_at = '2026-03-01T12:00:00Z'").await;
    for _ in 0..2 {
        assert_eq!(refused(shop.capture("capture", &held, 60).await), "authorization_expired");
    }
    let claimed: i64 =
        sqlx::query_scalar("SELECT claimed_cents FROM transactions WHERE kind = 'authorization'")
            .fetch_one(&pool)
            .await
            .unwrap();
    assert_eq!(claimed, 0, "what failed gives its claim back");
    shop.close_sound().await;
}
