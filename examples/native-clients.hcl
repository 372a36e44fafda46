# A gateway for the clients of Windows, Apple and Android, whose users log in with name and password (EAP-MSCHAPv2). Each kind has a
# connection of its own, so that it gets what it needs; the identity that a client calls itself by tells them apart. Windows calls itself by
# its address, so it has the connection for all others.

connection "apple" {
  peer_type = "apple"
  local {
    id          = "gw.example.org"
    certificate = "gw.pem"
    key         = "gw.key"
  }
  remote {
    id = "*.apple.example.org"
    eap { users = "staff" }
  }
  pools = ["clients"]
  child "net" {
    local  = ["0.0.0.0/0", "::/0"]
    remote = ["dynamic"]
  }
}

connection "android" {
  peer_type = "android"
  local {
    id          = "gw.example.org"
    certificate = "gw.pem"
    key         = "gw.key"
  }
  remote {
    id = "*.android.example.org"
    eap { users = "staff" }
  }
  pools = ["clients"]
  child "net" {
    local  = ["10.1.0.0/16"]
    remote = ["dynamic"]
  }
}

connection "windows" {
  peer_type = "windows"
  local {
    id          = "gw.example.org"
    certificate = "gw.pem"
    key         = "gw.key"
  }
  remote {
    eap { users = "staff" }
  }
  pools = ["clients"]
  child "net" {
    local  = ["10.1.0.0/16", "255.255.255.255/32"] # the last one lets Windows ask a DHCP server for routes
    remote = ["dynamic"]
  }
}

pool "clients" {
  addresses = ["10.9.0.0/24", "2001:db8:9::/64"]
  dns       = ["10.1.0.53"]
}

# `culvert user hash --nt` makes the hash; a file of its own keeps such secrets out of here: file = "staff.users".
users "staff" {
  user "carol" { nt_hash = "8846f7eaee8fb117ad06bdd830b7586c" }
}
