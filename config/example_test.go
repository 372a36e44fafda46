package config_test

import (
	"fmt"
	"testing/fstest"

	"culvert/config"
)

// A configuration is taken whole or refused whole, with every mistake at its place.
func ExampleSource_Load() {
	files := fstest.MapFS{
		"etc/culvert/culvert.hcl": {Data: []byte(`
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
`)},
		"etc/culvert/office.psk": {Data: []byte("0x9b1c6f2d8e3a4750c1b2a3948576f0e1"), Mode: 0o600},
	}
	source := config.Source{Files: files}
	c, _ := source.Load("/etc/culvert/culvert.hcl")
	for _, connection := range c.Connections {
		for _, child := range connection.Children {
			fmt.Println(connection.Name, child.Local, child.Remote)
		}
	}

	files["etc/culvert/culvert.hcl"] = &fstest.MapFile{Data: []byte("connection \"office\" {\n  lokal {}\n  remote {}\n}\n")}
	_, found := source.Load("/etc/culvert/culvert.hcl")
	fmt.Println(found[0].Place, found[0].Message)
	// Output:
	// office [10.1.0.0/16] [10.2.0.0/16]
	// /etc/culvert/culvert.hcl:2:3 connection "office" has no block "lokal"
}
