include = ["conf.d/*.hcl", "other.hcl"]
prot    = 500

daemon {
  listen    = ["192.0.2.1", "192.0.2.300"]
  port      = "500"
  nat_port  = 70000
  log_level = "verbose"
  socket    = "culvert.sock"
  retransmit {
    tries   = 2.5
    timeout = "4"
    base    = 0.5
  }
  half_open {
    timeout = "soon"
  }
}

daemon {
}

connection "office" "second" {
  local { key = tpm("0x81000001") }
}

connection "the office" {
  local { adress = "198.51.100.1" }
  remote {
    address    = ["vpn.example.net", "1.2.3.4.5", "10.0.0.1/8", "-bad-", "fe80::1%eth0"]
    id         = "C=CH, O"
    revocation = "stric"
    allow_sha1 = "yes"
  }
  version     = 1
  proposals   = ["aes256gcm16-prfsha384-x25518", "aes256-aes256gcm16-x25519", "aes256-sha256"]
  encap       = yes
  rekey_tme   = "4h"
  rekey_bytes = "1GiB"
  dpd_delay   = 30
  rekey_time  = "12m3h"
  over_time   = null
  keep_up     = 1 + 1
  unique      = certainly
  virtual_ips = [["0.0.0.0"]]
  child "net" {
    local         = ["10.1.0.0/16[tpc/80]", "10.2.0.1/16", "dynamic[80"]
    local         = ["10.1.0.0/16"]
    remote_ts     = ["10.2.0.0/16"]
    start         = "strat"
    rekey_time    = "5 parsecs"
    rekey_bytes   = "1 GB"
    rekey_packets = -1
    life_bytes    = 1000
    replay_window = 12
    tfc           = "mty"
    mode          = ["tunnel"]
    df            = env("DF")
  }
  child {
  }
  certs = ["gw.pem"]
  local = { id = "gw" }
}

pool "a" {
  addresses = ["10.0.0.0/24[tcp/80]", "10.0.9.9-10.0.9.1", 7]
  static    = ["10.0.0.1"]
}

policy ".hidden" {
  action = "drop"
}

secret "office" {
  ids = ["a=b=c"]
}
