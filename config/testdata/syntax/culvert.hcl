connection "a" { local { id = "x" } }
connection "b" {
  local { id = "x" address = "y" }
  child "net" {
    start = "none" mode = "tunnel"
  }
}
pool "p" {
  addresses = ["10.0.0.0/24"
