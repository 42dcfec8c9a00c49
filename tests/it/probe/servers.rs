//! Servers that end with the test.

use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::support::Sandbox;

/// `openssl s_server`. What it has to say to HTTP/2 is nonsense, so that no test has to wait for an answer.
pub(super) struct OpenSsl {
    child: Child,
    pub(super) port: u16,
}

impl OpenSsl {
    /// In the directory, with its server.pem and server.key.
    pub(super) fn start(set: &Sandbox, flags: &str) -> Self {
        for _ in 0..5 {
            let port = free_port();
            let child = Command::new("openssl")
                .args(["s_server", "-rev", "-cert", "server.pem", "-key", "server.key", "-accept"])
                .arg(format!("127.0.0.1:{port}"))
                .args(flags.split_whitespace())
                .current_dir(set.path())
                // It ends when its standard input does.
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let mut server = Self { child, port };
            if server.is_up() {
                return server;
            }
        }
        panic!("openssl s_server {flags} does not start");
    }

    /// False if it has ended: the port may have been taken meanwhile.
    fn is_up(&mut self) -> bool {
        for _ in 0..1000 {
            if self.child.try_wait().unwrap().is_some() {
                return false;
            }
            if TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok() {
                return self.child.try_wait().unwrap().is_none();
            }
            thread::sleep(Duration::from_millis(10));
        }
        false
    }

    pub(super) fn target(&self) -> String {
        format!("localhost:{}", self.port)
    }
}

impl Drop for OpenSsl {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// A server of this process; each connection has a thread, which ends when the other side does.
pub(super) struct Tcp {
    pub(super) port: u16,
}

impl Tcp {
    pub(super) fn start(talk: impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static) -> Self {
        Self::start_at(Ipv4Addr::LOCALHOST.into(), talk).unwrap()
    }

    pub(super) fn start_at(
        address: IpAddr,
        talk: impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind((address, 0))?;
        let port = listener.local_addr()?.port();
        let talk = Arc::new(talk);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let talk = talk.clone();
                // The other side may break off whenever it likes.
                thread::spawn(move || drop(talk(stream)));
            }
        });
        Ok(Self { port })
    }

    pub(super) fn target(&self) -> String {
        format!("localhost:{}", self.port)
    }
}

/// Listens until the other side has gone.
pub(super) fn hear_out(mut stream: &TcpStream) -> io::Result<()> {
    let mut buffer = [0; 4096];
    while stream.read(&mut buffer)? > 0 {}
    Ok(())
}

/// Hands everything on to that port, and back.
pub(super) fn relay(near: &TcpStream, port: u16) -> io::Result<()> {
    let far = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    let (mut near_in, mut far_out) = (near.try_clone()?, far.try_clone()?);
    let there = thread::spawn(move || {
        let _ = io::copy(&mut near_in, &mut far_out);
        let _ = far_out.shutdown(Shutdown::Both);
    });
    let _ = io::copy(&mut &far, &mut &*near);
    let _ = near.shutdown(Shutdown::Both);
    there.join().map_err(|_| io::ErrorKind::Other.into())
}

/// A port where nothing listens, and nothing can begin to: it is the near end of a connection.
pub(super) struct Nobody {
    _listener: TcpListener,
    held: TcpStream,
}

impl Nobody {
    pub(super) fn new() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let held = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        Self { _listener: listener, held }
    }

    pub(super) fn port(&self) -> u16 {
        self.held.local_addr().unwrap().port()
    }
}
