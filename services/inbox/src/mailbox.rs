//! The last mails, in memory.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use uuid::Uuid;
use wire::Page;

use crate::mail::Mail;

/// Mails that are kept: more than one looks through by hand.
const MAX_MAILS: usize = 500;
/// Bytes that they may take together; with the connections' buffers it fits a small pod.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// The last mails. The oldest ones make room. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Mailbox {
    kept: Arc<Mutex<Kept>>,
    max_mails: usize,
    max_bytes: usize,
}

#[derive(Debug, Default)]
struct Kept {
    /// Oldest first.
    mails: VecDeque<Arc<Mail>>,
    bytes: usize,
}

impl Default for Mailbox {
    fn default() -> Self {
        Self::bounded(MAX_MAILS, MAX_BYTES)
    }
}

impl Mailbox {
    fn bounded(max_mails: usize, max_bytes: usize) -> Self {
        Self { kept: Arc::default(), max_mails, max_bytes }
    }

    pub(crate) fn add(&self, mail: Mail) {
        let mut kept = self.lock();
        kept.bytes += mail.size();
        kept.mails.push_back(Arc::new(mail));
        // The newest one stays whatever its size, which SMTP bounds.
        while kept.mails.len() > 1
            && (kept.mails.len() > self.max_mails || kept.bytes > self.max_bytes)
        {
            let gone = kept.mails.pop_front().map_or(0, |mail| mail.size());
            kept.bytes -= gone;
        }
    }

    /// A page of the mails to an address, or of all, newest first; and how many there are.
    pub(crate) fn list(&self, to: Option<&str>, page: Page) -> (Vec<Arc<Mail>>, i64) {
        let kept = self.lock();
        let wanted = || kept.mails.iter().rev().filter(|mail| to.is_none_or(|to| mail.is_to(to)));
        let (offset, size) = (usize::try_from(page.offset()), usize::try_from(page.size()));
        let mails = wanted().skip(offset.unwrap_or(usize::MAX)).take(size.unwrap_or(0));
        (mails.cloned().collect(), i64::try_from(wanted().count()).unwrap_or(i64::MAX))
    }

    pub(crate) fn get(&self, id: Uuid) -> Option<Arc<Mail>> {
        self.lock().mails.iter().find(|mail| mail.id == id).cloned()
    }

    pub(crate) fn clear(&self) {
        *self.lock() = Kept::default();
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
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

    fn kept(mailbox: &Mailbox) -> Vec<u128> {
        let (mails, total) = mailbox.list(None, Page::new(1, 100).unwrap());
        assert_eq!(usize::try_from(total).unwrap(), mails.len());
        mails.iter().map(|mail| mail.id.as_u128()).collect()
    }

    #[test]
    fn the_oldest_make_room_by_number_and_by_size() {
        let mailbox = Mailbox::bounded(3, 100);
        (1..=4).for_each(|n| mailbox.add(mail(n, 10)));
        assert_eq!(kept(&mailbox), [4, 3, 2]);
        mailbox.add(mail(5, 85));
        assert_eq!(kept(&mailbox), [5, 4]);
        mailbox.add(mail(6, 200));
        assert_eq!(kept(&mailbox), [6]);
        mailbox.add(mail(7, 1));
        assert_eq!(kept(&mailbox), [7]);
        assert!(mailbox.get(Uuid::from_u128(6)).is_none());
        mailbox.clear();
        assert!(kept(&mailbox).is_empty());
        mailbox.add(mail(8, 100));
        assert_eq!(kept(&mailbox), [8], "clearing gives the bytes back");
    }

    #[test]
    fn pages_count_from_the_newest() {
        let mailbox = Mailbox::default();
        (1..=5).for_each(|n| mailbox.add(mail(n, 1)));
        let (mails, total) = mailbox.list(None, Page::new(2, 2).unwrap());
        let ids: Vec<_> = mails.iter().map(|mail| mail.id.as_u128()).collect();
        assert_eq!((ids, total), (vec![3, 2], 5));
        assert!(mailbox.list(None, Page::new(i32::MAX, 100).unwrap()).0.is_empty());
    }
}
