# The host asked for chooses the way of serving media; names between at signs are filled in as in nginx.conf.
# The first argument names the server that runs it, the second its port.
require "rack"
require "rack/deflater"
require "sinatra/base"

FOLDER = "@scratch@/files/media"
TYPES = { ".jpg" => "image/jpeg", ".vcf" => "text/vcard" }.freeze

class Media < Sinatra::Base
  set :host_authorization, { permitted_hosts: [] }
  set :environment, :production
  get("/") { "ready" }

  def file = File.join(FOLDER, File.basename(params["name"]))
end

class Streamed < Media
  get "/media/:name" do
    content_type TYPES[File.extname(file)]
    @stream@
  end
end

class Untyped < Media
  get "/media/:name" do
    data = File.binread(file)
    @untyped@
    data
  end
end

class Typed < Media
  @types@
  get("/media/:name") { send_file file }
end

class Moved < Media
  get("/media/:name") { send_file file }
  get("/:name") { redirect "/media/#{params["name"]}" }
end

class Squeezed < Media
  @gzip@
  get("/media/:name") { send_file file }
end

WAYS = { "stream" => Streamed, "untyped" => Untyped, "types" => Typed, "gzip" => Squeezed,
         "moved" => Moved }.transform_values(&:new)
application = lambda do |env|
  WAYS.fetch(env["HTTP_HOST"].to_s[/\A[a-z]+/], WAYS["types"]).call(env)
end
Rack::Handler.get(ARGV[0]).run(application, Host: "127.0.0.1", Port: Integer(ARGV[1]))
