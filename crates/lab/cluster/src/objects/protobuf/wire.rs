//! The protobuf wire format: tags, varints, length-delimited fields.

/// One field on the wire.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wire<'a> {
    /// Varint, or a fixed-width number.
    Number(u64),
    /// Length-delimited bytes.
    Bytes(&'a [u8]),
}

/// Reads fields one after the other.
#[derive(Debug)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    /// The next field's number and content; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<(u32, Wire<'a>)>, &'static str> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let number = u32::try_from(tag >> 3).map_err(|_| "field number out of range")?;
        let content = match tag & 7 {
            0 => Wire::Number(self.varint()?),
            1 => Wire::Number(self.fixed(8)?),
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| "length out of range")?;
                Wire::Bytes(self.take(length)?)
            }
            5 => Wire::Number(self.fixed(4)?),
            _ => return Err("unknown wire type"),
        };
        Ok(Some((number, content)))
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], &'static str> {
        let (head, tail) = self.0.split_at_checked(length).ok_or("cut short")?;
        self.0 = tail;
        Ok(head)
    }

    fn fixed(&mut self, length: usize) -> Result<u64, &'static str> {
        let bytes = self.take(length)?;
        Ok(bytes.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
    }

    fn varint(&mut self) -> Result<u64, &'static str> {
        let mut value = 0;
        // A 64-bit varint has at most ten bytes.
        for shift in (0..70).step_by(7) {
            let byte = *self.take(1)?.first().ok_or("cut short")?;
            if shift < 64 {
                value |= u64::from(byte & 0x7f) << shift;
            }
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err("varint too long")
    }
}
