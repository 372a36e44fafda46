# Two sites with certificates of one authority. Whoever connects has to prove to be vpn.example.net.

connection "office" {
  local {
    id          = "gw.example.org"
    certificate = "gw.pem"
    key         = "gw.key"
  }
  remote {
    address    = "vpn.example.net"
    id         = "vpn.example.net"
    ca         = "ca.pem"
    revocation = "ifuri"
  }
  child "net" {
    local      = ["10.1.0.0/16", "2001:db8:1::/48"]
    remote     = ["10.2.0.0/16", "2001:db8:2::/48"]
    start      = "trap"
    dpd_action = "trap"
  }
}
