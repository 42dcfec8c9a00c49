//! The rules: what Milvus does with the settings of one container.

use std::path::Path;

use super::mounts::{Presence, is_demo, is_placeholder};
use super::settings::Setting;
use super::{Instance, stray};
use crate::check::{Code, Finding, Fix, Place, Severity};
use crate::files::shown;

mod connections;

/// All that is wrong with it. `own` is the directory of the certificates that go with it.
pub(super) fn judge(instance: &Instance, own: Option<&Path>) -> Vec<Finding> {
    let mut judge = Judge { instance, own, findings: stray::find(&instance.settings) };
    judge.values();
    let mode = tls_mode(instance);
    if instance.serves_clients {
        match mode {
            Some(0) => judge.tls_off(),
            Some(mode @ (1 | 2)) => judge.tls_on(mode),
            _ => {}
        }
    }
    judge.internal_tls();
    judge.behind();
    judge.clusters();
    judge.exposed_key();
    judge.findings
}

/// As Milvus reads it: what is no number is 0 (`getAsInt` in milvus-io/milvus `pkg/util/paramtable/param_item.go`).
pub(super) fn tls_mode(instance: &Instance) -> Option<u8> {
    match instance.settings.get("common.security.tlsMode") {
        None => Some(0),
        Some(setting) => {
            let value = setting.value.as_ref()?;
            Some(value.parse::<i64>().map_or(0, |mode| u8::try_from(mode).unwrap_or(u8::MAX)))
        }
    }
}

/// Go's `strconv.ParseBool`; what it does not know is false for Milvus.
fn is_true(value: &str) -> Option<bool> {
    match value {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

struct Judge<'a> {
    instance: &'a Instance,
    own: Option<&'a Path>,
    findings: Vec<Finding>,
}

impl<'a> Judge<'a> {
    fn get(&self, key: &str) -> Option<&'a Setting> {
        self.instance.settings.get(key)
    }

    /// Its value, where it is known and not empty.
    fn text(&self, key: &str) -> Option<&'a str> {
        self.get(key)?.value.as_deref().filter(|value| !value.is_empty())
    }

    /// True where nothing is set, not even by a variable that is not known here.
    fn is_unset(&self, key: &str) -> bool {
        self.get(key).is_none_or(|setting| {
            setting.value.as_deref().is_some_and(|value| value.is_empty() || is_placeholder(value))
        })
    }

    fn is_on(&self, key: &str) -> bool {
        self.text(key).and_then(is_true) == Some(true)
    }

    /// Where the setting is, or what sets nothing.
    fn at(&self, key: &str) -> Place {
        let own = self.get(key).map(|setting| setting.at);
        own.or(self.instance.at).unwrap_or(Place::Configuration { source: 0, line: 1 })
    }

    /// How the user writes the key: as a variable where its neighbour is one.
    fn name(&self, key: &str, neighbour: &str) -> String {
        let is_variable = self.get(neighbour).is_some_and(|setting| setting.is_variable);
        if is_variable { stray::variable(key) } else { key.to_owned() }
    }

    fn add(&mut self, code: Code, at: Place, message: String) -> &mut Finding {
        let at_end = self.findings.len();
        let message = match &self.instance.name {
            Some(name) => format!("({name}) {message}"),
            None => message,
        };
        self.findings.push(Finding::new(code, at, message));
        &mut self.findings[at_end]
    }

    /// Values that Milvus takes for something else than what they say.
    fn values(&mut self) {
        const MODE: &str = "common.security.tlsMode";
        if let Some(value) = self.text(MODE).filter(|value| !["0", "1", "2"].contains(value)) {
            let message = match value.parse::<i64>() {
                Ok(_) => format!("sets tlsMode to {value}; Milvus knows 0, 1 and 2, and does not start"),
                Err(_) => format!(
                    "sets tlsMode to {value:?}, which is no number: Milvus takes it for 0, and TLS is off"
                ),
            };
            self.add(Code::ConfigValue, self.at(MODE), message).fix = Fix::SetTlsMode(None);
        }
        for key in [
            "common.security.internaltlsEnabled",
            "etcd.ssl.enabled",
            "tikv.ssl.enabled",
            "minio.useSSL",
            "kafka.ssl.enabled",
            "proxy.http.enabled",
        ] {
            if let Some(value) = self.text(key).filter(|value| is_true(value).is_none()) {
                let message =
                    format!("sets {key} to {value:?}, which Milvus takes for false; it knows true and false");
                self.add(Code::ConfigValue, self.at(key), message);
            }
        }
    }

    /// Certificates without tlsMode.
    fn tls_off(&mut self) {
        let is_wrong_already = self.findings.iter().any(|finding| {
            finding.code == Code::ConfigValue || finding.fix == Fix::SetKey("common.security.tlsMode")
        });
        let own = self.text("tls.serverPemPath").filter(|path| !is_demo(path) && !is_placeholder(path));
        if own.is_some() && !is_wrong_already {
            let mode = self.name("common.security.tlsMode", "tls.serverPemPath");
            let how = if self.is_unset("common.security.tlsMode") { "is not set" } else { "is 0" };
            let message = format!("sets tls.serverPemPath, but {mode} {how}: Milvus answers in plaintext");
            self.add(Code::ConfigTlsOff, self.at("tls.serverPemPath"), message);
        }
    }

    fn tls_on(&mut self, mode: u8) {
        self.rest_port();
        let mut keys = vec!["tls.serverPemPath", "tls.serverKeyPath"];
        if mode == 2 {
            keys.push("tls.caPemPath");
        }
        let unset: Vec<&str> = keys.iter().copied().filter(|key| self.is_unset(key)).collect();
        if !unset.is_empty() {
            const MODE: &str = "common.security.tlsMode";
            let names: Vec<String> = unset.iter().map(|key| self.name(key, MODE)).collect();
            let what = if unset.contains(&"tls.serverPemPath") && unset.contains(&"tls.serverKeyPath") {
                "Milvus serves the example certificate of its image, whose key is public"
            } else if unset.len() == 1 && unset[0] == "tls.caPemPath" {
                "Milvus trusts the example CA of its image, whose key is public, and rejects your clients"
            } else {
                "Milvus takes a file of its image instead, which does not go with yours, and does not start"
            };
            let message = format!("sets tlsMode {mode} without {}: {what}", names.join(" and "));
            self.add(Code::ConfigFilesUnset, self.at(MODE), message);
        }
        for key in keys {
            self.file(key);
        }
    }

    /// With TLS, REST does not share gRPC's port: milvus-io/milvus `internal/distributed/proxy/listener_manager.go`, since
    /// 2.4.13 (milvus-io/milvus#46312).
    fn rest_port(&mut self) {
        let is_off = self.text("proxy.http.enabled").and_then(is_true) == Some(false);
        let port = self.get("proxy.http.port");
        let is_unknown = port.is_some_and(|setting| setting.value.is_none());
        let grpc = self.text("proxy.port").unwrap_or("19530");
        let own = self.text("proxy.http.port");
        if is_off || is_unknown || own.is_some_and(|port| port != grpc) {
            return;
        }
        let is_older = self.instance.version.is_some_and(|version| version < [2, 4, 13]);
        let name = self.name("proxy.http.port", "common.security.tlsMode");
        let what = match own {
            Some(port) => format!("sets proxy.http.port to {port}, which is gRPC's port"),
            None => format!("sets tlsMode without {name}"),
        };
        let effect =
            if is_older { "this Milvus leaves REST out" } else { "Milvus 2.4.13 and newer do not start" };
        let at = if own.is_some() { self.at("proxy.http.port") } else { self.at("common.security.tlsMode") };
        let finding = self.add(Code::ConfigRestPort, at, format!("{what}: {effect}"));
        if is_older {
            finding.weigh(Severity::Note);
        }
    }

    /// The file at that path: mounted, there, and one of the certificates that belong to it.
    fn file(&mut self, key: &str) {
        let Some(path) = self.text(key).filter(|path| !is_placeholder(path)) else { return };
        let at = self.at(key);
        let presence = self.instance.mounts.as_ref().map(|mounts| mounts.find(path));
        match presence {
            Some(Presence::Provided) => {}
            None | Some(Presence::NotMounted) if is_demo(path) => {
                let unless =
                    if presence.is_none() { ", unless your own files are mounted there" } else { "" };
                let message =
                    format!("sets {key} to {path}, an example of Milvus's image whose key is public{unless}");
                let finding = self.add(Code::ConfigFilesUnset, at, message);
                if presence.is_none() {
                    finding.weigh(Severity::Warning);
                }
            }
            Some(Presence::NotMounted) => {
                let message =
                    format!("sets {key} to {path}, which no volume provides: Milvus does not start");
                self.add(Code::ConfigNotMounted, at, message);
            }
            Some(Presence::NoVolume(name)) => {
                let message = format!(
                    "sets {key} to {path}, which volumeMounts takes from {name:?}, and volumes has none of that name"
                );
                self.add(Code::ConfigNotMounted, at, message);
            }
            Some(Presence::Missing(file)) => {
                let message =
                    format!("sets {key} to {path}, which is {} here, and that does not exist", shown(&file));
                self.add(Code::ConfigFileMissing, at, message);
            }
            None => self.belongs(key, path, at),
        }
    }

    /// Where only the configuration is known, the directory should have files of these names.
    fn belongs(&mut self, key: &str, path: &str, at: Place) {
        let Some(own) = self.own.filter(|_| key.starts_with("tls.") && !key.starts_with("tls.clusters."))
        else {
            return;
        };
        let name = path.rsplit('/').next().unwrap_or_default();
        if !own.join(name).exists() {
            let message = format!("sets {key} to {path}, and {} has no {name}", shown(own));
            self.add(Code::ConfigFileMissing, at, message).weigh(Severity::Warning);
        }
    }

    fn exposed_key(&mut self) {
        let found = self.instance.mounts.as_ref().and_then(|mounts| mounts.ca_key());
        if let Some((mount, file)) = found {
            let message =
                format!("mounts {} into Milvus's container, which does not need the CA key", shown(&file));
            self.add(Code::CaKeyExposed, mount.at, message).fix = Fix::Say(
                "mount a copy without it, as this makes one: milvus-certgen --out-dir certs --tls-dir tls",
            );
        }
    }
}
