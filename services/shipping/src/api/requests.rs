//! Validation of requests.

use proto::common::v1 as common;
use proto::shipping::v1 as pb;
use proto::shipping::v1::get_shipment_request::Identifier;
use tonic::Status as GrpcStatus;
use wire::Fields;

use crate::domain::ids::OrderId;
use crate::domain::quote::{MAX_WEIGHT_GRAMS, Service, Weight};
use crate::domain::shipment::{Consignment, Event};
use crate::domain::status::Status;
use crate::domain::tracking::{MAX_CHARS, TrackingNumber};
use crate::store::shipments::ShipmentKey;

/// Maximum length of a location or description of a tracking event.
const MAX_TEXT_CHARS: usize = 200;

/// Maximum length of a postal code, the same as in complete addresses.
const MAX_ZIP_CODE_CHARS: usize = 20;

/// Validates a request for quotes. Prices depend only on the weight, but the destination is
/// required, so that no price is quoted to an address without a country. The complete address is
/// not required, because a customer without an account has not entered it yet.
pub(super) fn quote(request: &pb::GetQuoteRequest) -> Result<Weight, GrpcStatus> {
    let mut fields = Fields::default();
    if let Some(from) = &request.from {
        fields.partial_address("from", from);
    }
    match &request.to {
        Some(to) => fields.partial_address("to", to),
        None => fields.reject("to", "is required"),
    };
    let weight = fields.weight(request.weight_grams);
    fields.finish(weight)
}

pub(super) fn create(
    request: &pb::CreateShipmentRequest,
) -> Result<(OrderId, Consignment), GrpcStatus> {
    let mut fields = Fields::default();
    let order = fields.id("order_id", &request.order_id);
    let from = match &request.from {
        None => Some(None),
        from => fields.order_address("from", from.as_ref()).map(Some),
    };
    let to = fields.order_address("to", request.to.as_ref());
    let weight = fields.weight(request.weight_grams);
    let service = fields.service(&request.carrier, &request.service);
    let parse = || {
        let consignment = Consignment { service: service?, weight: weight?, from: from?, to: to? };
        Some((order?, consignment))
    };
    let parsed = parse();
    fields.finish(parsed)
}

pub(super) fn get(request: pb::GetShipmentRequest) -> Result<ShipmentKey, GrpcStatus> {
    let mut fields = Fields::default();
    let key = match request.identifier {
        None => fields.reject("identifier", "id, order_id or tracking_number is required"),
        Some(Identifier::Id(id)) => fields.id("id", &id).map(ShipmentKey::Id),
        Some(Identifier::OrderId(id)) => fields.id("order_id", &id).map(ShipmentKey::Order),
        Some(Identifier::TrackingNumber(number)) => {
            fields.tracking_number(&number).map(ShipmentKey::TrackingNumber)
        }
    };
    fields.finish(key)
}

pub(super) fn track(request: &pb::TrackShipmentRequest) -> Result<TrackingNumber, GrpcStatus> {
    let mut fields = Fields::default();
    let number = fields.tracking_number(&request.tracking_number);
    fields.finish(number)
}

pub(super) fn cancel(request: &pb::CancelShipmentRequest) -> Result<OrderId, GrpcStatus> {
    let mut fields = Fields::default();
    let order = fields.id("order_id", &request.order_id);
    fields.finish(order)
}

pub(super) fn update(
    request: &pb::UpdateShipmentStatusRequest,
) -> Result<(TrackingNumber, Event), GrpcStatus> {
    let mut fields = Fields::default();
    let number = fields.tracking_number(&request.tracking_number);
    let status = fields.status(request.status);
    let location = fields.line_or_empty("location", &request.location, MAX_TEXT_CHARS);
    let description = fields.line_or_empty("description", &request.description, MAX_TEXT_CHARS);
    let parse = || {
        let mut event = Event { location: location?, ..Event::from_status(status?) };
        event.description = match description? {
            text if text.is_empty() => event.description,
            text => text,
        };
        Some((number?, event))
    };
    let parsed = parse();
    fields.finish(parsed)
}

/// Parsers of the request fields that only shipping has.
trait ShippingFields {
    /// Validates the part of an address that a price requires: the country, and the postal code if
    /// there is one.
    fn partial_address(&mut self, field: &str, address: &common::Address) -> Option<()>;
    fn weight(&mut self, grams: i32) -> Option<Weight>;
    fn service(&mut self, carrier: &str, name: &str) -> Option<Service>;
    fn tracking_number(&mut self, text: &str) -> Option<TrackingNumber>;
    fn status(&mut self, status: i32) -> Option<Status>;
}

impl ShippingFields for Fields {
    fn partial_address(&mut self, field: &str, address: &common::Address) -> Option<()> {
        let zip_code = format!("{field}.zip_code");
        let zip_code = self.line_or_empty(&zip_code, &address.zip_code, MAX_ZIP_CODE_CHARS);
        let country = self.country(&format!("{field}.country"), &address.country);
        zip_code.and(country).map(|_| ())
    }

    fn weight(&mut self, grams: i32) -> Option<Weight> {
        self.number("weight_grams", grams, 1, MAX_WEIGHT_GRAMS).and_then(Weight::new)
    }

    fn service(&mut self, carrier: &str, name: &str) -> Option<Service> {
        match (carrier, name, Service::find(carrier, name)) {
            (_, _, Some(service)) => Some(service),
            ("", "", None) => {
                self.reject::<()>("carrier", "is required");
                self.reject("service", "is required")
            }
            ("", _, None) => self.reject("carrier", "is required"),
            (_, "", None) => self.reject("service", "is required"),
            _ => self.reject("service", "must be a service of the carrier, as quoted"),
        }
    }

    fn tracking_number(&mut self, text: &str) -> Option<TrackingNumber> {
        if text.trim().is_empty() {
            return self.reject("tracking_number", "is required");
        }
        match TrackingNumber::parse(text) {
            Some(number) => Some(number),
            None => {
                let message = format!("must be at most {MAX_CHARS} letters and digits");
                self.reject("tracking_number", message)
            }
        }
    }

    fn status(&mut self, status: i32) -> Option<Status> {
        match pb::ShipmentStatus::try_from(status) {
            Ok(pb::ShipmentStatus::Unspecified) => self.reject("status", "is required"),
            Ok(pb::ShipmentStatus::Pending) => Some(Status::Pending),
            Ok(pb::ShipmentStatus::LabelCreated) => Some(Status::LabelCreated),
            Ok(pb::ShipmentStatus::PickedUp) => Some(Status::PickedUp),
            Ok(pb::ShipmentStatus::InTransit) => Some(Status::InTransit),
            Ok(pb::ShipmentStatus::OutForDelivery) => Some(Status::OutForDelivery),
            Ok(pb::ShipmentStatus::Delivered) => Some(Status::Delivered),
            Ok(pb::ShipmentStatus::Failed) => Some(Status::Failed),
            Ok(pb::ShipmentStatus::Cancelled) => Some(Status::Cancelled),
            Err(_) => self.reject("status", "is not a known status"),
        }
    }
}
