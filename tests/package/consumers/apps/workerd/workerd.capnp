using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    ( name = "main", worker = (
        modules = [
          ( name = "worker.js", esModule = embed "dist/worker.js" ),
          ( name = "metered_realtime.wasm", wasm = embed "dist/metered_realtime.wasm" ),
        ],
        compatibilityDate = "2026-01-01" ) ),
    ( name = "internet", network = ( allow = ["local", "private", "public"] ) ),
  ],
  sockets = [ ( name = "http", address = "127.0.0.1:0", http = (), service = "main" ) ],
);
