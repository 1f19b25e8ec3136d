//! A Redis that answers as a test says, for errors that are hard to provoke in a real one.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A command as it came over the wire, its name first.
pub type Received = Vec<Vec<u8>>;

/// What to do about a command.
pub enum Answer {
    /// Send these bytes, which are a reply in the protocol's second version.
    Reply(String),
    /// Close the connection without an answer.
    HangUp,
    /// Never answer.
    Silence,
}

impl Answer {
    /// An error reply.
    pub fn error(text: &str) -> Self {
        Self::Reply(format!("-{text}\r\n"))
    }

    /// A string reply.
    pub fn bulk(text: &str) -> Self {
        Self::Reply(format!("${}\r\n{text}\r\n", text.len()))
    }
}

/// A server whose answers a closure gives. What a client says to introduce itself is answered `OK` by itself.
pub struct Scripted {
    /// Its port on loopback.
    pub port: u16,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Scripted {
    /// Starts one. `answer` gets each command and its number, counted from 0.
    ///
    /// # Panics
    /// When it cannot listen.
    pub fn new(answer: impl Fn(usize, &Received) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let received = Arc::<Mutex<Vec<Received>>>::default();
        let (log, answer) = (received.clone(), Arc::new(answer));
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let (log, answer) = (log.clone(), answer.clone());
                thread::spawn(move || serve(&connection, &log, &*answer));
            }
        });
        Self { port, received }
    }

    /// The commands so far, without the introductions.
    ///
    /// # Panics
    /// When a closure of the test panicked.
    pub fn received(&self) -> Vec<Received> {
        self.received.lock().expect("no closure panicked").clone()
    }
}

fn serve(connection: &TcpStream, log: &Mutex<Vec<Received>>, answer: &dyn Fn(usize, &Received) -> Answer) {
    let mut reader = BufReader::new(connection);
    while let Some(command) = read_command(&mut reader) {
        let introduction = [&b"AUTH"[..], b"CLIENT", b"SELECT"];
        let reply = if introduction.contains(&command[0].as_slice()) {
            Answer::Reply("+OK\r\n".to_owned())
        } else {
            let number = {
                let mut log = log.lock().expect("no closure panicked");
                log.push(command.clone());
                log.len() - 1
            };
            answer(number, &command)
        };
        match reply {
            Answer::Reply(bytes) => {
                let mut writer = connection;
                if writer.write_all(bytes.as_bytes()).is_err() {
                    return;
                }
            }
            Answer::HangUp => return,
            Answer::Silence => {}
        }
    }
}

/// An array of strings; nothing where the connection ended.
fn read_command(reader: &mut impl BufRead) -> Option<Received> {
    (0..read_number(reader, '*')?)
        .map(|_| {
            let mut argument = vec![0; read_number(reader, '$')? + 2];
            reader.read_exact(&mut argument).ok()?;
            argument.truncate(argument.len() - 2);
            Some(argument)
        })
        .collect()
}

fn read_number(reader: &mut impl BufRead, kind: char) -> Option<usize> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    line.strip_prefix(kind)?.trim_end().parse().ok()
}
