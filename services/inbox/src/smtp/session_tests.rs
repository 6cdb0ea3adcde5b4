//! The dialogue, said line by line and all at once.

use super::*;

/// The codes of the replies to `words`, and the mails.
fn say(session: &mut Session, words: &str) -> (Vec<u16>, Vec<Received>) {
    let mut replies = String::new();
    let received = session.receive(words.as_bytes(), &mut replies);
    assert!(replies.is_empty() || replies.ends_with("\r\n"));
    let codes = replies
        .lines()
        .filter(|line| line.as_bytes()[3] == b' ')
        .map(|line| line[..3].parse().unwrap())
        .collect();
    (codes, received)
}

const BEGIN: &str =
    "EHLO client\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n";

fn mail(raw: &str) -> Received {
    Received { from: "a@example.com".into(), to: vec!["b@example.com".into()], raw: raw.into() }
}

#[test]
fn a_mail_comes_line_by_line() {
    let mut session = Session::new();
    for (line, code) in [
        ("EHLO client\r\n", 250),
        ("MAIL FROM:<a@example.com> SIZE=10 BODY=8BITMIME\r\n", 250),
        ("RCPT TO:<b@example.com>\r\n", 250),
        ("data\r\n", 354),
    ] {
        assert_eq!(say(&mut session, line), (vec![code], vec![]), "{line}");
    }
    assert_eq!(say(&mut session, "Subject: x\r\n\r\n"), (vec![], vec![]));
    assert_eq!(say(&mut session, ".\r\n"), (vec![250], vec![mail("Subject: x\r\n\r\n")]));
    assert_eq!(say(&mut session, "QUIT\r\n"), (vec![221], vec![]));
    assert!(session.is_over());
}

#[test]
fn everything_may_come_at_once() {
    let again =
        "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\ntwo\r\n.\r\nQUIT\r\n";
    let all = format!("{BEGIN}one\r\n.\r\n{again}NOOP\r\n");
    let (codes, received) = say(&mut Session::new(), &all);
    assert_eq!(codes, [250, 250, 250, 354, 250, 250, 250, 354, 250, 221]);
    assert_eq!(received, [mail("one\r\n"), mail("two\r\n")]);
}

#[test]
fn cut_anywhere_it_means_the_same() {
    let all = format!("{BEGIN}..a\r\n.b\r\n...\r\nc.\r\n\r\n.\r\nNOOP\r\n");
    let whole = say(&mut Session::new(), &all);
    assert_eq!(whole.1, [mail(".a\r\nb\r\n..\r\nc.\r\n\r\n")]);
    for cut in 1..all.len() {
        let mut session = Session::new();
        let (mut codes, mut received) = say(&mut session, &all[..cut]);
        let rest = say(&mut session, &all[cut..]);
        codes.extend(rest.0);
        received.extend(rest.1);
        assert_eq!((codes, received), whole, "cut at {cut}");
    }
}

#[test]
fn only_a_point_between_two_line_ends_ends_a_mail() {
    let (codes, received) =
        say(&mut Session::new(), &format!("{BEGIN}a\n.\nb\r\n.\nc\n.\r\nd\r\n.\r\n"));
    assert_eq!((codes.len(), received.len()), (5, 1), "{received:?}");
}

#[test]
fn a_mail_may_be_empty() {
    let (codes, received) = say(&mut Session::new(), &format!("{BEGIN}.\r\nNOOP\r\n"));
    assert_eq!((codes, received), (vec![250, 250, 250, 354, 250, 250], vec![mail("")]));
}

#[test]
fn what_is_too_large_is_refused_before_or_after() {
    let mut session = Session::new();
    let begin = "EHLO a\r\nMAIL FROM:<a@example.com> SIZE=2000000\r\n";
    assert_eq!(say(&mut session, begin).0, [250, 552]);

    let mut session = Session::new();
    say(&mut session, BEGIN);
    let line = format!("{}\r\n", "x".repeat(998));
    for _ in 0..2000 {
        assert_eq!(say(&mut session, &line), (vec![], vec![]));
    }
    assert!(matches!(session.data, Some(Data::TooLarge(_))), "it is not kept");
    assert_eq!(say(&mut session, ".\r\n"), (vec![552], vec![]));
    // And the next one passes.
    assert_eq!(say(&mut session, &format!("{BEGIN}x\r\n.\r\n")).1, [mail("x\r\n")]);
}

#[test]
fn commands_have_an_order() {
    let mut session = Session::new();
    for (line, code) in [
        ("MAIL FROM:<a@example.com>\r\n", 503),
        ("HELO a\r\n", 250),
        ("RCPT TO:<b@example.com>\r\n", 503),
        ("DATA\r\n", 503),
        ("MAIL FROM:<>\r\n", 250),
        ("MAIL FROM:<a@example.com>\r\n", 503),
        ("DATA\r\n", 503),
        ("RSET\r\n", 250),
        ("RCPT TO:<b@example.com>\r\n", 503),
    ] {
        assert_eq!(say(&mut session, line), (vec![code], vec![]), "{line}");
    }
}

#[test]
fn odd_commands_are_answered_and_too_many_end_it() {
    let mut session = Session::new();
    for (line, code) in [
        ("NOOP\r\n", 250),
        ("HELP\r\n", 214),
        ("VRFY root\r\n", 252),
        ("GET / HTTP/1.1\r\n", 500),
        ("STARTTLS\r\n", 502),
        ("MAIL FROM:nobody\r\n", 501),
        ("\u{0}\u{1}\r\n", 500),
    ] {
        assert_eq!(say(&mut session, line).0, [code], "{line:?}");
    }
    let (codes, _) = say(&mut session, &"WHAT\r\n".repeat(20));
    assert_eq!(codes, [500, 500, 500, 500, 500, 500, 421]);
    assert!(session.is_over());
}

#[test]
fn a_line_without_an_end_ends_it() {
    let mut session = Session::new();
    let mut codes = vec![];
    for _ in 0..20 {
        codes.extend(say(&mut session, &"x".repeat(1000)).0);
    }
    assert_eq!(codes, [500]);
    assert!(session.is_over());
}

#[test]
fn recipients_have_a_bound() {
    let mut session = Session::new();
    let words = "EHLO a\r\nMAIL FROM:<a@example.com>\r\n".to_owned()
        + &"RCPT TO:<b@example.com>\r\n".repeat(MAX_RECIPIENTS + 1);
    let (codes, _) = say(&mut session, &words);
    assert_eq!(codes.last(), Some(&452));
    let (_, received) = say(&mut session, "DATA\r\n.\r\n");
    assert_eq!(received[0].to.len(), MAX_RECIPIENTS);
}
