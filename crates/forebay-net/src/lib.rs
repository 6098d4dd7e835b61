//! Sockets that know their cost: accept, TLS, zero-copy send, limits, the watch over every connection.
