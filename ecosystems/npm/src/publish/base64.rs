//! Base64 that arrives in pieces.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use vouchsafe_adapter::WireError;
use vouchsafe_adapter::body::UploadSink;

/// Characters decoded at once: a multiple of four.
const BLOCK_CHARS: usize = 16 * 1024;

/// Decodes RFC 4648 base64 with its padding, as it comes, into an [`UploadSink`].
#[derive(Debug, Default)]
pub(super) struct Base64Stream {
    /// The characters behind the last whole group of four.
    carry: [u8; 4],
    carry_len: usize,
    has_ended: bool,
}

impl Base64Stream {
    /// Takes further characters.
    pub(super) fn feed(
        &mut self,
        mut text: &[u8],
        sink: &mut dyn UploadSink,
    ) -> Result<(), WireError> {
        if self.carry_len > 0 {
            let wanted = (self.carry.len() - self.carry_len).min(text.len());
            let (head, rest) = text.split_at(wanted);
            self.take_carry(head);
            text = rest;
            if self.carry_len == self.carry.len() {
                let group = self.carry;
                self.carry_len = 0;
                self.decode(&group, sink)?;
            }
        }
        let (whole, rest) = text.split_at(text.len() - text.len() % 4);
        for block in whole.chunks(BLOCK_CHARS) {
            self.decode(block, sink)?;
        }
        self.take_carry(rest);
        Ok(())
    }

    /// No more characters: they must have come in whole groups.
    pub(super) fn finish(&mut self) -> Result<(), WireError> {
        if self.carry_len > 0 {
            return Err(refuse());
        }
        self.has_ended = true;
        Ok(())
    }

    fn take_carry(&mut self, text: &[u8]) {
        for (slot, byte) in self.carry.iter_mut().skip(self.carry_len).zip(text) {
            *slot = *byte;
        }
        self.carry_len += text.len();
    }

    /// Decodes whole groups.
    fn decode(&mut self, groups: &[u8], sink: &mut dyn UploadSink) -> Result<(), WireError> {
        if self.has_ended {
            return Err(refuse());
        }
        let mut bytes = [0; BLOCK_CHARS / 4 * 3];
        let len = STANDARD.decode_slice(groups, &mut bytes).map_err(|_| refuse())?;
        self.has_ended = len < groups.len() / 4 * 3;
        sink.write(bytes.get(..len).unwrap_or_default());
        Ok(())
    }
}

/// One text for every way to be wrong: which one is met first depends on how the body is cut.
fn refuse() -> WireError {
    WireError::malformed("attachment", "it is not base64 of the standard alphabet with padding")
}
