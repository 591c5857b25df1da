//! ElastiCache: Redis, Valkey and Memcached.
