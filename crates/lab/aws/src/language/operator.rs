//! Condition operators by name (IAM User Guide, "Condition operators").

/// What two values are compared as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Base {
    /// Text: whether letter case is ignored, and whether `*` and `?` are wildcards.
    Text { fold: bool, wild: bool },
    /// Numbers.
    Number(Order),
    /// Times.
    Date(Order),
    /// `true` or `false`.
    Bool,
    /// Bytes; the policy writes them in base64.
    Binary,
    /// An address in a block.
    Address,
    /// ARNs, part by part. `ArnEquals` and `ArnLike` behave alike (same page).
    Arn,
    /// Whether the key is absent.
    Null,
}

/// How a request's value stands to the policy's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Equal,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

impl Order {
    pub(crate) fn admits(self, order: std::cmp::Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::Less => order.is_lt(),
            Self::AtMost => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::AtLeast => order.is_ge(),
        }
    }
}

/// `ForAllValues:` or `ForAnyValue:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Set {
    All,
    Any,
}

/// An operator, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Operator {
    pub(crate) set: Option<Set>,
    pub(crate) base: Base,
    pub(crate) negated: bool,
    pub(crate) if_exists: bool,
}

impl Operator {
    /// The operator of that name; none when IAM has none, `NullIfExists` among them (same page).
    ///
    /// Names are taken as the guide spells them. Whether AWS takes other letter cases is not documented.
    pub(crate) fn named(text: &str) -> Option<Self> {
        let (set, rest) = match text.split_once(':') {
            Some(("ForAllValues", rest)) => (Some(Set::All), rest),
            Some(("ForAnyValue", rest)) => (Some(Set::Any), rest),
            Some(_) => return None,
            None => (None, text),
        };
        let (name, if_exists) = rest.strip_suffix("IfExists").map_or((rest, false), |name| (name, true));
        let (base, negated) = base(name)?;
        if base == Base::Null && (if_exists || set.is_some()) {
            return None;
        }
        Some(Self { set, base, negated, if_exists })
    }

    /// Whether variables are replaced in its values: in those of text and ARN operators (IAM User Guide, "Policy
    /// elements: Variables and tags").
    pub(crate) fn takes_variables(self) -> bool {
        matches!(self.base, Base::Text { .. } | Base::Arn)
    }
}

fn base(name: &str) -> Option<(Base, bool)> {
    let text = |fold, wild| Base::Text { fold, wild };
    Some(match name {
        "StringEquals" => (text(false, false), false),
        "StringNotEquals" => (text(false, false), true),
        "StringEqualsIgnoreCase" => (text(true, false), false),
        "StringNotEqualsIgnoreCase" => (text(true, false), true),
        "StringLike" => (text(false, true), false),
        "StringNotLike" => (text(false, true), true),
        "Bool" => (Base::Bool, false),
        "BinaryEquals" => (Base::Binary, false),
        "IpAddress" => (Base::Address, false),
        "NotIpAddress" => (Base::Address, true),
        "ArnEquals" | "ArnLike" => (Base::Arn, false),
        "ArnNotEquals" | "ArnNotLike" => (Base::Arn, true),
        "Null" => (Base::Null, false),
        other => {
            if let Some(order) = other.strip_prefix("Numeric") {
                let (order, negated) = ordered(order)?;
                return Some((Base::Number(order), negated));
            }
            let (order, negated) = ordered(other.strip_prefix("Date")?)?;
            (Base::Date(order), negated)
        }
    })
}

fn ordered(name: &str) -> Option<(Order, bool)> {
    Some(match name {
        "Equals" => (Order::Equal, false),
        "NotEquals" => (Order::Equal, true),
        "LessThan" => (Order::Less, false),
        "LessThanEquals" => (Order::AtMost, false),
        "GreaterThan" => (Order::Greater, false),
        "GreaterThanEquals" => (Order::AtLeast, false),
        _ => return None,
    })
}
