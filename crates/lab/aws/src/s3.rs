//! S3: as much as shows whether a role is allowed to read.

use crate::account::Account;
use crate::language::Keys;
use crate::outcome::{AwsFault, Outcome, tag};
use crate::query::segments;
use crate::sigv4::{Caller, Signed};

/// Lists buckets, a bucket's objects, or refuses to hand out one of them. The lab keeps no objects.
pub(crate) fn call(account: &Account, caller: &Caller, request: &Signed<'_>) -> Outcome {
    let path = segments(request.path);
    let arn = |name: &str| format!("arn:{}:s3:::{name}", account.config.partition);
    match (request.method, path.as_slice()) {
        // The operation is ListBuckets, the action has an older name (Service Authorization Reference, Amazon S3).
        ("GET", []) => {
            authorise(account, caller, "s3:ListAllMyBuckets", None)?;
            Ok(format!("<ListAllMyBucketsResult>{}<Buckets></Buckets></ListAllMyBucketsResult>", owner(account)))
        }
        ("GET", [bucket]) => {
            authorise(account, caller, "s3:ListBucket", Some(&arn(bucket)))?;
            Ok(format!(
                "<ListBucketResult>{}<KeyCount>0</KeyCount><IsTruncated>false</IsTruncated></ListBucketResult>",
                tag("Name", bucket)
            ))
        }
        ("GET", [_, ..]) => {
            authorise(account, caller, "s3:GetObject", Some(&arn(&path.join("/"))))?;
            Err(AwsFault::new(404, "NoSuchKey", "The specified key does not exist."))
        }
        _ => Err(not_allowed()),
    }
}

/// A method that means nothing here.
pub(crate) fn not_allowed() -> AwsFault {
    AwsFault::new(405, "MethodNotAllowed", "The specified method is not allowed against this resource.")
}

fn owner(account: &Account) -> String {
    format!("<Owner>{}</Owner>", tag("ID", &account.config.account_id))
}

/// S3 names the resource of what has one (Amazon S3 User Guide, "Troubleshoot access denied errors").
fn authorise(account: &Account, caller: &Caller, action: &str, resource: Option<&str>) -> Result<(), AwsFault> {
    let ruling = crate::policy::decide(account, caller, action, resource.unwrap_or("*"), &Keys::new());
    let Some(why) = ruling.why(action) else { return Ok(()) };
    let who = crate::arns::arn(account, &caller.principal);
    let on = resource.map(|arn| format!("on resource: \"{arn}\" ")).unwrap_or_default();
    let text = format!("User: {who} is not authorized to perform: {action} {on}{why}");
    Err(AwsFault::new(403, "AccessDenied", text))
}
