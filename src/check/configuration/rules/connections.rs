//! Milvus's own connections: between its nodes, to what stands behind it, and to other clusters.

use super::Judge;
use crate::check::{Code, Fix, Severity};

impl Judge<'_> {
    pub(super) fn internal_tls(&mut self) {
        const ENABLED: &str = "common.security.internaltlsEnabled";
        if self.is_on(ENABLED) {
            let keys = ["internaltls.serverPemPath", "internaltls.serverKeyPath", "internaltls.caPemPath"];
            self.files_of(
                ENABLED,
                "Milvus uses files of its image, whose keys are public, or none at all",
                &keys,
            );
        }
    }

    /// What Milvus reads to connect to etcd and others: milvus-io/milvus `pkg/util/etcd/etcd_util.go`
    /// (`GetRemoteEtcdSSLClientWithCfg`) fails without any of the three files.
    pub(super) fn behind(&mut self) {
        for (enabled, keys) in [
            ("etcd.ssl.enabled", ["etcd.ssl.tlsCert", "etcd.ssl.tlsKey", "etcd.ssl.tlsCACert"]),
            ("tikv.ssl.enabled", ["tikv.ssl.tlsCert", "tikv.ssl.tlsKey", "tikv.ssl.tlsCACert"]),
        ] {
            if self.is_on(enabled) {
                self.files_of(enabled, "Milvus does not start", &keys);
            }
        }
        if self.is_on("minio.useSSL") {
            if self.is_unset("minio.ssl.tlsCACert") {
                let key = self.name("minio.ssl.tlsCACert", "minio.useSSL");
                let message = format!(
                    "sets minio.useSSL without {key}: Milvus trusts public CAs alone, which is right for a cloud's S3"
                );
                self.add(Code::ConfigFilesUnset, self.at("minio.useSSL"), message)
                    .weigh(Severity::Note)
                    .fix = Fix::SetKey("minio.ssl.tlsCACert");
            }
            self.file("minio.ssl.tlsCACert");
        }
        if self.is_on("kafka.ssl.enabled") {
            let protocol = self.get("kafka.securityProtocol");
            let is_known = protocol.is_none_or(|setting| setting.value.is_some());
            let is_tls =
                self.text("kafka.securityProtocol").is_some_and(|text| text.to_uppercase().contains("SSL"));
            if is_known && !is_tls {
                let message = "sets kafka.ssl.enabled, but kafka.securityProtocol is neither SSL nor SASL_SSL: the connection \
                               is plaintext";
                self.add(Code::ConfigTlsOff, self.at("kafka.ssl.enabled"), message.to_owned()).fix =
                    Fix::SetKey("kafka.securityProtocol");
            }
            for key in ["kafka.ssl.tlsCert", "kafka.ssl.tlsKey", "kafka.ssl.tlsCaCert"] {
                self.file(key);
            }
        }
    }

    /// Replication: without both of the client's files, it connects in plaintext
    /// (milvus-io/milvus `internal/cdc/cluster`, `buildCDCTLSConfig`).
    pub(super) fn clusters(&mut self) {
        const TAILS: [&str; 3] = ["caPemPath", "clientPemPath", "clientKeyPath"];
        let mut seen: Vec<&str> = Vec::new();
        for setting in self.instance.settings.iter() {
            let Some((cluster, _)) =
                setting.key.strip_prefix("tls.clusters.").and_then(|rest| rest.rsplit_once('.'))
            else {
                continue;
            };
            if seen.contains(&cluster) {
                continue;
            }
            seen.push(cluster);
            let key = |tail: &str| format!("tls.clusters.{cluster}.{tail}");
            let unset: Vec<&str> = TAILS.into_iter().filter(|tail| self.is_unset(&key(tail))).collect();
            if !unset.is_empty() {
                let effect = if unset == ["caPemPath"] {
                    "public CAs alone are trusted"
                } else {
                    "replication connects in plaintext"
                };
                let message = format!("has tls.clusters.{cluster} without {}: {effect}", unset.join(" and "));
                self.add(Code::ConfigFilesUnset, setting.at, message).fix =
                    Fix::Say("milvus-certgen config cdc --cluster ID");
            }
            for tail in TAILS {
                self.file(&key(tail));
            }
        }
    }

    /// Files without which a switch that is on has not its effect.
    fn files_of(&mut self, switch: &str, effect: &str, keys: &[&str]) {
        let unset: Vec<String> =
            keys.iter().filter(|key| self.is_unset(key)).map(|key| self.name(key, switch)).collect();
        if !unset.is_empty() {
            let message = format!("sets {switch} without {}: {effect}", unset.join(" and "));
            self.add(Code::ConfigFilesUnset, self.at(switch), message);
        }
        for key in keys {
            self.file(key);
        }
    }
}
