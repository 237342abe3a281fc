//! What the redactor leaves: the names, ids and words by which a person finds a fault.

use trustwalk_foreign::redact;

/// What a person needs to see.
const KEPT: &[&str] = &[
    "arn:aws:iam::111122223333:role/eksctl-Production-Cluster-NodeInstanceRole-1A2B3C4D5E6F7",
    "arn:aws:sts::111122223333:assumed-role/eksctl-prod-NodeInstanceRole-1A2B3C4D5E6F7/i-0123456789abcdef0",
    "arn:aws:iam::111122223333:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF",
    "https://oidc.eks.us-east-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF/keys",
    "AROAEXAMPLEEXAMPLEID1:botocore-session-1700000000",
    "9e99a48a9960b14926bb7f3b02e22da2b0ab7280",
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "SHA-256 AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89",
    "public.ecr.aws/eks/amazon-k8s-cni@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "/var/run/secrets/eks.amazonaws.com/serviceaccount/token",
    "AWS_WEB_IDENTITY_TOKEN_FILE=/var/run/secrets/eks.amazonaws.com/serviceaccount/token",
    "AWS_ROLE_ARN=arn:aws:iam::111122223333:role/cni",
    "web_identity_token_file = /var/run/secrets/eks.amazonaws.com/serviceaccount/token",
    "open /var/run/secrets/eks.amazonaws.com/serviceaccount/token: no such file or directory",
    "SignatureDoesNotMatch: The request signature we calculated does not match the signature you provided",
    "InvalidIdentityToken: OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint",
    "InvalidIdentityToken: Incorrect token audience",
    "ExpiredTokenException: Token expired: current date/time 1700000000 must be before the expiration date/time \
     1699999999",
    "InvalidClientTokenId: The security token included in the request is invalid",
    "WebIdentityErr: failed to retrieve credentials\ncaused by: AccessDenied: Not authorized to perform \
     sts:AssumeRoleWithWebIdentity\n\tstatus code: 403, request id: 3714365f-c50b-4cae-b958-917eb6a34b50",
    "com.amazonaws.auth.WebIdentityTokenCredentialsProvider: To use assume role profiles the aws-java-sdk-sts \
     module must be on the class path",
    "at \
     com.amazonaws.auth.DefaultAWSCredentialsProviderChain.getCredentials(DefaultAWSCredentialsProviderChain.java:98)",
    "software.amazon.awssdk.services.sts.auth.StsWebIdentityTokenFileCredentialsProvider",
    "com.amazonaws.services.securitytoken.model.AWSSecurityTokenServiceException: Not authorized",
    "software.amazon.awssdk.auth.credentials.internal.WebIdentityCredentialsUtils.factory(WebIdentityCredentialsUtils.\
     java:41)",
    "system:serviceaccount:kube-system:aws-node",
    "repo:acme/shop:ref:refs/heads/main",
    "kid=7Q0wM3xXrLkT9aPz2VbN8cYd1EfGhIjKmOqRsTuVwXy in the key set",
    "{\"kid\":\"7Q0wM3xXrLkT9aPz2VbN8cYd1EfGhIjKmOqRsTuVwXy\",\"kty\":\"RSA\"}",
    "serial 04:9b:c6:2a:11, subject CN=oidc.eks.us-west-2.amazonaws.com, issuer CN=Amazon RSA 2048 M02,O=Amazon,C=US",
    "permissions: id-token: write, contents: read",
    "id-token: write",
    "reading the token: not found",
    "error: unable to read token: permission denied",
    "the session token expired, and the password was wrong",
    "Bearer token is missing",
    "WWW-Authenticate: Bearer realm=\"https://r.example\",error=\"invalid_token\"",
    "Basic authentication is not supported; Basic Auth is",
    "--token FILE says whose token is meant",
    "aws sts assume-role-with-web-identity --role-arn arn:aws:iam::111122223333:role/x --web-identity-token \"$TOKEN\"",
    "password=${DB_PASSWORD} token=${{ secrets.TOKEN }} secret=*** token=<redacted>",
    "token_type=bearer expires_in=3600",
    "docker run -p 8080:80 image; mkdir -p /tmp/x; kubectl get pod -A",
    "kubectl get pods -n kube-system -o jsonpath={.items[0].spec.serviceAccountName}",
    "failed calling webhook \"iam-for-pods.amazonaws.com\": x509: certificate signed by unknown authority",
    "secrets \"aws-keys\" is forbidden: User \"u\" cannot get resource \"secrets\"",
    "secret aws-keys/AWS_ACCESS_KEY_ID",
    "couldn't find key AWS_ACCESS_KEY_ID in Secret default/aws-keys",
    "2026-11-23T10:00:00.000000000Z stderr F level=error msg=\"failed\" caller=main.go:42",
    "the key: value of the map, and the path: /a/b",
    "https://sts.us-west-2.amazonaws.com:443/?Action=AssumeRoleWithWebIdentity&Version=2011-06-15",
    "ssh://git@github.com/acme/shop.git and git@github.com:acme/shop.git",
    "sts.amazonaws.com",
    "x-amzn-RequestId: 3714365f-c50b-4cae-b958-917eb6a34b50",
    "AssumeRoleWithWebIdentity operation: Couldn't retrieve verification key from your identity provider",
    "Error: Unable to get ACTIONS_ID_TOKEN_REQUEST_URL env variable",
    "Could not assume role with OIDC: Not authorized to perform sts:AssumeRoleWithWebIdentity",
    "cat: can't open '/var/run/secrets/eks.amazonaws.com/serviceaccount/token': Permission denied",
    "cat: /etc/passwd: Permission denied",
    "ip-10-0-12-34.us-west-2.compute.internal",
    "k8s_aws-node_aws-node-2mxxx_kube-system_3714365f-c50b-4cae-b958-917eb6a34b50_0",
    "secret_arn=arn:aws:secretsmanager:us-east-1:111122223333:secret:prod/db-AbCdEf",
    "PWD=/home/runner/work",
    "token -> provider -> role",
    "Invalid length for parameter WebIdentityToken, value: 0, valid min length: 4",
    "https://h.example/x?code=403&y=1",
    "\"ParameterKey\":\"VpcId\",\"ParameterValue\":\"vpc-123\"",
    "{\"level\":\"error\",\"credentials\":\"AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity\"}",
    "credentials: \"WebIdentityErr: failed to retrieve credentials\\ncaused by: AccessDenied: Not authorized to \
     perform sts:AssumeRoleWithWebIdentity\\n\\tstatus code: 403, request id: 3714365f-c50b-4cae-b958-917eb6a34b50\"",
    "token='An error occurred (AccessDenied) when calling the AssumeRoleWithWebIdentity operation: Not authorized to \
     perform sts:AssumeRoleWithWebIdentity'",
    "auth=\"operation error STS: AssumeRoleWithWebIdentity, https response error StatusCode: 403, RequestID: \
     3714365f-c50b-4cae-b958-917eb6a34b50, api error AccessDenied: Not authorized to perform \
     sts:AssumeRoleWithWebIdentity\"",
    "{\"auth\":\"InvalidIdentityToken: No OpenIDConnect provider found in your account for \
     https://oidc.eks.us-east-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF\"}",
    "author=bob monkey=1 keyboard: us compass=north bypass=1",
];

#[test]
fn what_a_person_needs_stays() {
    let changed: Vec<String> = KEPT
        .iter()
        .map(|text| (text, redact(text)))
        .filter(|(t, out)| **t != *out)
        .map(|(t, out)| format!("{t}\n  -> {out}"))
        .collect();
    assert!(changed.is_empty(), "{}", changed.join("\n"));
}
