//! Who asks: issuers as clusters and CI platforms have them, and the claims of their tokens.

use serde_json::{Map, Value, json};

/// An issuer and whoever shows a token of it.
pub(crate) struct World {
    /// The issuer, without its scheme.
    pub(crate) issuer: &'static str,
    /// Claims besides issuer and times, `sub` and `aud` among them.
    pub(crate) claims: Map<String, Value>,
    /// Claims that conditions ask about, of this token or of none, in one letter case or another.
    pub(crate) asked: &'static [&'static str],
    /// Values that conditions compare with, besides those of the token.
    pub(crate) values: &'static [&'static str],
}

impl World {
    pub(crate) fn claim(&self, name: &str) -> &str {
        self.claims.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    pub(crate) fn host(&self) -> &'static str {
        self.issuer.split('/').next().unwrap()
    }
}

fn claims(all: Value) -> Map<String, Value> {
    let Value::Object(all) = all else { panic!("claims are an object") };
    all
}

/// All of them.
pub(crate) fn worlds() -> Vec<World> {
    vec![
        World {
            issuer: "issuer.example/id/A",
            claims: claims(json!({"sub": "system:serviceaccount:payments:ledger", "aud": "sts.amazonaws.com"})),
            asked: &["sub", "aud", "SUB", "none"],
            values: &["system:serviceaccount:*", "SYSTEM:serviceaccount:payments:ledger", "?ystem*:ledger", "sts.*"],
        },
        World {
            issuer: "oidc.eks.us-west-2.amazonaws.com/id/ABCDEF0123456789ABCDEF0123456789",
            claims: claims(json!({"sub": "system:serviceaccount:shop:reader", "aud": "sts.amazonaws.com"})),
            asked: &["sub", "aud", "Aud", "iss"],
            values: &[
                "system:serviceaccount:shop:*",
                "system:serviceaccount:shop:default",
                "system:serviceaccount:*:reader",
                "sts.amazonaws.com.cn",
            ],
        },
        World {
            issuer: "token.actions.githubusercontent.com",
            claims: claims(json!({
                "sub": "repo:acme/shop:ref:refs/heads/main", "aud": "sts.amazonaws.com", "repository": "acme/shop",
                "ref": "refs/heads/main", "actor": "ada", "workflow": "deploy", "repository_id": "7001",
                "job_workflow_ref": "acme/shop/.github/workflows/deploy.yml@refs/heads/main", "sha": "0f2c",
            })),
            asked: &["sub", "aud", "repository", "ref", "sha", "environment", "actor", "job_workflow_ref", "REF"],
            values: &[
                "repo:acme/shop:*",
                "repo:acme/*:ref:refs/heads/main",
                "repo:acme/shop:environment:prod",
                "repo:*",
                "Repo:Acme/Shop:ref:refs/heads/main",
                "refs/heads/*",
                "acme/shop",
                "acme/shop/.github/workflows/*@refs/heads/main",
            ],
        },
        World {
            issuer: "gitlab.com",
            claims: claims(json!({
                "sub": "project_path:acme/shop:ref_type:branch:ref:main", "aud": "https://gitlab.com",
                "project_path": "acme/shop", "namespace_id": "72", "ref_protected": "true", "user_login": "ada",
                "pipeline_source": "push",
            })),
            asked: &["sub", "aud", "project_path", "namespace_id", "ref_protected", "user_login", "user_none"],
            values: &["project_path:acme/*", "project_path:acme/shop:*:ref:main", "https://gitlab.*", "72", "true"],
        },
    ]
}
