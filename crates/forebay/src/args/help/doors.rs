//! The words of the commands that make secrets and links.

pub(in crate::args) const TOKEN: &str = "Make a bearer token, and the line of the token file that lets it in";

pub(in crate::args) const TOKEN_LONG: &str = "\
Make a bearer token, and the line of the token file that lets it in.

The token is printed on standard output, once: it is kept nowhere. The line has its SHA-256 only; it is printed on standard error, or \
written to the end of a file with --append, on the disk before the token is shown. A server reads its token file when it starts.";

pub(in crate::args) const TOKEN_EXAMPLES: &str = "\
Examples:
  forebay token ci --append /etc/forebay/tokens
  forebay token alice --group staff --expires 90d --append tokens > alice.token
  forebay token ci 2>> tokens
  curl -H @- http://127.0.0.1:8080/ <<< \"Authorization: Bearer $(cat alice.token)\"";

pub(in crate::args) const LINK_KEY: &str = "Make a key that signs links, as a line of the key file";

pub(in crate::args) const LINK_KEY_LONG: &str = "\
Make a key that signs links, as a line of the key file.

What its links may do is what the rules allow NAME. The line has the key in it: it is printed on standard output, or written to the \
end of a file with --append, and then nothing is printed. The first key of a file signs unless --key says another. A server reads its key file when it starts.";

pub(in crate::args) const LINK_KEY_EXAMPLES: &str = "\
Examples:
  forebay link-key 2026-11 share --append /etc/forebay/link-keys
  forebay serve /srv --allow '/ share read' --link-key-file /etc/forebay/link-keys";

pub(in crate::args) const SIGN: &str =
    "Print a link that opens one name for a while, without a token or a password";

pub(in crate::args) const SIGN_LONG: &str = "\
Print a link that opens one name for a while, without a token or a password.

No server is asked: whoever has the key file can sign. A link only narrows what the rules allow the name that its key stands for: to one \
path, some methods, a time, and perhaps a network, a length or the name that a download is saved under. The link is a secret as long as it is good. A server opens \
none that is good for longer than its link-life-max.";

pub(in crate::args) const SIGN_EXAMPLES: &str = "\
Examples:
  forebay sign https://files.example/reports/2026.pdf --link-key-file link-keys
  forebay sign /reports/2026.pdf --expires 24h --name report.pdf --link-key-file link-keys
  forebay sign https://files.example/in/scan.zip --method PUT --max-bytes 2GiB --expires 2h --link-key-file link-keys
  forebay sign /reports/2026.pdf --network 192.0.2.0/24 --link-key-file /dev/stdin < link-keys";
