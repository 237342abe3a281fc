//! Service principals. AWS has no list that is complete; this one has those that its documentation and public policies
//! name, without the region and the ending that some are written with (IAM User Guide, "Principal", "AWS service
//! principals").

/// Endings of service principals.
const ENDINGS: [&str; 3] = [".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu"];
/// Those that end otherwise.
const OTHERS: [&str; 4] =
    ["alexa-appkit.amazon.com", "alexa-connectedhome.amazon.com", "ivs.alexa.amazon.com", "developer.amazon.com"];
#[rustfmt::skip]
const SERVICES: [&str; 383] = [
    "a4b", "access-analyzer", "account", "acm", "acm-pca", "airflow", "airflow-env", "airflow-serverless",
    "alexa-appkit", "amplify", "amplifybackend", "aoss", "apidestinations.events", "apigateway", "app-integrations",
    "appconfig", "appfabric", "appflow", "application-autoscaling", "application-insights",
    "application-signals.cloudwatch", "appmesh", "apprunner", "appstream", "appstream.application-autoscaling",
    "appsync", "aps", "arc-zonal-shift", "artifact", "athena", "audit-manager", "auditmanager", "aurora-dsql",
    "autoscaling", "autoscaling-plans", "aws-artifact-account-sync", "backup", "backup-gateway", "backup-storage",
    "batch", "bcm-data-exports", "bedrock", "bedrock-agentcore", "billing", "billingconductor", "braket", "budgets",
    "build.apprunner", "cassandra", "cassandra.application-autoscaling", "ce", "channels.lex", "chatbot", "chime",
    "cleanrooms", "cleanrooms-ml", "cloud9", "cloudformation", "cloudfront", "cloudhsm", "cloudsearch", "cloudtrail",
    "cloudwatch-crossaccount", "codeartifact", "codebuild", "codecommit", "codeconnections", "codedeploy",
    "codeguru-profiler", "codeguru-reviewer", "codepipeline", "codestar", "codestar-connections",
    "codestar-notifications", "cognito-identity", "cognito-idp", "cognito-sync", "comprehend", "compute-optimizer",
    "config", "config-conforms", "config-multiaccountsetup", "connect", "connect-campaigns", "connectcases",
    "continuousexport.discovery", "controltower", "cost-optimization-hub", "cur",
    "custom-resource.application-autoscaling", "custom.rds", "customer-profiles", "databrew", "dataexchange",
    "datapipeline", "datasync", "datazone", "dax", "deadline", "deeplens", "delegatedadmin.iam", "delivery.logs",
    "detective", "developer-tools", "devicefarm", "devops-guru", "directconnect", "discovery", "dlm", "dms", "docdb",
    "docdb-elastic", "drs", "ds", "dsql", "dynamodb", "dynamodb.application-autoscaling", "ebs", "ec2",
    "ec2-instance-connect", "ec2.application-autoscaling", "ec2fleet", "ec2scheduled", "ecr", "ecr-public", "ecs",
    "ecs-tasks", "ecs.application-autoscaling", "edgelambda", "eks", "eks-connector", "eks-fargate",
    "eks-fargate-pods", "eks-nodegroup", "elastic-inference", "elasticache", "elasticache.application-autoscaling",
    "elasticbeanstalk", "elasticfilesystem", "elasticloadbalancing", "elasticmapreduce",
    "elasticmapreduce.application-autoscaling", "elastictranscoder", "email.cognito-idp", "emr-containers",
    "emr-serverless", "entityresolution", "es", "events", "evidently", "evs", "export.rds", "externalprovider",
    "fargate", "finspace", "firehose", "fis", "fms", "forecast", "frauddetector", "freertos", "fsx", "gamelift",
    "geo", "globalaccelerator", "glue", "grafana", "greengrass", "groundstation", "guardduty", "health", "healthlake",
    "honeycode", "iam", "identitystore", "imagebuilder", "importexport", "inspector", "inspector2", "internetmonitor",
    "iot", "iotanalytics", "iotevents", "iotfleetwise", "iotsitewise", "iotthingsgraph", "iottwinmaker",
    "iotwireless", "ivs", "kafka", "kafka.application-autoscaling", "kafkaconnect", "kendra", "kinesis",
    "kinesisanalytics", "kinesisvideo", "kms", "lakeformation", "lambda", "lambda.alarms.cloudwatch", "launchwizard",
    "lex", "lexv2", "license-manager", "license-manager-linux-subscriptions", "license-manager-user-subscriptions",
    "license-manager.master-account", "license-manager.member-account", "lightsail",
    "logdelivery.elasticloadbalancing", "logger.cloudfront", "logs", "lookoutequipment", "lookoutmetrics",
    "lookoutvision", "m2", "machinelearning", "macie", "malware-protection-plan.guardduty", "managedblockchain",
    "managedservices", "management.chatbot", "marketplace", "marketplacecommerceanalytics", "mediaconnect",
    "mediaconvert", "medialive", "mediapackage", "mediapackagev2", "mediastore", "mediatailor", "memorydb",
    "metering-marketplace", "mgh", "mgn", "migrationhub", "mobileanalytics", "mobilehub", "monitoring",
    "monitoring.rds", "mq", "multi-ap.s3", "mwaa", "neptune", "neptune-graph", "network-firewall",
    "networkflowmonitor", "networkmanager", "nimble", "notifications", "nova", "oam", "observabilityadmin", "omics",
    "ops.apigateway", "ops.emr-serverless", "opsworks", "opsworks-cm", "organizations", "osis", "outposts",
    "panorama", "participant.connect", "payment-cryptography", "pca-connector-ad", "personalize", "pinpoint", "pipes",
    "pods.eks", "polly", "preview", "pricing", "privateconnect", "proton", "qbusiness", "qldb", "quicksight", "ram",
    "rbin", "rds", "rds.application-autoscaling", "redshift", "redshift-data", "redshift-serverless", "rekognition",
    "replication.cassandra", "replication.dynamodb", "replication.ecr", "replicator.lambda", "repostspace",
    "resiliencehub", "resource-explorer-2", "resource-groups", "robomaker", "rolesanywhere", "route53",
    "route53-recovery-control-config", "route53domains", "route53profiles", "route53resolver", "rum", "s3",
    "s3-object-lambda", "s3-outposts", "s3express", "s3tables", "sagemaker", "sagemaker.application-autoscaling",
    "savingsplans", "scheduler", "schemas", "secretsmanager", "security-lake", "securityhub", "securitylake",
    "selfservice.servicecatalog", "serverlessrepo", "servicecatalog", "servicecatalog-appregistry",
    "servicediscovery", "servicequotas", "ses", "sesv2", "shield", "signer", "signin", "simspaceweaver", "sms",
    "sms-voice", "snowball", "sns", "social-messaging", "spot", "spotfleet", "sqs", "ssm", "ssm-contacts",
    "ssm-incidents", "ssm-quicksetup", "ssm-sap", "sso", "states", "storage-lens.s3", "storagegateway",
    "streaming-oidc", "streams.metrics.cloudwatch", "sts", "support", "supportapp", "swf", "synthetics",
    "tagpolicies.tag", "tasks.apprunner", "textract", "timestream", "timestream-influxdb", "topic.sns", "transcribe",
    "transfer", "transitgateway", "translate", "trustedadvisor", "user-subscriptions", "vendor-insights",
    "verifiedpermissions", "vmie", "voiceid", "vpc-flow-logs", "vpc-lattice", "vpce", "waf", "waf-regional", "wafv2",
    "wam", "wellarchitected", "wickr", "wisdom", "workdocs", "worklink", "workmail", "workspaces", "workspaces-web",
    "xray",
];

/// Whether there is a service of that name, as far as the lab knows.
pub(super) fn is_service(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let name = ENDINGS.iter().find_map(|ending| text.strip_suffix(ending));
    name.is_some_and(|name| SERVICES.contains(&name) || SERVICES.contains(&without_region(name)))
        || OTHERS.contains(&text.as_str())
}

/// `logs.us-east-1` is `logs`.
fn without_region(name: &str) -> &str {
    let Some((service, region)) = name.rsplit_once('.') else { return name };
    let mut parts = region.split('-');
    let letters = |part: Option<&str>| part.is_some_and(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_lowercase()));
    let digits = region.rsplit('-').next().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()));
    let sound = letters(parts.next()) && letters(parts.next()) && region.contains('-') && digits;
    if sound { service } else { name }
}

#[cfg(test)]
mod tests {
    use super::is_service;

    #[test]
    fn services_are_known_with_and_without_their_region() {
        for (name, known) in [
            ("ec2.amazonaws.com", true),
            ("ec2.amazonaws.com.cn", true),
            ("pods.eks.amazonaws.com", true),
            ("logs.us-east-1.amazonaws.com", true),
            ("states.us-gov-west-1.amazonaws.com", true),
            ("eks", false),
            ("ekz.amazonaws.com", false),
            ("pod.eks.amazonaws.com", false),
            ("ec2.example.com", false),
            (".amazonaws.com", false),
        ] {
            assert_eq!(is_service(name), known, "{name}");
        }
    }
}
