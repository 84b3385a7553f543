// The host asked for chooses the way of serving media; names between at signs are filled in as in nginx.conf.
import javax.servlet.http.*;
import java.io.*;
import java.net.InetSocketAddress;
import java.nio.file.*;
import org.eclipse.jetty.server.*;
import org.eclipse.jetty.server.handler.*;
import org.eclipse.jetty.server.handler.gzip.GzipHandler;
import org.eclipse.jetty.servlet.*;
import org.eclipse.jetty.webapp.WebAppContext;

public class Jetty {
    static final Path FILES = Path.of("@scratch@/files");

    public static class Stream extends HttpServlet {
        @Override
        protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
            Path path = FILES.resolve("media").resolve(Path.of(request.getRequestURI()).getFileName());
            response.setContentType(path.toString().endsWith(".vcf") ? "text/vcard" : "image/jpeg");
            @stream.jetty.example@
            Files.copy(path, response.getOutputStream());
        }
    }

    static ServletContextHandler named(ServletContextHandler context, String host) {
        context.setContextPath("/");
        context.setVirtualHosts(new String[] {host});
        return context;
    }

    public static void main(String[] arguments) throws Exception {
        WebAppContext stock = new WebAppContext();
        stock.setResourceBase(FILES.toString());
        stock.setOverrideDescriptor("@scratch@/jetty/web.xml");
        ServletContextHandler streamed = new ServletContextHandler();
        streamed.addServlet(Stream.class, "/media/*");
        ServletContextHandler squeezed = new ServletContextHandler();
        squeezed.setResourceBase(FILES.toString());
        squeezed.addServlet(DefaultServlet.class, "/");
        squeezed.getMimeTypes().addMimeMapping("vcf", "text/vcard");
        GzipHandler gzip = new GzipHandler();
        gzip.addIncludedMimeTypes("text/vcard", "image/jpeg");
        gzip.setExcludedMimeTypes();
        @gzip.jetty.example@
        squeezed.insertHandler(gzip);
        Server server = new Server(new InetSocketAddress("127.0.0.1", @port-jetty@));
        server.setHandler(new ContextHandlerCollection(
            named(stock, "stock.jetty.example"),
            named(streamed, "stream.jetty.example"),
            named(squeezed, "gzip.jetty.example")));
        server.start();
        server.join();
    }
}
