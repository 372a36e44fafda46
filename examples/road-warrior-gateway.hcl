# A gateway for clients with certificates. Each of them gets an address of its own and reaches 10.1.0.0/16.

connection "clients" {
  local {
    id          = "gw.example.org"
    certificate = "gw.pem"
    key         = "gw.key"
  }
  remote {
    id  = "*@example.org"
    ca  = "ca.pem"
    eku = "ike"
  }
  pools  = ["clients"]
  unique = "replace"
  child "net" {
    local  = ["10.1.0.0/16"]
    remote = ["dynamic"]
  }
}

pool "clients" {
  addresses = ["10.9.0.0/24", "2001:db8:9::/64"]
  dns       = ["10.1.0.53"]
  static    = { "carol@example.org" = "10.9.0.7" }
}
