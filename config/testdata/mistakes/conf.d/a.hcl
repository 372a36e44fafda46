pool "a" {
  addresses = ["10.0.0.0/24"]
}
tunnel "x" {
}
