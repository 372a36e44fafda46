# The hub of a star: every site has one tunnel, to the hub, and reaches all the others through it.
#
#   north 10.1.0.0/16 ===+
#                        hub 10.0.0.0/16
#   south 10.2.0.0/16 ===+
#
# The hub forwards between its tunnels: sysctl net.ipv4.ip_forward=1. What a site may reach is what stands in local.

connection "north" {
  local {
    id          = "gw.example.org"
    certificate = "gw.pem"
    key         = "gw.key"
  }
  remote {
    id = "north.example.org"
    ca = "ca.pem"
  }
  child "net" {
    local  = ["10.0.0.0/16", "10.2.0.0/16"]
    remote = ["10.1.0.0/16"]
  }
}

connection "south" {
  local {
    id          = "gw.example.org"
    certificate = "gw.pem"
    key         = "gw.key"
  }
  remote {
    id = "south.example.org"
    ca = "ca.pem"
  }
  child "net" {
    local  = ["10.0.0.0/16", "10.1.0.0/16"]
    remote = ["10.2.0.0/16"]
  }
}
