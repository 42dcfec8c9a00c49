//! What breaks a set: certificates that a run never makes, signed by openssl with the set's own CA.

use std::fs;

use time::{Duration, OffsetDateTime};

use crate::support::Sandbox;

/// The extensions of a server's certificate, as a run signs it.
pub(crate) const SERVER: &str = "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n\
    extendedKeyUsage=serverAuth\nsubjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1\nsubjectKeyIdentifier=hash\n\
    authorityKeyIdentifier=keyid\n";

/// Of a client's.
pub(crate) const CLIENT: &str = "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n\
    extendedKeyUsage=clientAuth\nsubjectAltName=DNS:localhost\nsubjectKeyIdentifier=hash\n\
    authorityKeyIdentifier=keyid\n";

/// Of a CA's.
pub(crate) const CA: &str = "basicConstraints=critical,CA:TRUE,pathlen:0\n\
    keyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n";

/// The extensions with one line in the place of that with the same name, or more where there is none of that name.
/// A line that ends in `=` takes the extension away.
pub(crate) fn but(extensions: &str, line: &str) -> String {
    let (name, value) = line.split_once('=').unwrap();
    let is_kept = |kept: &&str| kept.split_once('=').is_some_and(|(other, _)| other != name);
    let mut all: String = extensions.lines().filter(is_kept).flat_map(|kept| [kept, "\n"]).collect();
    if !value.is_empty() {
        all.push_str(line);
        all.push('\n');
    }
    all
}

/// Signs ROLE.csr again for a year, with a serial number that was never given.
pub(crate) fn sign(set: &Sandbox, role: &str, extensions: &str) {
    let serial = if role == "server" { "0x1001" } else { "0x1002" };
    sign_with(set, role, extensions, &format!("-days 365 -set_serial {serial}"));
}

/// The same with flags of `openssl x509`.
pub(crate) fn sign_with(set: &Sandbox, role: &str, extensions: &str, flags: &str) {
    let desk = Sandbox::new();
    desk.write("extensions", extensions);
    set.openssl(&format!(
        "x509 -req -in {role}.csr -CA ca.pem -CAkey ca.key -extfile {} -out {role}.pem {flags}",
        desk.file("extensions").display()
    ));
    if role == "server" {
        attach_issuer(set);
    }
}

/// Signs the CA's certificate again with its own key.
pub(crate) fn sign_ca(set: &Sandbox, extensions: &str) {
    sign_ca_with(set, extensions, "-days 365 -set_serial 0x1000");
}

/// The same with flags of `openssl x509`. The copy in server.pem is the new one.
pub(crate) fn sign_ca_with(set: &Sandbox, extensions: &str, flags: &str) {
    let desk = Sandbox::new();
    desk.write("extensions", with_own_key_identifier(set, extensions));
    let [csr, file] = ["ca.csr", "extensions"].map(|name| desk.file(name).display().to_string());
    set.openssl(&format!("x509 -x509toreq -in ca.pem -signkey ca.key -out {csr}"));
    set.openssl(&format!("x509 -req -in {csr} -signkey ca.key -extfile {file} -out ca.pem {flags}"));
    attach_issuer(set);
}

/// What a run signs names the CA's key by another digest than openssl's `hash`.
pub(crate) fn with_own_key_identifier(set: &Sandbox, extensions: &str) -> String {
    let own = set.openssl("x509 -in ca.pem -noout -ext subjectKeyIdentifier");
    let hex = own.lines().next_back().unwrap().trim();
    extensions.replace("subjectKeyIdentifier=hash", &format!("subjectKeyIdentifier={hex}"))
}

/// Signs so that the certificate is valid from and until so many days from now.
pub(crate) fn sign_between(set: &Sandbox, role: &str, extensions: &str, [from, until]: [i64; 2]) {
    let desk = Sandbox::new();
    let at = |name: &str| desk.file(name).display().to_string();
    let is_ca = role == "ca";
    desk.write(
        "extensions",
        if is_ca { with_own_key_identifier(set, extensions) } else { extensions.to_owned() },
    );
    desk.write("index", "");
    let serials = [("ca", "1000"), ("server", "1001"), ("client", "1002")];
    desk.write("serial", serials.iter().find(|(of, _)| *of == role).unwrap().1);
    desk.write(
        "ca.cnf",
        format!(
            "[ca]\ndefault_ca = here\n[here]\ndatabase = {}\nserial = {}\nnew_certs_dir = {}\ndefault_md = sha256\n\
             policy = any\npreserve = yes\nunique_subject = no\n[any]\n\
             countryName = optional\nstateOrProvinceName = optional\nlocalityName = optional\n\
             organizationName = optional\norganizationalUnitName = optional\ncommonName = optional\n",
            at("index"),
            at("serial"),
            desk.path().display()
        ),
    );
    let request = if is_ca { at("ca.csr") } else { format!("{role}.csr") };
    let by = if is_ca {
        set.openssl(&format!("x509 -x509toreq -in ca.pem -signkey ca.key -out {request}"));
        "-selfsign"
    } else {
        "-cert ca.pem"
    };
    set.openssl(&format!(
        "ca -batch -notext -config {} -in {request} {by} -keyfile ca.key -extfile {} -startdate {} -enddate {} \
         -out {role}.pem",
        at("ca.cnf"),
        at("extensions"),
        date(from),
        date(until)
    ));
    if role != "client" {
        attach_issuer(set);
    }
}

/// As openssl takes dates.
fn date(days: i64) -> String {
    let at = OffsetDateTime::now_utc() + Duration::days(days);
    format!("{:04}{:02}{:02}000000Z", at.year(), u8::from(at.month()), at.day())
}

/// A new key of `openssl genpkey`, and its request.
pub(crate) fn new_key(set: &Sandbox, base: &str, algorithm: &str) {
    set.openssl(&format!("genpkey -algorithm {algorithm} -out {base}.key"));
    set.openssl(&format!("req -new -key {base}.key -subj /O=milvus/CN={base} -out {base}.csr"));
}

/// A new CA with that key, and both leaves under it.
pub(crate) fn new_ca(set: &Sandbox, algorithm: &str, flags: &str) {
    new_key(set, "ca", algorithm);
    let desk = Sandbox::new();
    desk.write("extensions", CA);
    let extensions = desk.file("extensions").display().to_string();
    set.openssl(&format!(
        "x509 -req -in ca.csr -signkey ca.key -extfile {extensions} -out ca.pem -days 365 -set_serial 0x1000 {flags}"
    ));
    set.remove("ca.csr");
    sign_with(set, "server", SERVER, &format!("-days 365 -set_serial 0x1001 {flags}"));
    sign_with(set, "client", CLIENT, &format!("-days 365 -set_serial 0x1002 {flags}"));
}

/// Puts ca.pem behind the first certificate of server.pem, as every run does.
pub(crate) fn attach_issuer(set: &Sandbox) {
    let leaf = set.openssl("x509 -in server.pem");
    set.write("server.pem", leaf + &set.read("ca.pem"));
}

/// Changes the last byte of the first PEM block: in a certificate or a request, that is the signature.
pub(crate) fn damage_signature(set: &Sandbox, name: &str) {
    let block = pem::parse_many(set.read(name)).unwrap().remove(0);
    let mut der = block.contents().to_vec();
    *der.last_mut().unwrap() ^= 1;
    set.write(name, pem::encode(&pem::Pem::new(block.tag(), der)));
}

/// Adds a fraction to the seconds of the notAfter of ROLE.pem, which has to be past 2049, and signs it again with the
/// CA's RSA key.
pub(crate) fn split_seconds(set: &Sandbox, role: &str) {
    let pem = format!("{role}.pem");
    let mut der = pem::parse_many(set.read(&pem)).unwrap().remove(0).into_contents();
    let signature = der.len() - 256;
    let date = der.windows(2).position(|two| two == [0x18, 15]).unwrap();
    // GeneralizedTime, and the sequence around both dates.
    der[date + 1] += 2;
    der[date - 16] += 2;
    der.splice(date + 16..date + 17, *b".5Z");
    // The whole and the part that is signed have lengths of two bytes.
    for at in [2, 6] {
        let length = u16::from_be_bytes([der[at], der[at + 1]]) + 2;
        der[at..at + 2].copy_from_slice(&length.to_be_bytes());
    }
    let desk = Sandbox::new();
    let end = 8 + usize::from(u16::from_be_bytes([der[6], der[7]]));
    desk.write("part", &der[4..end]);
    let [part, signed] = ["part", "signed"].map(|name| desk.file(name).display().to_string());
    set.openssl(&format!("dgst -sha256 -sign ca.key -out {signed} {part}"));
    der.truncate(signature + 2);
    der.extend(std::fs::read(desk.file("signed")).unwrap());
    set.write(&pem, pem::encode(&pem::Pem::new("CERTIFICATE", der)));
    attach_issuer(set);
}

/// Puts another set's file in the place of this one's.
pub(crate) fn copy(from: &Sandbox, name: &str, to: &Sandbox, as_name: &str) {
    fs::copy(from.file(name), to.file(as_name)).unwrap();
}

/// Renames.
pub(crate) fn swap(set: &Sandbox, one: &str, other: &str) {
    let keep = set.file(one).with_extension("kept");
    fs::rename(set.file(one), &keep).unwrap();
    fs::rename(set.file(other), set.file(one)).unwrap();
    fs::rename(keep, set.file(other)).unwrap();
}
