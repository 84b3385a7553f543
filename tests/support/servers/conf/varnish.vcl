# The host asked for chooses the way of serving media. A name between at signs is filled in by the tests: with
# what stands in the table of mends, which is nothing or the fault itself before, and the advice after.
vcl 4.1;

backend aiohttp { .host = "127.0.0.1"; .port = "@port-aiohttp@"; }
backend nginx { .host = "127.0.0.1"; .port = "@port-nginx@"; }

sub vcl_recv {
    set req.http.X-Front = req.http.host;
    if (req.http.host == "ready.example") {
        return (synth(200));
    }
}

sub vcl_backend_fetch {
    if (bereq.http.X-Front == "nginx-gzip.varnish.example") {
        set bereq.backend = nginx;
        set bereq.http.host = "gzip.nginx.example";
        # As later versions of Varnish and other proxies do.
        set bereq.http.Via = "1.1 varnish";
    } elsif (bereq.http.X-Front == "file.varnish.example") {
        set bereq.backend = aiohttp;
        set bereq.http.host = "file.aiohttp.example";
    } else {
        set bereq.backend = aiohttp;
        set bereq.http.host = "stream.aiohttp.example";
    }
}

@stream.varnish.example@

sub vcl_backend_response {
    set beresp.ttl = 1h;
    if (bereq.http.X-Front == "gzip.varnish.example") {
        @gzip.varnish.example@
    }
}
