# Two sites whose traffic has to stay secret for decades: no IKE SA without ML-KEM-768, and a preshared key on top that both
# administrators have exchanged by hand. The other side has the same with the addresses exchanged.
#
#   10.1.0.0/16 --- 198.51.100.1 ===== vpn.example.net --- 10.2.0.0/16
#
# The keys: openssl rand -hex 32 | sed 's/^/0x/' > office.psk, the same for office.ppk, and chmod 600 for both

connection "office" {
  local { address = "198.51.100.1" }
  remote { address = "vpn.example.net" }

  post_quantum = "require"
  ppk          = ["office"]
  ppk_required = true

  child "net" {
    local  = ["10.1.0.0/16"]
    remote = ["10.2.0.0/16"]
    start  = "start"
  }
}

secret "office" { psk = file("office.psk") }

ppk "office" {
  id  = "office-2026"
  key = file("office.ppk")
}
