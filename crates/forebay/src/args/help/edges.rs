//! The words of the commands on edges.

pub(in crate::args) const WARM: &str = "Have caches fetch objects before anybody asks";

pub(in crate::args) const WARM_LONG: &str = "\
Have caches at the edge fetch objects before anybody asks for them, and prove that they have.

Bodies go to nowhere: memory does not depend on their size or their number. An edge is asked for as much at once as it answers without \
slowing down, within --edge-bulk, --edge-bandwidth, --edge-in-flight and --edge-window; what it has already is not fetched again where it can be asked \
without troubling its origin. A warm counts only if all declared bytes came and the edge then says that it holds the object.";

pub(in crate::args) const WARM_EXAMPLES: &str = "\
Examples:
  forebay warm --edge http://10.0.0.1:8080 http://www.example.com/big.iso
  forebay warm --edge http://10.0.0.1 --edge http://10.0.0.2 --from urls.txt
  forebay warm --edge 'http://10.0.0.1 name=fra1 kind=ats bandwidth=1Gbit/s' --sitemap https://www.example.com/sitemap.xml
  forebay warm --edge http://10.0.0.1 --below s3://releases/v2/ --public https://dl.example.com/v2/ --dry-run
  forebay warm --edge http://10.0.0.1 --variant 'Accept-Encoding: gzip' --variant 'Accept-Encoding: br' --from -";

pub(in crate::args) const PURGE: &str = "Have caches forget objects";

pub(in crate::args) const PURGE_LONG: &str = "\
Have caches at the edge forget objects.

A refusal is not an absence: only the answers that mean \"removed\" or \"was not there\" for this kind of cache count as done. A purge that a \
cache would pass on to its origin is refused, with the reason. --proof=always asks each edge again whether the object is gone.";

pub(in crate::args) const PURGE_EXAMPLES: &str = "\
Examples:
  forebay purge --edge http://10.0.0.1:8080 http://www.example.com/index.html
  forebay purge --edge http://10.0.0.1 --from changed.txt --quiet
  forebay purge --edge 'http://10.0.0.1 kind=nginx-purge' --proof always http://www.example.com/a
  git diff --name-only HEAD~1 | sed 's|^|https://www.example.com/|' | forebay purge --edge http://10.0.0.1 --from -";

pub(in crate::args) const REFRESH: &str = "Have caches forget objects and fetch them anew";

pub(in crate::args) const REFRESH_LONG: &str = "\
Have caches at the edge forget objects and fetch them anew: purge, then warm, then the proof that the new object is there.";

pub(in crate::args) const REFRESH_EXAMPLES: &str = "\
Examples:
  forebay refresh --edge http://10.0.0.1:8080 http://www.example.com/big.iso
  forebay refresh --edge http://10.0.0.1 --from changed.txt --json | jq -r 'select(.outcome==\"failed\") | .url'
  forebay refresh --edge 'http://mid name=mid' --edge 'http://leaf name=leaf parent=mid' --from changed.txt";
