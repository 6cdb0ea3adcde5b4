//! Decides whether a role and a database that exist belong to the caller. Pure.

use super::identity::{DatabaseIdentity, TakeOver};

/// Who uses a PostgreSQL server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ServerUse {
    /// Only the caller: existing roles and databases are the caller's, and get its password and
    /// its identity.
    #[default]
    Exclusive,
    /// Possibly others, too: existing roles and databases are used only if they are the caller's.
    Shared,
}

/// The caller's claim to a role and a database.
#[derive(Clone, Debug, Default)]
pub(super) struct Claim {
    pub(super) server_use: ServerUse,
    pub(super) identity: Option<DatabaseIdentity>,
    pub(super) take_over: Option<TakeOver>,
}

/// What exists on the server.
#[derive(Clone, Debug, Default)]
pub(super) struct Existing {
    pub(super) role: bool,
    pub(super) database: bool,
    /// The identities in the comments of the role and of the database.
    pub(super) identities: Vec<DatabaseIdentity>,
    /// The identities in the comments of the other databases and roles of the same shop.
    pub(super) related_identities: Vec<DatabaseIdentity>,
}

/// The decision about a role and a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Create what is missing, and set the password of the role.
    SetPassword,
    /// Verify that the role has the caller's password. If it does, role and database are the
    /// caller's (adoption); otherwise they are someone else's.
    VerifyPassword,
    /// They belong to someone else; the identity is absent if they have none.
    Refuse(Option<DatabaseIdentity>),
}

impl Claim {
    /// Decides about a role and a database.
    ///
    /// All databases of a shop are claimed together: if one of them belongs to another Storefront,
    /// none is provisioned. Otherwise two Storefronts that are provisioned at the same time could
    /// get some of the databases each.
    pub(super) fn decide(&self, existing: &Existing) -> Decision {
        if self.server_use == ServerUse::Exclusive {
            return Decision::SetPassword;
        }
        let all = existing.identities.iter().chain(&existing.related_identities);
        if let Some(other) = all.into_iter().find(|identity| !self.covers(identity)) {
            return Decision::Refuse(Some(other.clone()));
        }
        let is_new = !existing.role && !existing.database;
        let is_identified = !existing.identities.is_empty();
        if is_new || is_identified || self.take_over == Some(TakeOver::Unidentified) {
            return Decision::SetPassword;
        }
        if existing.role { Decision::VerifyPassword } else { Decision::Refuse(None) }
    }

    /// Reports whether the identity is the caller's, or the one that the caller takes over.
    fn covers(&self, identity: &DatabaseIdentity) -> bool {
        let taken_over = match &self.take_over {
            Some(TakeOver::From(previous)) => Some(previous),
            Some(TakeOver::Unidentified) | None => None,
        };
        self.identity.as_ref() == Some(identity) || taken_over == Some(identity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(text: &str) -> DatabaseIdentity {
        text.parse().expect("an identity")
    }

    fn claim(take_over: Option<TakeOver>) -> Claim {
        Claim { server_use: ServerUse::Shared, identity: Some(identity("c/ns/own")), take_over }
    }

    fn existing(role: bool, database: bool, identities: &[&str]) -> Existing {
        let identities = identities.iter().map(|text| identity(text)).collect();
        Existing { role, database, identities, related_identities: Vec::new() }
    }

    #[test]
    fn shared_server_is_decided_by_identity_then_by_password() {
        let other = || Decision::Refuse(Some(identity("c/ns/other")));
        for (found, expected) in [
            (existing(false, false, &[]), Decision::SetPassword),
            (existing(true, true, &["c/ns/own"]), Decision::SetPassword),
            (existing(true, true, &["c/ns/other"]), other()),
            (existing(true, true, &["c/ns/own", "c/ns/other"]), other()),
            (existing(false, true, &["c/ns/other"]), other()),
            (existing(true, true, &[]), Decision::VerifyPassword),
            (existing(true, false, &[]), Decision::VerifyPassword),
            (existing(false, true, &[]), Decision::Refuse(None)),
        ] {
            assert_eq!(claim(None).decide(&found), expected, "{found:?}");
        }
    }

    #[test]
    fn related_database_of_another_storefront_refuses_all() {
        let related_identities = vec![identity("c/ns/other")];
        let found = Existing { related_identities, ..Existing::default() };
        assert_eq!(claim(None).decide(&found), Decision::Refuse(Some(identity("c/ns/other"))));
    }

    #[test]
    fn take_over_covers_only_the_named_owner() {
        let from_other = claim(Some(TakeOver::From(identity("c/ns/other"))));
        let unidentified = claim(Some(TakeOver::Unidentified));
        let refused = |text| Decision::Refuse(Some(identity(text)));
        for (claim, found, expected) in [
            (&from_other, existing(true, true, &["c/ns/other"]), Decision::SetPassword),
            (&from_other, existing(true, true, &["c/ns/third"]), refused("c/ns/third")),
            (&from_other, existing(true, true, &[]), Decision::VerifyPassword),
            (&unidentified, existing(true, true, &[]), Decision::SetPassword),
            (&unidentified, existing(true, true, &["c/ns/other"]), refused("c/ns/other")),
        ] {
            assert_eq!(claim.decide(&found), expected, "{found:?}");
        }
    }

    #[test]
    fn exclusive_server_is_never_refused() {
        let claim = Claim { server_use: ServerUse::Exclusive, ..claim(None) };
        for found in [existing(true, true, &["c/ns/other"]), existing(false, true, &[])] {
            assert_eq!(claim.decide(&found), Decision::SetPassword, "{found:?}");
        }
    }

    #[test]
    fn caller_without_identity_is_refused_by_any_identity() {
        let claim = Claim { identity: None, ..claim(None) };
        let found = existing(true, true, &["c/ns/other"]);
        assert_eq!(claim.decide(&found), Decision::Refuse(Some(identity("c/ns/other"))));
    }
}
