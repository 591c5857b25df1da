//! Throttling: token buckets with each service's error code.
//!
//! Written against "Request throttling for the Amazon EC2 API" of the EC2 Developer Guide, and the
//! error pages of S3 and EKS and the common errors of the others.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::settings::ThrottleSettings;
use crate::gate::answer::ServiceError;
use crate::gate::call::Call;

/// The buckets, made as they are needed, by region, service and operation.
#[derive(Default)]
pub(crate) struct Throttle {
    buckets: Mutex<HashMap<(String, String, String), Bucket>>,
}

struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Throttle {
    /// Takes a token, or says the service's error.
    pub(crate) fn take(
        &self,
        settings: &ThrottleSettings,
        call: &Call,
        now: Instant,
    ) -> Option<ServiceError> {
        if !settings.enabled {
            return None;
        }
        let size = settings.buckets.iter().find(|bucket| {
            bucket.service == call.service
                && bucket.operation.as_ref().is_none_or(|operation| *operation == call.operation)
        })?;
        let key = (call.region.clone(), call.service.clone(), call.operation.clone());
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket =
            buckets.entry(key).or_insert_with(|| Bucket { tokens: size.capacity, at: now });
        let gained = now.saturating_duration_since(bucket.at).as_secs_f64() * size.per_second;
        bucket.tokens = (bucket.tokens + gained).min(size.capacity);
        bucket.at = now;
        if bucket.tokens < 1.0 {
            return Some(throttled(&call.service));
        }
        bucket.tokens -= 1.0;
        None
    }

    /// Forgets the buckets: they are full again.
    pub(crate) fn clear(&self) {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

fn throttled(service: &str) -> ServiceError {
    let (status, code, message) = match service {
        "ec2" => (503, "RequestLimitExceeded", "Request limit exceeded."),
        "s3" => (503, "SlowDown", "Please reduce your request rate."),
        "eks" => (429, "ThrottlingException", "Rate exceeded"),
        _ => (400, "ThrottlingException", "Rate exceeded"),
    };
    ServiceError::new(status, code, message)
}

#[cfg(test)]
mod tests {
    use super::Throttle;
    use crate::gate::call::tests::query_call;
    use crate::gate::overlays::settings::{BucketSettings, ThrottleSettings};
    use std::time::{Duration, Instant};

    fn settings(service: &str) -> ThrottleSettings {
        let bucket = BucketSettings {
            service: service.to_owned(),
            operation: None,
            capacity: 2.0,
            per_second: 4.0,
        };
        ThrottleSettings { enabled: true, buckets: vec![bucket] }
    }

    #[test]
    fn a_bucket_empties_and_fills_again() {
        let (throttle, settings) = (Throttle::default(), settings("ec2"));
        let call = query_call("ec2", "Action=DescribeVpcs");
        let start = Instant::now();
        let take = |milliseconds| {
            let now = start + Duration::from_millis(milliseconds);
            throttle.take(&settings, &call, now).map(|error| (error.status, error.code))
        };
        let limit = Some((503, "RequestLimitExceeded".to_owned()));
        assert_eq!((take(0), take(0), take(0)), (None, None, limit.clone()));
        assert_eq!((take(100), take(260), take(260)), (limit.clone(), None, limit));
        assert_eq!((take(9000), take(9000)), (None, None));
    }

    #[test]
    fn operations_and_services_have_buckets_of_their_own() {
        let (throttle, settings) = (Throttle::default(), settings("iam"));
        let now = Instant::now();
        let take = |service: &str, action: &str| {
            let call = query_call(service, &format!("Action={action}"));
            throttle.take(&settings, &call, now).map(|error| error.code)
        };
        assert_eq!((take("iam", "GetRole"), take("iam", "GetRole")), (None, None));
        assert_eq!(take("iam", "GetRole").as_deref(), Some("ThrottlingException"));
        assert_eq!((take("iam", "GetPolicy"), take("ec2", "DescribeVpcs")), (None, None));
    }
}
