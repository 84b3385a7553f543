<%@ page session="false" contentType="image/jpeg" trimDirectiveWhitespaces="true" import="java.io.*,java.nio.file.*" %><%
    File file = new File("@scratch@/files/media", new File(request.getRequestURI()).getName());
    response.setContentType(file.getName().endsWith(".vcf") ? "text/vcard" : "image/jpeg");
    @stream.tomcat.example@
    OutputStream bytes = response.getOutputStream();
    Files.copy(file.toPath(), bytes);
    bytes.flush();
%>
