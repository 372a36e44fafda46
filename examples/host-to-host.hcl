# Two servers that protect one protocol between them, without a tunnel, by raw public keys: no authority is needed.
#
#   openssl genpkey -algorithm ed25519 -out a.key && openssl pkey -in a.key -pubout -out a.pub

connection "database" {
  local {
    address = "192.0.2.1"
    id      = "a.example.org"
    key     = "a.key"
  }
  remote {
    address    = "192.0.2.2"
    id         = "b.example.org"
    public_key = "b.pub"
  }
  child "postgres" {
    mode   = "transport"
    local  = ["dynamic[tcp]"]
    remote = ["dynamic[tcp/5432]"]
    start  = "trap"
  }
}

# Whatever the tunnels say, ssh stays reachable.
policy "ssh" {
  action = "bypass"
  local  = ["192.0.2.1[tcp/22]"]
  remote = ["0.0.0.0/0"]
}
