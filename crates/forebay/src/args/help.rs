//! The words of the help that are not those of a setting.

pub(super) mod agent;
pub(super) mod doors;
pub(super) mod edges;
pub(super) mod objects;
pub(super) mod storing;

pub(super) const ABOUT: &str = "\
Moves large files through a fixed amount of memory and a fixed number of file descriptors.";

pub(super) const EXIT_CODES: &str = "\
Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 some of many failed, 4 integrity, 130 interrupted.
Start with `forebay serve .`; `forebay serve --help` explains every setting.";

pub(super) const EXAMPLES_LONG: &str = "\
Examples:
  forebay serve .                          serve this directory on http://127.0.0.1:8080/
  forebay serve /srv --listen 0.0.0.0:80   serve it to everybody
  forebay plan --memory 64MiB              what 64 MiB carry: connections, buffers, descriptors
  forebay get s3://bucket/big.iso          fetch an object; again, to go on where it was interrupted
  forebay put dir s3://bucket/dir/ -r      store what is below a directory
  forebay doctor /srv                      what this machine allows, and what to change
  forebay doctor s3://bucket               what its server does, and what it lacks
  forebay config > forebay.toml            begin a configuration file

Exit codes:
  0    done
  1    failed
  2    the command line or the configuration is wrong; nothing was begun
  3    some of many objects failed, and others did not
  4    the bytes are not those that were promised, or could not be proven as far as was demanded
  130  interrupted: a transfer at once, a server by being asked a second time";

pub(super) const SERVE: &str = "Serve a directory, a bucket or a web server over HTTP";

pub(super) const SERVE_LONG: &str = "\
Serve a directory, a bucket (s3://BUCKET/PREFIX) or the tree of a web server (https://HOST/PATH/) over HTTP.

Memory does not depend on how many clients there are, how slow they are or how large the files are: --memory \
bounds all of it, the kernel's socket buffers included, and what does not fit waits or is refused.

When it is ready it prints one line to standard output, with the addresses it is really bound to:
  forebay is ready on http://127.0.0.1:8080/ (admin http://127.0.0.1:9090/)

SIGTERM and SIGINT let transfers finish for --drain-timeout; a second one ends at once. SIGHUP reads the \
certificate, the key, the log level and bandwidth limits again. Sockets passed by systemd are used in place of --listen (the \
first, or the one named \"http\") and --admin (the second, or the one named \"admin\").

Every flag below is also a key of forebay.toml and an environment variable: --min-rate is `min-rate` under \
[limits] and FOREBAY_MIN_RATE. Flags win over the environment, which wins over the file. Sizes are written \
64MiB or 10MB, rates 512KiB/s or 80Mbit/s, times 30s or 1h30m. A switch is turned off with --listing=false.";

pub(super) const SERVE_EXAMPLES: &str = "\
Examples:
  forebay serve .
  forebay serve /srv/files --listen 0.0.0.0:8080 --memory 64MiB
  forebay serve /srv/files --listen [::]:443 --tls-cert cert.pem --tls-key key.pem
  forebay serve /srv/files --client-bandwidth 10MiB/s --total-bandwidth 80MiB/s
  forebay serve s3://releases/stable --region eu-central-1
  forebay serve https://origin.example/files/ --memory 128MiB
  forebay serve site --index index.html --cache-control '*.css: public, max-age=3600'
  forebay serve . --listen 127.0.0.1:0 --admin off";

pub(super) const PLAN: &str = "Check a configuration and print the memory plans that follow from it";

pub(super) const PLAN_LONG: &str = "\
Check a configuration and print the memory plans that follow from it, of a server, of transfers and, where edges are named, of work on them, without serving or moving anything.

Each line of the plan names what holds the memory, how many there can be, what each costs and the sum. A plan \
that does not fit is refused with exit code 2, and the message says which setting to change, and to what.";

pub(super) const PLAN_TRANSFERS: &str = "Plan get, put, cp, mv and sync alone, not a server";

pub(super) const PLAN_EDGES: &str = "Plan warm, purge, refresh and agent alone, not a server";

pub(super) const DOCTOR: &str = "Look at this machine and say what to change before serving";

pub(super) const DOCTOR_LONG: &str = "\
Look at this machine and say what to change before serving: memory limits, file descriptors, kernel features, \
addresses, the directory's permissions, the certificate. Given s3://BUCKET, ask its server instead what it does and what it lacks. \
Exit code 1 if something is in the way.";

pub(super) const DOCTOR_WRITE: &str = "Given a bucket: also write, and remove, a few small objects";

pub(super) const CONFIG: &str = "Print the settings in force, each with the place it came from";

pub(super) const CONFIG_DEFAULT: &str = "Print the default file, which explains every setting";

pub(super) const CONFIG_REFERENCE: &str = "Print the reference page (Markdown)";

pub(super) const COMPLETIONS: &str = "Print completions for a shell";

pub(super) const MAN: &str = "Print the manual page of forebay or of one of its commands";
