//! What an answer says about itself, for whoever watches a run: its status and its request id.
//!
//! The main type is [`Answered`]. It never looks at what an answer holds.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_types::request_id::RequestId;
use infra_sdk::provider::Failure;
use tracing::Span;

/// Notes status and request id in the span of the call.
#[derive(Debug)]
pub(crate) struct Answered;

impl Intercept for Answered {
    fn name(&self) -> &'static str {
        "Answered"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let (answer, span) = (context.response(), Span::current());
        span.record("http.response.status_code", answer.status().as_u16());
        if let Some(id) = answer.headers().request_id() {
            span.record("aws.request_id", id);
        }
        Ok(())
    }
}

/// The span of one call, with its tries. Names: OpenTelemetry's semantic conventions for AWS SDKs.
pub(crate) fn span_of(operation: &str, region: &str) -> Span {
    let (prefix, method) = operation.split_once(':').unwrap_or(("", operation));
    let service = service_id(prefix);
    tracing::debug_span!(
        "call",
        otel.name = format!("{service}/{method}"),
        otel.kind = "client",
        rpc.system = "aws-api",
        rpc.service = service,
        rpc.method = method,
        cloud.region = region,
        http.response.status_code = tracing::field::Empty,
        http.request.resend_count = tracing::field::Empty,
        aws.request_id = tracing::field::Empty,
        error.type = tracing::field::Empty,
    )
}

/// Notes in the span of a call why it failed.
pub(crate) fn told(span: &Span, failure: &Failure) {
    match &failure.code {
        Some(code) => span.record("error.type", code.as_str()),
        None => span.record("error.type", tracing::field::debug(failure.class)),
    };
}

/// What the SDKs call a service, by the prefix of its IAM actions. Source: the service models.
fn service_id(prefix: &str) -> &str {
    match prefix {
        "acm" => "ACM",
        "application-autoscaling" => "Application Auto Scaling",
        "autoscaling" => "Auto Scaling",
        "backup" => "Backup",
        "cloudtrail" => "CloudTrail",
        "cloudwatch" => "CloudWatch",
        "dynamodb" => "DynamoDB",
        "ec2" => "EC2",
        "ecr" => "ECR",
        "ecs" => "ECS",
        "eks" => "EKS",
        "elasticache" => "ElastiCache",
        "elasticloadbalancing" => "Elastic Load Balancing v2",
        "eventbridge" => "EventBridge",
        "iam" => "IAM",
        "kms" => "KMS",
        "lambda" => "Lambda",
        "logs" => "CloudWatch Logs",
        "rds" => "RDS",
        "route53" => "Route 53",
        "s3" => "S3",
        "secretsmanager" => "Secrets Manager",
        "sns" => "SNS",
        "sqs" => "SQS",
        "ssm" => "SSM",
        "sts" => "STS",
        "wafv2" => "WAFV2",
        other => other,
    }
}
