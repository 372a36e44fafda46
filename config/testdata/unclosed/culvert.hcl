connection "b" {
  remote {
    id = "unfinished
  }
  child "net" {
    start = none
  }
}
