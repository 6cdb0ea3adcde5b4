//! German.

use super::flash::FlashLinkTexts;
use super::groups::{
    AccountMessages, AddressMessages, CardMessages, CartMessages, CatalogMessages,
    CheckoutMessages, ErrorsMessages, FormsMessages, HelpMessages, HomeMessages, LayoutMessages,
    LoginMessages, OrdersMessages, PasswordResetMessages, PrivacyMessages, ProductMessages,
    ProfileMessages, RegisterMessages, SearchMessages, SecurityMessages, VerifyEmailMessages,
    WishlistMessages,
};
use super::{ErrorText, Messages, StaticText, countries};
use crate::gateway_client::ShipmentStatus;
use crate::session::FlashCode;

pub(super) static MESSAGES: Messages = Messages {
    layout: LayoutMessages {
        skip_to_content: "Zum Inhalt springen",
        error_prefix: "Fehler: ",
        search_label: "Im Shop suchen",
        search_placeholder: "Suchen",
        search_submit: "Suchen",
        suggestions: "Vorgeschlagene Produkte",
        account: "Konto",
        your_account: "Ihr Konto",
        sign_in: "Anmelden",
        sign_out: "Abmelden",
        cart: "Warenkorb",
        cart_contains: "Artikel im Warenkorb: ",
        categories: "Kategorien",
        all_products: "Alle Produkte",
        lowest_prices: "Kleinste Preise",
        orders: "Bestellungen",
        wishlist: "Merkzettel",
        help: "Hilfe",
        help_page: "Fragen und Antworten",
        shipping_returns: "Versand und Rückgabe",
        accessibility: "Barrierefreiheit",
        shop: "Shop",
        appearance: "Darstellung",
        theme_auto: "Automatisch",
        theme_light: "Hell",
        theme_dark: "Dunkel",
        colophon: "Mit Sorgfalt gemacht, mit Ruhe verschickt.",
    },
    home: HomeMessages {
        default_tagline: "Gute Dinge für jeden Tag",
        eyebrow: "Neu in dieser Saison",
        intro: "Eine kleine Auswahl an Technik, Kleidung und Büchern, die wir selbst benutzen.",
        shop_all: "Alle Produkte ansehen",
        browse_categories: "Nach Kategorien stöbern",
        newest: "Neu eingetroffen",
        by_category: "Nach Kategorien",
        lowest_prices: "Kleinste Preise",
        see_all: "Alle ansehen",
        promises_label: "So arbeiten wir",
        promises: &[
            ("truck", "Lieferung mit Datum", "Sie sehen den Tag der Ankunft, bevor Sie bezahlen."),
            ("tag", "Der gezeigte Preis", "Wir berechnen die Summe der Übersicht, nie mehr."),
            ("return", "Einfache Rückgabe", "Unbenutztes nehmen wir 30 Tage lang zurück."),
        ],
    },
    catalog: CatalogMessages {
        all_products: "Alle Produkte",
        all_products_description: "Alles im Shop, das Neueste zuerst.",
        categories: "Kategorien",
        categories_description: "So finden Sie sich im Shop zurecht.",
        no_categories: "Es gibt noch keine Kategorien.",
        breadcrumbs: "Sie sind hier",
        category: "Kategorie",
        filters: "Filter",
        price: "Preis",
        min: "Von",
        max: "Bis",
        min_price: "Niedrigster Preis",
        max_price: "Höchster Preis",
        invalid_price: "Geben Sie Preise wie 10 oder 19,99 ein, den kleineren zuerst.",
        only_in_stock: "Nur lieferbare",
        apply: "Anwenden",
        clear: "Filter löschen",
        results: "Produkte",
        sort: "Sortieren nach",
        sort_apply: "Sortieren",
        sort_relevance: "Beste Treffer",
        sort_newest: "Neueste",
        sort_price_asc: "Preis, aufsteigend",
        sort_price_desc: "Preis, absteigend",
        sort_name: "Name",
        nothing_matches: "Kein Produkt passt zu diesen Filtern.",
        pages: "Seiten",
        previous: "Zurück",
        next: "Weiter",
        products,
    },
    search: SearchMessages {
        title: "Suche",
        prompt: "Wonach suchen Sie?",
        nothing_found: "Nichts gefunden.",
        advice: "Versuchen Sie ein kürzeres Wort oder eine andere Schreibweise.",
        categories: "Nach Kategorien stöbern",
        alternatives: "Neu im Shop",
        results_for,
    },
    product: ProductMessages {
        in_stock: "Auf Lager",
        sold_out: "Ausverkauft",
        few_left,
        quantity: "Anzahl",
        add_to_cart: "In den Warenkorb",
        add_to_wishlist: "Auf den Merkzettel",
        images: "Bilder",
        image,
        related: "Das könnte Ihnen auch gefallen",
        delivery,
        delivery_basis,
        delivery_later: "Liefertag und Versandkosten sehen Sie vor dem Bezahlen",
        facts: &[("return", "Rückgabe innerhalb von 30 Tagen")],
    },
    cart: CartMessages {
        title: "Warenkorb",
        empty: "Ihr Warenkorb ist leer.",
        start_shopping: "Jetzt stöbern",
        guest_hint: "Haben Sie ein Konto? Nach der Anmeldung sehen Sie Ihren Warenkorb.",
        each: "pro Stück",
        unavailable: "Nicht mehr im Angebot und nicht in der Summe enthalten.",
        update: "Ändern",
        remove: "Entfernen",
        subtotal: "Zwischensumme",
        costs_later: "Versand und Steuern kommen an der Kasse hinzu, bevor Sie bezahlen.",
        check_out: "Zur Kasse",
        estimate: "Versand schätzen",
        estimate_submit: "Schätzen",
        invalid_quantity: "Geben Sie eine Anzahl von 1 bis 99 ein.",
        units,
        reduce_to,
    },
    checkout: CheckoutMessages {
        secure: "Sichere Kasse",
        back_to_cart: "Zum Warenkorb",
        steps: "Schritte der Kasse",
        step_contact: "Kontakt",
        step_address: "Adresse",
        step_delivery: "Lieferung",
        step_payment: "Zahlung",
        step_review: "Übersicht",
        contact_title: "Wer bestellt?",
        contact_reason: "Für eine Bestellung brauchen Sie ein Konto: Dort sehen Sie den Stand der \
            Bestellung und Ihre Adressen. Ihr Warenkorb bleibt erhalten.",
        contact_sign_in: "Anmelden",
        contact_register: "Ein Konto ist in einer Minute angelegt. Danach geht es mit Ihrem \
            Warenkorb weiter.",
        address_title: "Wohin geht die Lieferung?",
        saved_addresses: "Gespeicherte Adressen",
        new_address: "Andere Adresse verwenden",
        use_address: "Speichern und weiter",
        to_delivery: "Weiter zur Lieferung",
        delivery_title: "Wie schnell?",
        payment_title: "Wie möchten Sie bezahlen?",
        saved_cards: "Gespeicherte Karten",
        new_card: "Andere Karte verwenden",
        use_card: "Speichern und weiter",
        to_review: "Weiter zur Übersicht",
        review_title: "Bestellung prüfen",
        continue_label: "Weiter",
        back: "Zurück",
        change: "Ändern",
        summary: "Übersicht",
        shipping: "Versand",
        tax: "Steuern",
        total: "Summe",
        pay_note: "Höchstens dieser Betrag wird berechnet, wenn die Bestellung bestätigt ist.",
        unconfirmed_title: "Wir konnten Ihre Bestellung nicht bestätigen",
        unconfirmed_text: "Der Shop hat nicht rechtzeitig geantwortet. Ein neuer Versuch kann \
            Sie nicht doppelt belasten.",
        unconfirmed_retry: "Erneut versuchen",
        days,
        arrives,
        pay,
        total_changed,
        cart_changed: "Ihr Warenkorb hat sich geändert. Bitte prüfen Sie die Bestellung. Nichts \
            wurde berechnet.",
    },
    forms: FormsMessages {
        optional: "optional",
        check_fields: "Bitte prüfen Sie:",
        save: "Speichern",
        cancel: "Abbrechen",
        email: "E-Mail-Adresse",
        new_email: "Neue E-Mail-Adresse",
        password: "Passwort",
        current_password: "Aktuelles Passwort",
        new_password: "Neues Passwort",
        show_password: "Passwort zeigen",
        password_hint: "Mindestens 8 Zeichen. Ein Satz ist ein gutes Passwort.",
        first_name: "Vorname",
        last_name: "Nachname",
        phone: "Telefon",
        field_error,
    },
    login: LoginMessages {
        title: "Anmelden",
        submit: "Anmelden",
        remember: "Angemeldet bleiben",
        forgot: "Passwort vergessen?",
        no_account: "Neu hier?",
        create_account: "Konto anlegen",
        invalid_credentials: "Die E-Mail-Adresse oder das Passwort ist falsch.",
        account_disabled: "Dieses Konto ist gesperrt. Bitte wenden Sie sich an uns.",
        too_many_attempts: "Zu viele Versuche. Bitte warten Sie einige Minuten.",
        reason_required: "Bitte melden Sie sich an, um fortzufahren.",
        reason_expired: "Ihre Sitzung ist beendet. Bitte melden Sie sich erneut an.",
        reason_unsaved: "Ihre Sitzung ist beendet, die Änderung wurde nicht gespeichert. Bitte \
            melden Sie sich an und versuchen Sie es erneut.",
    },
    register: RegisterMessages {
        title: "Konto anlegen",
        intro: "Für Bestellungen, Adressen und einen Merkzettel.",
        submit: "Konto anlegen",
        have_account: "Sie haben schon ein Konto?",
        email_taken: "Zu dieser E-Mail-Adresse gibt es ein Konto. Melden Sie sich an oder setzen \
            Sie das Passwort zurück.",
    },
    password_reset: PasswordResetMessages {
        forgot_title: "Passwort vergessen?",
        forgot_intro: "Wir schicken Ihnen einen Link, mit dem Sie ein neues setzen.",
        forgot_submit: "Link senden",
        sent: "Sehen Sie in Ihr Postfach. Wenn es ein Konto mit dieser Adresse gibt, ist ein \
            Link unterwegs.",
        sent_hint: "Der Link gilt eine Stunde. Sehen Sie auch im Spam-Ordner nach.",
        reset_title: "Neues Passwort setzen",
        reset_submit: "Passwort setzen",
        invalid_token: "Dieser Link gilt nicht mehr. Fordern Sie einen neuen an.",
        new_mail: "Neuen Link anfordern",
    },
    verify_email: VerifyEmailMessages {
        title: "E-Mail-Adresse bestätigen",
        intro: "Ein letzter Schritt: Bestätigen Sie, dass diese Adresse Ihnen gehört.",
        submit: "Adresse bestätigen",
        invalid_token: "Dieser Link gilt nicht mehr. Fordern Sie auf der Sicherheitsseite Ihres \
            Kontos einen neuen an.",
    },
    account: AccountMessages {
        title: "Ihr Konto",
        greeting,
        navigation: &[
            ("/account", "Übersicht"),
            ("/orders", "Bestellungen"),
            ("/addresses", "Adressen"),
            ("/payment-methods", "Karten"),
            ("/wishlist", "Merkzettel"),
            ("/profile", "Profil"),
            ("/security", "Sicherheit"),
            ("/privacy", "Datenschutz"),
        ],
        unverified: "Ihre E-Mail-Adresse ist noch nicht bestätigt.",
        verify: "Bestätigen",
        recent_orders: "Letzte Bestellungen",
        all_orders: "Alle Bestellungen",
        no_orders: "Sie haben noch keine Bestellungen.",
        default_address: "Standardadresse",
        no_address: "Sie haben keine gespeicherte Adresse.",
        default_card: "Standardkarte",
        no_card: "Sie haben keine gespeicherte Karte.",
        unavailable: "Das ist im Moment nicht verfügbar. Versuchen Sie es gleich noch einmal.",
        manage: "Verwalten",
        edit: "Bearbeiten",
        delete: "Löschen",
        set_default: "Als Standard",
        default_label: "Standard",
    },
    orders: OrdersMessages {
        title: "Bestellungen",
        filter: "Status",
        all: "Alle",
        none_in_status: "Keine Bestellung hat diesen Status.",
        newer: "Neuere",
        older: "Ältere",
        order_number,
        placed_on,
        pending: "In Bearbeitung",
        confirmed: "Bezahlt",
        processing: "Verpackt",
        shipped: "Unterwegs",
        delivered: "Zugestellt",
        cancelled: "Storniert",
        refunded: "Erstattet",
        unknown: "Unbekannt",
        shipment_event,
        summary_pending: "Ihre Bestellung wird bearbeitet. Das dauert einige Sekunden.",
        summary_confirmed: "Vielen Dank. Ihre Zahlung ist da, wir bereiten das Paket vor.",
        summary_processing: "Ihr Paket ist gepackt und wartet auf den Paketdienst.",
        summary_shipped: "Ihr Paket ist unterwegs.",
        summary_delivered: "Ihr Paket ist angekommen.",
        summary_cancelled: "Diese Bestellung wurde storniert.",
        summary_refunded: "Diese Bestellung wurde erstattet.",
        summary_declined: "Ihre Bank hat die Zahlung abgelehnt. Sie wurden nicht belastet.",
        summary_failed: "Die Bestellung konnte nicht abgeschlossen werden. Sie wurden nicht \
            belastet.",
        check_now: "Bestellstatus jetzt prüfen",
        timeline: "Verlauf",
        delivery: "Lieferung",
        tracking_number: "Sendungsnummer",
        lines: "Artikel",
        buy_again: "Erneut kaufen",
        cancel: "Diese Bestellung stornieren",
        cancel_reason: "Grund",
        cancel_submit: "Bestellung stornieren",
    },
    address: AddressMessages {
        title: "Adressen",
        new_title: "Adresse hinzufügen",
        edit_title: "Adresse bearbeiten",
        recipient: "Vollständiger Name",
        street: "Straße und Hausnummer",
        city: "Ort",
        state: "Bundesland oder Provinz",
        zip_code: "Postleitzahl",
        country: "Land",
        countries: countries::german,
        make_default: "Als Standardadresse verwenden",
        too_many: "Ihr Adressbuch ist voll. Löschen Sie zuerst eine Adresse.",
    },
    card: CardMessages {
        title: "Karten",
        new_title: "Karte hinzufügen",
        number: "Kartennummer",
        expiry: "Gültig bis",
        expiry_hint: "Monat und Jahr, zum Beispiel 12/30",
        cvv: "Prüfnummer",
        make_default: "Als Standardkarte verwenden",
        too_many: "Sie haben die Höchstzahl an Karten erreicht. Löschen Sie zuerst eine.",
        send_again: "Die Karte wurde nicht gespeichert. Bitte geben Sie sie erneut ein.",
        test_cards: "Dies ist ein Testshop: Testkarten",
        test_success: "wird angenommen",
        test_declined: "wird abgelehnt",
        test_funds: "hat zu wenig Deckung",
        expires,
    },
    wishlist: WishlistMessages { title: "Merkzettel", empty: "Ihr Merkzettel ist leer." },
    profile: ProfileMessages { title: "Profil" },
    security: SecurityMessages {
        title: "Sicherheit",
        password: "Passwort",
        change_password: "Passwort ändern",
        email: "E-Mail-Adresse",
        change_email: "E-Mail-Adresse ändern",
        verified: "Bestätigt",
        unverified: "Nicht bestätigt",
        resend: "Mail erneut senden",
        sessions: "Geräte",
        sessions_hint: "Auf diesen Geräten sind Sie angemeldet.",
        signed_in: "Angemeldet",
        last_used: "Zuletzt benutzt",
        this_device: "Dieses Gerät",
        sign_out_everywhere: "Überall abmelden",
    },
    privacy: PrivacyMessages {
        title: "Datenschutz",
        intro: "Was der Shop über Sie speichert, und warum.",
        sections: &[
            (
                "Konto",
                "Ihr Name, Ihre E-Mail-Adresse und, falls angegeben, Ihre Telefonnummer. Ihr \
                    Passwort ist als Hashwert gespeichert, der sich nicht umkehren lässt.",
            ),
            (
                "Bestellungen",
                "Was Sie bestellt haben, wohin es ging und was es gekostet hat, weil das Gesetz \
                    es verlangt.",
            ),
            (
                "Karten",
                "Nur die Marke, das Ablaufdatum und die letzten vier Ziffern. Nummer und \
                    Prüfnummer gehen an den Zahlungsdienst und werden nicht gespeichert.",
            ),
            (
                "Cookies",
                "Nur die nötigen: Ihre Sitzung, Ihr Warenkorb vor der Anmeldung, eine Nachricht \
                    für die nächste Seite und die gewählte Darstellung. Es gibt kein Tracking.",
            ),
        ],
    },
    help: HelpMessages {
        contact: "Schreiben Sie uns:",
        help: StaticText {
            title: "Fragen und Antworten",
            description: "Kurze Antworten auf häufige Fragen.",
            sections: &[
                (
                    "Wie bestelle ich?",
                    &["Legen Sie Produkte in den Warenkorb, melden Sie sich an und gehen Sie \
                            zur Kasse. Sie sehen alle Kosten, bevor Sie bezahlen."],
                ),
                (
                    "Wann werde ich belastet?",
                    &["Wenn die Bestellung bestätigt ist. Lehnt Ihre Bank die Zahlung ab, wird \
                            nichts berechnet und nichts bestellt."],
                ),
                (
                    "Kann ich stornieren?",
                    &["Ja, bis das Paket gepackt ist: Öffnen Sie die Bestellung in Ihrem Konto \
                            und stornieren Sie sie. Die Erstattung folgt sofort."],
                ),
                (
                    "Ich habe versehentlich zweimal bestellt.",
                    &["Wer den letzten Schritt wiederholt, bestellt nicht noch einmal. Gibt es \
                            zwei Bestellungen, stornieren Sie eine."],
                ),
            ],
        },
        shipping_returns: StaticText {
            title: "Versand und Rückgabe",
            description: "Wie Pakete zu Ihnen kommen, und wie sie zurückkommen.",
            sections: &[
                (
                    "Versand",
                    &[
                        "Die Kosten hängen von Gewicht und Ziel ab. Der Warenkorb schätzt sie, \
                            die Kasse zeigt sie mit dem Tag der Ankunft.",
                        "Sie verfolgen das Paket auf der Seite Ihrer Bestellung.",
                    ],
                ),
                (
                    "Rückgabe",
                    &["Unbenutztes können Sie innerhalb von 30 Tagen nach der Zustellung \
                            zurückgeben. Wir erstatten den Preis auf Ihre Karte."],
                ),
            ],
        },
        accessibility: StaticText {
            title: "Barrierefreiheit",
            description: "Alle sollen hier einkaufen können.",
            sections: &[
                (
                    "Was wir tun",
                    &[
                        "Der Shop funktioniert mit Tastatur, mit Screenreader, bei 400 % Zoom \
                            und ohne Skripte. Er folgt Ihren Einstellungen für Farben, Kontrast \
                            und Bewegung.",
                        "Text hat einen Kontrast von mindestens 4,5 zu 1. Bedienelemente sind \
                            mindestens 44 Pixel hoch.",
                    ],
                ),
                (
                    "Wie wir messen",
                    &["Automatische Tests prüfen jede Seite nach WCAG 2.2, Stufen A und AA."],
                ),
                (
                    "Wenn etwas nicht funktioniert",
                    &["Bitte schreiben Sie uns. Wir behandeln es als Fehler."],
                ),
            ],
        },
        offline: StaticText {
            title: "Sie sind offline",
            description: "Es gibt keine Verbindung zum Shop.",
            sections: &[(
                "Was Sie tun können",
                &["Prüfen Sie Ihr Netz und laden Sie die Seite neu. Warenkorb und Bestellungen \
                        sind sicher."],
            )],
        },
    },
    errors: ErrorsMessages {
        try_again: "Erneut versuchen",
        to_home: "Startseite",
        to_products: "Alle Produkte",
        request_id: "Anfrage",
        retry_after,
        text: error_text,
    },
    flash,
    flash_about_order,
    flash_links: FlashLinkTexts {
        view_cart: "Warenkorb ansehen",
        check_out: "Zur Kasse",
        view_order: "Bestellung ansehen",
        view_wishlist: "Merkzettel ansehen",
    },
};

fn products(count: i64) -> String {
    match count {
        1 => "1 Produkt".to_owned(),
        count => format!("{count} Produkte"),
    }
}

fn units(count: u64) -> String {
    format!("{count} Artikel")
}

fn results_for(text: &str) -> String {
    format!("Ergebnisse für „{text}“")
}

fn few_left(units: i64) -> String {
    format!("Nur noch {units}")
}

fn reduce_to(units: i64) -> String {
    format!("Auf {units} verringern")
}

fn days(days: u32) -> String {
    match days {
        1 => "1 Tag".to_owned(),
        days => format!("{days} Tage"),
    }
}

fn arrives(day: &str) -> String {
    format!("Ankunft bis {day}")
}

fn image(number: usize) -> String {
    format!("Bild {number}")
}

fn delivery(cost: &str, day: &str) -> String {
    format!("Lieferung ab {cost}, Ankunft bis {day}")
}

fn delivery_basis(country: &str) -> String {
    format!("Schätzung für ein Stück. Ziel: {country}")
}

fn pay(total: &str) -> String {
    format!("{total} bezahlen")
}

fn total_changed(was: &str, now: &str) -> String {
    format!(
        "Die Summe hat sich von {was} auf {now} geändert. Nichts wurde bestellt oder berechnet."
    )
}

fn greeting(first_name: &str) -> String {
    match first_name {
        "" => "Hallo".to_owned(),
        name => format!("Hallo, {name}"),
    }
}

fn order_number(number: &str) -> String {
    format!("Bestellung {number}")
}

fn placed_on(date: &str) -> String {
    format!("Bestellt am {date}")
}

fn expires(month: u32, year: u32) -> String {
    format!("Gültig bis {month:02}/{year}")
}

fn retry_after(seconds: u64) -> String {
    match seconds {
        0..=1 => "Versuchen Sie es in einer Sekunde erneut.".to_owned(),
        2..=90 => format!("Versuchen Sie es in {seconds} Sekunden erneut."),
        _ => format!("Versuchen Sie es in {} Minuten erneut.", seconds.div_ceil(60)),
    }
}

fn shipment_event(status: ShipmentStatus) -> Option<&'static str> {
    match status {
        ShipmentStatus::Pending => Some("Sendung angelegt"),
        ShipmentStatus::LabelCreated => Some("Versandetikett erstellt"),
        ShipmentStatus::PickedUp => Some("Vom Paketdienst abgeholt"),
        ShipmentStatus::InTransit => Some("Unterwegs"),
        ShipmentStatus::OutForDelivery => Some("In Zustellung"),
        ShipmentStatus::Delivered => Some("Zugestellt"),
        ShipmentStatus::Failed => Some("Zustellung fehlgeschlagen"),
        ShipmentStatus::Cancelled => Some("Sendung storniert"),
        ShipmentStatus::Unknown => None,
    }
}

/// Returns the text for an invalid field. The explanation of the API is English and not shown.
fn field_error(field: &str, code: &str, _detail: &str) -> String {
    let text = match (field, code) {
        ("email", _) => "Geben Sie eine E-Mail-Adresse wie name@example.com ein.",
        ("card_number", _) => "Prüfen Sie die Kartennummer.",
        ("exp_month" | "exp_year", _) => {
            "Geben Sie einen Monat und ein Jahr ein, die nicht vergangen sind."
        }
        ("cvv", _) => "Geben Sie die drei oder vier aufgedruckten Ziffern ein.",
        ("current_password", "required") => "Geben Sie Ihr aktuelles Passwort ein.",
        ("current_password", _) => "Dieses Passwort ist falsch.",
        ("password" | "new_password", _) => {
            "Geben Sie ein Passwort mit mindestens 8 Zeichen ein, das nicht häufig benutzt wird."
        }
        (_, "required") => "Füllen Sie dieses Feld aus.",
        (_, "too_long") => "Dieser Text ist zu lang.",
        _ => "Dieser Wert ist nicht gültig.",
    };
    text.to_owned()
}

fn error_text(status: u16) -> ErrorText {
    let (title, advice) = match status {
        400 => ("Diese Anfrage war nicht lesbar", "Gehen Sie zurück und versuchen Sie es erneut."),
        403 => (
            "Diese Anfrage kam nicht aus dem Shop",
            "Zu Ihrer Sicherheit wurde sie abgelehnt. Öffnen Sie die Seite im Shop.",
        ),
        404 => {
            ("Diese Seite gibt es nicht", "Sie ist umgezogen, oder das Produkt ist nicht mehr da.")
        }
        405 => ("So lässt sich die Seite nicht benutzen", "Benutzen Sie das Formular der Seite."),
        413 => ("Das war zu viel", "Kürzen Sie Ihren Text und senden Sie ihn erneut."),
        429 => ("Einen Moment, bitte", "Aus Ihrem Netz kamen zu viele Anfragen."),
        503 => ("Der Shop macht eine kurze Pause", "Wir arbeiten daran. Ihr Warenkorb ist sicher."),
        504 => {
            ("Der Shop hat nicht rechtzeitig geantwortet", "Versuchen Sie es gleich noch einmal.")
        }
        _ => {
            ("Etwas ist schiefgegangen", "Der Fehler ist notiert. Versuchen Sie es gleich erneut.")
        }
    };
    ErrorText { title, advice }
}

fn flash_about_order(code: FlashCode, number: &str) -> Option<String> {
    match code {
        FlashCode::AlreadyPlaced => {
            Some(format!("Sie haben die Bestellung {number} schon aufgegeben."))
        }
        FlashCode::FormSentBefore => Some(format!(
            "Dieses Formular wurde schon gesendet, und Ihre letzte Bestellung ist {number}. Bitte \
             prüfen Sie sie zuerst."
        )),
        _ => None,
    }
}

fn flash(code: FlashCode) -> &'static str {
    match code {
        FlashCode::AddedToCart => "Im Warenkorb.",
        FlashCode::CartUpdated => "Ihr Warenkorb ist geändert.",
        FlashCode::RemovedFromCart => "Aus dem Warenkorb entfernt.",
        FlashCode::QuantityTooLarge => "Ein Warenkorb fasst höchstens 99 Stück eines Produkts.",
        FlashCode::CartFull => "Ihr Warenkorb ist voll. Entfernen Sie zuerst etwas.",
        FlashCode::ProductUnavailable => "Ein Produkt ist nicht mehr im Angebot.",
        FlashCode::CartEmpty => "Ihr Warenkorb ist leer.",
        FlashCode::CartPartlyMerged => {
            "Ihr Warenkorb ist voll. Einige Produkte, die Sie vor der Anmeldung gewählt haben, \
             fehlen darin."
        }
        FlashCode::OutOfStock => "Einige Produkte sind nicht in dieser Anzahl lieferbar.",
        FlashCode::AddedToWishlist => "Auf Ihrem Merkzettel.",
        FlashCode::RemovedFromWishlist => "Vom Merkzettel entfernt.",
        FlashCode::WishlistFull => "Ihr Merkzettel ist voll. Entfernen Sie zuerst etwas.",
        FlashCode::SignedOut => "Sie sind abgemeldet.",
        FlashCode::SignedOutEverywhere => "Sie sind auf allen Geräten abgemeldet.",
        FlashCode::Registered => "Willkommen. Bitte bestätigen Sie Ihre Adresse mit unserer Mail.",
        FlashCode::PasswordReset => "Ihr neues Passwort ist gesetzt. Bitte melden Sie sich an.",
        FlashCode::PasswordChanged => "Ihr Passwort ist geändert. Andere Geräte sind abgemeldet.",
        FlashCode::EmailVerified => "Ihre E-Mail-Adresse ist bestätigt.",
        FlashCode::EmailChangeRequested => "Ein Link an die neue Adresse schließt die Änderung ab.",
        FlashCode::VerificationSent => "Wir haben die Mail erneut gesendet.",
        FlashCode::ProfileSaved => "Ihr Profil ist gespeichert.",
        FlashCode::AddressSaved => "Die Adresse ist gespeichert.",
        FlashCode::AddressDeleted => "Die Adresse ist gelöscht.",
        FlashCode::CardSaved => "Die Karte ist gespeichert.",
        FlashCode::CardDeleted => "Die Karte ist gelöscht.",
        FlashCode::DefaultChanged => "Der Standard ist geändert.",
        FlashCode::SessionEnded => "Das Gerät ist abgemeldet.",
        FlashCode::OrderPlaced => "Vielen Dank für Ihre Bestellung.",
        FlashCode::OrderProcessing => "Vielen Dank. Ihre Bestellung wird bearbeitet.",
        FlashCode::OrderInProgress => "Dieser Warenkorb wird gerade bestellt.",
        FlashCode::OrderCancelled => "Die Bestellung ist storniert. Sie erhalten Ihr Geld zurück.",
        FlashCode::CancelRequested => "Die Bestellung wird gleich storniert.",
        FlashCode::NotCancellable => "Diese Bestellung lässt sich nicht mehr stornieren.",
        FlashCode::BoughtAgain => "Die Produkte sind im Warenkorb.",
        FlashCode::BoughtAgainPartly => "Einige Produkte ließen sich nicht in den Warenkorb legen.",
        FlashCode::PaymentDeclined => "Ihre Bank hat die Karte abgelehnt. Nichts wurde berechnet.",
        FlashCode::InsufficientFunds => "Die Karte hat zu wenig Deckung. Nichts wurde berechnet.",
        FlashCode::CardExpired => "Die Karte ist abgelaufen. Nichts wurde berechnet.",
        FlashCode::CheckoutFailed => "Die Bestellung kam nicht zustande. Nichts wurde berechnet.",
        FlashCode::CartTooLarge => "Das ist zu viel für eine Bestellung. Bitte teilen Sie sie.",
        FlashCode::AlreadyPlaced => "Sie haben diese Bestellung schon aufgegeben.",
        FlashCode::NotOrderedAgain => {
            "Diese Bestellung wurde storniert oder erstattet. Ihr Warenkorb wurde nicht erneut \
             bestellt."
        }
        FlashCode::FormSentBefore => {
            "Dieses Formular wurde schon gesendet. Bitte prüfen Sie zuerst Ihre Bestellungen."
        }
        FlashCode::ChooseAgain => "Diese Auswahl gibt es nicht mehr. Bitte wählen Sie neu.",
    }
}
