//! What the tests of this crate share: requests, tarballs and a sink, all made from literals.

use std::io::{Cursor, Write as _};
use std::sync::Arc;

use http::{HeaderMap, HeaderValue, Method};
use vouchsafe_adapter::body::{BodyDecoder, UploadSink};
use vouchsafe_adapter::ecosystem::ArtifactBytes;
use vouchsafe_adapter::{Decoded, Mount, WireError, WireRequest};
use vouchsafe_domain::call::Call;

/// A request that owns its parts.
pub(crate) struct Asked {
    method: Method,
    segments: Vec<String>,
    query: Vec<(String, String)>,
    headers: HeaderMap,
    mount: Mount,
}

impl Asked {
    /// * `path`: below the mount; `%2f` stays inside its segment, as on the wire.
    pub(crate) fn new(method: &str, path: &str) -> Self {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let segments = path.split('/').filter(|segment| !segment.is_empty());
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        Self {
            method: method.parse().unwrap(),
            segments: segments.map(|s| s.replace("%2f", "/").replace("%2F", "/")).collect(),
            query: pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
            headers: HeaderMap::new(),
            mount: Mount {
                base_url: Arc::from("https://registry.example/npm"),
                site_url: Arc::from("https://registry.example"),
                auth_required: false,
            },
        }
    }

    pub(crate) fn accept(mut self, value: &'static str) -> Self {
        self.headers.insert("accept", HeaderValue::from_static(value));
        self
    }

    pub(crate) fn request(&self) -> WireRequest<'_> {
        WireRequest {
            method: &self.method,
            segments: &self.segments,
            has_trailing_slash: false,
            query: &self.query,
            headers: &self.headers,
            mount: &self.mount,
        }
    }

    /// Decodes a request whose body, if it has one, comes in pieces of `piece_bytes`.
    pub(crate) fn decode_in_pieces(
        &self,
        body: &[u8],
        piece_bytes: usize,
    ) -> Result<(Call, Vec<Vec<u8>>), WireError> {
        match crate::wire::decode(&self.request())? {
            Decoded::Call(call) => Ok((call, Vec::new())),
            Decoded::Body(decoder) => feed(decoder, body, piece_bytes),
            Decoded::Fixed { .. } => panic!("a fixed answer, where a call was expected"),
        }
    }

    pub(crate) fn decode(&self, body: &str) -> Result<(Call, Vec<Vec<u8>>), WireError> {
        self.decode_in_pieces(body.as_bytes(), usize::MAX)
    }
}

fn feed(
    mut decoder: Box<dyn BodyDecoder>,
    body: &[u8],
    piece_bytes: usize,
) -> Result<(Call, Vec<Vec<u8>>), WireError> {
    let mut files = Files::default();
    for piece in body.chunks(piece_bytes.max(1)) {
        decoder.push(piece, &mut files)?;
    }
    let call = decoder.finish(&mut files)?;
    Ok((call, files.0))
}

/// A sink that keeps everything.
#[derive(Default)]
pub(crate) struct Files(pub(crate) Vec<Vec<u8>>);

impl UploadSink for Files {
    fn begin(&mut self) {
        self.0.push(Vec::new());
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.last_mut().unwrap().extend_from_slice(bytes);
    }
}

/// A `.tgz` of these files.
pub(crate) fn tarball(files: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, content) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        archive.append_data(&mut header, path, content.as_bytes()).unwrap();
    }
    let tar = archive.into_inner().unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(&tar).unwrap();
    gzip.finish().unwrap()
}

/// Bytes as `inspect` gets them.
pub(crate) fn artifact(bytes: Vec<u8>) -> Box<dyn ArtifactBytes> {
    Box::new(Cursor::new(bytes))
}
