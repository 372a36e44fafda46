# What many gateways change: a group that may use the socket, debug logs, algorithms by name, lifetimes, and a peer that
# takes no more than one address pair and no UDP port but 4500.

daemon {
  socket_group = "vpn"
  log_level    = "debug"
  retransmit {
    tries = 4
    max   = "20s"
  }
}

include = ["conf.d/*.hcl"]

connection "partner" {
  remote {
    address = ["203.0.113.1", "203.0.113.2"]
    port    = 4500
    id      = "203.0.113.1"
  }
  proposals           = ["aes256gcm16-prfsha384-ecp384", "aes256-sha384-ecp384"]
  force_encapsulation = true
  dpd_delay           = "10s"
  rekey_time          = "8h"
  child "erp" {
    local         = ["10.1.7.0/24"]
    remote        = ["172.16.0.0/16[tcp/443]", "172.16.0.0/16[tcp/8443]"]
    esp_proposals = ["aes256gcm16-ecp384"]
    rekey_time    = "30m"
    rekey_bytes   = "20GiB"
    single_pair   = true
    start         = "start"
  }
}

secret "partner" { psk = credential("partner") }
