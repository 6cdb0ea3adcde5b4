//! Every service with an audit log has the table of the `audit` crate.

use sqlx::migrate::Migrator;

#[test]
fn services_have_the_table_of_the_audit_crate() {
    let sql = |migrator: &Migrator| {
        let mut tables = migrator.iter().filter(|one| one.description == "audit entries");
        let table = tables.next().map(|one| one.sql.as_str().to_owned());
        assert!(tables.next().is_none(), "more than one migration");
        table
    };
    let expected = sql(&audit::MIGRATOR);
    assert!(expected.is_some(), "the audit crate has a migration of this name");
    for (service, migrator) in [
        ("catalog", &catalog::MIGRATOR),
        ("notification", &notification::MIGRATOR),
        ("order", &order::MIGRATOR),
        ("user", &user::MIGRATOR),
    ] {
        assert_eq!(sql(migrator), expected, "{service}");
    }
}
