//! Answers of AWS: the query protocol's XML, the JSON protocols, errors of each, and `credential_process`.

use trustwalk_collect::fuzzing;

use crate::Target;

pub(crate) const TARGET: Target = Target {
    name: "aws",
    check: fuzzing::aws,
    seeds,
    words: &[
        "<member>",
        "</member>",
        "<a/>",
        "&amp;",
        "&#0;",
        "&#x110000;",
        "<![CDATA[",
        "<!DOCTYPE a [",
        "%00%",
        "\"__type\":",
        "1e999",
        "<?x",
        "IsTruncated",
    ],
    iterations: 10_000,
};

fn seeds() -> Vec<Vec<u8>> {
    [
        concat!(
            r#"<GetRoleResponse xmlns="u"><GetRoleResult><Role><Arn>arn:aws:iam::111122223333:role/r</Arn>"#,
            r#"<RoleName>r</RoleName><AssumeRolePolicyDocument>"#,
            r#"%7B%22Version%22%3A%222012-10-17%22%7D</AssumeRolePolicyDocument><MaxSessionDuration>"#,
            r#"3600</MaxSessionDuration><CreateDate>2024-01-02T03:04:05Z</CreateDate><Tags><member><Key>k</Key>"#,
            r#"<Value>v</Value></member></Tags></Role></GetRoleResult></GetRoleResponse>"#
        ),
        "<R><Roles><member><RoleName>a &amp; \
         b</RoleName></member><other/></Roles><IsTruncated>true</IsTruncated><Marker>m</Marker></R>",
        "<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate \
         exceeded</Message></Error><RequestId>r</RequestId></ErrorResponse>",
        r#"{"__type":"com.amazonaws#ResourceNotFoundException","message":"no"}"#,
        concat!(
            r#"{"EventId":"e","EventName":"UpdateAddon","EventTime":1700000000.5,"#,
            r#""Resources":[{"ResourceName":"r"}],"CloudTrailEvent":"{\"userIdentity\":{\"type\":"#,
            r#"\"WebIdentityUser\",\"userName\":\"u\"}}"}"#
        ),
        concat!(
            r#"{"Version":1,"AccessKeyId":"k","SecretAccessKey":"s","SessionToken":"t","#,
            r#""Expiration":"2030-01-01T00:00:00Z"}"#
        ),
    ]
    .map(|text| text.as_bytes().to_vec())
    .into()
}
