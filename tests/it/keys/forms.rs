//! Forms of a key file that no run can use.

use std::fs;

use super::shell;
use crate::support::{Sandbox, has};

/// A form, made of key.pem in the directory: P-256 in PKCS#8.
pub(super) struct Form {
    /// What the error calls it.
    pub(super) said: &'static str,
    /// Makes `made` of key.pem (and of cert.pem, which is for it).
    make: Make,
    /// Tools beside openssl that making or converting takes.
    tools: &'static [&'static str],
    /// Puts the password where the tool would ask for it, in the line that converts.
    pub(super) answers: &'static [(&'static str, &'static str)],
}

enum Make {
    /// By a shell's line.
    Line(&'static str),
    /// By hand.
    Hand(fn(&str) -> Vec<u8>),
}

use Make::{Hand, Line};

impl Form {
    /// The bytes; none where a tool is missing.
    pub(super) fn bytes(&self, sandbox: &Sandbox) -> Option<Vec<u8>> {
        match self.make {
            Hand(make) => Some(make(&sandbox.read("key.pem"))),
            Line(line) => {
                if !self.can_convert() {
                    return None;
                }
                shell(sandbox, line).unwrap();
                let bytes = fs::read(sandbox.file("made")).unwrap();
                sandbox.remove("made");
                Some(bytes)
            }
        }
    }

    /// True if the tools are there.
    pub(super) fn can_convert(&self) -> bool {
        self.tools.iter().chain(&["openssl"]).all(|tool| has(tool))
    }
}

const P12: &[(&str, &str)] = &[(" -nodes", " -nodes -passin pass:changeit")];
const PKEY: &[(&str, &str)] = &[("openssl pkey", "openssl pkey -passin pass:x")];
const STORE: &[(&str, &str)] = &[
    ("-importkeystore", "-importkeystore -noprompt -srcstorepass changeit -deststorepass changeit"),
    (" -nodes", " -nodes -passin pass:changeit"),
];

fn form(said: &'static str, make: Make, answers: &'static [(&'static str, &'static str)]) -> Form {
    Form { said, make, tools: &[], answers }
}

fn by(tools: &'static [&'static str], form: Form) -> Form {
    Form { tools, ..form }
}

fn der(pem: &str) -> Vec<u8> {
    pem::parse(pem).unwrap().into_contents()
}

fn utf16(pem: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    pem.encode_utf16().flat_map(unit).collect()
}

/// Those that a line converts.
pub(super) fn convertible() -> Vec<Form> {
    [encodings(), stores(), locked()].into_iter().flatten().collect()
}

fn encodings() -> Vec<Form> {
    vec![
        form("a private key in DER", Hand(der), &[]),
        form(
            "a private key in DER",
            Line("openssl pkey -in key.pem -traditional -outform DER -out made"),
            &[],
        ),
        form("UTF-16 text", Hand(|pem| utf16(&format!("\u{feff}{pem}"), u16::to_le_bytes)), &[]),
        form("UTF-16 text", Hand(|pem| utf16(&format!("\u{feff}{pem}"), u16::to_be_bytes)), &[]),
        form("UTF-16 text", Hand(|pem| utf16(&pem.replace('\n', "\r\n"), u16::to_le_bytes)), &[]),
        form("UTF-16 text", Hand(|pem| utf16(pem, u16::to_be_bytes)), &[]),
        form(
            "base64 without BEGIN and END lines",
            Hand(|pem| {
                pem.lines().filter(|line| !line.contains("-----")).collect::<Vec<_>>().join("\n").into()
            }),
            &[],
        ),
        form("the base64 of a PEM file", Line("base64 -w0 < key.pem > made"), &[]),
        form("the base64 of a PEM file", Line("base64 < key.pem > made"), &[]),
        form("PEM whose line breaks are written \\n", Hand(|pem| pem.replace('\n', "\\n").into()), &[]),
    ]
}

fn stores() -> Vec<Form> {
    vec![
        form(
            "a PKCS#12 key store",
            Line("openssl pkcs12 -export -inkey key.pem -in cert.pem -passout pass:changeit -out made"),
            P12,
        ),
        form(
            "a PKCS#12 key store",
            Line(
                "openssl pkcs12 -export -legacy -inkey key.pem -in cert.pem -passout pass:changeit -out made",
            ),
            P12,
        ),
        by(
            &["keytool"],
            form(
                "a Java key store (JKS)",
                Line(
                    "openssl pkcs12 -export -inkey key.pem -in cert.pem -passout pass:changeit -out p12 && \
             keytool -importkeystore -noprompt -srckeystore p12 -srcstorepass changeit -destkeystore made -deststoretype JKS -deststorepass changeit && rm p12",
                ),
                STORE,
            ),
        ),
        by(
            &["keytool"],
            form(
                "a Java key store (JCEKS)",
                Line(
                    "openssl pkcs12 -export -inkey key.pem -in cert.pem -passout pass:changeit -out p12 && \
             keytool -importkeystore -noprompt -srckeystore p12 -srcstorepass changeit -destkeystore made -deststoretype JCEKS -deststorepass changeit && rm p12",
                ),
                STORE,
            ),
        ),
        by(
            &["ssh-keygen"],
            form(
                "an OpenSSH private key",
                Line("cp key.pem made && chmod 600 made && ssh-keygen -q -p -N '' -f made"),
                &[],
            ),
        ),
        by(
            &["ssh-keygen"],
            form(
                "an OpenSSH private key",
                Line("cp key.pem made && chmod 600 made && ssh-keygen -q -p -N secret -f made"),
                &[("-p -N", "-p -P secret -N")],
            ),
        ),
        form("explicit curve parameters", Line("openssl ec -in key.pem -param_enc explicit -out made"), &[]),
    ]
}

fn locked() -> Vec<Form> {
    vec![
        form(
            "explicit curve parameters",
            Line(
                "openssl ec -in key.pem -param_enc explicit -out made.0 && openssl pkcs8 -topk8 -nocrypt -in made.0 -out made; rm made.0",
            ),
            &[],
        ),
        form(
            "encrypted with a password",
            Line("openssl pkcs8 -topk8 -in key.pem -passout pass:x -out made"),
            PKEY,
        ),
        form(
            "encrypted with a password",
            Line("openssl pkcs8 -topk8 -v1 PBE-SHA1-3DES -in key.pem -passout pass:x -out made"),
            PKEY,
        ),
        form(
            "encrypted with a password",
            Line(
                "openssl pkcs8 -topk8 -v1 PBE-MD5-DES -provider legacy -provider default -in key.pem -passout pass:x -out made",
            ),
            PKEY,
        ),
        form(
            "encrypted with a password",
            Line("openssl ec -in key.pem -aes128 -passout pass:x -out made"),
            PKEY,
        ),
        form(
            "an encrypted private key in DER",
            Line("openssl pkcs8 -topk8 -in key.pem -passout pass:x -outform DER -out made"),
            PKEY,
        ),
    ]
}

/// Those that are no key of a kind that is used here, or none at all.
pub(super) fn hopeless() -> Vec<Form> {
    let line = |said, line| form(said, Line(line), &[]);
    vec![
        line("(RSA 1024;", "openssl genrsa -out made 1024"),
        line("(RSA 5120;", "openssl genrsa -out made 5120"),
        line("(RSA-PSS;", "openssl genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 -out made"),
        line("(P-521;", "openssl ecparam -name secp521r1 -genkey -noout -out made"),
        line("(secp256k1;", "openssl ecparam -name secp256k1 -genkey -out made"),
        line(
            "(brainpoolP256r1;",
            "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:brainpoolP256r1 -out made",
        ),
        line("(Ed448;", "openssl genpkey -algorithm ED448 -out made"),
        line("(X25519;", "openssl genpkey -algorithm X25519 -out made"),
        line("(DSA;", "openssl dsaparam -out made.0 1024 && openssl gendsa -out made made.0 && rm made.0"),
        line("holds a PUBLIC KEY", "openssl pkey -in key.pem -pubout -out made"),
        line("a public key in DER", "openssl pkey -in key.pem -pubout -outform DER -out made"),
        line("a certificate in DER", "openssl x509 -in cert.pem -outform DER -out made"),
        line("holds PKCS#7", "openssl crl2pkcs7 -nocrl -certfile cert.pem -out made"),
        form("holds a CERTIFICATE", Hand(|_| Sandbox::with_set().read("client.pem").into()), &[]),
        form(
            "PuTTY private key (.ppk)",
            Hand(|_| b"PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n".to_vec()),
            &[],
        ),
        form(
            "a Bouncy Castle key store",
            Hand(|_| b"\0\0\0\x02\0\0\0\x14abcdefghijklmnopqrst".to_vec()),
            &[],
        ),
        form("a JSON Web Key", Hand(|_| b"{\"kty\":\"EC\",\"crv\":\"P-256\",\"d\":\"AA\"}".to_vec()), &[]),
        form(
            "a PGP key",
            Hand(|_| {
                b"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQ==\n-----END PGP PRIVATE KEY BLOCK-----\n"
                    .to_vec()
            }),
            &[],
        ),
        form("an OpenSSH public key", Hand(|_| b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 me@here\n".to_vec()), &[]),
        form("holds text", Hand(|_| b"to be done\n".to_vec()), &[]),
        form("data of an unknown form", Hand(|_| vec![7, 0x80, 3, 0xff, 9, 9, 9, 1]), &[]),
        form("only zero bytes", Hand(|pem| vec![0; pem.len()]), &[]),
        form("it ends before its END line", Hand(|pem| pem[..pem.len() / 2].into()), &[]),
        form("it ends before its END line", Hand(|pem| pem[..20].into()), &[]),
        form("invalid PEM", Hand(|pem| pem.replacen("MI", "M!", 1).into()), &[]),
        form("not a valid private key", Hand(|pem| pem.replacen("MI", "MJ", 1).into()), &[]),
        form(
            "its public half is not that of",
            Hand(|pem| {
                let mut der = der(pem);
                // Compressed, and of another key: the bytes after the tag are x.
                let at = der.len() - 65;
                der[at] = 2;
                der[at + 1] ^= 1;
                ::pem::encode(&::pem::Pem::new("PRIVATE KEY", der)).into()
            }),
            &[],
        ),
        form("is larger than any key", Hand(|pem| [pem.as_bytes(), &vec![b'\n'; 1 << 20]].concat()), &[]),
    ]
}
