//! What number stands at the start of a text? Exact decimals, so that `0.1s` is a tenth of a second and no more.

use super::QuantityProblem;

/// Splits `12.5ms` into the number `12.5` and the rest `ms`; spaces between the two are passed over. Without a
/// number at the start there is nothing to split.
pub(super) fn split_number(text: &str) -> Option<(&str, &str)> {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = !whole.is_empty() && !fraction.is_empty() && !fraction.contains('.');
    digits.then(|| (number, rest.trim_start_matches(' ')))
}

/// `number × scale` as a whole number, or why there is none. `number` comes from [`split_number`].
pub(super) fn scaled(number: &str, scale: u128) -> Result<u128, QuantityProblem> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let whole: u128 = whole.parse().map_err(|_| QuantityProblem::TooLarge)?;
    let whole = whole.checked_mul(scale).ok_or(QuantityProblem::TooLarge)?;
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() {
        return Ok(whole);
    }
    // Beyond 18 digits no unit has anything left to divide; this also keeps the product in range.
    if fraction.len() > 18 {
        return Err(QuantityProblem::TooFine);
    }
    let divisor = 10_u128.pow(fraction.len() as u32);
    let numerator: u128 = fraction.parse().map_err(|_| QuantityProblem::TooFine)?;
    let product = numerator
        .checked_mul(scale)
        .ok_or(QuantityProblem::TooFine)?;
    if !product.is_multiple_of(divisor) {
        return Err(QuantityProblem::TooFine);
    }
    whole
        .checked_add(product / divisor)
        .ok_or(QuantityProblem::TooLarge)
}

/// `amount / scale` written exactly, for a scale whose only prime factors are 2 and 5, or `None` if that takes
/// more than `digits` decimals.
pub(super) fn exact_decimal(amount: u128, scale: u128, digits: u32) -> Option<String> {
    let mut out = (amount / scale).to_string();
    let mut rest = amount % scale;
    if rest > 0 {
        out.push('.');
    }
    for _ in 0..digits {
        if rest == 0 {
            break;
        }
        rest *= 10;
        out.push_str(&(rest / scale).to_string());
        rest %= scale;
    }
    (rest == 0).then_some(out)
}
