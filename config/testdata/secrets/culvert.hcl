secret "one-line" { pks = "topsecret-1" }
secret "wrong-type" {
  psk = topsecret-2
}
secret "list" {
  psk = ["topsecret-3", "topsecret-4"]
  ids = [7,
    8]
}
secret "malformed" {
  psk = "0xtopsecret-5"
}
secret "empty" {
  psk = ""
}
secret "missing" {
  psk = file("nowhere.psk")
}
secret "credential" {
  psk = credential("office")
}
secret "heredoc" {
  psk = <<END
topsecret-6
topsecret-7 }
END
  key = "topsecret-8"
}
connection "a" {
  psk    = "topsecret-9"
  secret = "topsecret-10"
  remote { password = "topsecret-11" }
}
