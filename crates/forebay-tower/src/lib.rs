//! Layers for services with large bodies: limits held to the true end, and an access log that never reads the upload.
