//! WAF, version 2: web firewalls.
