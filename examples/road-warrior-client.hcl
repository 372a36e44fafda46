# A client of road-warrior-gateway.hcl: culvert up home

connection "home" {
  local {
    id          = "carol@example.org"
    certificate = "carol.pem"
    key         = "carol.key"
  }
  remote {
    address = "gw.example.org"
    id      = "gw.example.org"
    ca      = "ca.pem"
  }
  virtual_ips = ["0.0.0.0"]
  child "net" {
    remote = ["10.1.0.0/16"]
  }
}
