"""The same for PHP-FPM, Ruby, Java and what else answers in this way or that."""

from __future__ import annotations

from tests.support.servers.mend import FILE, GZIP, LENGTH, STREAM, TYPE, Mend
from tests.support.servers.rows import ALL, CONTACTS, OBJECTS, PASSES, PHOTOS, SOME

FPM: tuple[Mend, ...] = (
    Mend(
        host="fpm-plain.nginx.example",
        says="a script that states the length",
        turned=LENGTH,
        files=ALL,
        said="filesize($file)",
        fault="readfile($file);",
    ),
    Mend(
        host="fpm-gzip.nginx.example",
        says="no compression in a script that states the length",
        turned=(*GZIP, "not-compressed-under-gzip"),
        files=(PHOTOS[1], CONTACTS[1]),
        said="ini_set(",
        fault="header('Content-Length: ' . filesize($file)); ob_start('ob_gzhandler'); readfile($file);",
    ),
    Mend(
        host="fpm-untyped.nginx.example",
        says="a script that names the type",
        turned=("content-type-matches",),
        files=PHOTOS,
        said="header('Content-Type: image/jpeg');",
    ),
    Mend(
        host="fpm-zlib.nginx.example",
        says="zlib.output_compression off where the pool sets it",
        turned=(*GZIP, "not-compressed-under-gzip"),
        files=SOME,
        said="in the pool",
        fault="On",
        done="Off",
    ),
    Mend(
        host="fpm-nginx-gzip.nginx.example",
        says="gzip off in the location of a script",
        turned=GZIP,
        files=SOME,
        said="gzip off;",
        done="gzip off;",
    ),
)
"""PHP in processes of its own, behind nginx."""

_BODY = "stream { |out| File.open(file, 'rb') { |io| while (piece = io.read(16384)) do out << piece end } }"


RUBY: tuple[Mend, ...] = (
    Mend(
        host="stream.puma.example",
        says="the framework's file response",
        turned=LENGTH,
        files=SOME,
        said="answer with its file response",
        fault=_BODY,
        done="send_file file",
    ),
    Mend(
        host="gzip.puma.example",
        says="no Rack::Deflater",
        turned=GZIP,
        files=PHOTOS,
        said="Switch off compression for the media folder",
        fault="use Rack::Deflater",
        done="",
    ),
    Mend(
        host="types.puma.example",
        says="the extension mapped",
        turned=TYPE,
        files=PASSES,
        said="application/vnd.apple.pkpass for pkpass",
        done="mime_type :pkpass, 'application/vnd.apple.pkpass'",
    ),
    Mend(
        host="untyped.puma.example",
        says="a handler that names the type",
        turned=("content-type-matches",),
        files=PHOTOS,
        said="Content-Type: image/jpeg",
        done="content_type 'image/jpeg'",
    ),
    Mend(
        host="gzip.webrick.example",
        says="the media left out of Rack::Deflater",
        turned=("not-compressed-under-gzip",),
        files=PHOTOS,
        said="use Rack::Deflater, if:",
        fault="use Rack::Deflater",
    ),
    Mend(
        host="types.webrick.example",
        says="mime_type",
        turned=TYPE,
        files=PASSES,
        said="mime_type :pkpass",
    ),
    Mend(
        host="untyped.webrick.example",
        says="content_type in the handler",
        turned=("content-type-matches",),
        files=PHOTOS,
        said="content_type File.extname(file)",
    ),
    Mend(
        host="stream.thin.example",
        says="the length stated",
        turned=("content-length",),
        files=SOME,
        said='headers "Content-Length"',
        fault=_BODY,
        done=f'headers "Content-Length" => File.size(file).to_s\n{_BODY}',
    ),
    Mend(
        host="untyped.thin.example",
        says="content_type in the handler",
        turned=("content-type-matches",),
        files=PHOTOS,
        said="content_type File.extname(file)",
    ),
)
"""Sinatra on Puma, which nothing shows, on WEBrick, which gives a stream its length, and on thin."""

JAVA: tuple[Mend, ...] = (
    Mend(
        host="stock.tomcat.example",
        says="the extension mapped",
        turned=("content-type-present", "content-type-specific"),
        files=PASSES,
        said="mime-mapping in Tomcat's web.xml",
        done="<mime-mapping><extension>pkpass</extension>"
        "<mime-type>application/vnd.apple.pkpass</mime-type></mime-mapping>",
    ),
    Mend(
        host="gzip.tomcat.example",
        says="compression off on the Connector",
        turned=GZIP,
        files=(PHOTOS[0],),
        said="Tomcat (compression on its Connector)",
        fault='compression="force"',
        done="",
    ),
    Mend(
        host="stream.tomcat.example",
        says="a page that states the length",
        turned=LENGTH,
        files=(PHOTOS[1], CONTACTS[1]),
        said="which sets Content-Length",
        done="response.setContentLengthLong(file.length());",
    ),
    Mend(
        host="stock.jetty.example",
        says="mime-mapping",
        turned=("content-type-present", "content-type-specific"),
        files=OBJECTS,
        said="<mime-mapping>",
    ),
    Mend(
        host="gzip.jetty.example",
        says="the media left out of GzipHandler",
        turned=GZIP,
        files=(PHOTOS[1], CONTACTS[1]),
        said="setExcludedPaths",
    ),
    Mend(
        host="stream.jetty.example",
        says="the length stated before writing",
        turned=LENGTH,
        files=(PHOTOS[1], CONTACTS[1]),
        said="setContentLengthLong",
    ),
)
"""Tomcat, which nothing in its answers shows, and Jetty."""

SMALL: tuple[Mend, ...] = (
    Mend(
        host="gzip.haproxy.example",
        says="no compression of media",
        turned=GZIP,
        files=SOME,
        said="Switch off compression for the media folder",
        fault="compression algo gzip",
        done="",
    ),
    Mend(
        host="stream.haproxy.example",
        says="an application that states the length",
        turned=LENGTH,
        files=SOME,
        said="answer with its file response",
        fault=STREAM,
        done=FILE,
    ),
    Mend(
        host="stream.tornado.example",
        says="set_header before writing",
        turned=LENGTH,
        files=SOME,
        said='self.set_header("Content-Length"',
    ),
    Mend(
        host="untyped.tornado.example",
        says="a handler that names the type",
        turned=("content-type-matches",),
        files=PHOTOS,
        said='self.set_header("Content-Type"',
    ),
    Mend(
        host="stream.waitress.example",
        says="the framework's own way of sending a file",
        turned=LENGTH,
        files=SOME,
        said="Bottle: static_file",
        fault=("file = open(path, 'rb')\n    return iter(lambda: file.read(16384), b'')"),
        done="return static_file(os.path.basename(path), root=FOLDER)",
    ),
    Mend(
        host="untyped.waitress.example",
        says="a handler that names the type",
        turned=("content-type-matches",),
        files=PHOTOS,
        said='response.content_type = "image/jpeg"',
        done='response.content_type = "image/jpeg"',
    ),
    Mend(
        host="untyped.cherrypy.example",
        says="a handler that names the type",
        turned=("content-type-matches",),
        files=PHOTOS,
        said='cherrypy.response.headers["Content-Type"]',
    ),
    Mend(
        host="gzip.cherrypy.example",
        says="the gzip tool off where the media are",
        turned=("not-compressed-under-gzip",),
        files=PHOTOS,
        said='"tools.gzip.on": False',
    ),
    Mend(
        host="deflate.lighttpd.example",
        says="deflate.mimetypes for pages only",
        turned=("not-compressed-under-gzip",),
        files=PHOTOS,
        said="Name in deflate.mimetypes only types of pages",
        fault='"image/jpeg"',
        done='"text/html"',
    ),
    Mend(
        host="stock.h2o.example",
        says="file.mime.addtypes",
        turned=TYPE,
        files=OBJECTS,
        said="file.mime.addtypes:",
    ),
    Mend(
        host="gzip.h2o.example",
        says="file.send-compressed and compress off",
        turned=("not-compressed-under-gzip",),
        files=PHOTOS,
        said="file.send-compressed: OFF",
        fault="file.send-compressed: ON",
    ),
)
"""What stands in front of an application, and small servers."""

APPS = (*FPM, *RUBY, *JAVA, *SMALL)
