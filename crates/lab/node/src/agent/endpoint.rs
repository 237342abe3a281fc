//! Host names of AWS endpoints, and which STS one an SDK chooses (AWS SDKs and
//! Tools Reference Guide, "AWS STS Regional endpoints").

use super::sdk::Sdk;

/// Regions whose STS the legacy setting sends to the global endpoint.
const LEGACY_GLOBAL: [&str; 16] = [
    "ap-northeast-1",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "aws-global",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// Domain of the region's partition.
fn suffix(region: &str) -> &'static str {
    if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" }
}

/// The STS host for `region`, given `AWS_STS_REGIONAL_ENDPOINTS`. `None` when the
/// SDK needs a region and has none.
pub(crate) fn sts(sdk: Sdk, region: Option<&str>, setting: Option<&str>) -> Option<String> {
    let legacy = match setting {
        Some("regional") => false,
        Some("legacy") => true,
        _ => sdk.defaults_to_global_sts(),
    };
    match region {
        None if legacy || sdk.defaults_to_global_sts() => Some("sts.amazonaws.com".into()),
        None => None,
        Some(region) if legacy && LEGACY_GLOBAL.contains(&region) => Some("sts.amazonaws.com".into()),
        Some(region) => Some(format!("sts.{region}.{}", suffix(region))),
    }
}

/// The host of any other service.
pub(crate) fn service(name: &str, region: &str) -> String {
    match name {
        "iam" => format!("iam.{}", suffix(region)),
        "eks-auth" => format!("eks-auth.{region}.api.aws"),
        _ => format!("{name}.{region}.{}", suffix(region)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sts_choice_follows_setting_then_sdk() {
        let region = Some("us-west-2");
        let global = Some("sts.amazonaws.com".to_owned());
        let regional = Some("sts.us-west-2.amazonaws.com".to_owned());
        assert_eq!(sts(Sdk::GoV1, region, None), global);
        assert_eq!(sts(Sdk::GoV1, region, Some("regional")), regional);
        assert_eq!(sts(Sdk::GoV2, region, None), regional);
        assert_eq!(sts(Sdk::GoV2, region, Some("legacy")), global);
        assert_eq!(
            sts(Sdk::GoV1, Some("cn-north-1"), Some("legacy")),
            Some("sts.cn-north-1.amazonaws.com.cn".to_owned())
        );
        assert_eq!(sts(Sdk::GoV1, None, None), global);
        assert_eq!(sts(Sdk::GoV2, None, None), None);
    }
}
