"""Rows and near misses of the servers and frameworks that were measured in the second round."""

from __future__ import annotations

from mmscheck.model.words import MediaKind
from tests.support.server_rows import (
    HTML,
    JPG,
    OCTETS,
    VCARD,
    VCF,
    Answer,
    Near,
    Row,
    chunked,
    plain,
    squeezed,
)

VCF_URL = "http://{host}/media/ann.vcf"
PASS_URL = "http://{host}/media/entry.pkpass"


def _row(server: str, rule: str, wants: str, answer: Answer, kind: MediaKind = MediaKind.IMAGE) -> Row:
    return Row(server=server, rule=rule, wants=wants, answer=answer, kind=kind)


def _near(server: str, answer: Answer) -> Near:
    return Near(server=server, answer=answer)


MORE: tuple[Row, ...] = (
    _row(
        "node",
        "content-length",
        'res.setHeader("Content-Length", fs.statSync(',
        chunked(*JPG, "Keep-Alive: timeout=5", "Connection: keep-alive"),
    ),
    _row(
        "node",
        "not-compressed",
        "Switch it off for the media path: serve --no",
        squeezed(*VCF, "Keep-Alive: timeout=5", "Connection: keep-alive"),
    ),
    _row(
        "node",
        "content-type-present",
        'res.setHeader("Content-Type", "application/v',
        plain("Keep-Alive: timeout=5", "Connection: keep-alive", url=PASS_URL),
    ),
    _row(
        "next",
        "length-under-gzip",
        "module.exports = { compress: false };",
        squeezed(*VCF, "X-Powered-By: Next.js"),
    ),
    _row("next", "not-chunked", "res.send(buffer);", chunked(*JPG, "X-Powered-By: Next.js")),
    _row(
        "rails",
        "content-length",
        'response.headers["Content-Length"] = File.si',
        chunked(*JPG, "X-Runtime: 0.011281", "X-Request-Id: ba44c215-9a5c-4a60-b7b2-dc3285d253b7"),
    ),
    _row(
        "rails",
        "not-compressed",
        "config.middleware.use Rack::Deflater, if: ->",
        squeezed(*VCF, "X-Runtime: 0.011281", "X-Request-Id: ba44c215-9a5c-4a60-b7b2-dc3285d253b7"),
    ),
    _row(
        "rails",
        "content-type-matches",
        'Rack::Mime::MIME_TYPES[".vcf"] = "text/vcard',
        plain(
            "Content-Type: text/plain",
            "X-Runtime: 0.011281",
            "X-Request-Id: ba44c215-9a5c-4a60-b7b2-dc3285d253b7",
            body=VCARD,
            url=VCF_URL,
        ),
        MediaKind.VCARD,
    ),
    _row(
        "webrick",
        "content-type-matches",
        "content_type File.extname(file)",
        plain(*HTML, "Server: WEBrick/1.8.1 (Ruby/3.1.2/2022-04-12)"),
    ),
    _row(
        "webrick",
        "content-type-specific",
        "WEBrick::HTTPUtils::DefaultMimeTypes.merge!(",
        plain(*OCTETS, "Server: WEBrick/1.8.1 (Ruby/3.1.2/2022-04-12)", url=PASS_URL),
    ),
    _row(
        "webrick",
        "content-type-specific",
        "mime_type :pkpass",
        plain(
            *OCTETS,
            "X-Content-Type-Options: nosniff",
            "Server: WEBrick/1.8.1 (Ruby/3.1.2/2022-04-12)",
            url=PASS_URL,
        ),
    ),
    _row(
        "webrick",
        "not-compressed",
        "use Rack::Deflater, if:",
        squeezed(*JPG, "Server: WEBrick/1.8.1 (Ruby/3.1.2/2022-04-12)"),
    ),
    _row("thin", "content-type-matches", "content_type File.extname(file)", plain(*HTML, "Server: thin")),
    _row(
        "thin",
        "content-length",
        'headers "Content-Length" => File.size(file).',
        Answer(head=(*JPG, "Server: thin"), framing="close"),
    ),
    _row(
        "uvicorn",
        "not-compressed",
        "Mount the media outside the middleware, in a",
        squeezed(*VCF, "server: uvicorn"),
    ),
    _row(
        "uvicorn",
        "not-compressed",
        "compression_config=CompressionConfig(backend",
        squeezed(*VCF, "server: uvicorn", framing="length"),
    ),
    _row("uvicorn", "not-chunked", "return FileResponse(path)", chunked(*JPG, "server: uvicorn")),
    _row(
        "uvicorn",
        "content-type-specific",
        'mimetypes.add_type("application/vnd.apple.pk',
        plain(*OCTETS, "server: uvicorn", url=PASS_URL),
    ),
    _row(
        "wsgiref",
        "content-length",
        "Let the application state Content-Length, or",
        chunked(*JPG, "Server: WSGIServer/0.2 CPython/3.11.7"),
    ),
    _row(
        "wsgiref",
        "content-type-matches",
        "Name the type in the handler: Response(data,",
        plain(*HTML, "Server: WSGIServer/0.2 CPython/3.11.7"),
    ),
    _row(
        "gunicorn",
        "content-length",
        "Let the application state Content-Length, or",
        chunked(*JPG, "Server: gunicorn"),
    ),
    _row(
        "gunicorn",
        "content-type-matches",
        "Name the type in the handler: Response(data,",
        plain(*HTML, "Server: gunicorn"),
    ),
    _row(
        "hypercorn",
        "content-length",
        "Let the application state Content-Length, or",
        chunked(*JPG, "server: hypercorn-h11"),
    ),
    _row(
        "granian",
        "content-length",
        "Let the application state Content-Length, or",
        chunked(*JPG, "server: granian"),
    ),
    _row(
        "daphne",
        "content-length",
        "Let the application state Content-Length, or",
        chunked(*JPG, "server: daphne"),
    ),
    _row(
        "waitress",
        "content-length",
        "Let the application state Content-Length, or",
        chunked(*JPG, "Server: waitress"),
    ),
    _row(
        "waitress",
        "content-type-matches",
        "Name the type in the handler: Response(data,",
        plain(*HTML, "Server: waitress"),
    ),
    _row(
        "tornado",
        "content-length",
        'self.set_header("Content-Length", os.path.ge',
        chunked(*JPG, "Server: TornadoServer/6.5"),
    ),
    _row(
        "tornado",
        "not-compressed",
        "Serve the media from an application without ",
        squeezed(*VCF, "Server: TornadoServer/6.5"),
    ),
    _row(
        "tornado",
        "content-type-matches",
        'self.set_header("Content-Type", "image/jpeg"',
        plain(*HTML, "Server: TornadoServer/6.5"),
    ),
    _row(
        "cherrypy",
        "not-compressed",
        'config = {"/media": {"tools.gzip.on": False}',
        squeezed(*VCF, "Server: CherryPy/18.10.0"),
    ),
    _row(
        "cherrypy",
        "content-type-matches",
        'cherrypy.response.headers["Content-Type"] = ',
        plain(*HTML, "Server: Cheroot/10.0.1"),
    ),
    _row(
        "python-http",
        "content-type-specific",
        "Use a web server that is made for the public",
        plain(*OCTETS, "Server: SimpleHTTP/0.6 Python/3.11.7", url=PASS_URL),
    ),
    _row(
        "lighttpd",
        "content-type-specific",
        'mimetype.assign += ( ".vcf" => "text/vcard",',
        plain(*OCTETS, "Server: lighttpd/1.4.69", url=PASS_URL),
    ),
    _row(
        "lighttpd",
        "not-compressed",
        "Name in deflate.mimetypes only types of page",
        squeezed(*VCF, "Server: lighttpd/1.4.69"),
    ),
    _row(
        "h2o",
        "content-type-specific",
        "file.mime.addtypes:",
        plain(*OCTETS, "Server: h2o/2.2.5", url=PASS_URL),
    ),
    _row(
        "h2o",
        "not-compressed",
        "file.send-compressed: OFF",
        squeezed(*VCF, "Server: h2o/2.2.5"),
    ),
    _row(
        "jetty",
        "content-type-present",
        "<mime-mapping><extension>vcf</extension><mim",
        plain("Server: Jetty(9.4.50.v20221201)", url=PASS_URL),
    ),
    _row(
        "jetty",
        "not-compressed",
        "gzip.setExcludedPaths(",
        squeezed(*VCF, "Server: Jetty(9.4.50.v20221201)"),
    ),
    _row(
        "jetty",
        "content-length",
        "response.setContentLengthLong(",
        chunked(*JPG, "Server: Jetty(9.4.50.v20221201)"),
    ),
    _row(
        "webfs",
        "content-type-matches",
        "Serve the media from a web server that can b",
        plain("Content-Type: text/plain", "Server: webfs/1.21", body=VCARD, url=VCF_URL),
        MediaKind.VCARD,
    ),
    _row(
        "mini-httpd",
        "content-type-matches",
        "Serve the media from a web server that can b",
        plain("Content-Type: text/plain", "Server: mini_httpd/1.30 26Oct2018", body=VCARD, url=VCF_URL),
        MediaKind.VCARD,
    ),
    _row(
        "mojolicious",
        "content-type-specific",
        "app->types->type(vcf => 'text/vcard', ics =>",
        plain(*OCTETS, "Server: Mojolicious (Perl)", url=PASS_URL),
    ),
    _row(
        "mojolicious",
        "content-length",
        "$c->res->headers->content_length(-s $file);",
        chunked(*JPG, "Server: Mojolicious (Perl)"),
    ),
    _row(
        "squid",
        "content-length",
        "Let the server behind Squid state the length",
        chunked(*JPG, "Via: 1.1 edge1 (squid/5.7)"),
    ),
    _row(
        "traffic-server",
        "content-length",
        "Let the server behind Traffic Server state t",
        chunked(*JPG, "Server: ATS/9.2.9"),
    ),
    _row(
        "traffic-server",
        "content-length",
        "Let the server behind Tr",
        chunked(*JPG, "Via: http/1.1 edge1 (ApacheTrafficServer/9.2.9)"),
    ),
    _row(
        "s3-compatible",
        "content-type-specific",
        "aws s3 cp photo.jpg s3://bucket/photo.jpg --",
        plain(*OCTETS, "Server: MinIO", "x-amz-request-id: 17A2", url=PASS_URL),
    ),
    _row(
        "s3-compatible",
        "content-type-specific",
        "aws s3 cp photo.jpg s3:/",
        plain(*OCTETS, "x-amz-request-id: 17A2", url=PASS_URL),
    ),
    _row(
        "s3-compatible",
        "content-type-specific",
        "aws s3 cp photo.jpg s3:/",
        plain(*OCTETS, "Server: Werkzeug/3.1.9", "x-amzn-requestid: F4", url=PASS_URL),
    ),
    _row(
        "s3-compatible",
        "content-type-specific",
        "aws s3 cp photo.jpg s3:/",
        plain(*OCTETS, "Server: Ceph", "x-amz-id-2: F4", url=PASS_URL),
    ),
)
"""Servers and what carries their answers."""

NEAR_MORE: tuple[Near, ...] = (
    _near("node", chunked(*JPG, "Keep-Alive: timeout=5, max=100", "Connection: keep-alive")),
    _near("next", chunked(*JPG, "X-Powered-By: Nextcloud")),
    _near("rails", chunked(*JPG, "X-Runtime: 0.011281")),
    _near("webrick", chunked(*JPG, "Server: my WEBrick")),
    _near("thin", chunked(*JPG, "Server: things")),
    _near("uvicorn", chunked(*JPG, "Server: uvicorn-like")),
    _near("wsgiref", chunked(*JPG, "Server: WSGIServer-like/1")),
    _near("gunicorn", chunked(*JPG, "Server: my gunicorn")),
    _near("hypercorn", chunked(*JPG, "Server: my hypercorn")),
    _near("granian", chunked(*JPG, "Server: my granian")),
    _near("daphne", chunked(*JPG, "Server: my daphne")),
    _near("waitress", chunked(*JPG, "Server: my waitress")),
    _near("tornado", chunked(*JPG, "Server: Tornado")),
    _near("cherrypy", chunked(*JPG, "Server: Cherry/1")),
    _near("python-http", chunked(*JPG, "Server: BaseHTTP/0.6 Python/3.11.7")),
    _near("lighttpd", chunked(*JPG, "Server: light/1")),
    _near("h2o", chunked(*JPG, "Server: h2over/1")),
    _near("jetty", chunked(*JPG, "Server: Jettison/1")),
    _near("webfs", chunked(*JPG, "Server: webfsd")),
    _near("mini-httpd", chunked(*JPG, "Server: mini/1")),
    _near("mojolicious", chunked(*JPG, "Server: Mojo")),
    _near("squid", chunked(*JPG, "Via: 1.1 squid")),
    _near("traffic-server", chunked(*JPG, "Server: ATSx")),
    _near("s3-compatible", plain(*OCTETS, "Server: AmazonS3", "x-amz-request-id: 17A2", "x-amz-id-2: b")),
)
"""Answers that have something of a server's, and are none of its."""
