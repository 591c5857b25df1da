//! Protocols of listeners and targets.

use infra_sdk::Choice;

/// Protocol of a listener, of targets, of a health check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum Protocol {
    /// HTTP.
    #[choice("HTTP")]
    Http,
    /// HTTPS.
    #[choice("HTTPS")]
    Https,
    /// TCP.
    #[choice("TCP")]
    Tcp,
    /// TLS.
    #[choice("TLS")]
    Tls,
    /// UDP.
    #[choice("UDP")]
    Udp,
    /// TCP and UDP on the same port.
    #[choice("TCP_UDP")]
    TcpUdp,
    /// QUIC.
    #[choice("QUIC")]
    Quic,
    /// TCP and QUIC on the same port.
    #[choice("TCP_QUIC")]
    TcpQuic,
}
