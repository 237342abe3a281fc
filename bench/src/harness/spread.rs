//! Median, least and most of what was measured.

/// A measured figure over all rounds.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Spread {
    /// The middle one.
    pub(crate) median: f64,
    /// The least.
    pub(crate) min: f64,
    /// The most.
    pub(crate) max: f64,
}

impl Spread {
    /// Of these figures; zero if there are none.
    pub(crate) fn of(figures: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = figures.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let at = |i: usize| sorted.get(i).copied().unwrap_or_default();
        let half = sorted.len() / 2;
        let median =
            if sorted.len().is_multiple_of(2) { f64::midpoint(at(half.saturating_sub(1)), at(half)) } else { at(half) };
        Self { median, min: at(0), max: at(sorted.len().saturating_sub(1)) }
    }

    /// As `median (min–max)`, in a unit of which a second (or whatever was measured) holds `scale`.
    pub(crate) fn show(&self, scale: f64) -> String {
        let text = |figure: f64| digits(figure * scale);
        format!("{} ({}\u{2013}{})", text(self.median), text(self.min), text(self.max))
    }
}

/// Three figures that count.
pub(crate) fn digits(figure: f64) -> String {
    match figure.abs() {
        f if f >= 10_000.0 => {
            let thousands = format!("{figure:.0}");
            let mut out = String::new();
            for (i, c) in thousands.chars().enumerate() {
                if i > 0 && (thousands.len() - i).is_multiple_of(3) {
                    out.push(',');
                }
                out.push(c);
            }
            out
        }
        f if f >= 100.0 => format!("{figure:.0}"),
        f if f >= 10.0 => format!("{figure:.1}"),
        f if f >= 1.0 => format!("{figure:.2}"),
        _ => format!("{figure:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Spread, digits};

    #[test]
    fn the_median_of_an_even_number_is_between_the_middle_two() {
        let spread = Spread::of([4.0, 1.0, 2.0, 3.0]);
        assert_eq!(spread.show(1.0), "2.50 (1.00\u{2013}4.00)");
        assert_eq!(Spread::of([]).show(1.0), "0.000 (0.000\u{2013}0.000)");
    }

    #[test]
    fn three_figures_count() {
        let shown = [0.12345, 1.2345, 12.345, 123.45, 1234.5, 1_234_567.0].map(digits);
        assert_eq!(shown, ["0.123", "1.23", "12.3", "123", "1234", "1,234,567"]);
    }
}
