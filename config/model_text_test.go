package config

// everyOption gives each option that needs no file a value that is not its default.
const everyOption = `
daemon {
  listen       = ["192.0.2.1", "2001:db8::1"]
  port         = 501
  nat_port     = 4501
  socket       = "/tmp/x/../s"
  socket_group = "vpn"
  state_dir    = "/tmp/state"
  log_level    = "debug"
  log_format   = "json"
  key_log      = "/tmp/keys"
  workers      = 3
  half_open {
    limit            = 100
    per_prefix       = 5
    cookie_threshold = 0
    timeout          = "10s"
  }
  retransmit {
    tries   = 3
    timeout = "1s"
    base    = 2
    max     = "8s"
    jitter  = 0
  }
  dataplane {
    backend = "fake"
    device  = "tun7"
    mtu     = 1300
  }
}
vici {
  socket = "/run/charon.vici"
  group  = "vpn"
}
telemetry {
  endpoint     = "https://otlp.example.org"
  headers      = "X-Token: abc"
  service_name = "edge"
  sample       = 0.5
  timeout      = "3s"
}
metrics {
  listen = ["127.0.0.1:9500"]
  peers  = 7
}
connection "a" {
  version = 2
  local {
    address = ["192.0.2.0/24", "2001:db8::1"]
    port    = 4501
    id      = "gw.example.org"
  }
  remote {
    address = ["%any4"]
    port    = 4500
    id      = "*.example.org"
  }
  proposals           = ["aes128-sha256-x25519", "default"]
  fragmentation       = "force"
  fragment_size       = 1000
  childless           = "prefer"
  window_size         = 4
  force_encapsulation = true
  always_nat_port     = true
  keepalive           = "30s"
  dpd_delay           = "0s"
  auth_lifetime       = "8h"
  unique              = "replace"
  initial_contact     = false
  send_certreq        = false
  pools               = "p"
  max_children        = 3
  keep_up             = false
  tries               = 5
  retry_delay         = "1s"
  retry_max_delay     = "2s"
  child "c" {
    local               = ["10.1.0.0/16[tcp/443]", "2001:db8:1::/48", "10.2.0.1-10.2.0.9"]
    remote              = "dynamic[udp/1701]"
    esp_proposals       = ["aes256gcm16-esn"]
    when_down           = "clear"
    priority            = -7
    single_pair         = true
    per_cpu_sas         = true
    non_first_fragments = true
    replay_window       = 64
    tfc                 = "mtu"
    df                  = "clear"
    copy_dscp           = false
  }
  child "t" {
    mode = "transport"
    tfc  = 0
  }
}
connection "b" {
  remote { address = "192.0.2.9" }
  child "c" {
    on_close   = "trap"
    dpd_action = "restart"
  }
}
secret "s" {
  ids = ["gw.example.org", "*.example.org"]
  psk = "0s` + "mxxvLY46R1DBsqOUhXbw4dLDtKWWh3hpWks8LR4PECk=" + `"
}
pool "p" {
  addresses = ["10.9.0.0/29", "10.9.1.1-10.9.1.3", "2001:db8:9::/64", "10.9.2.2/31"]
  exclude   = "10.9.0.1"
  static    = { carol = "10.9.0.2", "dave@example.org" = "2001:db8:9::7" }
  dns       = ["192.0.2.53", "2001:db8::53"]
}
policy "ssh" {
  action   = "bypass"
  local    = "0.0.0.0/0[tcp/22]"
  remote   = "0.0.0.0/0"
  priority = 5
}
`
