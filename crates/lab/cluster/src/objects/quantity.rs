//! Quantities, in billionths of one, which is the finest that they tell (API reference, `Quantity`).

use serde_json::Value;

/// Billionths of one.
pub(crate) const NANO: i128 = 1_000_000_000;

/// Reads `1.5`, `100m`, `1Gi` or `12e6`.
pub(crate) fn parse(text: &str) -> Option<i128> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let digits = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
    let (number, suffix) = unsigned.split_at(digits);
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && part.is_empty()) || part.contains('.') {
        return None;
    }
    // What is finer than a billionth is rounded up.
    let mut nano: i128 = if whole.is_empty() { 0 } else { whole.parse::<i128>().ok()?.checked_mul(NANO)? };
    let mut unit = NANO / 10;
    for digit in part.bytes().map(|b| i128::from(b - b'0')) {
        nano = nano.checked_add(if unit == 0 { i128::from(digit > 0) } else { digit * unit })?;
        unit /= 10;
    }
    let scaled = match suffix {
        "" => nano,
        "n" => nano / NANO,
        "u" => nano / 1_000_000,
        "m" => nano / 1_000,
        "k" => nano.checked_mul(1_000)?,
        "M" => nano.checked_mul(1_000_000)?,
        "G" => nano.checked_mul(NANO)?,
        "T" => nano.checked_mul(1_000 * NANO)?,
        "P" => nano.checked_mul(1_000_000 * NANO)?,
        "E" => nano.checked_mul(NANO * NANO)?,
        "Ki" => nano.checked_mul(1 << 10)?,
        "Mi" => nano.checked_mul(1 << 20)?,
        "Gi" => nano.checked_mul(1 << 30)?,
        "Ti" => nano.checked_mul(1 << 40)?,
        "Pi" => nano.checked_mul(1 << 50)?,
        "Ei" => nano.checked_mul(1 << 60)?,
        exponent => {
            let power: i32 = exponent.strip_prefix(['e', 'E'])?.parse().ok()?;
            let scale = 10_i128.checked_pow(power.unsigned_abs())?;
            if power < 0 { nano / scale } else { nano.checked_mul(scale)? }
        }
    };
    Some(if text.starts_with('-') { -scaled } else { scaled })
}

/// A quantity of an object, which may be a number there.
pub(crate) fn of(value: &Value) -> Option<i128> {
    match value {
        Value::String(text) => parse(text),
        Value::Number(number) => parse(&number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// As a sum is told: in the largest unit of two's powers that leaves it whole where it is an amount of bytes, in
/// thousandths where it is no whole number.
pub(crate) fn text(nano: i128, bytes: bool) -> String {
    if nano % NANO != 0 {
        return format!("{}m", nano.div_euclid(NANO / 1_000));
    }
    let whole = nano / NANO;
    if bytes && whole != 0 {
        for (suffix, bits) in [("Ti", 40), ("Gi", 30), ("Mi", 20), ("Ki", 10)] {
            if whole % (1 << bits) == 0 {
                return format!("{}{suffix}", whole >> bits);
            }
        }
    }
    whole.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_and_told() {
        for (read, told) in [("1.5", "1500m"), ("100m", "100m"), ("2Gi", "2Gi"), ("1024Mi", "1Gi"), ("2e3", "2000")] {
            assert_eq!(text(parse(read).unwrap(), read.ends_with('i')), told);
        }
        assert_eq!((parse("-1"), parse(""), parse("1 Gi"), parse("1.2.3")), (Some(-NANO), None, None, None));
    }
}
