//! `preflight` against the lab: the same documents as files of a checkout, judged, and rehearsed as `preflight
//! --rehearse` does it, with the lab's saving and STS.

use trustwalk_checkout::{Declared, Source, read_file};
use trustwalk_ci::Nothing;
use trustwalk_core::diagnosis::Outcome as Passed;
use trustwalk_lab::rehearsal::{self as lab, Outcome, Stage};
use trustwalk_preflight::{Asked, Judged, Scene, Whom, World as Files, is_ci, judge};

use crate::worlds::{World, worlds};
use crate::{ACCOUNT, Dice, Kind, NOW, asked, document};

/// Documents tried in every run.
const DOCUMENTS: usize = 200;

/// A checkout that gives the role of a document to whoever shows the tokens of a world; nothing for a world whose
/// tokens no file foretells.
fn checkout(dice: &mut Dice, world: &World, document: &str) -> Option<Vec<Source>> {
    let file = |path: &str, text: String| Source { path: path.into(), text };
    let audience = world.claim("aud");
    let role = format!("arn:aws:iam::{ACCOUNT}:role/Ledger");
    let client_ids =
        dice.pick(&[format!("[\"{audience}\"]"), format!("[\"other\", \"{audience}\"]"), "[\"x\"]".into()]);
    let provider = format!(
        ",\"Provider\":{{\"Type\":\"AWS::IAM::OIDCProvider\",\"Properties\":{{\"Url\":\"https://{}\",\
         \"ClientIdList\":{client_ids}}}}}",
        world.issuer
    );
    let provider = if dice.roll(3) == 0 { String::new() } else { provider };
    let template = format!(
        "{{\"AWSTemplateFormatVersion\":\"2010-09-09\",\"Resources\":{{\"Role\":{{\"Type\":\"AWS::IAM::Role\",\
         \"Properties\":{{\"RoleName\":\"Ledger\",\"AssumeRolePolicyDocument\":{document}}}}}{provider}}}}}"
    );
    let asking = if let Some(rest) = world.claim("sub").strip_prefix("system:serviceaccount:") {
        let (namespace, name) = rest.split_once(':')?;
        file(
            "k8s/account.yaml",
            format!(
                "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: {name}\n  namespace: {namespace}\n  \
                 annotations:\n    eks.amazonaws.com/role-arn: {role}\n"
            ),
        )
    } else if world.claim("sub").starts_with("repo:") {
        file(
            ".github/workflows/deploy.yml",
            format!(
                "on: {{push: {{branches: [main]}}}}\npermissions: {{id-token: write}}\njobs:\n  deploy:\n    runs-on: \
                 ubuntu-latest\n    steps:\n      - uses: aws-actions/configure-aws-credentials@v4\n        with: \
                 {{aws-region: us-west-2, role-to-assume: '{role}'}}\n"
            ),
        )
    } else {
        file(
            ".gitlab-ci.yml",
            format!(
                "deploy:\n  rules: [{{if: '$CI_COMMIT_BRANCH == \"main\"'}}]\n  id_tokens: {{TOKEN: {{aud: \
                 {audience}}}}}\n  script:\n    - aws sts assume-role-with-web-identity --role-arn {role} \
                 --role-session-name deploy --web-identity-token $TOKEN\n"
            ),
        )
    };
    Some(vec![file("iam/role.json", template), asking])
}

fn told(scene: &Scene) -> lab::Scene {
    let Scene { account, partition, region, issuer, provider, role, arn, whom, asked, .. } = scene.clone();
    lab::Scene {
        account,
        partition,
        region,
        issuer,
        provider: provider.map(|p| lab::NewProvider {
            url: p.url,
            client_ids: p.client_ids,
            thumbprints: p.thumbprints,
        }),
        role: lab::NewRole {
            path: role.path,
            name: role.name,
            trust: role.trust,
            max_session: role.max_session,
            policies: role.policies,
            others: role.others,
        },
        arn,
        whom: match whom {
            Whom::ServiceAccount(namespace, name) => lab::Whom::ServiceAccount(namespace, name),
            Whom::Claims(claims) => lab::Whom::Claims(claims),
        },
        asked: match asked {
            Asked::Token(audience, seconds, session) => lab::Asked::Token { audience, seconds, session },
            Asked::Association(cluster) => lab::Asked::Association(cluster),
        },
    }
}

#[expect(clippy::print_stdout, reason = "a long run is made for its counts")]
async fn compare(count: usize, seed: u64) {
    let worlds = worlds();
    let now = jiff::Timestamp::from_second(NOW).unwrap();
    let stage = Stage::at(std::sync::Arc::new(move || now)).await.unwrap();
    let mut dice = Dice(seed);
    let (mut sound, mut refused, mut open, mut unsaved) = (0, 0, 0, 0);
    for number in 0..count {
        let world = worlds.get(number % worlds.len()).unwrap();
        let text = document(&mut dice, world, Kind::Saved);
        let Some(files) = checkout(&mut dice, world, &text) else { continue };
        let (ci, others): (Vec<Source>, Vec<Source>) = files.into_iter().partition(|s| is_ci(&s.path));
        let read = others.iter().map(read_file).collect();
        let all = Files::of(read, &ci, Declared::default(), &Nothing, Some("acme/shop"));
        let report = judge(&Files { files: 2, now: NOW, ..all });
        let Some(way) = report.ways.first() else {
            open += 1;
            continue;
        };
        let scene = way.scene.as_ref().unwrap_or_else(|why| panic!("document {number}: {why}: {text}"));
        let came = stage.rehearse(&told(scene)).await.unwrap();
        // What IAM does not save admits nobody, and of that preflight does not speak.
        if matches!(came, Outcome::NotSaved("role", ..)) {
            unsaved += 1;
            // Whether the guard of shared issuers takes set operators is documented nowhere.
            let open = ["AnyValue:String", "AllValues:String", "IfExists"].iter().any(|word| text.contains(word));
            assert!(
                open || report.outcome != Passed::Ok,
                "document {number} for {}: passed, and {came:?}: {text}",
                world.issuer
            );
            continue;
        }
        let judged = way.judged == Judged::Admitted;
        assert_eq!(
            judged,
            came == Outcome::Admitted,
            "document {number} for {}: judged {:?}, came {came:?}: {text}",
            world.issuer,
            way.judged
        );
        if judged { sound += 1 } else { refused += 1 }
    }
    println!("{count} checkouts: {sound} sound, {refused} refused, {open} not decided, {unsaved} not saved");
    assert!(sound > count / 20 && refused > count / 10, "{sound} sound, {refused} refused, {open} not decided");
}

#[tokio::test]
async fn preflight_judges_as_the_lab_does() {
    compare(asked(DOCUMENTS), 11).await;
}
