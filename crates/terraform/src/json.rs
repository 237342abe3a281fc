//! JSON inside texts: read with the place of each value, written as Terraform's `jsonencode` writes it.

use std::fmt::Write as _;
use std::rc::Rc;

use super::bounds::MAX_DOCUMENT_DEPTH;
use super::rope::{Rope, Seg};
use super::source::{Spot, to_u32};
use super::value::{Key, Kind, Sym, Val};

/// Why a text is no JSON, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NotJson {
    pub(crate) at: Spot,
    pub(crate) why: &'static str,
}

/// The value of a JSON text.
pub(crate) fn read(text: &Rope) -> Result<Val, NotJson> {
    let mut reader = Reader { segs: text.segs(), seg: 0, byte: 0, last: Spot::default() };
    reader.last = reader.here();
    reader.blank();
    let value = reader.value(0)?;
    reader.blank();
    if reader.peek().is_some() { Err(reader.no("something stands after the end of the document")) } else { Ok(value) }
}

struct Reader<'r> {
    segs: &'r [Seg],
    seg: usize,
    byte: usize,
    /// Where the last byte taken stood.
    last: Spot,
}

/// What stands next.
enum Next<'r> {
    Byte(u8),
    Unknown(&'r Sym, Spot),
}

impl<'r> Reader<'r> {
    fn peek(&mut self) -> Option<Next<'r>> {
        loop {
            match self.segs.get(self.seg)? {
                Seg::Unknown(sym, at) => return Some(Next::Unknown(sym, *at)),
                Seg::Known { text, .. } => {
                    if let Some(byte) = text.as_bytes().get(self.byte) {
                        return Some(Next::Byte(*byte));
                    }
                    (self.seg, self.byte) = (self.seg + 1, 0);
                }
            }
        }
    }

    fn byte(&mut self) -> Option<u8> {
        if let Some(Next::Byte(byte)) = self.peek() { Some(byte) } else { None }
    }

    /// The spot of what stands next.
    fn here(&mut self) -> Spot {
        let _ = self.peek();
        match self.segs.get(self.seg) {
            Some(Seg::Known { at, exact: true, .. }) => {
                let start = at.start + to_u32(self.byte);
                Spot { file: at.file, start, end: (start + 1).min(at.end) }
            }
            Some(Seg::Known { at, .. } | Seg::Unknown(_, at)) => *at,
            None => self.last,
        }
    }

    fn take(&mut self) {
        self.last = self.here();
        match self.segs.get(self.seg) {
            Some(Seg::Unknown(..)) => (self.seg, self.byte) = (self.seg + 1, 0),
            _ => self.byte += 1,
        }
    }

    fn no(&mut self, why: &'static str) -> NotJson {
        NotJson { at: self.here(), why }
    }

    fn blank(&mut self) {
        while matches!(self.byte(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.take();
        }
    }

    fn value(&mut self, depth: usize) -> Result<Val, NotJson> {
        if depth > MAX_DOCUMENT_DEPTH {
            return Err(self.no("it is nested deeper than is read"));
        }
        let from = self.here();
        match self.peek() {
            Some(Next::Unknown(sym, at)) => {
                let value = Val::new(Kind::Unknown(sym.clone()), at);
                self.take();
                Ok(value)
            }
            Some(Next::Byte(b'"')) => {
                let text = self.string()?;
                Ok(Val::rope(text, from.to(self.last)))
            }
            Some(Next::Byte(b'{')) => self.object(from, depth),
            Some(Next::Byte(b'[')) => self.array(from, depth),
            Some(Next::Byte(_)) => self.word(from),
            None => Err(self.no("it ends before its value")),
        }
    }

    fn object(&mut self, from: Spot, depth: usize) -> Result<Val, NotJson> {
        self.take();
        let mut members = Vec::new();
        self.blank();
        while self.byte() != Some(b'}') {
            let at = self.here();
            if self.byte() != Some(b'"') {
                return Err(self.no("a member's name in quotes is expected here"));
            }
            let name = self.string()?;
            let key = Key { name, at: at.to(self.last) };
            self.blank();
            if self.byte() != Some(b':') {
                return Err(self.no("`:` is expected here"));
            }
            self.take();
            self.blank();
            members.push((key, self.value(depth + 1)?));
            self.comma(b'}')?;
        }
        self.take();
        Ok(Val::map(members, from.to(self.last)))
    }

    fn array(&mut self, from: Spot, depth: usize) -> Result<Val, NotJson> {
        self.take();
        let mut items = Vec::new();
        self.blank();
        while self.byte() != Some(b']') {
            items.push(self.value(depth + 1)?);
            self.comma(b']')?;
        }
        self.take();
        Ok(Val::list(items, from.to(self.last)))
    }

    /// A comma and what follows it, or the end of the list.
    fn comma(&mut self, end: u8) -> Result<(), NotJson> {
        self.blank();
        match self.byte() {
            Some(b',') => {
                self.take();
                self.blank();
                if self.byte() == Some(end) { Err(self.no("nothing follows the last comma")) } else { Ok(()) }
            }
            Some(byte) if byte == end => Ok(()),
            _ => Err(self.no("`,` or the end of the list is expected here")),
        }
    }

    fn string(&mut self) -> Result<Rope, NotJson> {
        self.take();
        let mut segs = Vec::new();
        loop {
            match self.peek() {
                None => return Err(self.no("a text is not closed")),
                Some(Next::Unknown(sym, at)) => {
                    segs.push(Seg::Unknown(sym.clone(), at));
                    self.take();
                }
                Some(Next::Byte(b'"')) => {
                    self.take();
                    return Ok(Rope::of(segs));
                }
                Some(Next::Byte(b'\\')) => segs.push(self.escape()?),
                Some(Next::Byte(b'\n' | b'\r')) => return Err(self.no("a text is not closed on its line")),
                Some(Next::Byte(_)) => segs.extend(self.run()),
            }
        }
    }

    /// Known text up to the next quote, escape or end of line.
    fn run(&mut self) -> Option<Seg> {
        let Some(Seg::Known { text, at, exact }) = self.segs.get(self.seg) else { return None };
        let rest = text.get(self.byte..)?;
        let length = rest.find(['"', '\\', '\n', '\r']).unwrap_or(rest.len());
        let part = rest.get(..length)?;
        let start = at.start + to_u32(self.byte);
        let spot = if *exact { Spot { file: at.file, start, end: start + to_u32(length) } } else { *at };
        self.byte += length.saturating_sub(1);
        self.take();
        Some(Seg::Known { text: part.into(), at: spot, exact: *exact })
    }

    fn escape(&mut self) -> Result<Seg, NotJson> {
        let from = self.here();
        self.take();
        let byte = self.byte();
        let text = match byte {
            Some(b'n') => '\n',
            Some(b't') => '\t',
            Some(b'r') => '\r',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'u') => return self.unicode(from),
            Some(c @ (b'"' | b'\\' | b'/')) => char::from(c),
            _ => return Err(self.no("no such escape is known")),
        };
        self.take();
        Ok(Seg::Known { text: text.to_string().into(), at: from.to(self.last), exact: false })
    }

    fn unicode(&mut self, from: Spot) -> Result<Seg, NotJson> {
        let mut units = vec![self.hex()?];
        if matches!(units.as_slice(), [0xd800..=0xdbff]) && self.byte() == Some(b'\\') {
            self.take();
            if self.byte() == Some(b'u') {
                units.push(self.hex()?);
            }
        }
        let text: Rc<str> = String::from_utf16_lossy(&units).into();
        Ok(Seg::Known { text, at: from.to(self.last), exact: false })
    }

    fn hex(&mut self) -> Result<u16, NotJson> {
        self.take();
        let mut unit = 0_u16;
        for _ in 0..4 {
            let digit = self.byte().and_then(|byte| char::from(byte).to_digit(16));
            let Some(digit) = digit.and_then(|digit| u16::try_from(digit).ok()) else {
                return Err(self.no("four hexadecimal digits are expected here"));
            };
            unit = unit << 4 | digit;
            self.take();
        }
        Ok(unit)
    }

    fn word(&mut self, from: Spot) -> Result<Val, NotJson> {
        let mut word = String::new();
        while let Some(byte @ (b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'+' | b'.')) = self.byte() {
            word.push(char::from(byte));
            self.take();
        }
        let at = from.to(self.last);
        match word.as_str() {
            "null" => Ok(Val::null(at)),
            "true" => Ok(Val::bool(true, at)),
            "false" => Ok(Val::bool(false, at)),
            number if number.starts_with(|c: char| c == '-' || c.is_ascii_digit()) && number.parse::<f64>().is_ok() => {
                Ok(Val::number(number, at))
            }
            _ => Err(NotJson { at: from, why: "no value begins like this" }),
        }
    }
}

/// A value as `jsonencode` writes it: names in their order, `<`, `>` and `&` escaped. Of an unknown value the symbol
/// stands in place of its JSON. `None` where it is too large, or holds what has no JSON.
pub(crate) fn write(value: &Val) -> Option<Rope> {
    let mut segs = Writer { segs: Vec::new(), at: value.at, left: super::bounds::MAX_TEXT };
    segs.value(value, 0)?;
    Some(Rope::of(segs.segs))
}

struct Writer {
    segs: Vec<Seg>,
    at: Spot,
    left: usize,
}

impl Writer {
    fn put(&mut self, text: &str) -> Option<()> {
        self.left = self.left.checked_sub(text.len() + 1)?;
        self.segs.push(Seg::Known { text: text.into(), at: self.at, exact: false });
        Some(())
    }

    fn value(&mut self, value: &Val, depth: usize) -> Option<()> {
        if depth > MAX_DOCUMENT_DEPTH {
            return None;
        }
        match &value.kind {
            Kind::Null => self.put("null"),
            Kind::Bool(truth) => self.put(if *truth { "true" } else { "false" }),
            Kind::Number(number) => self.put(number),
            Kind::Text(rope) => self.quoted(rope),
            Kind::Json(inner) => self.quoted(&write(inner)?),
            Kind::Unknown(sym) | Kind::Fault(sym) => self.symbol(sym, value.at),
            Kind::List(items) => {
                self.put("[")?;
                for (number, item) in items.iter().enumerate() {
                    if number > 0 {
                        self.put(",")?;
                    }
                    self.value(item, depth + 1)?;
                }
                self.put("]")
            }
            Kind::Map(members) => self.members(members, depth),
            Kind::Thing(_) => None,
        }
    }

    fn members(&mut self, members: &[(Key, Val)], depth: usize) -> Option<()> {
        let mut sorted: Vec<_> =
            members.iter().map(|(key, value)| (key.name.to_text().to_string(), key, value)).collect();
        sorted.sort_by(|one, two| one.0.cmp(&two.0));
        self.put("{")?;
        for (number, (_, key, value)) in sorted.into_iter().enumerate() {
            if number > 0 {
                self.put(",")?;
            }
            self.quoted(&key.name)?;
            self.put(":")?;
            self.value(value, depth + 1)?;
        }
        self.put("}")
    }

    /// A text that is surely a text is quoted; of anything else the whole value's JSON is unknown.
    fn symbol(&mut self, sym: &Sym, at: Spot) -> Option<()> {
        if sym.chars == super::value::Chars::Any {
            let name = format!("jsonencode({})", sym.name);
            self.segs.push(Seg::Unknown(Sym::any(name), at));
            return Some(());
        }
        self.quoted(&Rope::unknown(sym.clone(), at))
    }

    fn quoted(&mut self, rope: &Rope) -> Option<()> {
        self.put("\"")?;
        for seg in rope.segs() {
            match seg {
                Seg::Known { text, at, exact } => {
                    let escaped = escaped(text);
                    self.left = self.left.checked_sub(escaped.len() + 1)?;
                    let exact = *exact && escaped == **text;
                    self.segs.push(Seg::Known { text: escaped.into(), at: *at, exact });
                }
                Seg::Unknown(..) => self.segs.push(seg.clone()),
            }
        }
        self.put("\"")
    }
}

fn escaped(text: &str) -> String {
    let mut all = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => all.push_str("\\\""),
            '\\' => all.push_str("\\\\"),
            '\n' => all.push_str("\\n"),
            '\r' => all.push_str("\\r"),
            '\t' => all.push_str("\\t"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\u{0}'..='\u{1f}' => {
                let _ = write!(all, "\\u{:04x}", u32::from(c));
            }
            c => all.push(c),
        }
    }
    all
}
