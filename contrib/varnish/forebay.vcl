vcl 4.1;

# What a Varnish needs so that it can be purged, warmed and asked by forebay's agent.
#
# Include it as the first thing of your own VCL, before any subroutine:
#
#     vcl 4.1;
#     include "/etc/varnish/forebay.vcl";
#     backend default { ... }
#
# A purge looks the object up in the very way in which a GET of the same URL does, so whatever your own vcl_recv does to
# a URL or a host before it is hashed is done to the purge as well.
#
#   PURGE URL                                    200 and "purged: N": so many objects (variants) are gone
#                                                404 and "purged: 0": nothing was there. An object that was purged a
#                                                moment ago may be counted once more; it is not served any more.
#   REFRESH URL                                  the object is fetched and stored anew, whatever there is
#   GET or HEAD, Cache-Control: only-if-cached   200 if it is there and fresh, 504 if not; the origin is not asked
#   OPTIONS, Max-Forwards: 0                     200, "Forebay-VCL: 1" and what else may be asked: how an agent recognises this
#
# PURGE and REFRESH from an address that is not listed are answered 405. Every answer says in X-Cache what the cache did:
# HIT, MISS, or PASS for what your VCL does not cache.

import purge;

# The addresses of your agents.
acl forebay_agents {
    "127.0.0.1";
    "::1";
}

sub vcl_recv {
    if (req.restarts == 0) {
        unset req.http.X-Forebay-Task;
        unset req.http.X-Forebay-Cache;
        unset req.http.X-Forebay-Purged;
        if (req.method == "PURGE" || req.method == "REFRESH") {
            if (client.ip !~ forebay_agents) {
                return (synth(405));
            }
            set req.http.X-Forebay-Task = req.method;
            set req.method = "GET";
        } else if (req.method == "OPTIONS" && req.http.Max-Forwards == "0") {
            set req.http.X-Forebay-Task = req.method;
            return (synth(200));
        } else if ((req.method == "GET" || req.method == "HEAD") &&
            req.http.Cache-Control ~ "(?i)(^|,)[ \t]*only-if-cached[ \t]*(,|$)") {
            set req.http.X-Forebay-Task = "LOOK";
        }
    }
    if (req.http.X-Forebay-Task == "REFRESH") {
        set req.hash_always_miss = true;
    } else if (req.http.X-Forebay-Task) {
        # Neither waits for a fetch that is under way, and a stale object, which Varnish would serve while it
        # fetches a new one, is none.
        set req.hash_ignore_busy = true;
        set req.grace = 0s;
    }
}

sub forebay_purge {
    if (req.http.X-Forebay-Task == "PURGE") {
        set req.http.X-Forebay-Purged = purge.hard();
        if (req.http.X-Forebay-Purged == "0") {
            return (synth(404));
        }
        return (synth(200, "Purged"));
    }
}

# What is not cached is not there to be purged, and not there to be looked for.
sub forebay_absent {
    if (req.http.X-Forebay-Task == "PURGE") {
        set req.http.X-Forebay-Purged = "0";
        return (synth(404));
    }
    if (req.http.X-Forebay-Task == "LOOK") {
        return (synth(504, "Not Cached"));
    }
}

sub vcl_hit {
    set req.http.X-Forebay-Cache = "HIT";
    call forebay_purge;
}

# A variant that is not there may have sisters that are: they are purged from here.
sub vcl_miss {
    set req.http.X-Forebay-Cache = "MISS";
    call forebay_purge;
    call forebay_absent;
}

sub vcl_pass {
    set req.http.X-Forebay-Cache = "PASS";
    call forebay_absent;
}

sub vcl_pipe {
    call forebay_absent;
}

sub vcl_backend_fetch {
    unset bereq.http.X-Forebay-Task;
    unset bereq.http.X-Forebay-Cache;
}

sub vcl_deliver {
    set resp.http.X-Cache = req.http.X-Forebay-Cache;
}

sub vcl_synth {
    if (req.http.X-Forebay-Task) {
        if (req.http.X-Forebay-Task == "OPTIONS") {
            set resp.http.Forebay-VCL = "1";
            set resp.http.Allow = "GET, HEAD, OPTIONS, PURGE, REFRESH";
        } else if (req.http.X-Forebay-Purged) {
            set resp.http.purged = req.http.X-Forebay-Purged;
        } else if (req.http.X-Forebay-Cache) {
            set resp.http.X-Cache = req.http.X-Forebay-Cache;
        }
        return (deliver);
    }
}
