//! Client certificates: who the holder of one is, by a file that maps subjects to names.
//!
//! The handshake has verified that the certificate is genuine and its holder has the key (the certificate authority is a setting of TLS).
//! What is left is whom it stands for: a line is `SUBJECT NAME [@group…]`, where the subject is `CN=…`, `DNS:…`, `URI:…` or `EMAIL:…`, with
//! `%20` for a space. The first line that the certificate bears out decides. One that no line names is nobody's, and not an error: it may
//! have been made for something else.
//!
//! Reading a certificate takes some microseconds, and it is the same for all of a connection: ask once, when the handshake is done.

use std::borrow::Cow;
use std::str::FromStr;

use x509_cert::Certificate;
use x509_cert::der::asn1::{PrintableStringRef, Utf8StringRef};
use x509_cert::der::oid::db::rfc4519::CN;
use x509_cert::der::{Any, Decode as _};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use crate::identity::{Identity, Proof};
use crate::lines::{self, AtLine};
use crate::name::{Group, Name, NameError};
use crate::place;

/// Whom certificates stand for.
#[derive(Debug)]
pub struct Certificates(Vec<Line>);

/// Why a line cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateLineError {
    /// It has no two fields.
    #[error("a line is SUBJECT NAME [@group…]")]
    Form,
    /// The first field.
    #[error("a subject is CN=…, DNS:…, URI:… or EMAIL:…, with %20 for a space")]
    Subject,
    /// The name, or one of the groups.
    #[error(transparent)]
    Name(#[from] NameError),
}

/// Something that a certificate says of its holder.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Subject {
    CommonName(String),
    Dns(String),
    Uri(String),
    Email(String),
}

#[derive(Debug)]
struct Line {
    subject: Subject,
    identity: Identity,
}

impl Certificates {
    /// Reads the file.
    ///
    /// # Errors
    ///
    /// The first line that cannot be used.
    pub fn parse(text: &str) -> Result<Self, AtLine<CertificateLineError>> {
        lines::read(text, str::parse).map(Self)
    }

    /// Whom a certificate (as DER) that the handshake has verified stands for.
    #[must_use]
    pub fn identify(&self, certificate: &[u8]) -> Option<Identity> {
        let said = Subject::all(&Certificate::from_der(certificate).ok()?);
        let line = self.0.iter().find(|line| said.contains(&line.subject))?;
        Some(line.identity.clone())
    }
}

impl Subject {
    /// All that it says. Of several common names none is *the* one, so none counts.
    fn all(certificate: &Certificate) -> Vec<Self> {
        let certificate = &certificate.tbs_certificate;
        let parts = certificate.subject.0.iter().flat_map(|names| names.0.iter());
        let mut common_names = parts.filter(|part| part.oid == CN).map(|part| text(&part.value));
        let common_name = match (common_names.next(), common_names.next()) {
            (Some(name), None) => name.map(Self::CommonName),
            _ => None,
        };
        let other_names = certificate.get::<SubjectAltName>().ok().flatten();
        let other_names = other_names.into_iter().flat_map(|(_, names)| names.0);
        common_name.into_iter().chain(other_names.filter_map(Self::of)).collect()
    }

    fn of(name: GeneralName) -> Option<Self> {
        match name {
            GeneralName::DnsName(name) => Some(Self::Dns(name.as_str().to_ascii_lowercase())),
            GeneralName::UniformResourceIdentifier(uri) => Some(Self::Uri(uri.as_str().to_owned())),
            GeneralName::Rfc822Name(address) => Some(Self::Email(address.as_str().to_owned())),
            GeneralName::OtherName(_)
            | GeneralName::DirectoryName(_)
            | GeneralName::EdiPartyName(_)
            | GeneralName::IpAddress(_)
            | GeneralName::RegisteredId(_) => None,
        }
    }
}

/// A text of a subject, in one of the two forms that are made today.
fn text(value: &Any) -> Option<String> {
    let text = value.decode_as::<Utf8StringRef<'_>>().map(|text| text.as_str().to_owned());
    text.or_else(|_| value.decode_as::<PrintableStringRef<'_>>().map(|text| text.as_str().to_owned())).ok()
}

impl FromStr for Subject {
    type Err = CertificateLineError;

    fn from_str(field: &str) -> Result<Self, CertificateLineError> {
        let wrong = CertificateLineError::Subject;
        let at = field.find(['=', ':']).ok_or(wrong)?;
        let (kind, value) = field.split_at(at + 1);
        let value = place::decode(value).map(Cow::into_owned).ok_or(wrong)?;
        let value = String::from_utf8(value).ok().filter(|value| !value.is_empty()).ok_or(wrong)?;
        match kind {
            "CN=" => Ok(Self::CommonName(value)),
            "DNS:" => Ok(Self::Dns(value.to_ascii_lowercase())),
            "URI:" => Ok(Self::Uri(value)),
            "EMAIL:" => Ok(Self::Email(value)),
            _ => Err(wrong),
        }
    }
}

impl FromStr for Line {
    type Err = CertificateLineError;

    fn from_str(line: &str) -> Result<Self, CertificateLineError> {
        let mut fields = line.split_whitespace();
        let (Some(subject), Some(name)) = (fields.next(), fields.next()) else {
            return Err(CertificateLineError::Form);
        };
        let identity = Identity::new(Name::new(name)?, Group::parse_all(fields)?, Proof::Certificate);
        Ok(Self { subject: subject.parse()?, identity })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::{CertificateParams, DnType, DnValue, KeyPair, SanType};

    use super::*;

    fn certificate(common_name: DnValue, others: Vec<SanType>) -> Vec<u8> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, common_name);
        params.distinguished_name.push(DnType::OrganizationName, "builders");
        params.subject_alt_names = others;
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    fn utf8(name: &str) -> DnValue {
        DnValue::Utf8String(name.into())
    }

    #[test]
    fn the_first_line_that_a_certificate_bears_out_says_who_it_is() {
        let map = "
            # people
            CN=Alice%20Smith alice @staff
            DNS:build.example.org ci @ci @staff
            URI:spiffe://example.org/deploy deploy
            EMAIL:bob@example.org bob
            CN=build other
        ";
        let map = Certificates::parse(map).unwrap();
        let who = |common_name, others| {
            let found = map.identify(&certificate(common_name, others))?;
            assert_eq!(found.proof(), Proof::Certificate);
            Some(found.name().as_str().to_owned())
        };
        let dns = |name: &str| SanType::DnsName(name.try_into().unwrap());
        let is = |name: &str| Some(name.to_owned());
        assert_eq!(who(utf8("Alice Smith"), vec![]), is("alice"));
        assert_eq!(who(DnValue::PrintableString("Alice Smith".try_into().unwrap()), vec![]), is("alice"));
        assert_eq!(who(utf8("alice smith"), vec![]), None, "case counts");
        assert_eq!(
            who(utf8("build"), vec![dns("BUILD.example.org")]),
            is("ci"),
            "but not in the names of hosts"
        );
        assert_eq!(who(utf8("build"), vec![dns("build.example.com")]), is("other"));
        assert_eq!(who(utf8("DNS:build.example.org"), vec![]), None, "a name is of one kind");
        let uri = SanType::URI("spiffe://example.org/deploy".try_into().unwrap());
        assert_eq!(who(utf8("x"), vec![dns("x.org"), uri]), is("deploy"));
        let email = SanType::Rfc822Name("bob@example.org".try_into().unwrap());
        assert_eq!(who(utf8("x"), vec![email]), is("bob"));
        assert_eq!(who(utf8("x"), vec![SanType::IpAddress([192, 0, 2, 1].into())]), None);
    }

    #[test]
    fn of_two_common_names_none_counts() {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "alice");
        params.distinguished_name.push(DnType::CustomDnType(vec![2, 5, 4, 3]), "bob");
        let der = params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec();
        assert!(Certificates::parse("CN=bob bob\nCN=alice alice").unwrap().identify(&der).is_none());
    }

    #[test]
    fn what_is_no_certificate_is_nobodys() {
        let map = Certificates::parse("CN=alice alice").unwrap();
        let mut der = certificate(utf8("alice"), vec![]);
        assert!(map.identify(&der).is_some());
        der.pop();
        assert!(map.identify(&der).is_none() && map.identify(b"").is_none());
    }

    #[test]
    fn a_line_that_says_nothing_is_refused() {
        let error = |line: &str| Certificates::parse(line).unwrap_err().error;
        for line in [
            "alice alice",
            "CN= alice",
            "cn=alice alice",
            "IP:192.0.2.1 alice",
            "CN=%zz alice",
            "CN=%ff alice",
        ] {
            assert_eq!(error(line), CertificateLineError::Subject, "{line}");
        }
        assert_eq!(error("CN=alice"), CertificateLineError::Form);
        assert!(matches!(error("CN=alice alice staff"), CertificateLineError::Name(_)));
    }

    proptest! {
        #[test]
        fn no_file_and_no_certificate_makes_the_reader_fall_over(text: String, at: prop::sample::Index, byte: u8) {
            let _ = Certificates::parse(&text);
            let mut der = certificate(utf8("alice"), vec![SanType::DnsName("a.org".try_into().unwrap())]);
            let at = at.index(der.len());
            der[at] = byte;
            let _ = Certificates::parse("CN=alice alice").unwrap().identify(&der);
        }
    }
}
