//! Kubeconfigs and exec plugins' answers: read or refused in words, without being quoted.

use trustwalk_collect::fuzzing;

use crate::Target;

pub(crate) const TARGET: Target = Target {
    name: "kubeconfig",
    check: fuzzing::kubeconfig,
    seeds,
    words: &[
        "token: ",
        "- &a [*a, *a]",
        "<<: *a",
        "\u{7f}",
        "\n---\n",
        "exec:",
        "\"\\u0000\"",
        "!!binary ",
        "|\n  ",
        "\u{feff}",
    ],
    iterations: 3_000,
};

fn seeds() -> Vec<Vec<u8>> {
    let file = "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts:\n- name: c\n  context: {cluster: k, user: \
                u, namespace: n}\n\
                clusters:\n- name: k\n  cluster: {server: 'https://k.example:6443', certificate-authority: ca.pem, \
                proxy-url: ''}\n\
                users:\n- name: u\n  user:\n    exec:\n      apiVersion: client.authentication.k8s.io/v1\n      \
                command: aws\n      args: [eks, get-token]\n      env:\n      - {name: A, value: b}\n      \
                interactiveMode: IfAvailable\n";
    let basic = "apiVersion: v1\nkind: Config\nusers:\n- name: u\n  user: {username: a, password: b, tokenFile: t, \
        client-key-data: aGk=}\n";
    let answer = concat!(
        r#"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"t","#,
        r#""expirationTimestamp":"2026-01-02T03:04:05Z"}}"#
    );
    let pair = r#"{"kind":"ExecCredential","status":{"clientCertificateData":"c","clientKeyData":"k"}}"#;
    [file, basic, answer, pair].map(|text| text.as_bytes().to_vec()).into()
}
