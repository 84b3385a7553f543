"""One row at least for every remedy on a server, and an answer that is nearly its, for every one."""

from __future__ import annotations

from mmscheck.model.words import MediaKind
from tests.support.server_rows import (
    HTML,
    JPG,
    LONG_VCARD,
    OCTETS,
    VCARD,
    VCF,
    WEBP,
    Answer,
    Near,
    Row,
    chunked,
    plain,
    squeezed,
)

VCF_URL = "http://{host}/media/ann.vcf"
PASS_URL = "http://{host}/media/entry.pkpass"
BARE_URL = "http://{host}/media/photo"
DJANGO = (
    "Referrer-Policy: same-origin",
    "Cross-Origin-Opener-Policy: same-origin",
    "X-Content-Type-Options: nosniff",
)
APACHE = "Server: Apache/2.4.71 (Debian)"
NGINX = "Server: nginx/1.22.1"
CLOUDFLARE = "Server: cloudflare"
CLOUDFRONT = "Via: 1.1 0123456789abcdef.cloudfront.net (CloudFront)"


def _row(server: str, rule: str, wants: str, answer: Answer, kind: MediaKind = MediaKind.IMAGE) -> Row:
    return Row(server=server, rule=rule, wants=wants, answer=answer, kind=kind)


SERVERS: tuple[Row, ...] = (
    _row("nginx", "not-chunked", "gzip off;", squeezed(*VCF, NGINX, 'ETag: W/"5f-1"')),
    _row("nginx", "not-chunked", "gzip off;", squeezed(*VCF, "Server: openresty/1.25.3.1")),
    _row("nginx", "content-length", "sub_filter_types *", chunked(*JPG, NGINX)),
    _row("nginx", "not-chunked", "gunzip on", chunked(*JPG, NGINX, 'ETag: W/"5f-1"')),
    _row("nginx", "content-length", "Let the application set Content-Length", chunked(*JPG, NGINX)),
    _row("nginx", "content-length", "Answer with X-Accel-Redirect", chunked(*JPG, NGINX)),
    _row("nginx", "content-type-specific", "text/vcard vcf;", plain(*OCTETS, NGINX, body=VCARD, url=VCF_URL)),
    _row("nginx", "content-type-specific", "this path has none", plain(*OCTETS, NGINX, url=BARE_URL)),
    _row(
        "nginx",
        "not-compressed",
        "gzip_static off;",
        squeezed(*VCF, NGINX, 'ETag: "5f-1"', framing="length"),
    ),
    _row("nginx", "content-length", "subs_filter_types *", chunked(*JPG, NGINX, 'ETag: "5f-1"')),
    _row("nginx", "not-chunked", "gzip off;", squeezed(*VCF, NGINX, "X-Powered-By: PHP/8.2.36")),
    _row("nginx", "not-chunked", "gzip off;", squeezed(*VCF, NGINX)),
    _row("apache", "not-compressed", "apache_setenv(", squeezed(*JPG, APACHE, "X-Powered-By: PHP/8.2.36")),
    _row("apache", "not-chunked", "no-gzip", squeezed(*VCF, APACHE, 'ETag: "5f-1-gzip"')),
    _row(
        "apache",
        "not-chunked",
        "no-gzip",
        chunked(*VCF, APACHE, 'ETag: "5f-1-gzip"', body=LONG_VCARD),
        MediaKind.VCARD,
    ),
    _row("apache", "content-length", "AddOutputFilterByType SUBSTITUTE text/html", chunked(*JPG, APACHE)),
    _row("apache", "content-type-present", "Map the extensions", plain(APACHE, url=PASS_URL)),
    _row("caddy", "not-compressed", "@rest not path /media/*", squeezed(*VCF, "Server: Caddy")),
    _row("caddy", "content-length", "reverse_proxy", chunked(*JPG, "Server: Caddy")),
    _row(
        "caddy", "content-type-present", "Give the file its extension", plain("Server: Caddy", url=BARE_URL)
    ),
    _row("caddy", "content-type-present", "header @pass Content-Type", plain("Server: Caddy", url=PASS_URL)),
    _row("iis", "not-compressed", "doDynamicCompression", squeezed(*VCF, "Server: Microsoft-IIS/10.0")),
    _row("express", "not-chunked", "express.static", squeezed(*VCF, "X-Powered-By: Express")),
    _row("express", "content-length", "Remove that filter", squeezed(*JPG, "X-Powered-By: Express")),
    _row("express", "content-length", "res.sendFile", chunked(*JPG, "X-Powered-By: Express")),
    _row(
        "express",
        "content-type-present",
        "res.type(path.extname(",
        plain("X-Powered-By: Express", url=BARE_URL),
    ),
    _row(
        "express", "content-type-specific", "res.type(path.extname(", plain(*OCTETS, "X-Powered-By: Express")
    ),
    _row("django", "not-compressed", "WHITENOISE_MIMETYPES beside", squeezed(*JPG, *DJANGO)),
    _row("django", "content-length", "FileResponse(open(path", chunked(*JPG, *DJANGO)),
    _row("django", "content-type-specific", "mimetypes.add_type", plain(*OCTETS, *DJANGO, url=PASS_URL)),
    _row("django", "content-length", "FileResponse", chunked(*JPG, "Set-Cookie: csrftoken=abc; Path=/")),
    _row("django", "content-type-specific", "WHITENOISE_MIMETYPES", plain(*OCTETS, *DJANGO, url=VCF_URL)),
    _row("django", "content-type-matches", 'HttpResponse(data, content_type="image', plain(*HTML, *DJANGO)),
    _row(
        "aiohttp", "content-length", "web.FileResponse", chunked(*JPG, "Server: Python/3.11 aiohttp/3.14.5")
    ),
    _row(
        "aiohttp",
        "not-compressed",
        "Remove the .gz files",
        squeezed(*VCF, "Server: Python/3.11 aiohttp/3.14.5", framing="length"),
    ),
    _row(
        "aiohttp",
        "content-type-specific",
        '"text/calendar", ".ics"',
        plain(*OCTETS, "Server: Python/3.11 aiohttp/3.14.5", url="http://{host}/sale.ics"),
    ),
    _row("flask", "not-chunked", "send_file(path)", chunked(*JPG, "Server: Werkzeug/3.1.3 Python/3.11.7")),
    _row(
        "flask", "content-type-specific", "mimetype=", plain(*OCTETS, "Server: Werkzeug/3.1.3", url=PASS_URL)
    ),
    _row(
        "rails-storage-proxy",
        "content-length",
        "public: true",
        chunked(*JPG, url="http://{host}/rails/active_storage/blobs/proxy/eyJf--1/photo.jpg"),
    ),
    _row("flask", "content-type-matches", "Response(data, mimetype=", plain(*HTML, "Server: Werkzeug/3.1.3")),
    _row(
        "php", "content-type-matches", "header('Content-Type: image", plain(*HTML, "X-Powered-By: PHP/8.2.7")
    ),
    _row("php", "not-compressed", "ini_set('zlib", squeezed(*JPG, "X-Powered-By: PHP/8.2.7")),
    _row("php", "not-chunked", "readfile", chunked(*JPG, "X-Powered-By: PHP/8.2.7")),
    _row("php", "content-length", "readfile", chunked(*JPG, url="http://{host}/media/image.php?id=7")),
    _row(
        "next-image",
        "media-type-accepted",
        "without /_next/image",
        plain("Content-Type: image/webp", body=WEBP, url="http://{host}/_next/image?url=%2Fa.jpg&w=640&q=75"),
    ),
    _row("varnish", "not-chunked", "do_stream = false", chunked(*JPG, "X-Varnish: 32770")),
    _row("varnish", "content-length", "do_stream = false", chunked(*JPG, "Via: 1.1 web-1 (Varnish/7.1)")),
    _row("varnish", "not-compressed", "do_gzip", squeezed(*VCF, "X-Varnish: 2 32770", framing="length")),
    _row("cloudflare", "content-length", "Compression Rule", squeezed(*VCF, CLOUDFLARE)),
    _row("cloudflare", "not-chunked", "Likely: Send Cache-Control: no-transform", squeezed(*VCF, CLOUDFLARE)),
    _row("cloudflare", "content-length", "compression switched off", chunked(*VCF, CLOUDFLARE, body=VCARD)),
    _row(
        "cloudflare",
        "not-chunked",
        "Give the URL an extension that is cached",
        chunked(*JPG, "CF-RAY: 8f1e2d3c4b5a6978-AMS", "cf-cache-status: DYNAMIC"),
    ),
    _row(
        "cloudflare",
        "content-type-matches",
        "settings of Polish",
        plain("Content-Type: image/webp", "cf-polished: origFmt=jpeg", CLOUDFLARE),
    ),
    _row(
        "cloudflare",
        "media-type-accepted",
        "settings of Polish",
        plain("Content-Type: image/webp", "Vary: Accept", CLOUDFLARE, body=WEBP),
    ),
    _row(
        "cloudflare-workers",
        "not-chunked",
        "FixedLengthStream",
        chunked(*JPG, url="http://{label}.workers.dev/photo.jpg"),
    ),
    _row("cloudfront", "content-length", "Set Compress to false", squeezed(*VCF, CLOUDFRONT)),
    _row(
        "cloudfront",
        "not-chunked",
        "server behind CloudFront state the length",
        chunked(*JPG, "X-Cache: Miss from cloudfront"),
    ),
    _row(
        "fastly",
        "not-chunked",
        "vcl_fetch",
        chunked(*JPG, "X-Served-By: cache-ams21034-AMS", "X-Cache: MISS"),
    ),
    _row("akamai", "content-length", "Compress Response", squeezed(*VCF, "Server: AkamaiGHost")),
    _row(
        "akamai",
        "not-chunked",
        "Likely: Let the server behind Akamai state the length",
        chunked(*VCF, "X-Akamai-Transformed: 9 - 0 pmb=mRUM,1"),
    ),
    _row("akamai", "not-compressed", "Compress Response", squeezed(*VCF, "X-Akamai-Request-ID: 1a2b3c")),
    _row("vercel", "content-length", "As reported: Compression", squeezed(*VCF, "x-vercel-id: ams1::abc-1")),
    _row(
        "netlify", "content-length", "Likely: something of this site's own", chunked(*JPG, "Server: Netlify")
    ),
    _row("netlify", "not-chunked", "static files", chunked(*JPG, "X-Nf-Request-Id: 01HABC")),
    _row(
        "gitlab-pages",
        "content-length",
        "Leave media out of the step",
        chunked(*JPG, url="http://{label}.gitlab.io/photo.jpg"),
    ),
    _row(
        "github-pages",
        "not-chunked",
        "Move the media to a bucket",
        chunked(*JPG, "Server: GitHub.com", "X-Served-By: cache-ams21034-AMS", "X-Cache: MISS"),
    ),
    _row(
        "github-pages",
        "not-compressed",
        "Move the media to a bucket",
        squeezed(*VCF, url="http://{label}.github.io/ann.vcf", framing="length"),
    ),
    _row(
        "github-pages",
        "content-type-specific",
        "Give the file the extension",
        plain(*OCTETS, "Server: GitHub.com", url=BARE_URL),
    ),
    _row(
        "github-raw",
        "content-type-matches",
        "Put the media into a bucket",
        plain("Content-Type: text/plain", url="http://raw.githubusercontent.com/{label}/a/main/photo.jpg"),
    ),
    _row(
        "cloudflare-images",
        "media-type-accepted",
        "write format=jpeg in place of format=auto",
        plain(
            "Content-Type: image/webp",
            body=WEBP,
            url="http://{host}/cdn-cgi/image/width=640,format=auto/photo.jpg",
        ),
    ),
    _row(
        "image-f-auto",
        "media-type-accepted",
        "write f_jpg",
        plain(
            "Content-Type: image/webp", body=WEBP, url="http://{host}/image/upload/f_auto,q_auto/photo.jpg"
        ),
    ),
    _row(
        "image-auto-format",
        "media-type-accepted",
        "write fm=jpg",
        plain(
            "Content-Type: image/webp", body=WEBP, url="http://{host}/photo.jpg?w=640&auto=compress,format"
        ),
    ),
    _row(
        "image-format-auto",
        "media-type-accepted",
        "write format=jpeg",
        plain("Content-Type: image/webp", body=WEBP, url="http://{host}/photo.jpg?format=auto"),
    ),
    _row(
        "s3",
        "content-type-specific",
        "--content-type image/jpeg",
        plain("Content-Type: binary/octet-stream", "Server: AmazonS3"),
    ),
    _row(
        "s3",
        "url-not-expiring",
        "dies with the session",
        plain(
            *JPG,
            "Server: AmazonS3",
            url="http://{host}/a.jpg?X-Amz-Date=20200101T000000Z&X-Amz-Expires=604800"
            "&X-Amz-Credential=ASIAEXAMPLE%2F20200101%2Fus-east-1%2Fs3%2Faws4_request"
            "&X-Amz-Security-Token=abc&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-SignedHeaders=host"
            "&X-Amz-Signature=0123",
        ),
    ),
    _row("gcs", "content-length", "gsutil cp -Z", chunked(*JPG, "x-goog-stored-content-encoding: gzip")),
    _row(
        "gcs",
        "not-compressed",
        "decompressive transcoding",
        squeezed(
            *VCF, "x-goog-hash: crc32c=AAAAAA==", "x-goog-stored-content-encoding: gzip", framing="length"
        ),
    ),
    _row(
        "azure-blob", "content-type-specific", "ContentSettings", plain(*OCTETS, "x-ms-blob-type: BlockBlob")
    ),
    _row(
        "firebase",
        "content-type-specific",
        "contentType",
        plain(*OCTETS, url="http://firebasestorage.googleapis.com/v0/b/{label}/o/photo.jpg?alt=media"),
    ),
    _row(
        "firebase",
        "content-type-present",
        "contentType",
        plain(url="http://firebasestorage.googleapis.com/v0/b/{label}/o/bare.jpg?alt=media"),
    ),
)
"""Servers and what carries their answers."""


def _near(server: str, answer: Answer) -> Near:
    return Near(server=server, answer=answer)


NEAR_SERVERS: tuple[Near, ...] = (
    _near("nginx", chunked(*JPG, "Server: my-nginx-like/1.0")),
    _near("apache", chunked(*JPG, "Server: Apache-Coyote/1.1")),
    _near("caddy", chunked(*JPG, "X-Server: Caddy")),
    _near("iis", squeezed(*VCF, "Server: Microsoft-HTTPAPI/2.0")),
    _near("express", chunked(*JPG, "X-Powered-By: Expressive/3")),
    _near("django", chunked(*JPG, "Server: WSGIServer/0.2 CPython/3.11.7", *DJANGO[:2])),
    _near("aiohttp", chunked(*JPG, "Server: Python/3.11 gunicorn")),
    _near("flask", plain(*OCTETS, "Server: Werkzeug/3.1.9 Python/3.11.7", "x-amzn-requestid: F4f6")),
    _near(
        "rails-storage-proxy", chunked(*JPG, url="http://{host}/rails/active_storage/blobs/redirect/a/b.jpg")
    ),
    _near("php", chunked(*JPG, url="http://{host}/media/php.jpg")),
    _near("next-image", plain(*JPG, url="http://{host}/_next/images/photo.jpg")),
    _near("varnish", chunked(*JPG, "Via: 1.1 varnish")),
    _near("cloudflare", chunked(*JPG, "Server: cloudflare-like", "X-CF-RAY: 8f")),
    _near("cloudflare-workers", chunked(*JPG, url="http://{label}.workers.dev.example/photo.jpg")),
    _near("cloudfront", chunked(*JPG, "Via: 1.1 cloudfront-like", "X-Cache: Miss from elsewhere")),
    _near("fastly", chunked(*JPG, "X-Served-By: web-1", "X-Cache: MISS")),
    _near("akamai", chunked(*JPG, "Server: not-Akamai")),
    _near("vercel", chunked(*JPG, "X-Id: ams1::abc")),
    _near("netlify", chunked(*JPG, "Server: not-Netlify")),
    _near("gitlab-pages", chunked(*JPG, url="http://notgitlab.io/{label}.jpg")),
    _near("github-pages", chunked(*JPG, "Server: GitHub.com", "X-Frame-Options: deny")),
    _near("github-raw", plain("Content-Type: text/plain", url="http://{label}.githubusercontent.com/a.jpg")),
    _near("cloudflare-images", plain(*JPG, url="http://{host}/cdn-cgi/image/format=jpeg/a.jpg?format=auto2")),
    _near("image-f-auto", plain(*JPG, url="http://{host}/upload/f_automatic/photo.jpg")),
    _near("image-auto-format", plain(*JPG, url="http://{host}/photo.jpg?auto=compress")),
    _near("image-format-auto", plain(*JPG, url="http://{host}/photo.jpg?format=automatic&reformat=auto")),
    _near("s3", plain("Content-Type: binary/octet-stream", "Server: AmazonS3-like")),
    _near("gcs", plain(*OCTETS, "x-goog-meta-a: gzip")),
    _near("azure-blob", plain(*OCTETS, "x-ms-version: 2024-01-01")),
    _near("firebase", plain(*OCTETS, url="http://storage.googleapis.com/{label}/photo.jpg")),
)
"""Answers that have something of a server's, and are none of its."""
