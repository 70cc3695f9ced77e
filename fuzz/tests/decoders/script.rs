//! Scripts: the fuzzer's bytes, read as decisions about how to spoil a valid sample.
//!
//! Reading past the end gives zeros, so every byte string is a script and a shorter one is a
//! simpler one.

use crate::words;

/// Edits of one sample at most.
const MAX_EDITS: usize = 8;
/// Largest spoiled sample, in bytes, so that repeating does not run away.
const MAX_BYTES: usize = 1024 * 1024;

/// A script, and how far it was read.
#[derive(Debug, Clone)]
pub(crate) struct Script<'a> {
    rest: &'a [u8],
}

impl<'a> Script<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.rest.split_first() else { return 0 };
        self.rest = rest;
        *first
    }

    /// A number below `end`; 0 when `end` is.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        let number = match end {
            0..=1 => return 0,
            2..=0x100 => usize::from(self.byte()),
            _ => (0..3).fold(0, |number, _| number << 8 | usize::from(self.byte())),
        };
        number % end
    }

    /// True once in `times`, and never at the end of the script.
    pub(crate) fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == times - 1
    }

    pub(crate) fn pick<'p, T>(&mut self, choices: &'p [T]) -> &'p T {
        &choices[self.below(choices.len())]
    }

    /// Some bytes of the script itself.
    pub(crate) fn bytes(&mut self, max: usize) -> &'a [u8] {
        let len = self.below(max + 1).min(self.rest.len());
        let (bytes, rest) = self.rest.split_at(len);
        self.rest = rest;
        bytes
    }

    /// What is left, whole.
    pub(crate) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    /// Text made of `words` and of the script's own bytes.
    pub(crate) fn text(&mut self, words: &[&str], max_words: usize) -> String {
        let mut text = String::new();
        for _ in 0..self.below(max_words + 1) {
            if self.one_in(8) {
                text.push_str(&String::from_utf8_lossy(self.bytes(6)));
            } else {
                let word = self.pick(words);
                text.push_str(word);
            }
        }
        text
    }

    /// Cuts `bytes` into up to nine pieces; some may be empty.
    pub(crate) fn cut<'b>(&mut self, bytes: &'b [u8]) -> Vec<&'b [u8]> {
        let mut cuts: Vec<usize> =
            (0..self.below(9)).map(|_| self.below(bytes.len() + 1)).collect();
        cuts.sort_unstable();
        cuts.push(bytes.len());
        let mut start = 0;
        cuts.into_iter().map(|cut| &bytes[std::mem::replace(&mut start, cut)..cut]).collect()
    }

    /// A sample after some edits; now and then unspoiled, now and then the script itself.
    ///
    /// * `tokens`: byte strings that mean something in the sample's format.
    pub(crate) fn spoil(&mut self, sample: &[u8], tokens: &[&[u8]]) -> Vec<u8> {
        if self.one_in(32) {
            return self.rest().to_vec();
        }
        let mut bytes = sample.to_vec();
        for _ in 0..self.below(MAX_EDITS + 1) {
            self.edit(&mut bytes, tokens);
            bytes.truncate(MAX_BYTES);
        }
        bytes
    }

    /// A text after some edits that leave it UTF-8.
    pub(crate) fn spoil_text(&mut self, sample: &str, tokens: &[&[u8]]) -> String {
        String::from_utf8_lossy(&self.spoil(sample.as_bytes(), tokens)).into_owned()
    }

    fn edit(&mut self, bytes: &mut Vec<u8>, tokens: &[&[u8]]) {
        let at = self.below(bytes.len() + 1);
        let end = (at + self.below(64)).min(bytes.len());
        let kind = self.below(10);
        match kind {
            0 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << self.below(8);
                }
            }
            1 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = self.byte();
                }
            }
            2 => drop(bytes.drain(at..end)),
            3 => {
                let part = bytes[at..end].to_vec();
                for _ in 0..=self.below(4) {
                    bytes.splice(at..at, part.iter().copied());
                }
            }
            4 | 5 => drop(bytes.splice(at..at, self.pick(tokens).iter().copied())),
            6 => drop(bytes.splice(at..end, self.pick(tokens).iter().copied())),
            7 => {
                // A number that a length or an offset might be.
                let number = *self.pick(words::NUMBERS);
                let width = *self.pick(&[1, 2, 4, 8]);
                for (place, value) in
                    bytes.iter_mut().skip(at).take(width).zip(number.to_le_bytes())
                {
                    *place = value;
                }
            }
            8 => {
                let part = bytes[at..end].to_vec();
                let to = self.below(bytes.len() + 1);
                bytes.splice(to..to, part);
            }
            _ => bytes.truncate(at),
        }
    }
}

/// SplitMix64: small, and the same everywhere.
#[derive(Debug)]
pub(crate) struct SplitMix {
    state: u64,
}

impl SplitMix {
    /// A stream that depends on the seed and on a name (FNV-1a).
    pub(crate) fn new(seed: u128, name: &str) -> Self {
        let bytes = seed.to_le_bytes().into_iter().chain(name.bytes());
        let state = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self { state }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(count + 8);
        while bytes.len() < count {
            bytes.extend(self.next().to_le_bytes());
        }
        bytes.truncate(count);
        bytes
    }
}
