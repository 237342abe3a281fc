//! Files that are no good: a line each, the rest read.

use super::{causes, report};

#[test]
fn what_cannot_be_read_is_told_with_its_place_and_hides_nothing() {
    let mut bomb = "kind: ServiceAccount\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..10 {
        let refs = vec![format!("*a{}", n - 1); 10].join(", ");
        bomb = format!("{bomb}a{n}: &a{n} [{refs}]\n");
    }
    let broken = "apiVersion: v1\nkind: ServiceAccount\nmetadata: [\n";
    let account = "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: a\n  namespace: b\n  \
        annotations:\n    eks.amazonaws.com/role-arn: arn:aws:iam::111122223333:policy/a\n";
    let found = report(&[
        ("bomb.yaml", &bomb),
        ("broken.yaml", broken),
        (
            "chart/templates/sa.yaml",
            "{{ if x }}\nkind: ServiceAccount\neks.amazonaws.com/role-arn: {{ .Values.arn }}\n{{ end }}\n",
        ),
        ("jinja.yaml", "kind: ServiceAccount\nx: {{ y }}: z\n"),
        (".github/workflows/bad.yml", "jobs: ["),
        ("sa.yaml", account),
    ]);
    assert_eq!(causes(&found), ["role-arn-malformed-or-not-a-role"]);
    let files: Vec<&str> = found.unread.iter().filter_map(|n| n.at.as_ref()).map(|s| s.file.as_str()).collect();
    for file in ["bomb.yaml", "broken.yaml", "chart/templates/sa.yaml", "jinja.yaml", ".github/workflows/bad.yml"] {
        assert!(files.contains(&file), "{file}: {:#?}", found.unread);
    }
    assert!(found.unread.iter().any(|n| n.text.contains("helm template")), "{:#?}", found.unread);
}
