# Two sites with a shared secret. The other side has the same with the addresses exchanged.
#
#   10.1.0.0/16 --- 198.51.100.1 ===== vpn.example.net --- 10.2.0.0/16
#
# The secret: openssl rand -hex 32 | sed 's/^/0x/' > office.psk && chmod 600 office.psk

connection "office" {
  local { address = "198.51.100.1" }
  remote { address = "vpn.example.net" }
  child "net" {
    local  = ["10.1.0.0/16"]
    remote = ["10.2.0.0/16"]
    start  = "start"
  }
}
secret "office" { psk = file("office.psk") }
