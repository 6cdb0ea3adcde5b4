//! Money that cannot be wrong by accident: whole minor units, a known currency, checked arithmetic.
//!
//! An amount is an `i64` of the currency's minor units: cents of a dollar, whole yen. Arithmetic
//! answers an [`Error`] instead of mixing currencies or wrapping around. Nothing here rounds but
//! [`Money::tax`], which says how, and nothing loses a cent: [`Money::allocate`] shares an amount so
//! that the shares sum to it.
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

pub use amount::Money;
pub use currency::Currency;
pub use error::Error;
