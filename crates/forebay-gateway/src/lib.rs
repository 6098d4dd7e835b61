//! Objects over HTTP: routes, ranges, conditionals, listings, archives.
