# A site of the star whose hub is hub.hcl. Its tunnel is kept up for ever, and nothing that belongs into it leaves in the
# clear while it is down.

connection "hub" {
  local {
    id          = "north.example.org"
    certificate = "north.pem"
    key         = "north.key"
  }
  remote {
    address = "gw.example.org"
    id      = "gw.example.org"
    ca      = "ca.pem"
  }
  child "net" {
    local  = ["10.1.0.0/16"]
    remote = ["10.0.0.0/16", "10.2.0.0/16"]
    start  = "start"
  }
}
