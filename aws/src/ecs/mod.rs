//! ECS: containers.
