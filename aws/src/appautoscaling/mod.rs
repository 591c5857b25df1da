//! Application Auto Scaling: ECS services, tables and others that follow a metric.
