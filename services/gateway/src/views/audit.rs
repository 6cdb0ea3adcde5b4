//! The audit log: the entries of all services, merged.

use std::cmp::Reverse;

use jiff::Timestamp;
use proto::audit::v1;
use proto::common::v1::{self as common, PaginationResponse};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::non_empty;
use super::page::Pagination;

/// How far back pages go, in entries. Each service returns this many at most.
pub(crate) const MAX_ENTRIES: i32 = 500;

/// A change that an administrator made.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditEntry {
    /// Id of the entry.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a90")]
    id: String,
    /// When the change was made.
    #[schema(format = DateTime, example = "2026-11-22T10:00:00Z")]
    at: String,
    /// Account that made the change; `null` if the call did not come through this API.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a01")]
    actor_id: Option<String>,
    /// Network of the client: the /24 of an IPv4 address, the /48 of an IPv6 address.
    #[schema(example = "203.0.113.0/24")]
    client_network: Option<String>,
    /// Id of the request that made the change.
    #[schema(example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a77")]
    request_id: String,
    /// What was done: `product.create`, `product.update`, `product.delete`, `product.stock`,
    /// `category.create`, `category.update`, `category.delete`, `order.status`, `order.cancel`,
    /// `order.refund`, `user.access`, `mail.retry`. More can be added.
    #[schema(example = "product.update")]
    action: String,
    /// Id of the changed object.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a10")]
    object_id: String,
    /// The changed fields before the change; `null` for a creation. Long texts are cut.
    #[schema(value_type = Option<Object>, example = json!({"price_cents": 5900}))]
    before: Option<Value>,
    /// The changed fields after the change; `null` for a deletion.
    #[schema(value_type = Option<Object>, example = json!({"price_cents": 4900}))]
    after: Option<Value>,
}

impl From<v1::AuditEntry> for AuditEntry {
    fn from(entry: v1::AuditEntry) -> Self {
        Self {
            id: entry.id,
            at: entry.at,
            actor_id: non_empty(entry.actor_id),
            client_network: non_empty(entry.client_network),
            request_id: entry.request_id,
            action: entry.action,
            object_id: entry.object_id,
            before: serde_json::from_str(&entry.before_json).ok(),
            after: serde_json::from_str(&entry.after_json).ok(),
        }
    }
}

/// A page of the audit log.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditLog {
    /// Changes of this page, newest first.
    entries: Vec<AuditEntry>,
    /// Position of the page in the whole list.
    pagination: Pagination,
}

impl AuditLog {
    /// Merges the newest entries of every service, at least as many of each as the page ends at,
    /// and selects the page.
    pub(crate) fn merge(
        logs: impl IntoIterator<Item = v1::ListAuditEntriesResponse>,
        page: &common::Pagination,
    ) -> Self {
        let mut total = 0;
        let mut entries = Vec::new();
        for log in logs {
            total += log.total_count;
            entries.extend(log.entries);
        }
        entries.sort_by_cached_key(|entry| {
            Reverse((entry.at.parse::<Timestamp>().unwrap_or_default(), entry.id.clone()))
        });
        let (size, reachable) = (i64::from(page.page_size), total.min(MAX_ENTRIES.into()));
        let count = |number: i32| usize::try_from(number).unwrap_or_default();
        let before = count(page.page - 1) * count(page.page_size);
        let entries = entries.into_iter().skip(before).take(count(page.page_size));
        let pagination = PaginationResponse {
            page: page.page,
            page_size: page.page_size,
            total_pages: i32::try_from((reachable + size - 1) / size.max(1)).unwrap_or(i32::MAX),
            total_count: total,
        };
        Self {
            entries: entries.map(AuditEntry::from).collect(),
            pagination: Some(pagination).into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(ids_and_times: &[(&str, &str)]) -> v1::ListAuditEntriesResponse {
        let entry = |(id, at): &(&str, &str)| v1::AuditEntry {
            id: (*id).to_owned(),
            at: (*at).to_owned(),
            ..v1::AuditEntry::default()
        };
        let entries: Vec<_> = ids_and_times.iter().map(entry).collect();
        v1::ListAuditEntriesResponse { total_count: entries.len() as i64, entries }
    }

    #[test]
    fn entries_of_all_services_are_merged_by_time() {
        let logs = [
            log(&[("a", "2026-11-22T10:00:03Z"), ("b", "2026-11-22T10:00:01.5Z")]),
            log(&[("c", "2026-11-22T10:00:02Z"), ("d", "2026-11-22T10:00:01.25Z")]),
        ];
        let page = |page| {
            let merged = AuditLog::merge(logs.clone(), &common::Pagination { page, page_size: 3 });
            merged.entries.into_iter().map(|entry| entry.id).collect::<Vec<_>>()
        };
        assert_eq!(page(1), ["a", "c", "b"]);
        assert_eq!(page(2), ["d"]);
        assert_eq!(page(3), [""; 0]);
    }
}
