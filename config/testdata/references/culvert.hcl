daemon {
  listen = ["192.0.2.1"]
  port   = 500
  nat_port = 4500
}

connection "office" {
  local {
    address = ["192.0.2.1", "192.0.2.2"]
    port    = 501
  }
  pools = ["client", "voice"]
  child "net" {
    start      = "start"
    dpd_action = "restart"
  }
}

connection "anyone" {
  remote { address = ["10.0.0.0/8", "%any6"] }
  keep_up = true
  child "net" { start = "trap" }
}

connection "known" {
  local { id = "gw.example.org" }
  remote {
    address = "203.0.113.1"
    id      = "peer.example.org"
  }
  child "net" {}
}

secret "ofice" { psk = "0x9b1c6f2d8e3a4750c1b2a3948576f0e1d2c3b4a5968778695a4b3c2d1e0f1029" }
secret "others" {
  ids = ["gw.example.org", "other.example.org"]
  psk = "0x1c9b6f2d8e3a4750c1b2a3948576f0e1d2c3b4a5968778695a4b3c2d1e0f1029"
}

pool "clients" {
  addresses = ["10.9.0.0/24", "10.9.0.128-10.9.1.5"]
  exclude   = ["10.9.0.1"]
}
pool "guests" {
  addresses = ["10.9.1.0/24"]
}
