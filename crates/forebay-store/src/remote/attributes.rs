//! What is stored beside an object's bytes and goes out with them.

/// The headers that an object keeps, as they are written and as they were read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attributes {
    /// `Content-Type`.
    pub content_type: Option<Box<str>>,
    /// `Cache-Control`.
    pub cache_control: Option<Box<str>>,
    /// `Content-Disposition`.
    pub content_disposition: Option<Box<str>>,
    /// `Content-Encoding`.
    pub content_encoding: Option<Box<str>>,
    /// `Content-Language`.
    pub content_language: Option<Box<str>>,
    /// `Expires` as the raw header, which need not be a date.
    pub expires: Option<Box<str>>,
    /// The storage class, where it is not the usual one.
    pub storage_class: Option<Box<str>>,
    /// User metadata: names without their `x-amz-meta-`, lower case, in order.
    pub user: Vec<(Box<str>, Box<str>)>,
    /// Tags. Written with an object; not read back by `head`.
    pub tags: Vec<(Box<str>, Box<str>)>,
}
