//! A connection with a deadline that keeps the first bytes that it receives.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// Enough to tell HTTP, HTTP/2 and TLS from each other and from anything else.
const REMEMBERED: usize = 64;

pub(super) struct Wire {
    stream: TcpStream,
    deadline: Instant,
    pub(super) heard: Vec<u8>,
    /// The other side has closed the connection, or broken it off.
    pub(super) is_closed: bool,
}

impl Wire {
    pub(super) fn connect(address: SocketAddr, timeout: Duration) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, timeout)?;
        // Small messages that wait for an answer.
        stream.set_nodelay(true)?;
        Ok(Self { stream, deadline: super::deadline(timeout), heard: Vec::new(), is_closed: false })
    }

    /// Waits no longer than that from now on; until when it would have waited.
    pub(super) fn wait_at_most(&mut self, timeout: Duration) -> Instant {
        let sooner = self.deadline.min(super::deadline(timeout));
        std::mem::replace(&mut self.deadline, sooner)
    }

    /// Waits until then.
    pub(super) fn wait_until(&mut self, deadline: Instant) {
        self.deadline = deadline;
    }

    fn left(&self) -> io::Result<Duration> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        // A timeout of zero would be none at all.
        if left.is_zero() { Err(ErrorKind::TimedOut.into()) } else { Ok(left) }
    }

    fn note_end(&mut self, error: &io::Error) {
        self.is_closed |= matches!(
            error.kind(),
            ErrorKind::ConnectionReset
                | ErrorKind::ConnectionAborted
                | ErrorKind::BrokenPipe
                | ErrorKind::NotConnected
        );
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(self.left()?))?;
        match self.stream.read(buffer) {
            Ok(read) => {
                self.is_closed |= read == 0;
                let room = REMEMBERED - self.heard.len();
                self.heard.extend(&buffer[..read.min(room)]);
                Ok(read)
            }
            Err(e) if e.kind() == ErrorKind::WouldBlock => Err(ErrorKind::TimedOut.into()),
            Err(e) => {
                self.note_end(&e);
                Err(e)
            }
        }
    }
}

impl Write for Wire {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(self.left()?))?;
        let written = self.stream.write(buffer);
        if let Err(e) = &written {
            self.note_end(e);
        }
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// The beginning of what was heard, up to the first line break.
pub(super) fn first_line(heard: &[u8]) -> String {
    let line = heard.split(|&byte| byte == b'\r' || byte == b'\n').next().unwrap_or_default();
    let line = if line.is_empty() { heard } else { line };
    String::from_utf8_lossy(&line[..line.len().min(32)]).into_owned()
}
