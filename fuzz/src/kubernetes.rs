//! Answers of the Kubernetes API: objects of every kind that is read, and pages of lists.

use trustwalk_collect::fuzzing;

use crate::Target;

pub(crate) const TARGET: Target = Target {
    name: "kubernetes",
    check: fuzzing::kubernetes,
    seeds,
    words: &[
        "\"items\":",
        "\"continue\":",
        "\"metadata\":",
        "null",
        "9223372036854775807",
        "-1",
        "1e999",
        "[[[[",
        "\\ud800",
        "{\"a\":",
        "\"9999-12-31T23:59:59Z\"",
    ],
    iterations: 10_000,
};

const POD: &str = concat!(
    r#"{"metadata":{"name":"p","namespace":"n","uid":"u","creationTimestamp":"2024-01-02T03:04:05Z","#,
    r#""ownerReferences":[{"controller":true}],"annotations":{"eks.amazonaws.com/role-arn":"r"}},"#,
    r#""spec":{"serviceAccountName":"s","nodeSelector":{"kubernetes.io/os":"linux"},"#,
    r#""containers":[{"name":"c","image":"i","command":["x"],"args":["y"],"ports":[{"name":"https","#,
    r#""containerPort":8443}],"env":[{"name":"AWS_ROLE_ARN","value":"r"},{"name":"S","#,
    r#""valueFrom":{"secretKeyRef":{"name":"a","key":"b"}}}],"volumeMounts":[{"name":"v","#,
    r#""mountPath":"/m"}]}],"volumes":[{"name":"v","#,
    r#""projected":{"sources":[{"serviceAccountToken":{"audience":"a","expirationSeconds":600,"#,
    r#""path":"token"}}]}}]},"status":{"phase":"Running","conditions":[{"type":"Ready","#,
    r#""status":"True"}],"containerStatuses":[{"restartCount":9223372036854775807,"#,
    r#""state":{"waiting":{"reason":"x"}}},{"restartCount":2}]}}"#
);

fn seeds() -> Vec<Vec<u8>> {
    let list =
        format!(r#"{{"kind":"PodList","metadata":{{"continue":"t","resourceVersion":"1"}},"items":[{POD},{POD}]}}"#);
    [
        POD,
        list.as_str(),
        concat!(
            r#"{"metadata":{"name":"w","creationTimestamp":null},"#,
            r#""webhooks":[{"name":"pod-identity-webhook.amazonaws.com","#,
            r#""clientConfig":{"service":{"namespace":"n","name":"s","port":443},"caBundle":"aGk="},"#,
            r#""admissionReviewVersions":["v1"],"objectSelector":{"matchLabels":{"a":"b"}}}]}"#
        ),
        concat!(
            r#"{"metadata":{"name":"np"},"spec":{"podSelector":{"matchLabels":{"a":"b"}},"#,
            r#""policyTypes":["Egress"],"egress":[{"to":[{"ipBlock":{"cidr":"10.0.0.0/8"}}]},{}]}}"#
        ),
        concat!(
            r#"{"metadata":{"name":"d"},"spec":{"selector":{"matchLabels":{"a":"b"},"#,
            r#""matchExpressions":[{"key":"k","operator":"NotIn","values":["v"]}]},"ports":[{"port":443,"#,
            r#""targetPort":"https"}],"replicas":2}}"#
        ),
        concat!(
            r#"{"involvedObject":{"name":"p"},"lastTimestamp":null,"eventTime":"2024-01-02T03:04:05.123456Z","#,
            r#""type":"Warning","reason":"r","message":"m"}"#
        ),
        r#"{"kind":"Status","message":"no","code":410}"#,
    ]
    .map(|text| text.as_bytes().to_vec())
    .into()
}
