//! Sessions whose commands arrive line by line, all at once, and split at any byte.

use super::*;

/// Sends `input` and returns the codes of the replies, and the complete messages.
fn send(session: &mut Session, input: &str) -> (Vec<u16>, Vec<ReceivedMessage>) {
    let mut replies = String::new();
    let messages = session.receive(input.as_bytes(), &mut replies);
    assert!(replies.is_empty() || replies.ends_with("\r\n"));
    let codes = replies
        .lines()
        .filter(|line| line.as_bytes()[3] == b' ')
        .map(|line| line[..3].parse().unwrap())
        .collect();
    (codes, messages)
}

const UNTIL_DATA: &str =
    "EHLO client\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n";

fn message(raw: &str) -> ReceivedMessage {
    ReceivedMessage {
        from: "a@example.com".into(),
        to: vec!["b@example.com".into()],
        raw: raw.into(),
    }
}

#[test]
fn message_sent_line_by_line_is_received() {
    let mut session = Session::new();
    for (line, code) in [
        ("EHLO client\r\n", 250),
        ("MAIL FROM:<a@example.com> SIZE=10 BODY=8BITMIME\r\n", 250),
        ("RCPT TO:<b@example.com>\r\n", 250),
        ("data\r\n", 354),
    ] {
        assert_eq!(send(&mut session, line), (vec![code], vec![]), "{line}");
    }
    assert_eq!(send(&mut session, "Subject: x\r\n\r\n"), (vec![], vec![]));
    assert_eq!(send(&mut session, ".\r\n"), (vec![250], vec![message("Subject: x\r\n\r\n")]));
    assert_eq!(send(&mut session, "QUIT\r\n"), (vec![221], vec![]));
    assert!(session.has_ended());
}

#[test]
fn pipelined_commands_are_answered_in_order() {
    let second_mail =
        "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\ntwo\r\n.\r\nQUIT\r\n";
    let all = format!("{UNTIL_DATA}one\r\n.\r\n{second_mail}NOOP\r\n");
    let (codes, received) = send(&mut Session::new(), &all);
    assert_eq!(codes, [250, 250, 250, 354, 250, 250, 250, 354, 250, 221]);
    assert_eq!(received, [message("one\r\n"), message("two\r\n")]);
}

#[test]
fn input_split_at_any_byte_has_the_same_result() {
    let all = format!("{UNTIL_DATA}..a\r\n.b\r\n...\r\nc.\r\n\r\n.\r\nNOOP\r\n");
    let whole = send(&mut Session::new(), &all);
    assert_eq!(whole.1, [message(".a\r\nb\r\n..\r\nc.\r\n\r\n")]);
    for split in 1..all.len() {
        let mut session = Session::new();
        let (mut codes, mut received) = send(&mut session, &all[..split]);
        let rest = send(&mut session, &all[split..]);
        codes.extend(rest.0);
        received.extend(rest.1);
        assert_eq!((codes, received), whole, "split at {split}");
    }
}

#[test]
fn only_dot_between_crlf_ends_message() {
    let (codes, received) =
        send(&mut Session::new(), &format!("{UNTIL_DATA}a\n.\nb\r\n.\nc\n.\r\nd\r\n.\r\n"));
    assert_eq!((codes.len(), received.len()), (5, 1), "{received:?}");
}

#[test]
fn empty_message_is_accepted() {
    let (codes, received) = send(&mut Session::new(), &format!("{UNTIL_DATA}.\r\nNOOP\r\n"));
    assert_eq!((codes, received), (vec![250, 250, 250, 354, 250, 250], vec![message("")]));
}

#[test]
fn too_large_message_is_rejected_before_or_after_data() {
    let mut session = Session::new();
    let commands = "EHLO a\r\nMAIL FROM:<a@example.com> SIZE=2000000\r\n";
    assert_eq!(send(&mut session, commands).0, [250, 552]);

    let mut session = Session::new();
    send(&mut session, UNTIL_DATA);
    let line = format!("{}\r\n", "x".repeat(998));
    for _ in 0..2000 {
        assert_eq!(send(&mut session, &line), (vec![], vec![]));
    }
    assert!(matches!(session.data, Some(Data::Discarding(_))), "it is not stored");
    assert_eq!(send(&mut session, ".\r\n"), (vec![552], vec![]));
    // The next message is accepted.
    assert_eq!(send(&mut session, &format!("{UNTIL_DATA}x\r\n.\r\n")).1, [message("x\r\n")]);
}

#[test]
fn commands_out_of_order_are_rejected() {
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
        assert_eq!(send(&mut session, line), (vec![code], vec![]), "{line}");
    }
}

#[test]
fn too_many_invalid_commands_end_the_session() {
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
        assert_eq!(send(&mut session, line).0, [code], "{line:?}");
    }
    let (codes, _) = send(&mut session, &"WHAT\r\n".repeat(20));
    assert_eq!(codes, [500, 500, 500, 500, 500, 500, 421]);
    assert!(session.has_ended());
}

#[test]
fn too_long_line_ends_the_session() {
    let mut session = Session::new();
    let mut codes = vec![];
    for _ in 0..20 {
        codes.extend(send(&mut session, &"x".repeat(1000)).0);
    }
    assert_eq!(codes, [500]);
    assert!(session.has_ended());
}

#[test]
fn too_many_recipients_are_rejected() {
    let mut session = Session::new();
    let commands = "EHLO a\r\nMAIL FROM:<a@example.com>\r\n".to_owned()
        + &"RCPT TO:<b@example.com>\r\n".repeat(MAX_RECIPIENTS + 1);
    let (codes, _) = send(&mut session, &commands);
    assert_eq!(codes.last(), Some(&452));
    let (_, received) = send(&mut session, "DATA\r\n.\r\n");
    assert_eq!(received[0].to.len(), MAX_RECIPIENTS);
}
