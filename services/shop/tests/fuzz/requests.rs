//! Random requests of a message type.

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value};
use rand::Rng as _;
use rand::rngs::StdRng;
use uuid::Uuid;

/// The depth from which nested messages are empty.
const MAX_DEPTH: usize = 3;

/// Texts that often reveal defects, and texts that are valid in some field of the shop.
const TEXTS: [&str; 26] = [
    "",
    " ",
    "\0",
    "a\r\nBcc: b@example.com",
    "'; DROP TABLE users; --",
    "%_\\",
    "../../etc/passwd",
    "\u{202e}\u{1f980}é",
    "not-a-uuid",
    "00000000-0000-0000-0000-000000000000",
    "ada@example.com",
    "a@b",
    "pass word 123",
    "USD",
    "XXX",
    "US",
    "4242424242424242",
    "4000000000000002",
    "123",
    "USPS",
    "Priority Mail",
    "pm_test_visa",
    "pm_test_lost_reply",
    "2026-01-01T00:00:00Z",
    "customer",
    "admin",
];

/// Generates random requests.
pub(crate) struct RequestGenerator {
    random: StdRng,
    /// Ids that are used repeatedly, so that RPCs refer to objects that other RPCs created.
    ids: Vec<String>,
}

impl RequestGenerator {
    pub(crate) fn new(mut random: StdRng) -> Self {
        let ids = (0..4).map(|_| Uuid::from_u128(random.random()).to_string()).collect();
        Self { random, ids }
    }

    /// Returns the request `index` of a type: request 0 is empty, request 1 has every field.
    pub(crate) fn request(&mut self, message: &MessageDescriptor, index: u64) -> DynamicMessage {
        let share = match index {
            0 => 0.0,
            1 => 1.0,
            _ => self.random.random_range(0.2..1.0),
        };
        self.message(message, share, 0)
    }

    fn message(
        &mut self,
        descriptor: &MessageDescriptor,
        share: f64,
        depth: usize,
    ) -> DynamicMessage {
        let mut message = DynamicMessage::new(descriptor.clone());
        for field in descriptor.fields() {
            if self.random.random_bool(share) {
                let value = self.value(&field, share, depth);
                message.set_field(&field, value);
            }
        }
        message
    }

    fn value(&mut self, field: &FieldDescriptor, share: f64, depth: usize) -> Value {
        if field.is_map() {
            let entry = (MapKey::String(self.text()), Value::String(self.text()));
            return Value::Map([entry].into());
        }
        if !field.is_list() {
            return self.single_value(&field.kind(), share, depth);
        }
        let count = match self.random.random_range(0..20) {
            0 => 1_500,
            few => few % 5,
        };
        Value::List((0..count).map(|_| self.single_value(&field.kind(), share, depth)).collect())
    }

    fn single_value(&mut self, kind: &Kind, share: f64, depth: usize) -> Value {
        match kind {
            Kind::String => Value::String(self.text()),
            Kind::Bytes => Value::Bytes(self.text().into_bytes().into()),
            Kind::Bool => Value::Bool(self.random.random_bool(0.5)),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(self.int32()),
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(self.int64()),
            Kind::Uint32 | Kind::Fixed32 => Value::U32(self.random.random()),
            Kind::Uint64 | Kind::Fixed64 => Value::U64(self.random.random()),
            Kind::Float => Value::F32(f32::NAN),
            Kind::Double => Value::F64(f64::INFINITY),
            Kind::Enum(_) => Value::EnumNumber(self.int32()),
            Kind::Message(_) if depth >= MAX_DEPTH => Value::default_value(kind),
            Kind::Message(message) => Value::Message(self.message(message, share, depth + 1)),
        }
    }

    fn text(&mut self) -> String {
        match self.random.random_range(0..10) {
            0 => "x".repeat(self.random.random_range(100..70_000)),
            1..=4 => self.ids[self.random.random_range(0..self.ids.len())].clone(),
            _ => TEXTS[self.random.random_range(0..TEXTS.len())].to_owned(),
        }
    }

    fn int32(&mut self) -> i32 {
        const NUMBERS: [i32; 12] = [0, 1, 2, 5, 12, 99, 100, 101, 2030, -1, i32::MIN, i32::MAX];
        NUMBERS[self.random.random_range(0..NUMBERS.len())]
    }

    fn int64(&mut self) -> i64 {
        const NUMBERS: [i64; 8] = [0, 1, 999, 5_900, -1, i64::MIN, i64::MAX, 100_000_000_001];
        NUMBERS[self.random.random_range(0..NUMBERS.len())]
    }
}
