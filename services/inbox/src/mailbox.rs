//! The most recent mails, in memory.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use uuid::Uuid;
use wire::Page;

use crate::mail::Mail;

/// Maximum number of stored mails, more than a person reads through.
const MAX_MAILS: usize = 500;

/// Maximum memory of all stored mails, in bytes. Together with the buffers of the connections it
/// fits a small pod.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// The most recent mails; adding a mail evicts the oldest ones beyond the limits. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Mailbox {
    contents: Arc<Mutex<Contents>>,
    max_mails: usize,
    max_bytes: usize,
}

#[derive(Debug, Default)]
struct Contents {
    /// The mails, oldest first.
    mails: VecDeque<Arc<Mail>>,
    /// Sum of the mails' sizes.
    bytes: usize,
}

impl Default for Mailbox {
    fn default() -> Self {
        Self::with_limits(MAX_MAILS, MAX_BYTES)
    }
}

impl Mailbox {
    fn with_limits(max_mails: usize, max_bytes: usize) -> Self {
        Self { contents: Arc::default(), max_mails, max_bytes }
    }

    /// Adds a mail and evicts the oldest ones beyond the limits.
    pub(crate) fn add(&self, mail: Mail) {
        let mut contents = self.lock();
        contents.bytes += mail.size();
        contents.mails.push_back(Arc::new(mail));
        // The newest mail is always kept; SMTP limits its size.
        while contents.mails.len() > 1
            && (contents.mails.len() > self.max_mails || contents.bytes > self.max_bytes)
        {
            let evicted = contents.mails.pop_front().map_or(0, |mail| mail.size());
            contents.bytes -= evicted;
        }
    }

    /// Returns a page of the mails, newest first, and the number of mails on all pages. With
    /// `recipient`, only mails to this address count.
    pub(crate) fn list(&self, recipient: Option<&str>, page: Page) -> (Vec<Arc<Mail>>, i64) {
        let contents = self.lock();
        let is_match = |mail: &&Arc<Mail>| recipient.is_none_or(|to| mail.is_addressed_to(to));
        let matches = || contents.mails.iter().rev().filter(is_match);
        let (offset, size) = (usize::try_from(page.offset()), usize::try_from(page.size()));
        let mails = matches().skip(offset.unwrap_or(usize::MAX)).take(size.unwrap_or(0));
        (mails.cloned().collect(), i64::try_from(matches().count()).unwrap_or(i64::MAX))
    }

    /// Returns the mail with this id.
    pub(crate) fn get(&self, id: Uuid) -> Option<Arc<Mail>> {
        self.lock().mails.iter().find(|mail| mail.id == id).cloned()
    }

    /// Removes all mails.
    pub(crate) fn clear(&self) {
        *self.lock() = Contents::default();
    }

    fn lock(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    fn mail(n: u128, bytes: usize) -> Mail {
        Mail {
            id: Uuid::from_u128(n),
            from: String::new(),
            to: vec![],
            subject: String::new(),
            date: Timestamp::UNIX_EPOCH,
            text: "x".repeat(bytes),
            html: String::new(),
            headers: vec![],
        }
    }

    fn stored_ids(mailbox: &Mailbox) -> Vec<u128> {
        let (mails, total) = mailbox.list(None, Page::new(1, 100).unwrap());
        assert_eq!(usize::try_from(total).unwrap(), mails.len());
        mails.iter().map(|mail| mail.id.as_u128()).collect()
    }

    #[test]
    fn oldest_mails_are_evicted_by_count_and_by_size() {
        let mailbox = Mailbox::with_limits(3, 100);
        (1..=4).for_each(|n| mailbox.add(mail(n, 10)));
        assert_eq!(stored_ids(&mailbox), [4, 3, 2]);
        mailbox.add(mail(5, 85));
        assert_eq!(stored_ids(&mailbox), [5, 4]);
        mailbox.add(mail(6, 200));
        assert_eq!(stored_ids(&mailbox), [6]);
        mailbox.add(mail(7, 1));
        assert_eq!(stored_ids(&mailbox), [7]);
        assert!(mailbox.get(Uuid::from_u128(6)).is_none());
        mailbox.clear();
        assert!(stored_ids(&mailbox).is_empty());
        mailbox.add(mail(8, 100));
        assert_eq!(stored_ids(&mailbox), [8], "clearing resets the size");
    }

    #[test]
    fn list_starts_at_the_newest_mail() {
        let mailbox = Mailbox::default();
        (1..=5).for_each(|n| mailbox.add(mail(n, 1)));
        let (mails, total) = mailbox.list(None, Page::new(2, 2).unwrap());
        let ids: Vec<_> = mails.iter().map(|mail| mail.id.as_u128()).collect();
        assert_eq!((ids, total), (vec![3, 2], 5));
        assert!(mailbox.list(None, Page::new(i32::MAX, 100).unwrap()).0.is_empty());
    }
}
