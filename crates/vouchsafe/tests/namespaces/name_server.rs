//! A scripted name server on loopback: answers what it was told about TXT records.

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What it says about a domain.
#[derive(Debug, Clone)]
pub(crate) enum Says {
    /// These TXT records, each as one or more strings.
    Texts(Vec<Vec<Vec<u8>>>),
    /// An alias to another name, which has this record.
    Alias(String, String),
    /// These records, over TCP: they are too many for one datagram.
    Long(Vec<Vec<Vec<u8>>>),
    /// This response code and no record.
    Code(u8),
    /// Bytes that are no answer.
    Garbage,
}

impl Says {
    pub(crate) fn text(text: &str) -> Self {
        Self::Texts(vec![vec![text.as_bytes().to_vec()]])
    }
}

/// The name server. Ends with the value.
pub(crate) struct NameServer {
    address: SocketAddr,
    script: Arc<Mutex<HashMap<String, Says>>>,
    asked: Arc<Mutex<Vec<String>>>,
    is_over: Arc<AtomicBool>,
}

impl NameServer {
    /// Starts one that knows no domain.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let socket = UdpSocket::bind(listener.local_addr().unwrap()).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        let server = Self {
            address: socket.local_addr().unwrap(),
            script: Arc::default(),
            asked: Arc::default(),
            is_over: Arc::default(),
        };
        // It ends with the process: nothing ever connects to it again.
        let script = Arc::clone(&server.script);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut length = [0; 2];
                let Ok(()) = stream.read_exact(&mut length) else { continue };
                let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
                let Ok(()) = stream.read_exact(&mut message) else { continue };
                let Some((name, question)) = question_of(&message) else { continue };
                let says = script.lock().unwrap().get(&name).cloned().unwrap_or(Says::Code(3));
                let says = match says {
                    Says::Long(texts) => Says::Texts(texts),
                    other => other,
                };
                let answer = answer(&message[..2], &question, &says);
                let length = u16::try_from(answer.len()).unwrap().to_be_bytes();
                let _ = stream.write_all(&[&length[..], &answer[..]].concat());
            }
        });
        let (script, asked) = (Arc::clone(&server.script), Arc::clone(&server.asked));
        let is_over = Arc::clone(&server.is_over);
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while !is_over.load(Ordering::Relaxed) {
                let Ok((length, peer)) = socket.recv_from(&mut buffer) else { continue };
                let Some((name, question)) = question_of(&buffer[..length]) else { continue };
                asked.lock().unwrap().push(name.clone());
                let says = script.lock().unwrap().get(&name).cloned().unwrap_or(Says::Code(3));
                let _ = socket.send_to(&answer(&buffer[..2], &question, &says), peer);
            }
        });
        server
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it says about a domain from now on.
    pub(crate) fn on(&self, domain: &str, says: Says) {
        self.script.lock().unwrap().insert(domain.to_owned(), says);
    }

    /// Domains it was asked about.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

/// The name asked for, and the bytes of the question.
fn question_of(message: &[u8]) -> Option<(String, Vec<u8>)> {
    let mut labels = Vec::new();
    let mut at = 12;
    while *message.get(at)? != 0 {
        let length = usize::from(message[at]);
        labels.push(String::from_utf8_lossy(message.get(at + 1..at + 1 + length)?).to_lowercase());
        at += length + 1;
    }
    Some((labels.join("."), message.get(12..at + 5)?.to_vec()))
}

fn answer(id: &[u8], question: &[u8], says: &Says) -> Vec<u8> {
    // A pointer to the name in the question.
    let own_name = vec![0xc0, 0x0c];
    let is_cut = matches!(says, Says::Long(_));
    let (code, records) = match says {
        Says::Long(_) => (0, Vec::new()),
        Says::Texts(texts) => {
            (0, texts.iter().map(|strings| record(&own_name, 16, &strings_of(strings))).collect())
        }
        Says::Alias(target, text) => {
            let target = name_of(target);
            let strings = strings_of(&[text.as_bytes().to_vec()]);
            (0, vec![record(&own_name, 5, &target), record(&target, 16, &strings)])
        }
        Says::Code(code) => (*code, Vec::new()),
        Says::Garbage => return [id, &[0xff; 40]].concat(),
    };
    let count = u16::try_from(records.len()).unwrap().to_be_bytes();
    let mut message =
        [id, &[0x81 | u8::from(is_cut) << 1, 0x80 | code, 0, 1], &count, &[0, 0, 0, 0]].concat();
    message.extend_from_slice(question);
    records.iter().for_each(|record: &Vec<u8>| message.extend_from_slice(record));
    message
}

fn record(name: &[u8], kind: u8, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap().to_be_bytes();
    [name, &[0, kind, 0, 1, 0, 0, 14, 16], &length, data].concat()
}

fn strings_of(strings: &[Vec<u8>]) -> Vec<u8> {
    strings
        .iter()
        .flat_map(|part| [&[u8::try_from(part.len()).unwrap()], &part[..]].concat())
        .collect()
}

fn name_of(domain: &str) -> Vec<u8> {
    let labels = domain
        .split('.')
        .flat_map(|label| [&[u8::try_from(label.len()).unwrap()], label.as_bytes()].concat());
    labels.chain([0]).collect()
}
