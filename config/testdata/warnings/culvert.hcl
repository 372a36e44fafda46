connection "office" {
  remote {
    address = "203.0.113.1"
    id      = "peer.example.org"
  }
  proposals = ["aes256-sha1-modp1024"]
  pools     = ["tiny"]
  child "net" {
    remote = ["10.0.0.0/16", "10.1.0.0/16"]
    local  = ["10.9.0.0/16"]
  }
  child "more" {
    remote = ["10.1.0.0/16"]
    local  = ["10.9.0.0/16"]
  }
  child "specific" {
    remote = ["10.1.7.0/24"]
    local  = ["10.9.0.0/16"]
  }
  child "important" {
    remote   = ["10.1.0.0/16"]
    local    = ["10.9.0.0/16"]
    priority = 5
  }
}

connection "again" {
  remote {
    address = "203.0.113.1"
    id      = "peer.example.org"
  }
  pools = ["tiny"]
  child "net" {
    remote        = ["10.0.0.0/16"]
    local         = ["10.9.0.0/16"]
    esp_proposals = ["aes128-sha1"]
  }
}

connection "nothing" {
  remote { address = "203.0.113.2" }
}

secret "all" {
  ids = ["%any"]
  psk = "swordfish"
}

pool "tiny" {
  addresses = ["10.20.0.1"]
  exclude   = ["10.30.0.1"]
}
pool "unused" {
  addresses = ["10.20.1.0/24", "2001:db8::/64"]
}
