//! Is that difference real? Pure numbers in, pure numbers out.
//!
//! Every estimate comes with the interval in which the true value lies with [`CONFIDENCE`]; where that interval holds the
//! value of no difference, none is shown.

mod rates;
mod times;

pub use rates::rate_ratio;
pub use times::time_ratio;

/// How sure an interval is: of a hundred intervals one misses the true value.
pub const CONFIDENCE: f64 = 0.99;

/// The quantile of the normal distribution that belongs to [`CONFIDENCE`] on both sides.
const Z: f64 = 2.575_829;

/// A ratio, and where the true one lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratio {
    /// The estimate.
    pub value: f64,
    /// The least that it may be.
    pub low: f64,
    /// The most that it may be.
    pub high: f64,
}

impl Ratio {
    /// Whether the interval says that there is a difference.
    pub fn is_different(&self) -> bool {
        self.low > 1.0 || self.high < 1.0
    }
}
