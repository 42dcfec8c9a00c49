//! The table of codes: one row each, and nothing about a code is decided anywhere else. A new code is a new row here,
//! a line that finds it, and a set that has it in `tests/it/check`.

use super::code::Concern::{Certificate, Configuration, File, Server};
use super::code::Run::{Ignores, Refuses, Reissues, Rewrites};
use super::code::Severity::{Error, Note, Warning};
use super::code::{Row, row};
use super::fix::Fix;

/// The rows, and from them the type, the list of all and the way from one to the other.
macro_rules! codes {
    ($($code:ident => $row:expr;)*) => {
        /// A problem, as a stable code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "each is explained by its row")]
        pub enum Code {
            $($code,)*
        }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$code,)*];

            /// All that is decided by the code alone.
            pub const fn row(self) -> Row {
                match self {
                    $(Self::$code => const { $row },)*
                }
            }
        }
    };
}

codes! {
    // A file by itself.
    Missing => row("missing", Error, File)
        .ca(Refuses("put the file back"), Fix::Create).leaf(Reissues, Fix::Create)
        .means("A file that Milvus or a client reads does not exist. It was not copied, has another name, or was never \
            created. A run creates what is missing from a server or client; a lost CA certificate must be put back, \
            because only its own key can replace it.");
    Unreadable => row("unreadable", Error, File)
        .ca(Refuses("run as the user who owns it"), Fix::MoveAway).leaf(Refuses("move it away"), Fix::MoveAway)
        .means("The file exists, but cannot be opened: its mode or owner forbids it, or a directory, a pipe or a \
            broken link is in its place. Run the command as the file's owner, or move away what is in its place.");
    NotPem => row("not-pem", Error, File)
        .ca(Refuses("put the right file in its place"), Fix::Replace).leaf(Reissues, Fix::Reissue)
        .means("The file holds no PEM block (`-----BEGIN …-----`), which is the only form that Milvus reads. It is \
            empty, or in another form such as DER or PKCS#12. Convert it with openssl. A run reissues a certificate, but never overwrites a private key unless `--rekey` is set.");
    OtherContent => row("other-content", Error, File)
        .ca(Refuses("put the right file in its place"), Fix::Replace).leaf(Reissues, Fix::Reissue)
        .means("The file is PEM of something else, such as a key where a certificate belongs. Two files have changed \
            places, or one was overwritten. Put the right file in its place, or let a run reissue it.");
    PemForm => row("pem-form", Error, File)
        .ca(Rewrites, Fix::Rewrite).leaf(Rewrites, Fix::Rewrite)
        .means("The file can be read here and by openssl, but not by Milvus (Go) or not by all clients: it begins with a \
            byte order mark, a BEGIN line is indented or has text before it, an END line and a BEGIN line are run \
            together, or the label is an older one. It was pasted into YAML, or joined with cat without a final \
            newline. A run rewrites the file; the key and the certificates stay.");
    ChainOrder => row("chain-order", Error, File)
        .leaf(Rewrites, Fix::Reorder)
        .means("The certificate is not the first one in its file: another one, most often a CA's, is before it. Milvus takes the first \
            certificate for the server's, finds that the key is not its key, and does not start. The files were joined \
            in the wrong order. The certificate comes first, then the CA that issued it, then the one above.");
    Damaged => row("damaged", Error, File)
        .ca(Refuses("put the right file in its place"), Fix::Replace).leaf(Reissues, Fix::Reissue)
        .means("The file has the right PEM label, but its content cannot be decoded: it was cut short, edited, or \
            corrupted in transfer. Put a good copy in its place, or let a run reissue it (a key only with `--rekey`).");
    EncryptedKey => row("encrypted-key", Error, File)
        .ca(Refuses("set its password"), Fix::TakePasswordOff)
        .leaf(Refuses("remove the password"), Fix::TakePasswordOff)
        .means("A password protects the private key, and Milvus has no setting for one: it does not start. Remove the password with openssl, and protect the file with mode 0600 instead.");
    WeakKey => row("weak-key", Error, Certificate)
        .ca(Refuses("use a CA with a longer key"), Fix::Replace).leaf(Reissues, Fix::Reissue)
        .means("The key is RSA with fewer than 2048 bits, which can be broken; Rust clients and those at OpenSSL's \
            usual security level, such as Python, reject it. It comes from an old script or configuration. A \
            server or client gets a new key from a run with `--rekey`; a CA must be replaced.");
    UnsupportedKey => row("unsupported-key", Warning, Certificate)
        .ca(Ignores, Fix::None).leaf(Reissues, Fix::Reissue)
        .means("The key is of a kind that Milvus or some clients cannot use (P-521, Ed448, RSA-PSS, brainpool and \
            others), or that milvus-certgen cannot sign with (RSA with more than 4096 bits). The message says who \
            accepts it. Use RSA 2048 to 4096, ECDSA P-256 or P-384, which every client accepts.");
    Ed25519Key => row("ed25519-key", Warning, Certificate)
        .leaf(Ignores, Fix::RekeyAsRsa)
        .means("The key is Ed25519, which clients built on gRPC's C core (pymilvus, C++) do not accept. Create an \
            RSA or ECDSA key unless no such client connects.");
    KeyNotPkcs8 => row("key-not-pkcs8", Warning, File)
        .leaf(Ignores, Fix::ConvertToPkcs8)
        .means("The client's key is in a traditional form (`BEGIN RSA PRIVATE KEY` or `BEGIN EC PRIVATE KEY`), which \
            Java's gRPC cannot read. It comes from `openssl genrsa -traditional`, `openssl ecparam` or `--key-format \
            traditional`. Convert it to PKCS#8; the key stays the same.");
    KeyReadable => row("key-readable", Warning, File)
        .ca(Ignores, Fix::RestrictMode).leaf(Ignores, Fix::RestrictMode)
        .means("Every user of the machine may read the private key, and can then pose as its owner. It was copied or \
            created without regard to its mode. Restrict it with chmod 600; if others may have read it, create a new \
            key.");
    CertificateHoldsKey => row("certificate-holds-key", Warning, File)
        .ca(Ignores, Fix::Renew).leaf(Ignores, Fix::Renew)
        .means("The certificate file contains a private key too. Certificates are handed out freely, and the key \
            goes with them. Keep the key in its own file and renew the certificate, which writes its file without \
            the key.");
    DemoKey => row("demo-key", Error, Certificate)
        .ca(Refuses("use a CA of your own"), Fix::Replace).leaf(Reissues, Fix::Rekey)
        .server(Fix::SetTlsMode(None))
        .means("The key is one that Milvus publishes in its repository and its images for demonstrations. Anyone can \
            decrypt or impersonate with it. Replace it with a key of your own.");
    // Files that belong together.
    KeyMismatch => row("key-mismatch", Error, Certificate).plain()
        .ca(Refuses("put back the key and the certificate that belong together"), Fix::Replace)
        .leaf(Reissues, Fix::PairUp)
        .means("The private key is not the one that the certificate was issued for, and Milvus does not start. Files \
            of two runs were mixed, or two of them have changed places. Put the right file back, or create a new key \
            and certificate.");
    CsrMismatch => row("csr-mismatch", Warning, File)
        .leaf(Reissues, Fix::Reissue)
        .means("The certificate request (CSR) is for another key than the one beside it. Milvus does not read it, \
            but a CA that signs it issues a certificate for the wrong key. A run rewrites it.");
    CsrDamaged => row("csr-damaged", Warning, File)
        .leaf(Reissues, Fix::Reissue)
        .means("The certificate request (CSR) is not signed by its own key: it was edited or corrupted. Milvus does \
            not read it, but no CA accepts it. A run rewrites it.");
    NotSignedByCa => row("not-signed-by-ca", Error, Certificate).plain()
        .leaf(Reissues, Fix::SignWithCa)
        .means("The CA in ca.pem did not sign this certificate, so clients that trust ca.pem reject it. The files \
            come from two runs, or the CA was replaced and this certificate was not. Reissue the certificate \
            with this CA, or put back the CA that signed it.");
    MissingIssuer => row("missing-issuer", Error, Certificate).plain()
        .leaf(Reissues, Fix::AddIssuer)
        .means("The certificate was issued by a CA below the one in ca.pem, or by another one, and the issuing CA's own \
            certificate is missing: clients cannot get from the certificate to a CA that they trust. Append the \
            issuing CA's certificate (the intermediate certificate) to server.pem or client.pem. If ca.pem is not \
            the root of that CA, put the root into it.");
    SelfSigned => row("self-signed", Error, Certificate).plain()
        .leaf(Reissues, Fix::SignWithCa)
        .means("The certificate is signed with its own key and not by the CA, so clients that trust ca.pem reject \
            it. It comes from `openssl req -x509`. Reissue it with the CA.");
    SameSubject => row("same-subject", Error, Certificate)
        .leaf(Reissues, Fix::Reissue)
        .means("The certificate has the same subject as its CA, and no key identifiers tell the two apart: clients \
            take it for a self-signed certificate and reject it. It comes from `openssl x509` without \
            authorityKeyIdentifier, as in scripts that give one subject to all certificates. A run reissues it \
            with key identifiers; the subject stays.");
    KeyIdentifier => row("key-identifier", Error, Certificate)
        .ca(Reissues, Fix::Reissue).leaf(Reissues, Fix::Reissue)
        .means("The identifiers that connect a certificate to its CA (subjectKeyIdentifier, \
            authorityKeyIdentifier) are missing or do not match. pymilvus, Java, Node and Python take a \
            mismatch for a missing issuer, and Python 3.13 insists on both. Reissue the certificate.");
    SerialRepeated => row("serial-repeated", Warning, Certificate)
        .leaf(Reissues, Fix::Renew)
        .means("Two certificates of one CA have the same serial number, which RFC 5280 forbids; some clients reject the second. The serial file was lost or reset between two runs. Renew one of them.");
    SerialFileBehind => row("serial-file-behind", Warning, File)
        .ca(Ignores, Fix::SetSerial)
        .means("ca.srl holds a lower number than a certificate that was already issued, so the next certificate may \
            repeat a serial number. An old copy of the file was put back. Write the highest issued number into it.");
    NoIssuer => row("no-issuer", Note, Certificate)
        .ca(Ignores, Fix::CompleteChain).leaf(Ignores, Fix::Renew)
        .means("The file ends before the root: server.pem without the CA certificate is rejected by Node, rustls \
            and Python before 3.13 where it is the only trusted file, and ca.pem without its root is rejected \
            by Node. Renew the server's certificate, or append the CA certificates up to the root.");
    StaleChain => row("stale-chain", Warning, Certificate)
        .leaf(Rewrites, Fix::Reissue)
        .means("server.pem includes an older copy of the CA certificate, from before the CA was renewed. Clients \
            that trust server.pem alone trust a CA certificate that may have expired. A run rewrites the file.");
    CaKeyExposed => row("ca-key-exposed", Warning, File)
        .ca(Ignores, Fix::HideCaKey)
        .means("The CA key is in a directory that looks as if it were mounted into Milvus's container. Milvus does \
            not need it, and whoever reads it can issue certificates that every client accepts. Keep it elsewhere, \
            and mount a copy of the other files (`--tls-dir`).");
    Interrupted => row("interrupted", Error, File)
        .ca(Rewrites, Fix::Finish)
        .means("A run was killed while it replaced files, so that some are old and some are new. The next run \
            finishes it.");
    // A certificate by itself.
    DamagedSignature => row("damaged-signature", Warning, Certificate)
        .ca(Refuses("put a CA certificate in its place"), Fix::Replace)
        .means("The CA certificate's signature does not match its content: the file was changed after it was signed. \
            Clients do not verify the signature of a root that they trust, but the file is not the one that was \
            issued. Put a good copy in its place.");
    NotYetValid => row("not-yet-valid", Error, Certificate).plain()
        .ca(Refuses("set the clock right; if it is right: milvus-certgen renew --ca"), Fix::SetClock)
        .leaf(Refuses("set the clock right"), Fix::SetClock)
        .means("The certificate becomes valid in the future. Usually the clock of this machine, or of the one that \
            issued the certificate, is wrong. Correct the clock. If it is right, `renew` reissues the certificate, and `renew --ca` the CA certificate.");
    Expired => row("expired", Error, Certificate).plain()
        .ca(Reissues, Fix::Reissue).leaf(Reissues, Fix::Reissue)
        .means("The certificate's validity has ended, and every client rejects it. A run reissues it with the \
            same key and names. Milvus reads its files once, so restart it afterwards.");
    Expiring => row("expiring", Warning, Certificate)
        .ca(Ignores, Fix::Renew).leaf(Ignores, Fix::Renew)
        .means("The certificate expires soon. A run renews it within 30 days of its end (`--renew-within`). Renew it \
            now, and restart Milvus.");
    OutlivesCa => row("outlives-ca", Warning, Certificate)
        .leaf(Ignores, Fix::Renew)
        .means("The certificate is valid longer than the CA certificate that signed it; it stops working when the CA \
            expires. It was issued with openssl late in the CA's life. Renew the CA, or this certificate.");
    LongValidity => row("long-validity", Note, Certificate)
        .leaf(Ignores, Fix::Shorten)
        .means("The server certificate is valid for more than ten years, the default here and on the Milvus page. Apple's \
            platforms reject more than 825 days, whoever signed it; other clients accept it. Renew it with `--days \
            825` if clients on macOS or iOS connect.");
    NoSan => row("no-san", Error, Certificate)
        .leaf(Reissues, Fix::NameHost)
        .means("The server certificate has no subjectAltName that a client can check. Go and Rust clients ignore \
            the CN, which the others go by. It comes from `openssl x509` without `-extfile`, as in older \
            copies of gen.sh. Reissue it; a run adds the CN as a name.");
    SanNotCritical => row("san-not-critical", Warning, Certificate)
        .leaf(Reissues, Fix::Reissue)
        .means("The certificate has no subject, and its subjectAltName is not marked critical, as RFC 5280 requires then. \
            Python 3.13 and other strict clients reject it. A run reissues it.");
    NameNotInSan => row("name-not-in-san", Error, Certificate)
        .leaf(Ignores, Fix::AddNames).server(Fix::NameServer)
        .means("Clients use a host name or an IP address that is not among the certificate's subjectAltNames, and \
            reject the certificate. Reissue it with that name (`--san`), or set the client's server_name to a \
            name that it has.");
    NoEku => row("no-eku", Warning, Certificate)
        .leaf(Reissues, Fix::AddPurpose)
        .means("The certificate has no extendedKeyUsage. Most clients accept that, but it is valid for every \
            purpose. It comes from `openssl x509` without `-extfile`. A run reissues it with serverAuth or \
            clientAuth.");
    WrongEku => row("wrong-eku", Error, Certificate)
        .ca(Reissues, Fix::Renew).leaf(Reissues, Fix::Reissue)
        .means("The extendedKeyUsage does not include the purpose that the certificate is used for: a server needs \
            serverAuth, a client clientAuth, and a CA's own extendedKeyUsage limits everything that it signs. Often \
            two files have changed places. Reissue the certificate, or put the right file in its place.");
    NoDigitalSignature => row("no-digital-signature", Error, Certificate)
        .leaf(Reissues, Fix::Reissue)
        .means("The keyUsage does not include digitalSignature, although every TLS 1.3 handshake is signed. \
            pymilvus, C++ and Java reject such a server. It was issued for encryption only. Reissue it.");
    KeyCertSignOnLeaf => row("key-cert-sign-on-leaf", Error, Certificate)
        .leaf(Reissues, Fix::Reissue)
        .means("The keyUsage includes keyCertSign, which only a CA may have; Python 3.13 and other strict clients \
            reject it. Reissue the certificate.");
    LeafIsCa => row("leaf-is-ca", Error, Certificate)
        .leaf(Reissues, Fix::Reissue)
        .means("The server's or client's certificate says that it is a CA. Rust clients reject such a server, and \
            whoever has its key can issue certificates. It comes from `openssl req -x509` or from a copied \
            extension section. Reissue it.");
    NotCa => row("not-ca", Error, Certificate)
        .ca(Refuses("put a CA certificate in its place"), Fix::Replace)
        .means("The certificate in ca.pem does not say that it is a CA (basicConstraints CA:TRUE), so clients reject \
            everything that it signed. It is a server's certificate in the wrong place, or of X.509 version 1. Put the CA certificate in its place.");
    CaNoKeyUsage => row("ca-no-key-usage", Error, Certificate)
        .ca(Reissues, Fix::Reissue)
        .means("The CA certificate has no keyUsage. Python 3.13 and other strict clients reject everything that it \
            signed. It comes from Milvus's gen.sh. A run reissues it with the same key and subject; clients that \
            trust the old ca.pem keep working.");
    CaCannotSign => row("ca-cannot-sign", Error, Certificate)
        .ca(Reissues, Fix::Reissue)
        .means("The CA certificate has a keyUsage without keyCertSign, so clients reject everything that it signed. \
            A run reissues it with the same key and subject.");
    PathLength => row("path-length", Error, Certificate)
        .ca(Reissues, Fix::LengthenPath).leaf(Ignores, Fix::LengthenPath)
        .means("A CA certificate above this one limits how many CAs may follow it (pathlen), and this CA is one \
            too many: Node, and where the CA is sent along Go and Python too, reject what it signs. The CA \
            above must reissue it with a longer pathlen.");
    BasicConstraintsNotCritical => row("basic-constraints-not-critical", Error, Certificate)
        .ca(Reissues, Fix::Reissue)
        .means("The CA certificate's basicConstraints is not marked critical, as RFC 5280 requires; Python 3.13 \
            rejects it. A run reissues it with the same key and subject.");
    WeakSignature => row("weak-signature", Error, Certificate)
        .ca(Reissues, Fix::Reissue).leaf(Reissues, Fix::Reissue)
        .means("The certificate is signed with SHA-1 or MD5. Milvus and Go, Node, Python and Rust clients no \
            longer accept that. It comes from an old openssl or an old configuration. A run reissues it \
            with SHA-256.");
    UnknownSignature => row("unknown-signature", Error, Certificate).plain()
        .leaf(Reissues, Fix::Reissue)
        .means("The certificate is signed with an algorithm that Milvus (Go) does not verify, such as SHA-224 or SHA-3; it \
            cannot be verified here either, and it is not known whether the CA signed it. A run reissues it with \
            SHA-256.");
    RustRejects => row("rust-rejects", Warning, Certificate).plain()
        .leaf(Ignores, Fix::Renew)
        .means("Rust clients (rustls with ring) reject the certificate; Milvus, pymilvus and the other clients accept \
            it. The message has rustls's reason: most often it is signed with an algorithm that ring does not \
            verify, such as ECDSA with SHA-512. A renewed certificate is signed with SHA-256.");
    BadSerial => row("bad-serial", Warning, Certificate)
        .ca(Reissues, Fix::Reissue).leaf(Reissues, Fix::Reissue)
        .means("The serial number is zero, negative or longer than 20 bytes, against RFC 5280. Go since 1.23, and \
            with it Milvus 2.6, cannot read a negative one; the others are accepted. A run reissues the certificate with a serial number of its own.");
    BadDate => row("bad-date", Error, Certificate)
        .ca(Reissues, Fix::Reissue).leaf(Reissues, Fix::Reissue)
        .means("A date has fractions of a second, or lacks the seconds, against RFC 5280. OpenSSL, and with it Node and \
            Python, rejects such a certificate. A run reissues it with whole seconds.");
    CriticalExtension => row("critical-extension", Error, Certificate)
        .ca(Reissues, Fix::Reissue).leaf(Reissues, Fix::Reissue)
        .means("The certificate has a critical extension that not all clients know, and a client must reject what it does \
            not know. A run reissues it without it, with the same key and subject.");
    AddressConstraint => row("address-constraint", Error, Certificate)
        .leaf(Ignores, Fix::ConstrainAnew)
        .means("The CA limits the IP addresses that it may sign for, and the server's certificate has addresses. gRPC's \
            C core (pymilvus, C++) cannot check such limits and rejects the certificate. Start over with \
            `--constrain`, which limits host names only, or use a CA without limits for addresses.");
    // The whole.
    Chain => row("chain", Error, Certificate)
        .leaf(Reissues, Fix::Renew)
        .means("The certificate does not verify against the CA, or is not valid for one of its own names, for a \
            reason that no other finding gives: a name constraint of the CA, for example. The message has the \
            verifier's reason.");
    Handshake => row("handshake", Error, Certificate)
        .leaf(Reissues, Fix::Renew)
        .means("A TLS handshake with these files fails although each of them looks valid. The message says which \
            side rejects it, and why.");
    NotChecked => row("not-checked", Note, File)
        .means("A file that is needed for one of the checks does not exist or cannot be read, and that check was left \
            out. Nothing is wrong with the others.");
    // A configuration (`check --config`).
    ConfigKeyIgnored => row("config-key-ignored", Error, Configuration)
        .means("The setting is in a place, or has a name, where Milvus does not look, and it is ignored without a word: \
            `tls` below `common`, `tlsMode` outside `common.security`, hyphens in a key, or the chart's values outside \
            of `extraConfigFiles`. Capitals and underscores make no difference. Move it to where Milvus reads it.");
    ConfigValue => row("config-value", Error, Configuration)
        .means("Milvus takes the value for something else than what it says: tlsMode is 0, 1 or 2, and a switch is true \
            or false. What is not a number counts as 0, and what is not a truth value counts as false. Quotes do no \
            harm in YAML, but belong to the value in a list of variables (`- NAME=\"2\"`).");
    ConfigFilesUnset => row("config-files-unset", Error, Configuration)
        .server(Fix::Say("set them, as `milvus-certgen config milvus-yaml` prints them"))
        .means("TLS is on, and the files for it are not named. Milvus then uses the example files of its image, whose \
            keys are public, or does not start. Name your own files and mount them.");
    ConfigRestPort => row("config-rest-port", Error, Configuration)
        .server(Fix::Say("set proxy.http.port to a port of its own, such as 8080, or proxy.http.enabled to false"))
        .means("With TLS, REST cannot share the port of gRPC. Milvus 2.4.13 and newer do not start then (\"share the \
            same port, tls mode must be 0\"), older versions leave REST out. Give REST a port of its own.");
    ConfigTlsOff => row("config-tls-off", Warning, Configuration).server(Fix::SetTlsMode(None))
        .means("Files for TLS are named, but the switch that turns it on is not set, so the connection is plaintext. \
            The switch is common.security.tlsMode for clients and kafka.securityProtocol for Kafka.");
    ConfigNotMounted => row("config-not-mounted", Error, Configuration)
        .server(Fix::Say("mount the certificates there, or set the path to where they are mounted"))
        .means("The configuration names a file that no volume of the container provides, so Milvus does not find it and \
            does not start. Compare the path with the mount's target, and in Kubernetes the volume's name and its keys.");
    ConfigFileMissing => row("config-file-missing", Error, Configuration)
        .server(Fix::Say("put the file there, or correct the path; milvus-certgen creates what is missing"))
        .means("The container gets a file or directory of this machine in which the named file does not exist. Docker \
            creates a directory in the place of a missing file without a word. Create the certificates before Milvus \
            starts, or correct the path.");
    ConfigWrongType => row("config-wrong-type", Error, Configuration)
        .server(Fix::Say("compare it with what `milvus-certgen config helm` prints"))
        .means("A value has the wrong form: the chart takes `user.yaml` as one string (`|`), the Operator takes \
            `spec.config` as a mapping, and a string that holds a configuration must be valid YAML itself. Helm or \
            Kubernetes rejects it, or Milvus ignores all of it.");
    ConfigDuplicateKey => row("config-duplicate-key", Warning, Configuration)
        .server(Fix::Say("write one mapping with the lines of both"))
        .means("A key comes twice in one mapping, such as a second `common:` at the end of milvus.yaml. Milvus's parser \
            takes the last one whole and drops the others, and with them the settings that they hold.");
    // A running server.
    Plaintext => row("plaintext", Error, Configuration).server(Fix::SetTlsMode(None))
        .means("Milvus answers without TLS: common.security.tlsMode is 0, or Milvus was not restarted since it was \
            set, or reads another milvus.yaml. Set it to 1 or 2 and restart Milvus.");
    NotTls => row("not-tls", Error, Server)
        .means("Something answers at this address, but neither in TLS nor as Milvus in plaintext: another service, \
            or Milvus's metrics or HTTP port. Use the port of Milvus's gRPC service, 19530 by default.");
    TlsVersion => row("tls-version", Error, Server)
        .means("The server does not offer a TLS version that the client has. Milvus in tlsMode 2 requires TLS 1.3; \
            an old proxy in between may end at TLS 1.2.");
    TlsFailed => row("tls-failed", Error, Server)
        .means("The server ends the TLS handshake with an error of its own. The message has its words; Milvus's log \
            says more.");
    NoHttp2 => row("no-http2", Error, Server)
        .means("The server does not offer HTTP/2 (ALPN h2), without which there is no gRPC. It is another service, \
            or a proxy that only passes HTTP/1 on; `config nginx` prints one that does not.");
    ServedUntrusted => row("served-untrusted", Error, Server)
        .means("Clients that trust this CA reject the certificate that the server sends, for a reason that no other \
            finding gives. The message has the verifier's reason.");
    TlsMode => row("tls-mode", Error, Configuration).server(Fix::SetTlsMode(None))
        .means("Milvus is in another tlsMode than expected: in mode 1 clients without a certificate are accepted, in \
            mode 2 they are rejected. Set common.security.tlsMode in milvus.yaml, and restart Milvus.");
    ClientCertificateNeeded => row("client-certificate-needed", Error, Configuration).server(Fix::NameClientFiles)
        .means("The server requires a client certificate (tlsMode 2), and none can be used here. Name the client's \
            files with --cert and --key, or set tlsMode to 1.");
    ClientCertificateRefused => row("client-certificate-refused", Error, Server).server(Fix::GiveMilvusTheCa)
        .means("The server rejects the client's certificate; Milvus's log has the reason. Another CA signed it than \
            the one in tls.caPemPath, it has expired, or it is not for clients.");
    OtherCertificateServed => row("other-certificate-served", Warning, Server).server(Fix::RestartMilvus)
        .means("The server sends another certificate than the one in the directory. Milvus reads its files once, at \
            start: it was not restarted after a renewal, or it reads other files.");
    NotMilvus => row("not-milvus", Error, Server)
        .means("Something other than Milvus answers at this address: another gRPC server, a web server, or a proxy \
            without a connection to Milvus (HTTP status 502). Check the host, the port and what stands in between; \
            `config nginx` and `config ingress` print what a proxy needs.");
}
