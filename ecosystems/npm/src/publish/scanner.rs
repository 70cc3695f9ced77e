//! Finds `_attachments.<file>.data` in a JSON object that arrives in pieces.
//!
//! A hand-written scanner, because a parser would hold hundreds of megabytes of base64. It
//! understands just enough of JSON to know where it is: strings, nesting, keys. Whatever is not
//! attachment data is copied, with `""` in place of the data; that copy is JSON exactly when the
//! body is, and is parsed in full afterwards. So on a body that is not JSON the scanner may be
//! wrong, and nothing it did then is used.

use memchr::memchr2;
use vouchsafe_adapter::WireError;
use vouchsafe_adapter::body::UploadSink;

use super::base64::Base64Stream;

/// Deepest nesting accepted; `serde_json`, which reads the copy, stops at the same depth.
const MAX_DEPTH: usize = 127;
/// Longest key that is looked at, in bytes as written. An attachment's key is a file name.
const MAX_KEY_BYTES: usize = 2048;

/// What is left of a body when the data of attachments is out of it.
#[derive(Debug)]
pub(super) struct Scanned {
    /// The body as JSON, not yet parsed, with empty strings for the data.
    pub(super) metadata: Vec<u8>,
    /// The key of the attachment whose data went to the sink.
    pub(super) tarball: Option<String>,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Structure,
    Text { is_key: bool, is_escaped: bool },
    Data { is_escaped: bool },
}

/// The scanner. See the module.
#[derive(Debug)]
pub(super) struct AttachmentScanner {
    limit_bytes: usize,
    metadata: Vec<u8>,
    state: State,
    depth: usize,
    /// Bit `n` says whether nesting level `n` is an object.
    objects: u128,
    /// Whether the next string is a key.
    expects_key: bool,
    /// The key being read, as written, without quotes; `None` once it is too long.
    key: Option<Vec<u8>>,
    has_attachments: bool,
    /// Whether the last key of level 1 was `_attachments`.
    in_attachments: bool,
    /// The last key of level 2 inside `_attachments`.
    attachment: Option<String>,
    /// Whether the last key of level 3 inside an attachment was `data`.
    next_is_data: bool,
    data: Base64Stream,
    tarball: Option<String>,
}

impl AttachmentScanner {
    /// * `limit_bytes`: most bytes kept of what is not attachment data.
    pub(super) fn new(limit_bytes: usize) -> Self {
        Self {
            limit_bytes,
            metadata: Vec::new(),
            state: State::Structure,
            depth: 0,
            objects: 0,
            expects_key: false,
            key: None,
            has_attachments: false,
            in_attachments: false,
            attachment: None,
            next_is_data: false,
            data: Base64Stream::default(),
            tarball: None,
        }
    }

    /// Takes the next bytes of the body.
    pub(super) fn push(
        &mut self,
        mut chunk: &[u8],
        sink: &mut dyn UploadSink,
    ) -> Result<(), WireError> {
        while !chunk.is_empty() {
            let taken = match self.state {
                State::Structure => self.structure(chunk, sink)?,
                State::Text { is_key, is_escaped } => self.text(chunk, is_key, is_escaped)?,
                State::Data { is_escaped } => self.data(chunk, is_escaped, sink)?,
            };
            chunk = chunk.get(taken..).unwrap_or_default();
        }
        Ok(())
    }

    /// The body is complete.
    pub(super) fn finish(self) -> Result<Scanned, WireError> {
        if !matches!(self.state, State::Structure) || self.depth > 0 {
            return Err(WireError::Truncated { part: "JSON document" });
        }
        Ok(Scanned { metadata: self.metadata, tarball: self.tarball })
    }

    /// Reads up to and with the next opening quote. Returns how many bytes that were.
    fn structure(&mut self, chunk: &[u8], sink: &mut dyn UploadSink) -> Result<usize, WireError> {
        for (index, byte) in chunk.iter().enumerate() {
            match byte {
                b'"' => {
                    self.keep(chunk.get(..index).unwrap_or_default())?;
                    self.open_string(sink)?;
                    return Ok(index + 1);
                }
                b'{' | b'[' => self.open(*byte == b'{')?,
                b'}' | b']' => self.close()?,
                b',' => self.expects_key = self.is_object(),
                b':' => self.expects_key = false,
                _ => {}
            }
        }
        self.keep(chunk)?;
        Ok(chunk.len())
    }

    fn open(&mut self, is_object: bool) -> Result<(), WireError> {
        if self.depth == MAX_DEPTH {
            return Err(WireError::malformed("JSON document", "it is nested too deeply"));
        }
        if self.depth == 0 && !is_object {
            // `serde` would read a list as if its items were the fields in their order.
            return Err(WireError::malformed("JSON document", "it is not an object"));
        }
        self.depth += 1;
        let bit = 1_u128 << self.depth;
        self.objects = if is_object { self.objects | bit } else { self.objects & !bit };
        self.expects_key = is_object;
        self.next_is_data = false;
        Ok(())
    }

    fn close(&mut self) -> Result<(), WireError> {
        let Some(outer) = self.depth.checked_sub(1) else {
            return Err(WireError::malformed("JSON document", "it closes more than it opens"));
        };
        self.depth = outer;
        self.expects_key = false;
        self.next_is_data = false;
        Ok(())
    }

    fn is_object(&self) -> bool {
        self.objects >> self.depth & 1 == 1
    }

    fn open_string(&mut self, sink: &mut dyn UploadSink) -> Result<(), WireError> {
        if self.next_is_data && self.depth == 3 {
            return self.open_data(sink);
        }
        self.keep(b"\"")?;
        self.key = self.expects_key.then(Vec::new);
        self.state = State::Text { is_key: self.expects_key, is_escaped: false };
        Ok(())
    }

    fn open_data(&mut self, sink: &mut dyn UploadSink) -> Result<(), WireError> {
        let name = self.attachment.clone().unwrap_or_default();
        if name.ends_with(".sigstore") {
            // Accepting the tarball and dropping its provenance would be a lie to its users.
            return Err(WireError::NotImplemented {
                what: "checking a provenance bundle (publish with `--provenance=false`)",
            });
        }
        if self.tarball.is_some() {
            return Err(WireError::malformed("request body", "it has more than one tarball"));
        }
        self.keep(b"\"\"")?;
        self.tarball = Some(name);
        self.next_is_data = false;
        self.state = State::Data { is_escaped: false };
        sink.begin();
        Ok(())
    }

    fn text(&mut self, chunk: &[u8], is_key: bool, is_escaped: bool) -> Result<usize, WireError> {
        if is_escaped {
            self.state = State::Text { is_key, is_escaped: false };
            return self.keep_text(chunk, 1);
        }
        let Some(index) = memchr2(b'"', b'\\', chunk) else {
            return self.keep_text(chunk, chunk.len());
        };
        if chunk.get(index) == Some(&b'\\') {
            self.state = State::Text { is_key, is_escaped: true };
            return self.keep_text(chunk, index + 1);
        }
        self.keep_text(chunk, index)?;
        self.keep(b"\"")?;
        self.state = State::Structure;
        if is_key {
            self.close_key()?;
        }
        Ok(index + 1)
    }

    fn keep_text(&mut self, chunk: &[u8], len: usize) -> Result<usize, WireError> {
        let part = chunk.get(..len).unwrap_or_default();
        if let Some(key) = &mut self.key {
            if key.len() + part.len() > MAX_KEY_BYTES {
                self.key = None;
            } else {
                key.extend_from_slice(part);
            }
        }
        self.keep(part)?;
        Ok(len)
    }

    fn close_key(&mut self) -> Result<(), WireError> {
        self.expects_key = false;
        self.next_is_data = false;
        if self.depth > 3 {
            return Ok(());
        }
        let key = self.key.take().and_then(|raw| decode_key(&raw));
        match self.depth {
            1 => {
                self.attachment = None;
                self.in_attachments = key.as_deref() == Some("_attachments");
                if self.in_attachments && std::mem::replace(&mut self.has_attachments, true) {
                    return Err(WireError::malformed("request body", "`_attachments` comes twice"));
                }
            }
            2 if self.in_attachments => {
                let Some(name) = key else {
                    return Err(WireError::malformed("attachment name", "it is too long"));
                };
                self.attachment = Some(name);
            }
            3 if self.attachment.is_some() => {
                self.next_is_data = key.as_deref() == Some("data");
            }
            _ => {}
        }
        Ok(())
    }

    fn data(
        &mut self,
        chunk: &[u8],
        is_escaped: bool,
        sink: &mut dyn UploadSink,
    ) -> Result<usize, WireError> {
        if is_escaped {
            // The only escape that stands for a base64 character and that writers do use.
            if chunk.first() != Some(&b'/') {
                return Err(WireError::malformed("attachment", "it holds an escape sequence"));
            }
            self.state = State::Data { is_escaped: false };
            self.data.feed(b"/", sink)?;
            return Ok(1);
        }
        let Some(index) = memchr2(b'"', b'\\', chunk) else {
            self.data.feed(chunk, sink)?;
            return Ok(chunk.len());
        };
        self.data.feed(chunk.get(..index).unwrap_or_default(), sink)?;
        if chunk.get(index) == Some(&b'\\') {
            self.state = State::Data { is_escaped: true };
        } else {
            self.data.finish()?;
            self.state = State::Structure;
        }
        Ok(index + 1)
    }

    fn keep(&mut self, bytes: &[u8]) -> Result<(), WireError> {
        if self.metadata.len().saturating_add(bytes.len()) > self.limit_bytes {
            let limit_bytes = self.limit_bytes as u64;
            return Err(WireError::TooLarge { part: "metadata beside the tarball", limit_bytes });
        }
        self.metadata.extend_from_slice(bytes);
        Ok(())
    }
}

/// The text of a key as written between its quotes, with escapes resolved.
fn decode_key(raw: &[u8]) -> Option<String> {
    let mut quoted = Vec::with_capacity(raw.len() + 2);
    quoted.push(b'"');
    quoted.extend_from_slice(raw);
    quoted.push(b'"');
    serde_json::from_slice(&quoted).ok()
}
