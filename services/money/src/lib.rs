//! Amounts of money: whole minor units, a known currency, checked arithmetic.
//!
//! An amount is an `i64` of the currency's minor units: cents of a dollar, whole yen. Arithmetic
//! returns an [`Error`] instead of mixing currencies or overflowing. Only [`Money::tax`] rounds,
//! and no cent is lost: the shares of [`Money::allocate`] sum to the amount.
//!
//! ```
//! use money::{Currency, Money};
//!
//! let price = Money::new(2_999, Currency::USD);
//! let line = price.times(3)?;
//! assert_eq!(line.to_string(), "89.97 USD");
//! assert_eq!(line.tax(825)?.cents(), 742);
//! # Ok::<(), money::Error>(())
//! ```

mod allocation;
mod amount;
mod currency;
mod error;
mod price_level;

pub use amount::Money;
pub use currency::Currency;
pub use error::Error;
pub use price_level::PriceLevel;
