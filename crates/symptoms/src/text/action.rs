//! The action that was refused, by the name that policies have for it.

use super::extract::{after, value};

/// Operations of S3 and the permission that each needs, where its name is another (S3 User Guide, "Required permissions
/// for Amazon S3 API operations"; Service Authorization Reference, "Amazon S3").
const S3: &[(&str, &str)] = &[
    ("HeadObject", "GetObject"),
    ("GetObject", "GetObject"),
    ("PutObject", "PutObject"),
    ("CreateMultipartUpload", "PutObject"),
    ("UploadPart", "PutObject"),
    ("CompleteMultipartUpload", "PutObject"),
    ("AbortMultipartUpload", "AbortMultipartUpload"),
    ("ListParts", "ListMultipartUploadParts"),
    ("ListMultipartUploads", "ListBucketMultipartUploads"),
    ("DeleteObject", "DeleteObject"),
    ("DeleteObjects", "DeleteObject"),
    ("GetObjectTagging", "GetObjectTagging"),
    ("PutObjectTagging", "PutObjectTagging"),
    ("HeadBucket", "ListBucket"),
    ("ListObjects", "ListBucket"),
    ("ListObjectsV2", "ListBucket"),
    ("ListObjectVersions", "ListBucketVersions"),
    ("ListBuckets", "ListAllMyBuckets"),
    ("GetBucketLocation", "GetBucketLocation"),
];

/// The action refused.
pub(crate) fn denied(text: &str) -> Option<String> {
    const WORDS: &[&str] =
        &["ot authorized to perform: ", "Not authorized to perform ", "not authorized to perform ", "Failed to call "];
    let explicit = WORDS.iter().find_map(|m| named(after(text, m)?));
    explicit.or_else(|| of_go(text)).or_else(|| of_s3(text))
}

/// Go 2 names service and operation.
fn of_go(text: &str) -> Option<String> {
    let (service, rest) = after(text, "operation error ")?.split_once(": ")?;
    if service.eq_ignore_ascii_case("STS") || service.contains(' ') && service.len() > 30 {
        return None;
    }
    let operation = value(rest);
    if service == "S3"
        && let Some(needed) = s3(operation)
    {
        return Some(needed);
    }
    named(&format!("{}:{operation}", service.to_ascii_lowercase().replace(' ', "-")))
}

/// Botocore and PHP name the operation alone; its name and S3's own code tell the service.
fn of_s3(text: &str) -> Option<String> {
    let python = ["An error occurred (AccessDenied) when calling the ", "An error occurred (403) when calling the "];
    let python = python.iter().find_map(|m| after(text, m)?.split_once(" operation"));
    let php = || after(text, "Error executing \"")?.split_once("\" on \"").filter(|(_, rest)| rest.contains(".s3."));
    s3(python.or_else(php)?.0)
}

fn s3(operation: &str) -> Option<String> {
    S3.iter().find(|(name, _)| *name == operation).map(|(_, needed)| format!("s3:{needed}"))
}

fn named(rest: &str) -> Option<String> {
    let word = value(rest.trim_start_matches(['"', '\'', '`', ' ']));
    let (service, name) = word.split_once(':')?;
    let plain = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    (plain(service) && plain(name)).then(|| word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::denied;

    #[test]
    fn the_permission_is_named_and_not_the_operation() {
        for (text, action) in [
            ("User: x is not authorized to perform: ec2:DescribeSubnets on resource: *", "ec2:DescribeSubnets"),
            ("Not authorized to perform sts:TagSession", "sts:TagSession"),
            ("Not authorized to perform: sts:TagSession", "sts:TagSession"),
            ("operation error EC2: DescribeSubnets, https response error", "ec2:DescribeSubnets"),
            ("operation error S3: ListObjectsV2, https response error", "s3:ListBucket"),
            ("operation error S3: PutBucketPolicy, https response error", "s3:PutBucketPolicy"),
            ("An error occurred (403) when calling the HeadObject operation: Forbidden", "s3:GetObject"),
            (
                "An error occurred (AccessDenied) when calling the CreateMultipartUpload operation: Access Denied",
                "s3:PutObject",
            ),
            ("Error executing \"PutObject\" on \"https://b.s3.eu-west-1.amazonaws.com/a\"", "s3:PutObject"),
        ] {
            assert_eq!(denied(text).as_deref(), Some(action), "{text}");
        }
        // Another service's operation of that name has another code, and other operations are not S3's.
        for text in [
            "An error occurred (AccessDeniedException) when calling the PutObject operation: x",
            "An error occurred (AccessDenied) when calling the ListUsers operation: x",
            "operation error STS: AssumeRole, https response error",
        ] {
            assert_eq!(denied(text), None, "{text}");
        }
    }
}
