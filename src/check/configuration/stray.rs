//! Settings that look like Milvus's TLS settings and are none: it ignores them without a word.

use super::settings::{Setting, Settings, formatted};
use crate::check::{Code, Finding, Fix, Severity};

/// All that Milvus reads about TLS: milvus-io/milvus `pkg/util/paramtable/grpc_param.go` (`tls`, `internaltls` and
/// `common.security`) and `service_param.go` (`etcd`, `tikv`, `minio`, `kafka`), 2.3 to 3.0.
const KNOWN: [&str; 25] = [
    "common.security.tlsMode",
    "common.security.internaltlsEnabled",
    "tls.serverPemPath",
    "tls.serverKeyPath",
    "tls.caPemPath",
    "internaltls.serverPemPath",
    "internaltls.serverKeyPath",
    "internaltls.caPemPath",
    "internaltls.sni",
    "etcd.ssl.enabled",
    "etcd.ssl.tlsCert",
    "etcd.ssl.tlsKey",
    "etcd.ssl.tlsCACert",
    "etcd.ssl.tlsMinVersion",
    "tikv.ssl.enabled",
    "tikv.ssl.tlsCert",
    "tikv.ssl.tlsKey",
    "tikv.ssl.tlsCACert",
    "minio.ssl.tlsCACert",
    "minio.ssl.tlsMinVersion",
    "kafka.ssl.enabled",
    "kafka.ssl.tlsCert",
    "kafka.ssl.tlsKey",
    "kafka.ssl.tlsCaCert",
    "kafka.ssl.tlsKeyPassword",
];

/// Names by which a setting about TLS is known under any parent, and the right place of each.
const TAILS: [(&str, &str); 5] = [
    ("internaltlsenabled", "common.security.internaltlsEnabled"),
    ("tlsmode", "common.security.tlsMode"),
    ("serverpempath", "tls.serverPemPath"),
    ("serverkeypath", "tls.serverKeyPath"),
    ("capempath", "tls.caPemPath"),
];

/// Sections in which Milvus knows every key, so that another one is a mistake.
const CLOSED: [&str; 6] = ["tls", "internaltls", "etcd.ssl", "tikv.ssl", "minio.ssl", "kafka.ssl"];

/// True if that is a name of a setting about TLS, under whatever parent.
pub(super) fn is_tls(key: &str) -> bool {
    let name = formatted(key).replace('-', "");
    TAILS.iter().any(|(tail, _)| name.ends_with(tail))
}

/// The settings that Milvus ignores.
pub(super) fn find(settings: &Settings) -> Vec<Finding> {
    let strays = settings.iter().filter(|setting| is_stray(setting));
    strays.map(|stray| ignored(stray, known_for(stray), settings)).collect()
}

/// What Milvus would have to find in a place where it does not look: `why` ends the sentence.
pub(super) fn misplaced(setting: &Setting, why: &str, fix: &'static str) -> Finding {
    let message = format!("sets {}, which {why}", setting.key);
    Finding { fix: Fix::Say(fix), ..Finding::new(Code::ConfigKeyIgnored, setting.at, message) }
}

/// True for a setting of this name and for one that is meant to be.
pub(super) fn concerns_tls(setting: &Setting) -> bool {
    is_known(setting) || is_stray(setting) || setting.name == "proxyhttpport"
}

fn is_known(setting: &Setting) -> bool {
    // The ID of a cluster is a part of the key (GetClusterTLSConfig in grpc_param.go).
    let is_of_cluster = ["capempath", "clientpempath", "clientkeypath"];
    let is_of_cluster = setting.name.starts_with("tlsclusters")
        && is_of_cluster.iter().any(|tail| setting.name.ends_with(tail));
    is_of_cluster || KNOWN.iter().any(|known| formatted(known) == setting.name)
}

fn is_stray(setting: &Setting) -> bool {
    if is_known(setting) {
        return false;
    }
    let path = if setting.is_variable {
        setting.key.replace('_', ".").to_lowercase()
    } else {
        setting.key.to_lowercase()
    };
    let is_below = |section: &str| path.strip_prefix(section).is_some_and(|rest| rest.starts_with('.'));
    let is_security = path.strip_prefix("common.security.").is_some_and(|rest| rest.contains("tls"));
    // A tool beside Milvus may have a variable of its own of such a name.
    let is_closed = !setting.is_variable && CLOSED.iter().any(|section| is_below(section));
    is_tls(&setting.key) || is_closed || is_security
}

/// The setting that was meant, as far as that is plain.
fn known_for(stray: &Setting) -> Option<&'static str> {
    let known = |wanted: &str| KNOWN.into_iter().find(|known| formatted(known) == formatted(wanted));
    let name = stray.name.replace('-', "");
    let tail = || TAILS.into_iter().find(|(tail, _)| name.ends_with(tail));
    if let Some((tail, meant)) = known(&name).map(|known| ("", known)).or_else(tail) {
        let is_internal = name.contains("internaltls") && meant.starts_with("tls.") && !tail.is_empty();
        return if is_internal { known(&format!("internal{meant}")) } else { Some(meant) };
    }
    let (section, leaf) = stray.key.rsplit_once('.').unwrap_or_default();
    let (section, leaf) = (section.to_lowercase(), leaf.to_lowercase());
    let has = |words: &[&str]| words.iter().any(|word| leaf.contains(word));
    let of_section = |leaf: &str| known(&format!("{section}.{leaf}"));
    match section.as_str() {
        "common.security" => known("common.security.tlsMode"),
        "tls" if has(&["mode", "enable"]) => known("common.security.tlsMode"),
        "internaltls" if has(&["enable"]) => known("common.security.internaltlsEnabled"),
        "minio.ssl" if has(&["enable"]) => Some("minio.useSSL"),
        _ if has(&["ca"]) => of_section("caPemPath").or_else(|| of_section("tlsCACert")),
        _ if has(&["key"]) => of_section("serverKeyPath").or_else(|| of_section("tlsKey")),
        _ if has(&["pem", "cert", "crt"]) => of_section("serverPemPath").or_else(|| of_section("tlsCert")),
        _ => None,
    }
}

fn ignored(stray: &Setting, known: Option<&'static str>, settings: &Settings) -> Finding {
    let Setting { key, at, is_variable, .. } = stray;
    let Some(known) = known else {
        let message = format!("sets {key}, which Milvus does not know");
        let mut finding = Finding::new(Code::ConfigKeyIgnored, *at, message);
        finding.weigh(Severity::Warning);
        return finding;
    };
    let right = if *is_variable { variable(known) } else { known.to_owned() };
    let message = format!("sets {key}, which Milvus ignores: it reads {right}");
    let mut finding =
        Finding { fix: Fix::SetKey(known), ..Finding::new(Code::ConfigKeyIgnored, *at, message) };
    // What is set in the right place too is only of no use here.
    if settings.get(known).is_some() {
        finding.weigh(Severity::Warning);
    }
    finding
}

/// The variable of the environment that sets it.
pub(super) fn variable(known: &str) -> String {
    known.replace('.', "_").to_uppercase()
}
