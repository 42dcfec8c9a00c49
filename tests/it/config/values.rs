//! `config helm --values FILE`: what Helm would replace is merged, and nothing of it is lost.

use super::{config, document, string};
use crate::check::Verdict;
use crate::support::Sandbox;

/// As people have them: comments, quotes, what looks like our own settings, and a list.
const VALUES: &str = r#"
cluster: {enabled: false}
extraConfigFiles:
  user.yaml: |
    # ours: do not touch
    common:
      storageType: local  # "quoted": {{ not a template }}
      security:
        authorizationEnabled: true   # keep
        tlsMode: 0
    quotaAndLimits: {dml: {enabled: true}}
    note: '# no comment'
volumes:
  - name: models
    configMap: {name: models, defaultMode: 0440, items: [{key: "a, b", path: a.bin}]}
volumeMounts:
  - name: models
    mountPath: "/models: here"
"#;

#[test]
fn what_helm_would_replace_is_merged() {
    let sandbox = Sandbox::with_set();
    sandbox.write("values.yaml", VALUES);
    for mode in ["1", "2"] {
        let printed =
            config(&sandbox, "helm").args(&["--tls-mode", mode, "--values", "values.yaml"]).succeeds();
        let yaml = document(&printed);
        let text = string(&yaml["extraConfigFiles"]["user.yaml"]);
        for line in [
            "# ours: do not touch",
            "  storageType: local  # \"quoted\": {{ not a template }}",
            "    authorizationEnabled: true   # keep",
            "quotaAndLimits: {dml: {enabled: true}}",
            "note: '# no comment'",
        ] {
            assert!(text.lines().any(|own| own == line), "{line:?} is not in {text}");
        }
        let user = document(text);
        assert_eq!(user["common"]["security"]["tlsMode"].as_i64(), mode.parse().ok());
        assert_eq!(user["common"]["security"]["authorizationEnabled"].as_bool(), Some(true));
        assert_eq!(string(&user["tls"]["serverPemPath"]), "/milvus/tls/server.pem");
        assert_eq!(user["proxy"]["http"]["port"].as_i64(), Some(8080));
        let names = |key: &str| {
            yaml[key].as_vec().unwrap().iter().map(|one| string(&one["name"]).to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(
            (names("volumes"), names("volumeMounts")),
            (vec!["models".into(), "milvus-tls".into()], vec!["models".into(), "milvus-tls".into()])
        );
        assert_eq!(string(&yaml["volumeMounts"][0]["mountPath"]), "/models: here");
        assert_eq!(string(&yaml["volumes"][0]["configMap"]["items"][0]["key"]), "a, b");
        assert!(printed.contains("defaultMode: 0440"), "{printed}");
        // What is left to Helm's own merge is not repeated.
        assert!(yaml["cluster"].is_badvalue());
        sandbox.write("printed.yaml", &printed);
        let verdict = Verdict::of(&sandbox, &["--config", "printed.yaml"]);
        assert!(verdict.found().is_empty(), "{:?}", verdict.found());
        // A second time, with what was printed, nothing changes.
        let again =
            config(&sandbox, "helm").args(&["--tls-mode", mode, "--values", "printed.yaml"]).succeeds();
        assert_eq!(document(&again), yaml);
    }
}

#[test]
fn values_without_a_user_yaml_add_nothing() {
    let sandbox = Sandbox::with_set();
    let plain = config(&sandbox, "helm").succeeds();
    for values in [
        "",
        "# nothing\n",
        "cluster: {enabled: false}\n",
        "extraConfigFiles: {user.yaml: ''}\n",
        "extraConfigFiles:\n  user.yaml:\n",
    ] {
        sandbox.write("values.yaml", values);
        let printed = config(&sandbox, "helm").args(&["--values", "values.yaml"]).succeeds();
        assert_eq!(document(&printed), document(&plain), "{values:?}");
    }
    sandbox
        .write("values.yaml", "extraConfigFiles:\n  user.yaml: |2\n     # far in\n    log: {level: warn}\n");
    let printed = config(&sandbox, "helm").args(&["--values", "values.yaml"]).succeeds();
    assert_eq!(
        string(&document(string(&document(&printed)["extraConfigFiles"]["user.yaml"]))["log"]["level"]),
        "warn"
    );
}

#[test]
fn what_cannot_be_merged_is_an_error_with_its_reason() {
    let sandbox = Sandbox::with_set();
    for (values, why) in [
        ("extraConfigFiles:\n  user.yaml:\n    common: {}\n", "user.yaml is not a string"),
        ("extraConfigFiles:\n  user.yaml: |\n    common: [1]\n", "user.yaml has something else than a value"),
        ("extraConfigFiles:\n  user.yaml: |\n    common: [\n", "user.yaml is not valid YAML"),
        ("extraConfigFiles:\n  user.yaml: \"log: {level: warn}\\e[31m\"\n", "user.yaml has characters"),
        ("extraConfigFiles:\n  user.yaml: |\n    x: &x {security: {a: 1}}\n    common: *x\n", "user.yaml "),
        ("a: [\n", "is not valid YAML"),
    ] {
        sandbox.write("values.yaml", values);
        let error = config(&sandbox, "helm").args(&["--values", "values.yaml"]).fails(1);
        assert!(
            error.contains("values.yaml: ") && error.contains(why) && error.contains("hint: "),
            "{error}"
        );
    }
}
